"""A uniform background beside the Gaussian components, for rows that belong to none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .blocks import Fold, Index, Workspace
from .exceptions import DataError
from .moments import PRODUCTS
from .summary import SummaryFold
from .validation import require_finite

if TYPE_CHECKING:
    from ._typing import AnyArray, Array
    from .sources import Source

__all__ = ["Noise", "enclosing_box"]


@dataclass(frozen=True, eq=False)
class Noise:
    """A uniform density over a box (Banfield & Raftery 1993, section 5).

    Attributes
    ----------
    weight : float
        Its mixing weight; the components' weights and this sum to 1.
    lower, upper : ndarray (d,)
        Edges of the box in the coordinates of `axes`.
    axes : ndarray (d, d)
        Directions of the edges, in columns.

    Notes
    -----
    The density counts as constant outside of the box too: rows to come may lie a
    little outside of the rows seen.
    """

    weight: float
    lower: Array
    upper: Array
    axes: Array

    @cached_property
    def log_volume(self) -> float:
        return float(np.log(self.upper - self.lower).sum())

    @property
    def log_joint(self) -> float:
        """Log of weight times density."""
        return float(np.log(self.weight)) - self.log_volume

    @property
    def mean(self) -> Array:
        """Center of the box (d,)."""
        return self.axes @ (self.lower + self.upper) / 2

    @property
    def covariance(self) -> Array:
        """Covariance of the uniform density (d, d)."""
        return (self.axes * (self.upper - self.lower) ** 2 / 12) @ self.axes.T

    def weighing(self, weight: float) -> Noise:
        """Return the same background with another weight."""
        return replace(self, weight=weight)

    def sample(self, n_samples: int, rng: np.random.Generator) -> Array:
        """Draw rows (n_samples, d)."""
        return rng.uniform(self.lower, self.upper, (n_samples, len(self.lower))) @ self.axes.T

    def allclose(self, other: Noise, rtol: float, atol: float) -> bool:
        """Whether both have the same weight and box, to a tolerance."""
        return all(
            np.allclose(getattr(self, part), getattr(other, part), rtol=rtol, atol=atol)
            for part in ("weight", "lower", "upper", "axes")
        )

    def equals(self, other: Noise | None) -> bool:
        """Whether both are exactly the same."""
        return (
            other is not None
            and self.weight == other.weight
            and all(
                np.array_equal(getattr(self, part), getattr(other, part))
                for part in ("lower", "upper", "axes")
            )
        )


def enclosing_box(source: Source, weight: float) -> Noise:
    """Return a uniform background over the smaller of two boxes around all rows.

    One has its edges along the coordinates, the other along the rows' principal
    axes, as mclust's ``hypvol``.

    Raises
    ------
    DataError
        If the rows have no extent in some direction, so that the volume is 0.
    """
    summary = source.reduce(SummaryFold(PRODUCTS, source.n_features))
    require_finite(summary, source.feature_names)
    assert summary.total.scatters is not None
    scatter = summary.total.scatters[0]
    if _is_flat(scatter):
        raise DataError(
            "noise: X has no extent in some direction, so a uniform background has no "
            "volume; drop the constant or dependent column"
        )
    along = Noise(weight, summary.minimum, summary.maximum, np.eye(source.n_features))
    axes = np.linalg.eigh(scatter)[1]
    extent = source.reduce(ExtentFold(axes))
    turned = Noise(weight, extent.lower, extent.upper, axes)
    return min(along, turned, key=lambda noise: noise.log_volume)


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
