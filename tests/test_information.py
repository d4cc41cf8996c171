"""Information against scores by differences, in parameters of the tests' own for each family."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from gaussmix import GaussianMixture
from gaussmix.components.families import get_family, list_families
from gaussmix.components.prior import PriorTerms
from gaussmix.fitting.fit import moment_of_data, summarise
from gaussmix.inference import information
from gaussmix.inference.of_prior import information_of_prior
from gaussmix.inference.scores import Layout, _basis
from gaussmix.rows import MemorySource

FAMILIES = [family.name for family in list_families() if not family.univariate]
K, D = 3, 3


def rows(n=150):
    """Three clusters, some of them narrow: what a step does must not depend on how narrow."""
    rng = np.random.default_rng(33)
    turns = [np.eye(D) + 0.5 * rng.normal(size=(D, D)) for _ in range(K)]
    middles = 5 * np.outer(np.arange(K), [1, -1, 0.5])
    return np.vstack(
        [rng.normal(size=(n, D)) @ t * (1 + k) + middles[k] for k, t in enumerate(turns)]
    )


class Own:
    """Parameters as volumes, shapes and turns, from those of a mixture at zero."""

    def __init__(self, mixture, family):
        self.mixture = mixture
        self.volume, self.shape, self.axes = family
        self.cut = []
        for dense in mixture.covariances.to_dense():
            values, axes = np.linalg.eigh(dense)
            if self.axes == "I":
                values, axes = np.diagonal(dense), np.eye(D)
            size = np.log(values).mean()
            self.cut.append((size, np.log(values) - size, axes))
        self.pairs = np.triu_indices(D, 1)
        n_weights = K - 1 + (mixture.noise is not None)
        each = {"E": 1, "V": K, "I": 0}
        self.sizes = [
            n_weights,
            K * D,
            each[self.volume],
            each[self.shape] * (D - 1),
            each[self.axes] * len(self.pairs[0]),
        ]

    def __call__(self, point):
        moves, means, sizes, shapes, turns = np.split(point, np.cumsum(self.sizes)[:-1])
        noise = self.mixture.noise
        weights = np.append(self.mixture.weights, [] if noise is None else noise.weight)
        weights += np.append(-moves.sum(), moves)
        shapes, turns = shapes.reshape(-1, D - 1), turns.reshape(-1, len(self.pairs[0]))
        dense = np.empty((K, D, D))
        for k, (size, shape, axes) in enumerate(self.cut):
            size = size + sizes[k % len(sizes)]
            if len(shapes):
                move = shapes[k % len(shapes)]
                shape = shape + np.append(move, -move.sum())
            if len(turns):
                turn = np.zeros((D, D))
                turn[self.pairs] = turns[k % len(turns)]
                turn = expm(turn - turn.T)
                axes = turn @ axes if self.axes == "E" else axes @ turn
            dense[k] = (axes * np.exp(size + shape)) @ axes.T
        return weights, self.mixture.means + means.reshape(K, D), dense

    def log_density(self, point, X, known):
        weights, means, dense = self(point)
        joint = [
            np.log(w) + multivariate_normal(m, c).logpdf(X)
            for w, m, c in zip(weights, means, dense, strict=False)
        ]
        if self.mixture.noise is not None:
            volume = self.mixture.noise.log_volume
            joint.append(np.full(len(X), np.log(weights[-1]) - volume))
        joint = np.array(joint)
        found = logsumexp(joint, axis=0)
        sure = np.flatnonzero(known >= 0)
        found[sure] = joint[known[sure], sure]
        return found

    def errors(self, X, sample_weight, known):
        steps = 1e-5 * np.eye(sum(self.sizes))
        ends = [
            (self.log_density(s, X, known) - self.log_density(-s, X, known)) / 2e-5 for s in steps
        ]
        scores = np.array(ends)
        flat = lambda point: np.concatenate([part.ravel() for part in self(point)])
        moves = np.array([(flat(s) - flat(-s)) / 2e-5 for s in steps])
        covariance = moves.T @ np.linalg.solve((scores * sample_weight) @ scores.T, moves)
        errors = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
        n_weights = K + (self.mixture.noise is not None)
        weights, means, dense = np.split(errors, np.cumsum([n_weights, K * D]))
        return weights[:K], means.reshape(K, D), dense.reshape(K, D, D)


def as_held(dense, like):
    if like.shared:
        dense = dense[0]
    axes = np.asarray(like.array).ndim
    if axes == dense.ndim:
        return dense
    dense = np.diagonal(dense, axis1=-2, axis2=-1)
    return dense if axes == dense.ndim else dense[..., 0]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("facts", ["plain", "all"])
def test_information_is_that_of_the_familys_own_parameters(family, facts):
    X = rows()
    rng = np.random.default_rng(0)
    sample_weight, known = np.ones(len(X)), np.full(len(X), -1)
    options = {}
    if facts == "all":
        X = np.vstack([X, rng.uniform(X.min(axis=0), X.max(axis=0), (90, D))])
        sample_weight = rng.integers(1, 4, len(X)).astype(float)
        known = np.full(len(X), -1)
        known[:450:5] = np.repeat(np.arange(K), 30)
        options = {"noise": 0.1}
    model = GaussianMixture(K, covariance_type=family, tol=1e-10, random_state=0, **options)
    given = {"sample_weight": sample_weight, "known": known} if facts == "all" else {}
    model.fit(X, **given)
    found = information(model, X, **given).standard_errors
    expected = Own(model.mixture_, family).errors(X, sample_weight, known)
    np.testing.assert_allclose(found["weights"], expected[0], rtol=2e-3, atol=1e-7)
    np.testing.assert_allclose(found["means"], expected[1], rtol=2e-3)
    held = as_held(expected[2], model.mixture_.covariances)
    np.testing.assert_allclose(found["covariances"], held, rtol=2e-3, atol=1e-4 * held.max())


@pytest.mark.parametrize("family", ["VII", "VVI", "EEE", "VVV"])
def test_rows_and_a_prior_know_what_the_log_posterior_bends(family):
    """One component at its mode: minus the second derivative, by differences."""
    X, family = rows(12)[:12], get_family(family)
    model = GaussianMixture(1, covariance_type=family, prior="conjugate").fit(X)
    summary = summarise(MemorySource(X), moment_of_data([family]))
    terms = model.result_.model.prior.on(summary.held_as(family.held.moment).total, family, 1)
    mixture, scale = model.mixture_, np.asarray(terms.scale)
    scatter = {2: lambda: scale, 1: lambda: np.diag(scale), 0: lambda: np.eye(D) * scale / D}
    scatter, extra = scatter[scale.ndim](), family.prior_counts(np.zeros(1), terms.dof, D)[0]
    dense, (first, second) = mixture.covariances.to_dense()[0], np.triu_indices(D)
    basis = _basis(model.result_)[1:]
    factors = Layout(mixture).factors[1:]

    def posterior(step):
        move, moved = factors * (basis @ step), dense.copy()
        moved[first, second] = moved[second, first] = dense[first, second] + move[D:]
        inverse, offset = np.linalg.inv(moved), mixture.means[0] + move[:D] - terms.mean
        prior = extra * np.linalg.slogdet(moved)[1] + np.sum(inverse * scatter)
        prior += terms.shrinkage * offset @ inverse @ offset
        return multivariate_normal(mixture.means[0] + move[:D], moved).logpdf(X).sum() - prior / 2

    h = 1e-3
    steps = h * np.eye(basis.shape[1])
    bends = [
        [posterior(s + t) - posterior(s - t) - posterior(t - s) + posterior(-s - t) for t in steps]
        for s in steps
    ]
    given = Layout(mixture).dense(mixture), family
    prior = information_of_prior(terms, *given, shared=mixture.covariances.shared)
    # Of rows: 1 a row to the mean, and half of that to covariances.
    one = PriorTerms(1.0, terms.mean, terms.dof, terms.scale)
    of_one = information_of_prior(one, *given, shared=mixture.covariances.shared)
    of_rows = len(X) * of_one
    of_rows[D:] *= 1.0 / extra
    found = basis.T @ (of_rows + prior) @ basis
    np.testing.assert_allclose(found, -np.array(bends) / (4 * h**2), atol=1e-4 * found.max())


def test_a_prior_makes_errors_of_a_component_of_few_rows_smaller():
    """A component of three rows in three columns: the rows alone say nothing of its width."""
    X = np.vstack([rows(40)[:40], rows(40)[80:83] + 20.0])
    model = GaussianMixture(2, prior="conjugate", random_state=0).fit(X)
    errors = information(model, X).standard_errors
    assert np.isfinite(errors["covariances"]).all()
    assert (errors["means"][np.argmin(model.weights_)] > 0).all()


@pytest.mark.parametrize("scale", [1e-140, 1e-100, 1e100])
@pytest.mark.parametrize("prior", [None, "conjugate"])
def test_information_at_any_scale(scale, prior):
    # Where a log-likelihood is 1e5 its optimum is known to fewer digits.
    X = rows(40)
    plain = GaussianMixture(3, prior=prior, random_state=0).fit(X)
    scaled = GaussianMixture(3, prior=prior, random_state=0).fit(X * scale)
    one, other = (
        information(plain, X).standard_errors,
        information(scaled, X * scale).standard_errors,
    )
    np.testing.assert_allclose(other["weights"], one["weights"], rtol=2e-5)
    np.testing.assert_allclose(other["means"] / scale, one["means"], rtol=2e-5)
    np.testing.assert_allclose(other["covariances"] / scale / scale, one["covariances"], rtol=2e-5)
