"""Student's t: outliers weigh less in means and scatters.

A row of component k is normal with covariance S_k / w, and w is Gamma with mean 1 and shape
nu_k / 2 (Peel & McLachlan 2000).  Given a row at squared distance delta, the mean of w is
u = (nu + d) / (nu + delta), and the mean of log w is log u less log(h) - digamma(h), where
h = (nu + d) / 2.
"""

from __future__ import annotations

import numbers
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ...exceptions import ParameterError
from ...numerics.arguments import as_float, as_numbers, shown
from ...numerics.encoding import stored
from ...numerics.gammas import log_excess, log_excess_slope, log_gamma_ratio
from . import t_law
from .base import Density
from .normal import NORMAL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..._typing import AnyArray, Array
    from ...numerics.groups import Groups
    from ..statistics import SufficientStatistics

__all__ = ["DOF_BOUNDS", "StudentT", "log_excess", "solve_dofs", "student_of"]

#: Degrees of freedom are estimated within these bounds: at the lower one tails are heavier
#: than any data's, at the upper one nobody can tell the density from the normal one.
DOF_BOUNDS = (0.1, 1000.0)
#: Where the estimation of degrees of freedom begins: tails that notice outliers.
FIRST_DOF = 10.0
# In a race starts begin in turns with tails that hold outliers, and such as hold none: those
# among outliers lead to different optima (measured: benchmarks/outliers.py).
_RACING = (2.0, 30.0)
# How degrees of freedom are found.
_RULES = ("fixed", "free", "equal")
# Components that are named one by one, and what is said of those at a bound.
_NAMED = 5
_AT_BOUNDS = (
    "the fewest that are tried: no row says how wide it is; fix dof, or use fewer components",
    "the most that are tried: nobody could tell it from a Gaussian one",
)
# Halvings of a bracket in the logarithm that is 2 wide at most, and Newton steps inside it.
_STEPS = 60


@stored("student")
@dataclass(frozen=True, eq=False, init=False)
class StudentT(Density):
    """Multivariate Student's t of each component.

    Parameters
    ----------
    dofs : float or array-like (K,)
        Degrees of freedom: positive; infinity is the normal density.  Where they are
        estimated, what a fit begins with.
    estimated : "fixed", "free" or "equal", default "fixed"
        Whether a fit leaves them, or finds those of each component or those of all.
    bounds : (float, float), default (0.1, 1000)
        Between which they are estimated.

    Raises
    ------
    ParameterError
        If degrees of freedom are no such numbers.

    References
    ----------
    Peel & McLachlan (2000), Robust mixture modelling using the t distribution, Statistics
    and Computing 10, equations 20 to 32.

    Examples
    --------
    >>> from gaussmix import Mixture, StudentT
    >>> cauchy = Mixture([1.0], [0.0], [1.0], density=StudentT(1))
    >>> cauchy.pdf([0.0, 1.0]).round(6).tolist()
    [0.31831, 0.159155]
    """

    dofs: Array
    estimated: str = "fixed"
    bounds: tuple[float, float] = DOF_BOUNDS

    name: ClassVar[str] = "student"
    needs_distances: ClassVar[bool] = True
    weighs: ClassVar[bool] = True
    falls: ClassVar[bool] = True
    in_loops: ClassVar[bool] = True

    def __init__(
        self, dofs: Any, estimated: str = "fixed", bounds: tuple[float, float] = DOF_BOUNDS
    ) -> None:
        found = np.atleast_1d(np.array(as_numbers("dofs", dofs), dtype=np.float64))
        if found.ndim != 1 or not len(found) or not (found > 0).all():
            raise ParameterError(
                f"dofs: expected a positive number, or one for each component, got {shown(dofs)}"
            )
        found.flags.writeable = False
        if estimated not in _RULES:
            known = ", ".join(map(repr, _RULES))
            raise ParameterError(f"estimated: expected one of {known}, got {shown(estimated)}")
        self.__dict__.update(dofs=found, estimated=estimated, bounds=checked_bounds(bounds))

    def __repr__(self) -> str:
        each = ", ".join(f"{dof:.4g}" for dof in self.dofs)
        how = "" if self.estimated == "fixed" else f", {self.estimated!r}"
        return f"StudentT({each if len(self.dofs) == 1 else f'[{each}]'}{how})"

    @property
    def rule(self) -> str:
        if self.estimated == "fixed":
            return f"{self.name}, dof {', '.join(f'{dof:.17g}' for dof in self.dofs)}"
        return f"{self.name}, dof {self.estimated} in {self.bounds}"

    @property
    def choice(self) -> str:
        if self.estimated != "fixed":
            return self.estimated
        return f"dof {', '.join(f'{dof:g}' for dof in self.dofs)}"

    @property
    def n_sums(self) -> int:
        return 0 if self.estimated == "fixed" else 1

    # -- between the products of an E-step ------------------------------------------

    def terms(self, log_scales: Array, n_features: int) -> Array:
        """Return 1 / nu, (nu + d) / 2, the log-density at the mean, and u there.

        And last what the mean of log w lacks of log u.
        """
        dofs = np.minimum(np.broadcast_to(self.dofs, len(log_scales)), t_law.NORMAL)
        half = 0.5 * (dofs + n_features)
        found = np.empty((len(dofs), 5))
        found[:, 0] = 1.0 / dofs
        found[:, 1] = half
        found[:, 2] = log_scales[:, 0] - 0.5 * n_features * np.log(2.0 * np.pi)
        found[:, 2] += log_gamma_ratio(0.5 * dofs, 0.5 * n_features)
        found[:, 3] = 1.0 + n_features / dofs
        found[:, 4] = log_excess(half)
        return found

    def log_joint(self, joint: Array, terms: Array) -> Array | None:
        inverse, half, peak, most, _ = (column[:, None] for column in terms.T)
        np.minimum(joint, 0.0, out=joint)  # of rounding, next to the mean
        joint *= -2.0 * inverse
        scale: Array = most / (1.0 + joint)
        np.log1p(joint, out=joint)
        joint *= -half
        joint += peak
        return scale.astype(joint.dtype, copy=False)

    def sums(self, responsibilities: Array, scale: Array, terms: Array) -> Array:
        """Sums of w - 1 - log w, in the mean given each row: what degrees of freedom go by."""
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = scale - 1.0 - np.log(scale)
        excess[scale == 0] = 0.0  # at a distance beyond numbers nothing is a component's
        found: Array = np.einsum("jb,jb->j", responsibilities, excess, dtype=np.float64)
        return (found + terms[:, 4] * responsibilities.sum(axis=1, dtype=np.float64))[:, None]

    # -- of parameters ---------------------------------------------------------------

    def update(self, statistics: SufficientStatistics) -> StudentT:
        before = np.broadcast_to(self.dofs, statistics.n_components)
        if self.estimated == "fixed" or statistics.tally is None:
            return self._with(before)
        counts, sums = statistics.counts, statistics.tally[:, 0]
        if self.estimated == "equal":
            groups = statistics.groups
            counts, sums = (groups.spread(groups.sum(own)) for own in (counts, sums))
            counts, sums = (np.broadcast_to(own, len(before)) for own in (counts, sums))
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = sums / counts
        known = np.isfinite(excess) & (counts > 0) & (excess > 0)
        found = solve_dofs(np.where(known, excess, 1.0), self.bounds)
        return self._with(np.where(known, found, before))

    def take(self, components: slice | AnyArray) -> StudentT:
        return self._with(self.dofs[components])

    def joined(self, several: Sequence[StudentT]) -> StudentT:
        how = {own.estimated for own in several}
        found = replace(self, estimated=how.pop()) if len(how) == 1 else self._counting(several)
        return found._with(np.concatenate([own.dofs for own in several]))

    def _counting(self, several: Sequence[StudentT]) -> StudentT:
        """Return one of several that adds up what any of them wants to know."""
        return next(own for own in several if own.n_sums)

    def begun(self, given: Density, n_components: int) -> Density:
        if isinstance(given, StudentT) and self.estimated != "fixed":
            dofs = given.dofs
            if self.estimated == "equal":
                dofs = np.exp(np.log(np.minimum(dofs, self.bounds[1])).mean(keepdims=True))
            return self._with(np.broadcast_to(np.clip(dofs, *self.bounds), n_components))
        if len(self.dofs) not in (1, n_components):
            raise ParameterError(
                f"dofs: {len(self.dofs)} numbers for {n_components} components; give one for "
                "each, or one for all"
            )
        return self._with(np.broadcast_to(self.dofs, n_components))

    def diverse(self, groups: Groups) -> StudentT:
        if self.estimated == "fixed":
            return self
        dofs = np.resize(_RACING, len(groups))
        return self._with(np.repeat(np.clip(dofs, *self.bounds), groups.counts))

    def n_parameters(self, n_components: int) -> int:
        return {"fixed": 0, "equal": 1, "free": n_components}[self.estimated]

    def described(self, component: int) -> str:
        return f"dof {self._dof(component):.4g}"

    def notices(self) -> list[str]:
        if self.estimated == "fixed":
            return []
        found = []
        for bound, what in zip(self.bounds, _AT_BOUNDS, strict=True):
            at = np.flatnonzero(self.dofs == bound)
            if len(at):
                which = ", ".join(map(str, at[:_NAMED])) + (", ..." if len(at) > _NAMED else "")
                some = "components" if len(at) > 1 else "component"
                found.append(f"{some} {which} at {bound:g} degrees of freedom, {what}")
        return found

    def numbers(self, n_components: int) -> Array:
        return np.broadcast_to(self.dofs, n_components)[:, None]

    def free(self, n_components: int) -> Array:
        inside = (self.bounds[0] < self.dofs) & (self.dofs < self.bounds[1])
        every = np.eye(n_components)[:, np.broadcast_to(inside, n_components)]
        if self.estimated == "equal":
            return every.sum(axis=1, keepdims=True)[:, : every.shape[1]]
        return every if self.estimated == "free" else super().free(n_components)

    def scores(self, scale: Array, n_features: int) -> Array:
        # By nu it is (E(w - 1 - log w) of w itself, less that of w given the row) / 2.
        half = 0.5 * np.broadcast_to(np.minimum(self.dofs, t_law.NORMAL), len(scale))[:, None]
        more = log_excess(half) - log_excess(half + 0.5 * n_features)
        return np.asarray(half * (more - (scale - 1.0 - np.log(scale))))[:, None]

    def _with(self, dofs: Array) -> StudentT:
        other = object.__new__(type(self))
        other.__dict__.update(dofs=dofs, estimated=self.estimated, bounds=self.bounds)
        return other

    # -- of rows ---------------------------------------------------------------------

    def inflation(self, n_components: int) -> Array:
        dofs = np.broadcast_to(self.dofs, n_components)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(dofs > 2.0, 1.0 / (1.0 - 2.0 / dofs), np.nan)

    def log_density(self, values: Array) -> Array:
        return t_law.log_density(self.dofs, values)

    def slope(self, values: Array) -> Array:
        return t_law.slope(self.dofs, values)

    def below(self, values: Array) -> Array:
        return t_law.below(self.dofs, values)

    def log_below(self, values: Array) -> Array:
        return t_law.log_below(self.dofs, values)

    def quantiles(self, shares: Array) -> Array:
        found = t_law.quantiles(self.dofs, shares)
        return np.where(self.dofs > t_law.LARGEST, super().quantiles(shares), found)

    def squared_radii(self, outside: Array, n_features: int) -> Array:
        found, normal = t_law.squared_radii(self.dofs, outside, n_features), super().squared_radii
        return np.where(self.dofs > t_law.LARGEST, normal(outside, n_features), found)

    def entropies(self, n_features: int) -> Array:
        return t_law.entropies(self.dofs, n_features)

    def mixing(self, component: int) -> tuple[Array, Array]:
        dof = self._dof(component)
        return super().mixing(component) if dof > t_law.LARGEST else t_law.mixing(dof)

    def stretches(self, component: int, n_samples: int, rng: np.random.Generator) -> Array | None:
        dof = self._dof(component)
        if np.isinf(dof):
            return None
        return _roots_of_weights(np.full(n_samples, 0.5 * dof), rng)

    def stretches_given(
        self, component: int, scale: Array, n_given: AnyArray, rng: np.random.Generator
    ) -> Array:
        dof = self._dof(component)
        if np.isinf(dof):
            return np.ones(len(scale))
        return _roots_of_weights(0.5 * (dof + n_given), rng) / np.sqrt(scale)

    def _dof(self, component: int) -> float:
        return float(self.dofs[component if len(self.dofs) > 1 else 0])

    def conditional(self, distances: Array, n_given: int) -> tuple[Density, Array]:
        """Return the t with as many more degrees of freedom as features are given.

        Its scales are those of the normal one times 1 / u (Ding 2016, equation 2).
        """
        dofs = np.broadcast_to(self.dofs, len(distances))
        each = dofs.reshape(-1, *[1] * (distances.ndim - 1))
        finite = np.where(np.isinf(each), 1.0, each)
        factors = np.where(np.isinf(each), 1.0, (finite + distances) / (finite + n_given))
        return StudentT(dofs + n_given), factors

    # -- files -------------------------------------------------------------------------

    def to_fields(self) -> dict[str, Any]:
        # JSON has no infinity.
        dofs = [None if np.isinf(dof) else float(dof) for dof in self.dofs]
        return {"dofs": dofs, "estimated": self.estimated, "bounds": list(self.bounds)}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> StudentT:
        """Return the density of such fields; an error says why there is none."""
        dofs = [np.inf if dof is None else dof for dof in fields["dofs"]]
        low, high = fields["bounds"]
        return cls(dofs, fields["estimated"], (low, high))


def _roots_of_weights(half: Array, rng: np.random.Generator) -> Array:
    """Draw 1 / sqrt(w), where w is Gamma with mean 1 and shape `half` (n,)."""
    drawn: Array = 1.0 / np.sqrt(rng.standard_gamma(half) / half)
    return drawn


def student_of(dof: Any, argument: str = "dof") -> Density:
    """Return the density for "free", "equal" or a number; infinity is the normal one."""
    if isinstance(dof, str) and dof in _RULES and dof != "fixed":
        return StudentT(FIRST_DOF, dof)
    valid = isinstance(dof, numbers.Real) and not isinstance(dof, bool)
    number = as_float(dof) if valid else np.nan
    if not number > 0:
        raise ParameterError(
            f"{argument}: expected 'free', 'equal' or a positive number of degrees of freedom, "
            f"got {shown(dof)}"
        )
    return NORMAL if np.isinf(number) else StudentT(number)


def checked_bounds(bounds: Any) -> tuple[float, float]:
    """Return bounds of degrees of freedom; or raise ParameterError."""
    found = as_numbers("bounds", bounds)
    if found.shape != (2,) or not 0.0 < found[0] < found[1] or np.isinf(found[1]):
        raise ParameterError(
            "bounds: expected two positive numbers, the lower and the upper bound of degrees "
            f"of freedom, got {shown(bounds)}"
        )
    return float(found[0]), float(found[1])


def solve_dofs(excess: Array, bounds: tuple[float, float]) -> Array:
    """Return the degrees of freedom (J,) at which w - 1 - log w has the given means.

    The mean is log(nu / 2) - digamma(nu / 2), which falls from infinity to 0, and lies between
    1 / nu and 2 / nu: a bracket for a root in the logarithm of nu, by Newton steps that a
    bisection takes the place of where they leave it.
    """
    # Leaps may ask for what is far outside.
    most, least = log_excess(0.5 * np.array(bounds))
    outside = np.where(excess >= most, bounds[0], np.where(excess <= least, bounds[1], np.nan))
    excess = np.clip(excess, least, most)
    # In x = nu / 2, by its logarithm.
    low, high = -np.log(2.0 * excess), -np.log(excess)
    place, target = 0.5 * (low + high), np.log(excess)
    for _ in range(_STEPS):
        x = np.exp(place)
        value = log_excess(x)
        miss = np.log(value) - target  # falls with the place
        low, high = np.where(miss > 0, place, low), np.where(miss > 0, high, place)
        slope = x * log_excess_slope(x) / value
        step = place - miss / slope
        step = np.where((step >= low) & (step <= high), step, 0.5 * (low + high))
        if np.abs(step - place).max(initial=0.0) <= 1e-14 * max(1.0, np.abs(place).max(initial=0)):
            place = step
            break
        place = step
    found = np.clip(2.0 * np.exp(place), *bounds)
    return np.where(np.isnan(outside), found, outside)
