"""Whether statistics can be those of any rows: asked of all that were not computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .._typing import Array
    from .statistics import SufficientStatistics

__all__ = ["require_of_rows"]

# What a scatter may lack, as a share of what it is the difference of: blocks may have been
# added up in float32.
_ROUNDING = 1e-6
_TINY = float(np.finfo(float).tiny)


def require_of_rows(statistics: SufficientStatistics) -> None:
    """Raise ValueError if these can be the statistics of no rows under one mixture."""
    counts, means = statistics.counts, statistics.means
    scatters, moment = statistics.scatters, statistics.moment
    if len(statistics.groups) != 1 or statistics.groups.n_components != len(counts):
        raise ValueError("are of several mixtures")
    if not all(isinstance(array, np.ndarray) for array in (counts, means, scatters)):
        raise ValueError("counts, means and scatters must be arrays of NumPy")
    if counts.ndim != 1 or means.ndim != 2 or len(counts) != len(means) or 0 in means.shape:
        raise ValueError(f"counts of shape {counts.shape} and means of shape {means.shape}")
    shape = moment.shape(statistics.n_features)
    if scatters.shape not in ((len(counts), *shape), (1, *shape)):
        raise ValueError(f"scatters of shape {scatters.shape}")
    extra = [array for array in (statistics.masses, statistics.tally) if array is not None]
    if any(array.shape[:1] != counts.shape for array in extra):
        raise ValueError("masses or tally are of another number of components")
    if [array.ndim for array in extra] not in ([], [1, 2]):
        raise ValueError("masses (K,) and tally (K, m) go together")
    if not statistics.log_likelihood.shape == statistics.noise.shape == (1,):
        raise ValueError("log_likelihood and noise must be one number each")
    _require_numbers(statistics, extra)
    _require_scatters(statistics)


def _require_numbers(statistics: SufficientStatistics, extra: list[Array]) -> None:
    """Raise ValueError if numbers are not finite, or counts are negative or all 0."""
    counts, means, scatters = statistics.counts, statistics.means, statistics.scatters
    parts = [counts, means, scatters, statistics.log_likelihood, statistics.noise, *extra]
    if not all(part.dtype.kind in "iuf" and np.isfinite(part).all() for part in parts):
        raise ValueError("contain NaN or infinity")
    if counts.min() < 0 or statistics.noise[0] < 0 or statistics.n_rows < 0:
        raise ValueError("a count is negative")
    for array, what in ((statistics.masses, "a mass"), (statistics.tally, "what is added up")):
        if array is not None and array.min(initial=0.0) < 0:
            raise ValueError(f"{what} is negative")
    if counts.sum() + statistics.noise[0] == 0:
        raise ValueError("all counts are 0")


def _require_scatters(statistics: SufficientStatistics) -> None:
    """Raise ValueError if the scatters can be of no rows.

    Rounding is of the size of what they are differences of: the squares of all rows.
    """
    scatters, d = statistics.scatters, statistics.n_features
    with np.errstate(over="ignore", invalid="ignore"):
        mass = statistics.mass
        center = mass @ statistics.means / max(mass.sum(), _TINY)
        offsets = (statistics.means - center) * np.sqrt(mass)[:, None]
        own = statistics.moment.diagonal(scatters, d)
        squares = np.abs(own).max(axis=0) + np.square(offsets).sum(axis=0)
    if not np.isfinite(squares).all():
        raise ValueError("scatters or means are beyond float64 arithmetic")
    if (own < -_ROUNDING * squares).any():
        raise ValueError("a scatter is negative")
    if scatters.ndim < 3:
        return
    scale = np.sqrt(np.where(squares > 0, squares, 1.0))
    shares = scatters / scale / scale[:, None]
    # Products of coordinates are no more than what their squares allow.
    if not (np.abs(shares) <= 1.0 + _ROUNDING).all():
        raise ValueError("a scatter is of no rows: its products are larger than its squares allow")
    if not (np.abs(shares - np.swapaxes(shares, 1, 2)) <= _ROUNDING).all():
        raise ValueError("a scatter is not symmetric")
    if _smallest(shares) < -_ROUNDING * d:
        raise ValueError("a scatter is not positive semidefinite")


def _smallest(matrices: Array) -> float:
    return float(np.linalg.eigvalsh(matrices).min())
