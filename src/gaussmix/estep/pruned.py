"""The pruned form: a bound says which components matter to a row, and only those are evaluated.

In many dimensions nearly every row belongs to one or two components.  Projected on a
few directions, a squared Mahalanobis distance can only shrink, so a natural form of few
terms bounds all log-densities from above; what cannot come within e^-50 of the row's
largest need not be computed.  Densities of distances fall with them, so the same holds of those.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from ..components.covariances import FullCovariances
from ..components.moments import PRODUCTS
from .compiled import natural_form
from .form import Form, Sums
from .gathered import GatheredSums, by_component, gather, negligible
from .mixed import MixedForm
from .posterior import Posterior
from .softmax import NEGLIGIBLE_LOG
from .whitened import WhitenedForm

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.densities import Density
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from ..rows.folds import Workspace
    from .natural import NaturalForm

__all__ = ["PrunedForm", "may_pay", "prune"]

# Components times products of features from which a bound pays (measured).
LEAST_PRODUCTS = 8000

# Largest share of (row, component) pairs to evaluate for which pruning pays: where dense forms
# whiten, and where they are matrix products (measured).
_SHARE, _SHARE_OF_PRODUCTS = 0.3, 0.1
# Share of the directions that a bound sees where tails are heavy, and distances must be larger.
_SEEN_OF_TAILS = 0.6
# Largest rounding error of the bound, and what is granted to it.
_BOUND_ERROR, _SLACK = 1e-3, 1.0
_BOUND_ERROR_SINGLE = 0.1
# Share of the average variance that is added to the projected covariances: thin ones would make
# the bound inaccurate, and a wider covariance bounds as well.
_WIDENING = 1e-3
# Gathering has a price for each component and block: blocks are long, up to 32 MiB of densities.
_MOST_BYTES_PER_ROW = 256
# Rows that are looked at before all are.
_TRIAL_ROWS = 256


def may_pay(form: Form, density: Density) -> bool:
    """Whether to look for a bound: products are many, and far fewer are left when projected.

    The whitened form passes over the rows once for each component, so any bound is cheaper.
    """
    n_terms = form.moment.n_terms(form.n_features)
    if form.n_components * n_terms < LEAST_PRODUCTS:
        return False
    left = PRODUCTS.n_terms(_count_directions(form, density))
    return _whitens(form) or n_terms > 2 * left


def _whitens(form: Form) -> bool:
    return isinstance(form, WhitenedForm | MixedForm)


def prune(
    dense: Form, parameters: Parameters, center: Array, extent: Array, n_rows: int | None = 0
) -> Form:
    """Return the pruned form of some parameters' one, or that itself if no bound is accurate.

    All rows lie in the box center +- extent; `n_rows` is as for `choose_form`.
    """
    projection = _separating_directions(parameters, _count_directions(dense, parameters.density))
    if projection is None:
        return dense
    held, means = parameters.each, parameters.means
    values = projection.T @ held.to_dense() @ projection
    values += _WIDENING * np.eye(projection.shape[1])
    shadows = FullCovariances(values, dense.n_components, projection.shape[1])
    projected = (means - center) @ projection
    try:
        constant, linear, quadratic = shadows.natural(projected, PRODUCTS)
        reach = np.maximum(extent @ np.abs(projection), np.abs(projected).max(axis=0))
        error = np.finfo(float).eps * shadows.magnitude(reach) * _steepness(parameters)
    except np.linalg.LinAlgError:
        return dense
    if not error <= _BOUND_ERROR:
        return dense
    origin = np.zeros(projection.shape[1])
    single = np.finfo(np.float32).eps / np.finfo(float).eps * error <= _BOUND_ERROR_SINGLE
    dtype = np.float32 if single else np.float64
    # The densities are the dense ones, had the directions that are left out no extent.
    constant += parameters.log_constants()
    theta = np.concatenate([constant[:, None], linear, quadratic], axis=1)
    kind = natural_form(dense.n_components, n_rows)
    bound = kind(theta, parameters.groups, PRODUCTS, origin, dtype)
    posterior = Posterior.of([parameters], n_rows)
    return PrunedForm(dense, bound, parameters, posterior, center, projection)


def _separating_directions(parameters: Parameters, count: int) -> Array | None:
    """Return some directions (d, m) in which components differ most: Fisher's discriminants.

    Projected on them the average covariance is the identity.
    """
    weights, means = parameters.weights, parameters.means
    weights = weights / weights.sum()
    offsets = means - weights @ means
    within = np.tensordot(weights, parameters.each.to_dense(), axes=1)
    try:
        factor = np.linalg.cholesky(within)
    except np.linalg.LinAlgError:
        return None
    between = solve_triangular(factor, (offsets * np.sqrt(weights)[:, None]).T, lower=True)
    directions = np.linalg.svd(between, full_matrices=False)[0]
    chosen = directions[:, :count]
    return solve_triangular(factor, chosen, lower=True, trans="T")


def _steepness(parameters: Parameters) -> float:
    """Return by how much more a log-density can fall than half the squared distance rises."""
    scale = Posterior.of([parameters]).log_joint(np.zeros((len(parameters.weights), 1)))
    return 1.0 if scale is None else max(1.0, float(scale.max()))


def _count_directions(form: Form, density: Density) -> int:
    d = form.n_features
    seen = _SEEN_OF_TAILS * d if density.weighs else sqrt(4.5 * d)
    return min(ceil(seen), form.n_components - 1)


@dataclass
class PrunedSums(Sums):
    """Gathered rows of pruned blocks, and what the dense form adds up."""

    gathered: GatheredSums
    dense: Any
    #: Whether there were rows to which too much matters to prune; None before any were seen.
    crowded: bool | None = None

    def merge(self, other: PrunedSums) -> PrunedSums:
        return PrunedSums(self.gathered.merge(other.gathered), self.dense.merge(other.dense))


class _Pairs(NamedTuple):
    """What is exact of pairs of a component and a row (p,)."""

    components: AnyArray
    rows: AnyArray
    values: Array


class PrunedForm(Form):
    """A dense form, less what a bound shows to be negligible; of one mixture.

    Parameters
    ----------
    dense : Form
        Takes the blocks in which many components matter to many rows.
    bound : NaturalForm
        Of the projected rows; never below what `dense` gives of components, but for rounding.
    parameters : Parameters
    posterior : Posterior
        Makes log-joint densities of bounds, and of what is exact.
    center : ndarray (d,)
    projection : ndarray (d, m)
    """

    holds_lock = False

    def __init__(
        self,
        dense: Form,
        bound: NaturalForm,
        parameters: Parameters,
        posterior: Posterior,
        center: Array,
        projection: Array,
    ) -> None:
        super().__init__(dense.groups, dense.n_features, dense.moment)
        self.dense, self.bound, self.dtype = dense, bound, dense.dtype
        self.means, self.covariances = parameters.means, parameters.each
        self._constants, self._posterior = parameters.log_constants(), posterior
        self._most = _SHARE if _whitens(dense) else _SHARE_OF_PRODUCTS
        self.projection, self._shift = projection, center @ projection
        self.bytes_per_row = min(dense.bytes_per_row, max(_MOST_BYTES_PER_ROW, self.n_components))

    def joint(
        self,
        rows: AnyArray,
        out: Array,
        workspace: Workspace,
        labels: AnyArray | None = None,
        sums: PrunedSums | None = None,
    ) -> None:
        if sums is None:
            pruned = self._prune(rows, out, workspace, labels)
        else:
            if sums.crowded is None:
                sums.crowded = self._is_crowded(rows[:_TRIAL_ROWS], workspace)
            pruned = not sums.crowded and self._prune(rows, out, workspace, labels)
            sums.crowded = not pruned
        if not pruned:
            self.dense.joint(rows, out, workspace, labels)

    def _prune(
        self, rows: AnyArray, joint: Array, workspace: Workspace, labels: AnyArray | None
    ) -> bool:
        """Write what `joint` is to (K, B), exact where it matters; False if most does.

        Elsewhere they are upper bounds, which are negligible too.
        """
        bounds = self._bounds(rows, workspace)
        joint[...] = bounds
        self._posterior.log_joint(bounds)
        nearest = bounds == bounds.max(axis=0)
        # The bound of any other component is compared with what the nearest one reaches.
        exact = self._evaluate(joint, nearest, rows, workspace)
        least = np.full(len(rows), NEGLIGIBLE_LOG - _SLACK, dtype=bounds.dtype)
        least[exact.rows] += self._posterior.log_joint_of(exact.values, exact.components)
        worth = bounds > least
        worth &= ~nearest
        if labels is not None:
            labelled = np.flatnonzero(labels >= 0)
            worth[labels[labelled], labelled] = True
        if np.count_nonzero(worth) > self._most * worth.size:
            return False
        self._evaluate(joint, worth, rows, workspace)
        return True

    def _bounds(self, rows: AnyArray, workspace: Workspace) -> Array:
        """Return upper bounds of what `joint` writes, shape (K, B)."""
        projected: Array = workspace.array("projected", len(rows), self.projection.shape[1])
        np.matmul(rows, self.projection, out=projected)
        projected -= self._shift
        bounds: Array = workspace.array(
            "bounds", self.n_components, len(rows), dtype=self.bound.dtype
        )
        self.bound.joint(projected, bounds, workspace)
        return bounds

    def _is_crowded(self, rows: AnyArray, workspace: Workspace) -> bool:
        """Whether too many components seem to matter to rows for pruning to pay."""
        bounds = self._bounds(rows, workspace)
        # A bound lacks half the expected distance in the directions that it does not see.
        expected = bounds - 0.5 * (self.n_features - self.projection.shape[1])
        self._posterior.log_joint(bounds)
        self._posterior.log_joint(expected)
        near = bounds > expected.max(axis=0) + (NEGLIGIBLE_LOG - _SLACK)
        return bool(np.count_nonzero(near) > self._most * near.size)

    def _evaluate(
        self, joint: Array, chosen: AnyArray, rows: AnyArray, workspace: Workspace
    ) -> _Pairs:
        """Write what is exact of chosen pairs, a mask (K, B), and return it."""
        components, whose = np.nonzero(chosen)
        values, begin = np.empty(len(whose)), 0
        for k, places in by_component(chosen):
            centred = gather(rows, places, self.means[k], workspace)
            exact = self._constants[k] - 0.5 * self.covariances.mahalanobis(k, centred)
            joint[k, places] = exact
            values[begin : begin + len(exact)] = exact
            begin += len(exact)
        return _Pairs(components, whose, values)

    # -- sums -----------------------------------------------------------------

    def open(self) -> PrunedSums:
        gathered = GatheredSums.empty(self.means, self.moment)
        return PrunedSums(gathered, self.dense.open())

    def add(self, sums: PrunedSums, rows: AnyArray, masses: Array, workspace: Workspace) -> None:
        if sums.crowded:
            self.dense.add(sums.dense, rows, masses, workspace)
        else:
            sums.gathered.add(rows, masses, negligible(masses), workspace)

    def close(self, sums: PrunedSums, **counted: Any) -> SufficientStatistics:
        return sums.gathered.statistics().merge(self.dense.close(sums.dense, **counted))
