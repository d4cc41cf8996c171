"""Threads of our own, and those of BLAS, which must not multiply."""

from __future__ import annotations

import numbers
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self, TypeVar

from threadpoolctl import ThreadpoolController

from ..numerics.arguments import check_integer

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

__all__ = ["Pace", "Pool", "available_cores", "count_threads", "single_threaded_blas"]


Item = TypeVar("Item")
Result = TypeVar("Result")


def available_cores() -> int:
    """Return the number of cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


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
    process, where the threads are not, new ones are started.

    Parameters
    ----------
    n_threads : int or None
        None is as many as there are cores.
    """

    def __init__(self, n_threads: int | None) -> None:
        self.n_threads = count_threads(n_threads)
        self._threads: ThreadPoolExecutor | None = None
        self._process = 0

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield the results in the order of the items; a single one is done on the spot."""
        if self.n_threads == 1 or len(items) == 1:
            return map(function, items)
        if self._threads is None or self._process != os.getpid():
            self._threads = ThreadPoolExecutor(self.n_threads, "gaussmix")
            self._process = os.getpid()
        return self._threads.map(function, items)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_threads": None}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None


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


class _SingleThreadedBlas:
    """Holds BLAS to one thread while any fit runs threads of its own.

    The setting is the process's, so concurrent fits share it: the first one in
    sets it and the last one out restores it.  Only the thread that set it can
    restore it (threadpoolctl ignores all others), so one of our own does both.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all fits, and the thread: a forked child has none."""
        self._lock = threading.Lock()
        self._depth = 0
        self._limit: Any = None
        self._keeper: ThreadPoolExecutor | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._depth == 0:
                if self._keeper is None:
                    self._keeper = ThreadPoolExecutor(1, "gaussmix-blas")
                self._keeper.submit(self._set).result()
            self._depth += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0:
                assert self._keeper is not None
                self._keeper.submit(self._limit.__exit__, None, None, None).result()

    def _set(self) -> None:
        self._limit = _controller().limit(limits=1, user_api="blas")
        self._limit.__enter__()


single_threaded_blas = _SingleThreadedBlas()
# A fork in the middle of another thread's fit must not inherit a held lock.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=single_threaded_blas.reset)
