"""Columns that others determine: a mixture of the others says all that there is to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solve_triangular

from ..components.moments import PRODUCTS
from ..em.mstep import RELATIVE_FLOOR
from ..mixture import Mixture
from ..rows import MemorySource
from ..rows.checks import require_bounded, require_finite
from ..rows.spread import Quantiles
from ..rows.summary import summary_of

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..rows.summary import DataSummary

__all__ = ["Determined", "determined"]


@dataclass(frozen=True, eq=False)
class Determined:
    """Columns that are constant, or linear in others but for less than a floor of variances.

    Attributes
    ----------
    kept, fixed : ndarray of int (p,), (q,)
        The others, and those.
    centers : ndarray (d,)
        A row that is on all of the lines.
    slopes : ndarray (q, p)
    widths : ndarray (q,)
        Variances about the lines, where covariances are held at the floor.
    """

    kept: AnyArray
    fixed: AnyArray
    centers: Array
    slopes: Array
    widths: Array

    def rows(self, source: MemorySource) -> MemorySource:
        """Return the rows of a source in the other columns."""
        names = source.feature_names
        return MemorySource(
            np.asarray(source.array[:])[:, self.kept],
            source.weights,
            n_jobs=source.n_threads,
            feature_names=None if names is None else tuple(names[j] for j in self.kept),
        )

    def whole(self, mixture: Mixture, names: tuple[str, ...] | None) -> Mixture:
        """Return the mixture of all columns, from that of the others."""
        own = mixture.covariances.to_dense()
        means = np.empty((mixture.n_components, len(self.centers)))
        means[:, self.kept] = mixture.means
        away = mixture.means - self.centers[self.kept]
        means[:, self.fixed] = self.centers[self.fixed] + away @ self.slopes.T
        beside = self.slopes @ own
        inner = beside @ self.slopes.T
        inner = 0.5 * (inner + np.swapaxes(inner, 1, 2)) + np.diag(self.widths)
        order = np.argsort(np.concatenate([self.kept, self.fixed]))
        above = np.concatenate([own, np.swapaxes(beside, 1, 2)], axis=2)
        below = np.concatenate([beside, inner], axis=2)
        matrices = np.concatenate([above, below], axis=1)[:, order][:, :, order]
        return Mixture(mixture.weights, means, matrices, names)


def determined(source: MemorySource, *, lines: bool) -> Determined | None:
    """Return the columns that earlier ones determine; None if there are none, or no others.

    Parameters
    ----------
    source : MemorySource
        Where a value is missing nothing is looked for.
    lines : bool
        Whether to look for lines too, or for constants alone.
    """
    summary = summary_of(source, PRODUCTS)
    require_finite(summary, source)
    if summary.incomplete:
        return None
    require_bounded(summary, source.feature_names)
    constant = summary.minimum == summary.maximum
    if constant.all():
        return None
    fixed = constant.copy()
    if lines:
        fixed[_candidates(summary, constant)] = True
    kept, on_lines = np.flatnonzero(~fixed), np.flatnonzero(fixed & ~constant)
    slopes = np.zeros((len(fixed), len(kept)))
    if len(on_lines):
        slopes[on_lines], near = _fitted(source, summary, kept, on_lines)
        if not near.all():  # far rows make a line of what is none
            fixed[on_lines[~near]] = False
            back = np.flatnonzero(~fixed)
            found = np.zeros((len(fixed), len(back)))
            found[:, np.searchsorted(back, kept)] = slopes
            kept, slopes = back, found
    if not fixed.any():
        return None
    out, variances = np.flatnonzero(fixed), summary.variances
    # A constant has no scale but its own; that of the others if it is 0.
    least = variances[kept].min()
    scales = np.where(constant, np.maximum(np.square(summary.center), least), variances)
    return Determined(kept, out, summary.center, slopes[out], RELATIVE_FLOOR * scales[out])


def _candidates(summary: DataSummary, constant: AnyArray) -> list[int]:
    """Return columns of hardly any variance left, given the columns before them.

    Where rows are few any column follows from enough others: then one alone must do.
    """
    scatter = summary.total.scatters[0]
    several = summary.total.n_rows > 2 * len(constant) and summary.total.n_rows > 3
    scale = np.sqrt(np.where(constant, 1.0, np.diagonal(scatter)))
    correlations = scatter / scale / scale[:, None]
    kept: list[int] = []
    found: list[int] = []
    factor = np.zeros_like(correlations)
    for j in np.flatnonzero(~constant).tolist():
        own = correlations[j, kept]
        row = own
        if several and kept:
            m = len(kept)
            row = solve_triangular(factor[:m, :m], own, lower=True, check_finite=False)
        explained = np.square(row)
        left = 1.0 - (explained.sum() if several else explained.max(initial=0.0))
        if summary.total.n_rows > 2 and left <= RELATIVE_FLOOR:
            found.append(j)
            continue
        factor[len(kept), : len(kept)] = row
        factor[len(kept), len(kept)] = np.sqrt(max(left, 0.0))
        kept.append(j)
    return found


def _fitted(
    source: MemorySource, summary: DataSummary, kept: AnyArray, lines: AnyArray
) -> tuple[Array, AnyArray]:
    """Return slopes (q, p) of columns in others, and which of them most rows are near, (q,)."""
    units = np.sqrt(np.where(summary.variances > 0, summary.variances, 1.0))
    rows = (np.asarray(source.array[:], dtype=np.float64) - summary.center) / units
    weights = np.ones(len(rows)) if source.weights is None else source.weights
    roots = np.sqrt(weights / weights.max())[:, None]
    found = np.linalg.lstsq(roots * rows[:, kept], roots * rows[:, lines], rcond=None)[0]
    residuals = rows[:, lines] - rows[:, kept] @ found
    some = weights > 0
    spreads = Quantiles(np.hstack([residuals, rows[:, lines]])[some], weights[some]).spreads
    left, wide = spreads.reshape(2, -1)
    near = left <= np.sqrt(RELATIVE_FLOOR) * np.where(wide > 0, wide, 1.0)
    return found.T * (units[lines][:, None] / units[kept]), near
