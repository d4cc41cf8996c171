"""Standard errors from the observed information, in one pass over the rows."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import block_diag

from ..components.covariances import FullCovariances
from ..components.moments import PRODUCTS
from ..components.statistics import SufficientStatistics
from ..exceptions import DataError
from ..fitting.fit import moment_of_data, summarise
from ..fitting.known import known_labels
from ..mixture.evaluate import Evaluator
from ..rows.folds import Fold
from ..rows.patterns import Patterns
from .estimates import Uncertainty, parameters_of
from .given import checked_level, fit_of, missing_of, source_of
from .limits import intervals_from_errors
from .of_prior import information_of_prior

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._typing import AnyArray, Array
    from ..em.result import FitResult
    from ..mixture import Mixture
    from ..rows import Source
    from ..rows.folds import Index, Workspace

__all__ = ["information"]

# Directions in which the information is less than this share of what its scale lets expect say
# nothing.
_FLAT = 1e-12
# Step of the differences that find the directions in which a family's covariances may move.
_STEP = 1e-3


def information(
    model: Any,
    X: Any,
    *,
    level: float = 0.95,
    sample_weight: Any = None,
    known: Any = None,
    n_jobs: int | None = None,
) -> Uncertainty:
    """Return how sure the parameters of a fit are, from the information in its rows.

    The observed information is taken to be the sum over rows of the outer products of their
    scores (Louis 1982; McLachlan & Peel 2000, section 2.15.3): one pass, and no more memory for
    more rows.  It is that of the family's free parameters: covariances move only as their family
    lets them.  Of a `StudentMixture` it is that of scales, and of degrees of freedom if they are
    estimated; those at a bound have no error (NaN), with a warning.  Of a fit with a prior it is
    the prior's information besides.  Good for many rows; for few, or components that overlap much,
    `bootstrap`.

    Parameters
    ----------
    model : GaussianMixture, GaussianMixtureIC or FitResult
        Fitted to its maximum: scores sum to zero there.
    X : array-like, dataframe, `gaussmix.scan` or callable (n, d)
        The rows that it was fitted to.
    level : float, default 0.95
        Of the intervals, which are normal: those of variances and degrees of freedom by their
        logarithms, of weights by their logits.
    sample_weight : array-like (n,), optional
        A row of weight w counts as w rows.
    known : array-like of int (n,), optional
        Known components, as `fit` was given them.
    n_jobs : int, optional
        Threads.

    Raises
    ------
    DataError
        If rows say nothing of some parameter: a covariance is held at the floor, say.

    Examples
    --------
    >>> from gaussmix import GaussianMixture, datasets, inference
    >>> X = datasets.iris().rows
    >>> model = GaussianMixture(3, random_state=0).fit(X)
    >>> sure = inference.information(model, X)
    >>> sure.standard_errors["weights"].round(3).tolist()
    [0.038, 0.039, 0.041]
    """
    level = checked_level(level)
    result = fit_of(model)
    if result.collapsed:
        raise DataError(
            "model: a covariance of it is held at the floor, so the likelihood has no maximum and "
            "its parameters no standard errors; use fewer components or prior='conjugate'"
        )
    mixture = result.mixture
    source = missing_of(model).admit(source_of(X, mixture, sample_weight, n_jobs))
    labels = known_labels(known, source.n_rows, mixture.n_components) if known is not None else None
    fold = ScoresFold(mixture, source, labels)
    products = source.reduce(fold).products
    products[fold.layout.shapes, fold.layout.shapes] += _of_prior(result, source)
    vector = fold.layout.factors * np.sqrt(_variances(products, _basis(result)))
    vector[fold.layout.own][_held(mixture)] = np.nan
    errors = fold.layout.shaped(vector, mixture)
    intervals = intervals_from_errors(parameters_of(mixture), errors, level, mixture)
    return Uncertainty("information", mixture, errors, intervals, level)


def _held(mixture: Mixture) -> AnyArray:
    """Say which numbers of a density are estimated, and at a bound; and warn of them."""
    density, k = mixture.density, mixture.n_components
    held = np.logical_not(density.free(k).any(axis=1))
    if not density.n_parameters(k):
        return np.zeros_like(held)
    if held.any():
        warnings.warn(
            f"model: {'; '.join(density.notices())}: there is no standard error of those, and "
            "those of others are as if they were known",
            stacklevel=3,
        )
    return held


class Layout:
    """Where parameters are in one long vector: weights, the background's, means, scales, own.

    Scales are covariances, but for a density that has others; what is its own, such as degrees of
    freedom, is there by its logarithm.  Of scales it is the upper triangles, one of each
    component.  All are in units of how wide components are in each feature, so that squares of
    them are numbers at any scale.

    Attributes
    ----------
    units : ndarray (d,)
    factors : ndarray (size,)
        What the entries are to be multiplied by.
    """

    def __init__(self, mixture: Mixture) -> None:
        k, d = mixture.means.shape
        self.n_others = 0 if mixture.noise is None else 1
        self.first, self.second = np.triu_indices(d)
        n_weights, n_terms = k + self.n_others, len(self.first)
        self.means = slice(n_weights, n_weights + k * d)
        self.covariances = slice(self.means.stop, self.means.stop + k * n_terms)
        self.shapes = slice(self.means.start, self.covariances.stop)
        numbers = mixture.density.numbers(k)
        self.own = slice(self.covariances.stop, self.covariances.stop + numbers.size)
        self.size = self.own.stop
        self.units = np.sqrt(mixture.scales.variances().mean(axis=0))
        terms = self.units[self.first] * self.units[self.second]
        own = [np.ones(n_weights), np.tile(self.units, k), np.tile(terms, k), numbers.ravel()]
        self.factors = np.concatenate(own)

    def dense(self, mixture: Mixture) -> Array:
        """Return covariances (K, d, d) in these units."""
        return np.asarray(mixture.scales.to_dense() / self.units[:, None] / self.units)

    def shaped(self, vector: Array, mixture: Mixture) -> dict[str, Array]:
        """Return what a vector says of each parameter, shaped as the mixture's are."""
        k, d = mixture.means.shape
        square = np.zeros((k, d, d))
        triangles = vector[self.covariances].reshape(k, -1)
        square[:, self.first, self.second] = square[:, self.second, self.first] = triangles
        axes = mixture.scales.values.ndim - 1
        every = np.arange(d)
        values = {2: square, 1: square[:, every, every], 0: square[:, 0, 0]}[axes]
        if mixture.scales.shared:
            values = values[0]
        each = [vector[:k], vector[self.means].reshape(k, d), values, vector[self.own]]
        return dict(zip(parameters_of(mixture), each, strict=False))


class Gathered:
    """The sum of the outer products of scores; it adds up."""

    def __init__(self, products: Array) -> None:
        self.products = products

    def merge(self, other: Gathered) -> Gathered:
        return Gathered(self.products + other.products)


class ScoresFold(Fold[Gathered]):
    """Outer products of the scores of rows: derivatives of a row's log-density."""

    by_row = ("known",)

    def __init__(self, mixture: Mixture, source: Source, known: AnyArray | None = None) -> None:
        self.mixture, self.layout, self.known = mixture, Layout(mixture), known
        self.assigner = Evaluator(mixture.parameters, source).assigner
        self.dense = self.layout.dense(mixture)
        others = [] if mixture.noise is None else [mixture.noise.weight]
        self.shares = np.array([*mixture.weights, *others])
        self.bytes_per_row = self.assigner.bytes_per_row + 16 * self.layout.size

    def open(self) -> Gathered:
        return Gathered(np.zeros((self.layout.size, self.layout.size)))

    def add(
        self,
        state: Gathered,
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        known = None if self.known is None else self.known[index]
        scores = self._scores(np.asarray(rows, dtype=np.float64), known, workspace)
        weighted = scores if weights is None else scores * weights
        state.products += weighted @ scores.T

    def _scores(self, rows: Array, known: AnyArray | None, workspace: Workspace) -> Array:
        """Return scores (size, B)."""
        layout, (k, d) = self.layout, self.mixture.means.shape
        shares = np.array(self.assigner.assigned(rows, workspace)[0])
        if known is not None:
            sure = np.flatnonzero(known >= 0)
            shares[:, sure] = 0.0
            shares[known[sure], sure] = 1.0
        scores = np.empty((layout.size, len(rows)))
        scores[: len(shares)] = shares / self.shares[:, None]
        means = scores[layout.means].reshape(k, d, -1)
        covariances = scores[layout.covariances].reshape(k, len(layout.first), -1)
        numbers = scores[layout.own].reshape(k, -1, len(rows))
        halves = np.where(layout.first == layout.second, 0.5, 1.0)[:, None]
        patterns = Patterns.of(rows)
        for number, places in patterns.rows():
            precisions = self._precisions(patterns.seen[number])
            density = self._density(int(patterns.seen[number].sum()))
            # What is not seen weighs nothing in the precision of what is.
            own = np.nan_to_num(rows[places])
            for c in range(k):
                centred = ((own - self.mixture.means[c]) / layout.units).T
                pulled = precisions[c] @ centred
                scale, scores_of_own = density(c, np.einsum("jb,jb->b", centred, pulled))
                numbers[c][:, places] = shares[c, places] * scores_of_own
                products = pulled[layout.first] * pulled[layout.second] * scale
                means[c][:, places] = shares[c, places] * pulled * scale
                products -= precisions[c][layout.first, layout.second][:, None]
                covariances[c][:, places] = shares[c, places] * halves * products
        return scores

    def _density(self, n_features: int) -> Callable[[int, Array], tuple[Array | float, Array]]:
        """Return what turns distances (B,) into what scores of a normal density are multiplied by.

        And into the scores (m, B) of what is the density's own.
        """

        def of(component: int, distances: Array) -> tuple[Array | float, Array]:
            density = self.mixture.density.take(slice(component, component + 1))
            terms = density.terms(np.zeros((1, 1)), n_features)
            scale = density.log_joint(-0.5 * distances[None], terms)
            if scale is None:
                return 1.0, np.empty((0, len(distances)))
            return scale[0], density.scores(scale, n_features)[0]

        return of

    def _precisions(self, seen: AnyArray) -> Array:
        """Return precisions (K, d, d) of what is seen, 0 elsewhere."""
        found, own = np.zeros_like(self.dense), np.flatnonzero(seen)
        block = np.ix_(np.arange(len(found)), own, own)
        found[block] = np.linalg.inv(self.dense[block])
        return found

    def close(self, state: Gathered) -> Gathered:
        return state


def _of_prior(result: FitResult, source: Source) -> Array | float:
    """Return the information of the model's prior of means and covariances."""
    if result.model.prior is None:
        return 0.0
    summary = summarise(source, moment_of_data([result.family]))
    total = summary.held_as(result.family.held.moment).total
    mixture = result.mixture
    terms = result.model.prior.on(total, result.family, mixture.n_components)
    covariances, shared = Layout(mixture).dense(mixture), mixture.scales.shared
    return information_of_prior(terms, covariances, result.family, shared=shared)


def _variances(products: Array, basis: Array) -> Array:
    """Return the variances (size,) of all parameters, which move along `basis` (size, m) only."""
    free = basis.T @ products @ basis
    scale = np.sqrt(np.diagonal(free))
    if not (scale > 0).all():
        raise DataError("X: its rows say nothing of some parameters of the model")
    values, vectors = np.linalg.eigh(free / np.outer(scale, scale))
    if not values[0] > _FLAT * values[-1]:
        raise DataError(
            f"X: {len(free)} parameters cannot be told apart by these rows; use more rows, fewer "
            "components or a simpler family"
        )
    directions = (basis / scale) @ vectors
    return np.asarray((directions**2 / values).sum(axis=1))


def _basis(result: FitResult) -> Array:
    """Return the directions (size, m) in which the parameters of a model are free."""
    mixture, layout = result.mixture, Layout(result.mixture)
    weights = _free_weights(result, layout.n_others)
    covariances = _free_covariances(result, layout)
    own = mixture.density.free(mixture.n_components)
    return np.asarray(block_diag(weights, np.eye(mixture.means.size), covariances, own))


def _free_weights(result: FitResult, n_others: int) -> Array:
    """Return the directions (K + n_others, m) that keep the sum of the weights."""
    k = result.mixture.n_components
    groups = np.eye(k + n_others)
    if result.model.equal_weights:
        groups = np.vstack([np.repeat([1.0, 0.0], [k, n_others]) / k, groups[k:]])
    return np.asarray((groups[1:] - groups[0]).T)


def _free_covariances(result: FitResult, layout: Layout) -> Array:
    """Return the directions (K * n_terms, m) in which covariances stay in their family.

    A family's estimate of covariances that are its own is themselves: its derivative there
    leaves what is tangent to the family, and nothing else.
    """
    mixture, family = result.mixture, result.family
    dense, (k, d) = mixture.scales.to_dense(), mixture.means.shape
    # In units of each covariance's own ellipsoid: a step is as small in its narrow directions.
    roots = np.asarray(np.linalg.cholesky(dense), dtype=np.float64)
    units = np.zeros((len(layout.first), d, d))
    every = np.arange(len(units))
    units[every, layout.first, layout.second] = units[every, layout.second, layout.first] = 1.0
    columns = []
    for c in range(k):
        for unit in units:
            ends = []
            for step in (_STEP, -_STEP):
                moved = dense.copy()
                moved[c] += step * roots[c] @ unit @ roots[c].T
                ends.append(_whitened(_estimated(result, moved), roots))
            column = (ends[0] - ends[1]) / (2.0 * _STEP)
            columns.append(column[:, layout.first, layout.second].ravel())
    wanted = family.n_parameters(k, d)
    left, values, _ = np.linalg.svd(np.array(columns).T, full_matrices=False)
    if wanted < len(values) and not values[wanted] < 0.1 * values[wanted - 1]:
        raise DataError(
            f"model: covariances of {family.name} are where the family has no tangent; use "
            "bootstrap"
        )
    free = np.zeros((wanted, k, d, d))
    free[:, :, layout.first, layout.second] = left[:, :wanted].T.reshape(wanted, k, -1)
    free[:, :, layout.second, layout.first] = free[:, :, layout.first, layout.second]
    roots /= layout.units[:, None]
    free = roots @ free @ roots.swapaxes(1, 2)
    return np.asarray(free[:, :, layout.first, layout.second].reshape(wanted, -1).T)


def _whitened(dense: Array, roots: Array) -> Array:
    half = np.linalg.solve(roots, dense)
    return np.asarray(np.linalg.solve(roots, half.swapaxes(1, 2)))


def _estimated(result: FitResult, dense: Array) -> Array:
    """Return what the family makes of rows that have these covariances (K, d, d)."""
    mixture, family = result.mixture, result.family
    weights = result.n * mixture.weights
    scatters = PRODUCTS.expand(weights) * dense
    statistics = SufficientStatistics(weights, mixture.means, scatters, PRODUCTS)
    found = family.estimate(family.gathered(statistics), mixture.scales)
    return FullCovariances(found.to_dense(), *mixture.means.shape).values
