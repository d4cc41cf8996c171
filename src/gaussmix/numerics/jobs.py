"""Calls that are independent of each other, worked on by processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["done", "effective"]


def effective(n_jobs: int | None) -> int:
    """Return how many processes `n_jobs` means."""
    from joblib import effective_n_jobs  # type: ignore[import-untyped]

    return int(effective_n_jobs(n_jobs))


def done(jobs: Sequence[Callable[[], Any]], n_jobs: int | None) -> Iterator[Any]:
    """Yield what jobs return, in their order.

    Examples
    --------
    >>> from functools import partial
    >>> from gaussmix.numerics.jobs import done
    >>> list(done([partial(abs, -1), partial(abs, 2)], None))
    [1, 2]
    """
    if len(jobs) <= 1 or effective(n_jobs) == 1:
        return (job() for job in jobs)
    # Imported where there is something to share: it takes a second.
    from sklearn.utils.parallel import Parallel, delayed

    parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    found: Iterator[Any] = parallel(delayed(_call)(job) for job in jobs)
    return found


def _call(job: Callable[[], Any]) -> Any:
    return job()
