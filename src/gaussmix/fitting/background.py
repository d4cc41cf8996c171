"""The box of a uniform background: as small as it can be around all rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..components.moments import NORM, PRODUCTS
from ..components.noise import Noise
from ..exceptions import DataError, ParameterError
from ..rows.checks import require_bounded, require_finite, require_rows
from ..rows.filled import filled
from ..rows.folds import Fold, Index, Workspace
from ..rows.spread import Quantiles, brought_in
from ..rows.summary import SummaryFold, summary_of

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..rows import Source

__all__ = ["ExtentFold", "background_of", "enclosing_box"]

# Of coordinates along turned axes.
_ROUNDING = 1e-14
# Of a sample that says whether rows are flat.
_ROWS = 20_000


def background_of(source: Source, noise: float | AnyArray) -> Noise:
    """Return a background over all rows, that starts with a share of them or with some (n,).

    Raises
    ------
    ParameterError
        If the rows marked are not some of those of positive weight.
    DataError
        See `enclosing_box`.
    """
    if isinstance(noise, float):
        return enclosing_box(source, noise)
    if noise.shape != (source.n_rows,):
        raise ParameterError(
            f"noise: expected a share, or {source.n_rows} booleans, one a row, got shape "
            f"{noise.shape}"
        )
    fold = SummaryFold(NORM, source.n_features)
    share = source.without(~noise).reduce(fold).total.total / source.reduce(fold).total.total
    if not 0.0 < share < 1.0:
        raise ParameterError(
            f"noise: {'no' if share == 0 else 'every'} row of positive weight is marked as noise "
            "to start with"
        )
    return enclosing_box(source, share)


def enclosing_box(source: Source, weight: float) -> Noise:
    """Return a uniform background over the smaller of two boxes around all rows.

    One has its edges along the coordinates, the other along the rows' principal
    axes, as mclust's ``hypvol``.

    Raises
    ------
    DataError
        If the rows have no extent in some direction, so that the volume is 0.
    """
    summary = summary_of(source, PRODUCTS)
    require_finite(summary, source)
    require_rows(summary, source)
    require_bounded(summary, source.feature_names)
    scatter = summary.total.scatters[0]
    if _is_flat(scatter) and _is_flat(_scatter_of_most(source)):
        raise DataError(
            "noise: X has no extent in some direction, so a uniform background has no "
            "volume; drop the constant or dependent column"
        )
    along = Noise(weight, summary.minimum, summary.maximum, np.eye(source.n_features))
    if summary.incomplete:  # what is seen of a row must have a uniform density too
        return along
    axes = np.linalg.eigh(scatter)[1]
    extent = source.reduce(ExtentFold(axes))
    turned = Noise(weight, extent.lower, extent.upper, axes)
    # Beside far rows an axis may be lost to rounding.
    lost = _ROUNDING * np.maximum(np.abs(extent.lower), np.abs(extent.upper))
    if (extent.upper - extent.lower <= lost).any():
        return along
    return min(along, turned, key=lambda noise: noise.log_volume)


def _scatter_of_most(source: Source) -> Array:
    """Return the scatter of rows without what far ones add: beside it any other is flat."""
    rows, weights = source.sample(_ROWS, np.random.default_rng(0))
    rows = filled(rows)
    rows, _ = brought_in(rows, Quantiles(rows, weights).near)
    # From a row: rounding must not give a constant column a width.
    offsets = rows - rows[0]
    offsets -= offsets.mean(axis=0)
    return np.asarray(offsets.T @ offsets)


def _is_flat(scatter: Array) -> bool:
    """Whether rows of this scatter matrix (d, d) span no volume, but for rounding."""
    scale = np.sqrt(np.diagonal(scatter))
    if not (scale > 0).all():
        return True
    smallest = np.linalg.eigvalsh(scatter / scale / scale[:, None])[0]
    return bool(smallest <= 100 * len(scale) * np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class _Extent:
    lower: Array
    upper: Array

    def merge(self, other: _Extent) -> _Extent:
        return _Extent(np.minimum(self.lower, other.lower), np.maximum(self.upper, other.upper))


class ExtentFold(Fold[_Extent]):
    """Smallest and largest coordinate along each of some axes (d, d), in columns."""

    def __init__(self, axes: Array) -> None:
        self.axes = axes
        self.bytes_per_row = 8 * 3 * len(axes)

    def open(self) -> list[_Extent]:
        edge = np.full(len(self.axes), np.inf)
        return [_Extent(edge, -edge)]

    def add(
        self,
        state: list[_Extent],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        turned = rows @ self.axes
        state[0] = state[0].merge(_Extent(turned.min(axis=0), turned.max(axis=0)))

    def close(self, state: list[_Extent]) -> _Extent:
        return state[0]
