"""A uniform background beside the Gaussian components, for rows that belong to none."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..numerics.arguments import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._typing import Array

__all__ = ["Noise"]

# How far from orthonormal axes may be, for those that were rounded when written.
_AXES_TOLERANCE = 1e-6
# How far from features axes along them may be.
_STRAIGHT = 1e-12


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

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import GaussianMixture
    >>> rng = np.random.default_rng(0)
    >>> X = np.vstack([rng.normal(size=(300, 2)), rng.uniform(-9, 9, size=(60, 2))])
    >>> noise = GaussianMixture(1, noise=0.1, random_state=0).fit(X).mixture_.noise
    >>> round(noise.weight, 1)
    0.2
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

    @cached_property
    def sides(self) -> tuple[Array, Array] | None:
        """Where the box ends along each feature (d,) and (d,); None if its axes are turned."""
        places = np.abs(self.axes).argmax(axis=1)
        every = np.arange(len(places))
        straight = np.zeros(self.axes.shape)
        straight[every, places] = self.axes[every, places]
        if np.abs(self.axes - straight).max() > _STRAIGHT:
            return None
        ends = self.axes @ np.diag(self.lower), self.axes @ np.diag(self.upper)
        first, last = (end[every, places] for end in ends)
        return np.minimum(first, last), np.maximum(first, last)

    @property
    def mean(self) -> Array:
        """Center of the box (d,)."""
        return self.axes @ (self.lower + self.upper) / 2

    @property
    def covariance(self) -> Array:
        """Covariance of the uniform density (d, d)."""
        return (self.axes * (self.upper - self.lower) ** 2 / 12) @ self.axes.T

    def along_features(self) -> tuple[Array, Array]:
        """Return the edges (d,), (d,) of a box that lies along the features.

        Raises
        ------
        ParameterError
            If it is turned: then it is no product of intervals.
        """
        axes = np.asarray(self.axes)
        if (np.count_nonzero(np.abs(axes) > _AXES_TOLERANCE, axis=0) != 1).any():
            raise ParameterError(
                "noise: its box is turned against the features, so a part of it has no simple "
                "distribution; use .without_noise() first"
            )
        turned = np.rint(axes)
        corners = turned @ self.lower, turned @ self.upper
        return np.minimum(*corners), np.maximum(*corners)

    def require_valid(self, n_features: int) -> None:
        """Raise ParameterError if it is no background of rows of so many features."""
        weight = np.asarray(self.weight, dtype=np.float64)
        # A fit may end with all rows in the background.
        if weight.ndim or not 0.0 < weight <= 1.0:
            raise ParameterError(
                f"noise: weight must be above 0 and at most 1, got {shown(self.weight)}"
            )
        shapes = {"lower": (n_features,), "upper": (n_features,), "axes": (n_features,) * 2}
        for name, shape in shapes.items():
            array = np.asarray(getattr(self, name))
            if array.shape != shape:
                raise ParameterError(f"noise: {name} must have shape {shape}, got {array.shape}")
            if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
                raise ParameterError(f"noise: {name} must be finite numbers")
        with np.errstate(over="ignore"):
            extent = np.subtract(self.upper, self.lower, dtype=np.float64)
            squares = np.matmul(np.transpose(self.axes), self.axes)
        if not ((extent > 0) & np.isfinite(extent)).all():
            j = int((~((extent > 0) & np.isfinite(extent))).argmax())
            raise ParameterError(
                f"noise: lower must be below upper, got {self.lower[j]:.6g} and "
                f"{self.upper[j]:.6g} along axis {j}"
            )
        if not np.abs(squares - np.eye(n_features)).max() <= _AXES_TOLERANCE:
            raise ParameterError("noise: axes must be orthonormal, one in each column")

    def within(self, lower: Array, upper: Array) -> Noise:
        """Return the same background in a box that reaches no further (d,), along its axes."""
        return replace(
            self, lower=np.maximum(self.lower, lower), upper=np.minimum(self.upper, upper)
        )

    def weighing(self, weight: float) -> Noise:
        """Return the same background with another weight."""
        return replace(self, weight=weight)

    def sample(self, n_samples: int, rng: np.random.Generator) -> Array:
        """Draw rows (n_samples, d)."""
        return rng.uniform(self.lower, self.upper, (n_samples, len(self.lower))) @ self.axes.T

    def to_fields(self) -> dict[str, Any]:
        """Return what files hold of it, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_fields(cls, given: Mapping[str, Any]) -> Noise:
        """Return the background of such fields; raise ParameterError if it can be of no rows."""
        arrays = {name: np.array(given[name], np.float64) for name in ("lower", "upper", "axes")}
        self = cls(float(given["weight"]), **arrays)
        self.require_valid(len(np.atleast_1d(self.lower)))
        return self

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
