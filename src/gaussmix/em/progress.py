"""How far a fit has got: rows of a pass, passes, and the time that is left."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..rows import Source
    from .options import Options
    from .result import Callback, Iteration

__all__ = ["Progress", "Reporter", "watching"]


@dataclass(frozen=True)
class Progress:
    """What the method ``progress`` of a callback is told within a pass.

    Attributes
    ----------
    rows : int
        Rows done in this pass over the data.
    n_rows : int or None
        Rows of a pass; None while unknown.
    passes : int
        Passes done before this one, the first look at the data included.
    iteration : Iteration or None
        The last that EM has done.
    seconds : float
        Since the fit began.
    seconds_left : float or None
        Until the fit converges or is at `max_iter`, as predicted from its last gains; None
        while unknown.

    Examples
    --------
    >>> from gaussmix import GaussianMixture
    >>> from sklearn.datasets import load_iris
    >>> class Tell:
    ...     def __call__(self, iteration):
    ...         pass
    ...     def progress(self, progress):
    ...         self.last = progress
    >>> tell = Tell()
    >>> model = GaussianMixture(3, random_state=0, callback=tell).fit(load_iris().data)
    >>> tell.last.n_rows
    150
    """

    rows: int
    n_rows: int | None
    passes: int
    iteration: Iteration | None
    seconds: float
    seconds_left: float | None


class Reporter:
    """A callback that prints every some iterations, and asks the user's own.

    Parameters
    ----------
    callback : callable or None
        If it has a method ``progress`` that is called too.
    every : int
        Iterations between two lines; 0 prints none.
    """

    def __init__(self, callback: Callback | None, every: int) -> None:
        self.callback, self.every = callback, every
        tell = getattr(callback, "progress", None)
        if tell is not None:
            self.progress: Any = tell

    def __call__(self, iteration: Iteration) -> bool | None:
        if self.every and iteration.number % self.every == 0:
            print(
                f"  iteration {iteration.number:4d}  "
                f"log-likelihood a row {iteration.log_likelihood:.6f}  "
                f"still to come {iteration.remaining:.2e}"
            )
        return None if self.callback is None else self.callback(iteration)


@contextmanager
def watching(
    source: Source, callback: Callback | None, options: Options
) -> Iterator[Callback | None]:
    """Yield the callback for EM; one with a method ``progress`` is also told of rows."""
    tell = getattr(callback, "progress", None)
    if callback is None or tell is None:
        yield callback
        return
    meter = _Meter(source, callback, tell, options)
    before, source.watcher = source.watcher, meter.rows_done
    try:
        yield meter.iteration_done
    finally:
        source.watcher = before


class _Meter:
    """Counts rows and passes of a fit, and tells of them."""

    def __init__(
        self,
        source: Source,
        callback: Callback,
        tell: Callable[[Progress], object],
        options: Options,
    ) -> None:
        self.source, self.callback, self.tell, self.options = source, callback, tell, options
        self.rows = self.passes = 0
        self.iteration: Iteration | None = None
        self.began = time.perf_counter()

    def iteration_done(self, iteration: Iteration) -> bool | None:
        self.iteration = iteration
        return self.callback(iteration)

    def rows_done(self, n_rows: int) -> None:
        self.rows += n_rows
        whole = self.source.rows_if_known
        while whole and self.rows > whole:
            self.rows, self.passes = self.rows - whole, self.passes + 1
        seconds = time.perf_counter() - self.began
        left = None if not whole else self._seconds_left(seconds, self.rows / whole)
        self.tell(Progress(self.rows, whole, self.passes, self.iteration, seconds, left))

    def _seconds_left(self, seconds: float, share: float) -> float | None:
        """Predict by the mean time of a pass; `share` of this one is done."""
        if self.iteration is None:
            return None
        passes = passes_left(self.iteration, self.options)
        return None if passes is None else (passes - share) * seconds / (self.passes + share)


def passes_left(iteration: Iteration, options: Options) -> float | None:
    """Return how many passes until the gain still to come is below tol twice; None if unknown.

    Gains shrink by a rate a, and r = g a / (1 - a) remains after a gain g (Aitken).

    Examples
    --------
    >>> from gaussmix.em.options import Options
    >>> from gaussmix.em.result import Iteration
    >>> passes_left(Iteration(5, -1.0, gain=1e-3, remaining=1e-3), Options(tol=1e-4))
    5
    """
    most = options.max_iter - iteration.number
    gain, remaining = iteration.gain, iteration.remaining
    if remaining <= options.tol:
        return min(most, 1)
    if not (0 < gain < math.inf and remaining < math.inf):
        return None
    rate = remaining / (remaining + gain)
    if options.tol == 0 or rate == 0:
        return most
    return min(most, math.ceil(math.log(options.tol / remaining) / math.log(rate)) + 1)
