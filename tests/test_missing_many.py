"""Missing values in many fits at once: E-steps together, replicates, standard errors, many sets."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from gaussmix import DataError, GaussianMixture, Mixture, fit_many
from gaussmix.components.noise import Noise
from gaussmix.components.parameters import Parameters, join_parameters, one_of
from gaussmix.em.steps import EStep
from gaussmix.estep.many_seen import ManySeen, many_rows
from gaussmix.estep.observations import MISSING
from gaussmix.families import get_family
from gaussmix.fitting.fit import summarise
from gaussmix.inference import bootstrap, information, likelihood_ratio_test
from gaussmix.rows import MemorySource
from gaussmix.rows.missing import get_missing

from .oracles import incomplete_statistics
from .variants import STRUCTURES, blobs, random_covariances

K, D, N = 2, 3, 60
FAMILY = {"full": "VVV", "diagonal": "VVI", "spherical": "VII"}


def holes(X, share=0.25, seed=0):
    """Rows with values missing completely at random; of the last, nothing is seen."""
    rng = np.random.default_rng(seed)
    found = np.where(rng.uniform(size=X.shape) < share, np.nan, X)
    found[-1] = np.nan
    return found


def stack_of(structure, n_mixtures, noise=None):
    each = []
    for seed in range(n_mixtures):
        rng = np.random.default_rng(seed)
        weights = rng.dirichlet(np.ones(K)) * (1.0 if noise is None else 1.0 - noise.weight)
        held = random_covariances(structure, K, D, seed)
        each.append(Parameters.of_one(weights, 2.0 * rng.standard_normal((K, D)), held, noise))
    return join_parameters([(own, 0) for own in each])


def by_the_oracle(rows, weights, labels, parameters, moment):
    box = parameters.background(0)
    given = None if box is None else (box.weight, box.lower, box.upper)
    dense = parameters.each.to_dense()
    found = incomplete_statistics(
        rows, weights, labels, parameters.weights, parameters.means, dense, given
    )
    return found[0], found[1], moment.of_matrices(found[2]), *found[3:5]


def assert_same(found, expected):
    counts, means, scatters, value, noise = expected
    np.testing.assert_allclose(found.counts, counts, rtol=1e-10)
    np.testing.assert_allclose(found.means, means, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.scatters, scatters, rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(found.log_likelihood, value, rtol=1e-11)
    np.testing.assert_allclose(found.noise, noise, rtol=1e-10)


@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda own: own.name)
def test_mixtures_together_are_each_by_itself(structure, background):
    noise = Noise(0.2, np.full(D, -9.0), np.full(D, 8.0), np.eye(D)) if background else None
    stack, family = stack_of(structure, 3, noise), get_family(FAMILY[structure.name])
    rng = np.random.default_rng(9)
    rows, weights = holes(2.0 * rng.standard_normal((N, D))), rng.uniform(0.5, 2.0, N)
    labels = rng.integers(-1, K, N)
    source = get_missing("em").admit(MemorySource(rows, weights))
    summary = summarise(source, family.held.moment)
    (found,) = EStep(source, summary, labels, observation=MISSING)([(stack, family)])
    for g in range(3):
        own = one_of((stack, g))
        expected = by_the_oracle(rows, weights, labels, own, family.held.moment)
        assert_same(one_of((found, g)), expected)
        (alone,) = EStep(source, summary, labels, observation=MISSING)([(own, family)])
        assert_same(alone, expected)
    assert found.n_rows == N - 1


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda own: own.name)
def test_replicates_are_each_by_itself(structure):
    stack, family = stack_of(structure, 3), get_family(FAMILY[structure.name])
    rng = np.random.default_rng(9)
    sets = np.array([holes(2.0 * rng.standard_normal((N, D)), seed=g) for g in range(4)])
    weights = rng.multinomial(N, np.full(N, 1.0 / N), 4).astype(float)
    places = np.array([3, 0, 2])
    for data in (many_rows(sets[:1], weights), many_rows(sets, weights), many_rows(sets)):
        assert isinstance(data, ManySeen)
        found = data.statistics(places, stack, family)
        for g, place in enumerate(places):
            rows = sets[0 if data.shared else place]
            own = np.ones(N) if data.weights is None else weights[place]
            expected = by_the_oracle(rows, own, None, one_of((stack, g)), family.held.moment)
            assert_same(one_of((found, g)), expected)
            assert data.totals[place] == own[:-1].sum()


def scores_by_differences(X, weights, means, covariances):
    """Derivatives (n, m) of row log-densities: by a share, means and upper triangles."""

    def densities(vector):
        share, own = vector[0], vector[1 : 1 + 2 * 2].reshape(2, 2)
        held = [np.array([[a, b], [b, c]]) for a, b, c in vector[5:].reshape(2, 3)]
        found = np.zeros((2, len(X)))
        for k in range(2):
            for i, row in enumerate(X):
                o = np.flatnonzero(~np.isnan(row))
                found[k, i] = np.log((share, 1.0 - share)[k])
                if len(o):
                    found[k, i] += multivariate_normal(own[k][o], held[k][np.ix_(o, o)]).logpdf(
                        row[o]
                    )
        return np.logaddexp(*found)

    upper = [(c[0, 0], c[0, 1], c[1, 1]) for c in covariances]
    at = np.concatenate([[weights[0]], means.ravel(), np.ravel(upper)])
    steps = 1e-5 * np.eye(len(at))
    return np.array([densities(at + step) - densities(at - step) for step in steps]).T / 2e-5


def test_information_of_what_is_seen():
    X = holes(blobs(n=120, d=2, k=2, separation=4.0)[0])
    model = GaussianMixture(2, missing="em", tol=1e-10, random_state=0).fit(X)
    scores = scores_by_differences(X, model.weights_, model.means_, model.covariances_)
    errors = np.sqrt(np.diagonal(np.linalg.inv(scores.T @ scores)))
    found = information(model, X).standard_errors
    np.testing.assert_allclose(found["weights"], errors[[0, 0]], rtol=1e-5)
    np.testing.assert_allclose(found["means"].ravel(), errors[1:5], rtol=1e-5)
    upper = found["covariances"][:, [0, 0, 1], [0, 1, 1]]
    np.testing.assert_allclose(upper.ravel(), errors[5:], rtol=1e-5)
    with pytest.raises(DataError, match="NaN"):
        information(GaussianMixture(2, random_state=0).fit(X[~np.isnan(X).any(axis=1)]), X)


@pytest.mark.parametrize("kind", ["jackknife", "weighted", "nonparametric", "parametric"])
def test_errors_by_replicates_are_near_the_information(kind):
    X = holes(blobs(n=150, d=2, k=2, separation=9.0)[0], 0.2)
    model = GaussianMixture(2, missing="em", random_state=0).fit(X)
    expected = information(model, X).standard_errors["means"]
    found = bootstrap(model, X, kind, 60, random_state=0).standard_errors["means"]
    np.testing.assert_allclose(found, expected, rtol=0.45)


def test_a_jackknife_leaves_each_row_out_once():
    X = holes(blobs(n=40, d=2, k=2, separation=8.0)[0])
    model = GaussianMixture(2, missing="em", tol=1e-10, random_state=0).fit(X)
    draws = bootstrap(model, X, "jackknife").draws["means"]
    how = {"init_params": model.mixture_, "missing": "em", "tol": 1e-10}
    for place in (0, 17, 39):
        alone = GaussianMixture(2, **how).fit(np.delete(X, place, axis=0))
        expected = alone.mixture_.match_to(model.mixture_).means
        np.testing.assert_allclose(draws[place], expected, atol=2e-4)


def test_rows_left_out_of_a_fit_are_left_out_of_its_replicates():
    X = holes(blobs(n=60, d=2, k=2, separation=8.0)[0])
    complete = ~np.isnan(X).any(axis=1)
    model = GaussianMixture(2, missing="drop", random_state=0).fit(X)
    for infer in (lambda *given: bootstrap(*given, "weighted", 5, random_state=0), information):
        one, other = infer(model, X), infer(model, X[complete])
        for name, errors in one.standard_errors.items():
            np.testing.assert_allclose(errors, other.standard_errors[name], rtol=1e-6)


def test_a_ratio_test_of_rows_with_missing_values():
    X = holes(blobs(n=50, d=2, k=2, separation=8.0, seed=1)[0])
    test = likelihood_ratio_test(X, "EEE", 2, 9, level=0.2, missing="em", random_state=0)
    assert test.n_components == 2
    assert test.p_values[0] == pytest.approx(0.1)
    fits = [
        GaussianMixture(k, covariance_type="EEE", missing="em", tol=1e-8, random_state=0).fit(X)
        for k in (1, 2)
    ]
    gain = 2 * (fits[1].result_.log_likelihood - fits[0].result_.log_likelihood)
    assert test.statistics[0] == pytest.approx(gain, abs=1e-3)
    with pytest.raises(DataError, match="missing='em'"):
        likelihood_ratio_test(X, "EEE", 2, 9)


def test_many_data_sets_with_missing_values():
    sets = [blobs(n=80, d=2, k=2, separation=8.0, seed=seed)[0] for seed in range(3)]
    sets = [sets[0], holes(sets[1]), holes(sets[2])]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused, em, dropped = (
            fit_many(sets, 2, missing=word, tol=1e-8, random_state=0)
            for word in ("error", "em", "drop")
        )
    assert [fit is None for fit in refused] == [False, True, True]
    assert "missing='em'" in refused.reasons[1]
    assert not any(em.reasons)
    for place, X in enumerate(sets):
        complete = X[~np.isnan(X).any(axis=1)]
        for fits, rows in ((em, X), (dropped, complete)):
            alone = GaussianMixture(2, missing="em", tol=1e-8, random_state=0).fit(rows)
            assert fits.log_likelihood[place] == pytest.approx(
                alone.result_.log_likelihood, abs=1e-4
            )
    assert isinstance(em[1].mixture, Mixture)
