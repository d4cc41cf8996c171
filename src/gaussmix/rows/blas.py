"""The threads of BLAS, held to one while ours work, and given back whatever happens."""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from functools import lru_cache
from queue import SimpleQueue
from typing import Any

from threadpoolctl import ThreadpoolController

__all__ = ["single_threaded_blas"]


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


class _Limit:
    """Holds BLAS to one thread as long as there are holds, whoever has them.

    The setting is the process's, so concurrent fits share it.  What is set follows from which
    holds there are, and from nothing else: it is compared with them whenever one comes or
    goes.  A signal may raise between any two instructions of a fit, even while a hold is taken
    or given back; a hold that nobody has any more is none, and its end is told by the
    interpreter itself.

    Only the thread that set the limit can take it back (threadpoolctl ignores all others), so
    one of our own does both.  No signal is ever raised there.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all holds, and the thread: a forked child has none."""
        self._lock = threading.Lock()
        self._holds: dict[int, weakref.ref[_Hold]] = {}
        self._set: Any = None
        # Answers that are waited for, and holds that are gone.
        self._asked: SimpleQueue[Any] = SimpleQueue()
        self._keeper: threading.Thread | None = None

    def take(self, hold: _Hold) -> None:
        """Note a hold; on return BLAS has one thread."""
        with self._lock:
            self._holds[hold.number] = weakref.ref(hold, self._asked.put)
            is_set = self._set is not None
        if not is_set:
            self._compare()

    def give_back(self, number: int, *, wait: bool = True) -> None:
        """Forget a hold; on return BLAS has its threads again if it was the last one."""
        self._holds.pop(number, None)
        if not self._holds:
            self._compare(wait=wait)

    def _compare(self, *, wait: bool = True) -> None:
        """Let the keeper compare what is set with the holds there are."""
        if not self._is_kept():
            self._adjust()
            return
        answer: SimpleQueue[Exception | None] = SimpleQueue()
        self._asked.put(answer)
        error = answer.get() if wait else None
        if error is not None:
            raise error

    def _is_kept(self) -> bool:
        """Whether there is a keeper, who is started if need be."""
        with self._lock:
            if self._keeper is None:
                keeper = threading.Thread(target=self._keep, name="gaussmix-blas", daemon=True)
                try:
                    keeper.start()
                except RuntimeError:  # no thread can be had
                    return False
                self._keeper = keeper
            return True

    def _keep(self) -> None:
        asked = self._asked
        while True:
            answer = asked.get()
            try:
                self._adjust()
                error = None
            except Exception as found:  # raised again where it was asked for
                error = found
            if isinstance(answer, SimpleQueue):
                answer.put(error)
            del answer, error

    def _adjust(self) -> None:
        with self._lock:
            for number, hold in list(self._holds.items()):
                if hold() is None:
                    self._holds.pop(number, None)
            if self._holds and self._set is None:
                limit = _controller().limit(limits=1, user_api="blas")
                limit.__enter__()
                self._set = limit
            elif not self._holds and self._set is not None:
                limit, self._set = self._set, None
                limit.__exit__(None, None, None)


_limit = _Limit()
_numbers = itertools.count()
# A fork in the middle of another thread's fit must not inherit a held lock.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_limit.reset)


class _Hold:
    """One reason for BLAS to have one thread: as long as it is used, or until it is gone."""

    def __init__(self) -> None:
        self.number = next(_numbers)

    def __enter__(self) -> None:
        try:
            _limit.take(self)
        except BaseException:  # the block does not begin, so nothing would end it
            _limit.give_back(self.number, wait=False)
            raise

    def __exit__(self, *_: object) -> None:
        try:
            _limit.give_back(self.number)
        except BaseException:  # a signal: what is left of it to do needs no waiting
            _limit.give_back(self.number, wait=False)
            raise


def single_threaded_blas() -> _Hold:
    """Return what holds BLAS to one thread in a ``with`` block."""
    return _Hold()
