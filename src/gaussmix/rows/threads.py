"""Threads of our own: how many, which they are, and whether they pay."""

from __future__ import annotations

import numbers
import os
import threading
import weakref
from collections import deque
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ..numerics.arguments import check_integer

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

__all__ = ["Pace", "Pool", "available_cores", "count_threads"]


Item = TypeVar("Item")
Result = TypeVar("Result")


def available_cores() -> int:
    """Return the number of cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


def count_threads(n_jobs: Any) -> int:
    """Return the number of threads that `n_jobs` means: None all, -1 all, -2 all but one, ..."""
    if n_jobs is None:
        return available_cores()
    if isinstance(n_jobs, numbers.Integral) and n_jobs < 0:
        return max(1, available_cores() + 1 + int(n_jobs))
    return check_integer("n_jobs", n_jobs, minimum=1)


class Pool:
    """Threads that stay from one call of `map` to the next; none where one is enough.

    Starting threads costs as much as a pass over some ten thousand rows.  In a forked
    process, where the threads are not, new ones are started.  They end when nobody has the
    pool any more, and know nothing of the main thread: a fit goes on in a thread of the
    user's when that has ended, which the pools of ``concurrent.futures`` do not.

    Parameters
    ----------
    n_threads : int or None
        None is as many as there are cores.
    """

    def __init__(self, n_threads: int | None) -> None:
        self.n_threads = count_threads(n_threads)
        self._crew: _Crew | None = None
        self._process = 0

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield the results in the order of the items; a single one is done on the spot."""
        if self.n_threads == 1 or len(items) == 1:
            return map(function, items)
        return self._mapped(function, items)

    def _mapped(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Any:
        waiting = deque(self.submit(function, item) for item in items)
        try:
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def submit(self, function: Callable[[Item], Result], item: Item) -> Future[Result]:
        """Let a thread do it, or do it at once where no thread can be had."""
        if self._crew is None or self._process != os.getpid():
            self._crew = _Crew(self.n_threads)
            self._process = os.getpid()
            weakref.finalize(self, self._crew.dismiss).atexit = False
        future: Future[Result] = Future()
        if self._crew.threads:
            self._crew.jobs.put((future, function, item))
        else:
            _do(future, function, item)
        return future

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_crew": None}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        crew, self._crew = self._crew, None
        if crew is not None:
            crew.dismiss()
            if self._process == os.getpid():
                for thread in crew.threads:
                    thread.join()


class _Crew:
    """Threads that do what is put before them."""

    def __init__(self, n_threads: int) -> None:
        self.jobs: SimpleQueue[Any] = SimpleQueue()
        self.threads: list[threading.Thread] = []
        for number in range(n_threads):
            # The interpreter does not wait for them; whoever takes their results does.
            thread = threading.Thread(
                target=_work, args=(self.jobs,), name=f"gaussmix-{number}", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # no more can be had: these, or the one who asks, do it all
                break
            self.threads.append(thread)

    def dismiss(self) -> None:
        """Let them end when all is done."""
        self.jobs.put(None)


def _work(jobs: SimpleQueue[Any]) -> None:
    while (job := jobs.get()) is not None:
        _do(*job)
        del job
    jobs.put(None)  # for the next one


def _do(future: Future[Result], function: Callable[[Item], Result], item: Item) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function(item))
    except BaseException as error:  # raised again where the result is taken
        future.set_exception(error)


_TRIES = 2


class Pace:
    """How many threads to use for each kind of work: all or one, each tried twice.

    Where single calls of NumPy are short, threads wait for Python's lock longer than they
    work; how long is a matter of the machine.  Results do not depend on it.
    """

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads
        self._seconds: dict[Hashable, dict[int, list[float]]] = {}

    def threads(self, kind: Hashable) -> int:
        """Return how many threads to use next for a kind of work."""
        known = self._seconds.setdefault(kind, {self.n_threads: [], 1: []})
        untried = min(known, key=lambda count: len(known[count]))
        if len(known[untried]) < _TRIES:
            return untried
        return min(known, key=lambda count: min(known[count]))

    def note(self, kind: Hashable, n_threads: int, seconds: float) -> None:
        """Note how long it took."""
        known = self._seconds[kind][n_threads]
        if len(known) < _TRIES:
            known.append(seconds)
