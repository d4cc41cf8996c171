"""The immutable mixture: densities, sampling, marginals, conditionals, order."""

from __future__ import annotations

import dataclasses
import pickle
from contextlib import nullcontext, suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp

from gaussmix import DataError, GaussianMixture, Mixture, ParameterError
from gaussmix.components.covariances import FullCovariances
from gaussmix.components.families import list_families
from tests.oracles import textbook_log_joint
from tests.variants import STRUCTURES, blobs, random_mixture

CASES = [(s, shared) for s in STRUCTURES for shared in (False, True)]


@pytest.fixture(params=CASES)
def mixture(request):
    structure, shared = request.param
    return random_mixture(structure, shared=shared)


def dense(mixture):
    return mixture.weights, mixture.means, mixture.covariances.to_dense()


def test_densities_and_responsibilities_follow_bayes(mixture):
    X = np.random.default_rng(0).standard_normal((40, 3)) * 3
    joint = textbook_log_joint(X, *dense(mixture))
    np.testing.assert_allclose(mixture.logpdf(X), logsumexp(joint, axis=1), rtol=1e-11)
    np.testing.assert_allclose(mixture.pdf(X), np.exp(logsumexp(joint, axis=1)), rtol=1e-10)
    expected = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    np.testing.assert_allclose(mixture.responsibilities(X), expected, atol=1e-12)
    np.testing.assert_array_equal(mixture.predict(X), expected.argmax(axis=1))


def test_univariate_density_integrates_to_one():
    mixture = Mixture([0.3, 0.7], [-2.0, 1.0], [0.2, 1.5])
    grid = np.linspace(-15, 15, 20_001)
    assert np.trapezoid(mixture.pdf(grid), grid) == pytest.approx(1.0, abs=1e-9)


def test_samples_have_the_moments_of_the_mixture(mixture):
    X, labels = mixture.sample(200_000, 0)
    deviations = np.sqrt(np.diagonal(mixture.covariance))
    assert np.abs((X.mean(axis=0) - mixture.mean) / deviations).max() < 0.01
    scaled = (np.cov(X.T) - mixture.covariance) / np.outer(deviations, deviations)
    assert np.abs(scaled).max() < 0.02
    np.testing.assert_allclose(np.bincount(labels) / len(X), mixture.weights, atol=0.005)


def test_sampling_order_and_seeds(mixture):
    X, labels = mixture.sample(100, 3)
    again, _ = mixture.sample(100, 3)
    np.testing.assert_array_equal(X, again)
    assert (np.diff(labels) < 0).any()
    assert (np.diff(mixture.sample(100, 3, shuffle=False)[1]) >= 0).all()
    rng = np.random.default_rng(0)
    assert not np.array_equal(mixture.sample(5, rng)[0], mixture.sample(5, rng)[0])
    with pytest.raises(ParameterError, match="n_samples: expected an integer of at least 1, got 0"):
        mixture.sample(0)


def test_marginal_is_the_integral_over_the_others(mixture):
    points = np.random.default_rng(1).standard_normal((5, 2))
    marginal = mixture.marginal([2, 0])
    grid = np.linspace(-30, 30, 6001)
    for point in points:
        full = np.column_stack([np.full(6001, point[1]), grid, np.full(6001, point[0])])
        expected = np.trapezoid(mixture.pdf(full), grid)
        assert marginal.pdf(point[None])[0] == pytest.approx(expected, rel=1e-6)


@given(known=st.integers(0, 2), value=st.floats(-3, 3))
def test_conditional_is_joint_over_marginal(known, value):
    mixture = random_mixture(FullCovariances)
    others = [j for j in range(3) if j != known]
    conditional = mixture.conditional(known, value)
    points = np.random.default_rng(0).standard_normal((4, 3))
    points[:, known] = value
    ratio = mixture.logpdf(points) - mixture.marginal(known).logpdf(points[:, [known]])
    np.testing.assert_allclose(conditional.logpdf(points[:, others]), ratio, rtol=1e-9, atol=1e-9)


def test_conditional_works_for_every_structure_and_far_values(mixture):
    points = np.random.default_rng(0).standard_normal((4, 3))
    points[:, 1] = 0.5
    ratio = mixture.logpdf(points) - mixture.marginal(1).logpdf(points[:, [1]])
    found = mixture.conditional(1, 0.5).logpdf(points[:, [0, 2]])
    np.testing.assert_allclose(found, ratio, rtol=1e-9, atol=1e-9)
    far = mixture.conditional([1], [1e6])
    assert np.isfinite(far.means).all()
    assert far.weights.sum() == pytest.approx(1.0)


def test_names_are_kept_and_usable():
    mixture = Mixture([1.0], [[1.0, 2.0, 3.0]], [np.eye(3)], ["a", "b", "c"])
    assert mixture.marginal(["c", "a"]).feature_names == ("c", "a")
    assert mixture.marginal("b").means.tolist() == [[2.0]]
    assert mixture.conditional("b", 0.0).feature_names == ("a", "c")
    with pytest.raises(ParameterError, match="no feature is called 'z'"):
        mixture.marginal("z")
    with pytest.raises(ParameterError, match="out of range"):
        mixture.marginal(3)
    with pytest.raises(ParameterError, match="different features"):
        mixture.marginal([0, 0])
    with pytest.raises(ParameterError, match="none is left"):
        mixture.conditional([0, 1, 2], [0, 0, 0])


def test_reorder_by_mean_weight_and_permutation(mixture):
    by_mean = mixture.reorder()
    assert (np.diff(by_mean.means[:, 0]) > 0).all()
    assert (np.diff(mixture.reorder("weight").weights) <= 0).all()
    X = np.random.default_rng(0).standard_normal((10, 3))
    np.testing.assert_allclose(by_mean.logpdf(X), mixture.logpdf(X), rtol=1e-12)
    with pytest.raises(ParameterError, match="permutation"):
        mixture.reorder([0, 0, 1])
    with pytest.raises(ParameterError, match="'mean', 'weight'"):
        mixture.reorder("size")


def test_match_to_undoes_a_permutation(mixture):
    shuffled = mixture.reorder([2, 0, 1])
    assert shuffled.match_to(mixture) == mixture
    with pytest.raises(ParameterError, match="other: expected 3 components"):
        mixture.match_to(Mixture([1.0], [[0.0]], [1.0]))


def test_mixtures_are_immutable_values(mixture):
    with pytest.raises(dataclasses.FrozenInstanceError):
        mixture.weights = np.ones(3)
    with pytest.raises(ValueError, match="read-only"):
        mixture.means[0, 0] = 7.0
    assert pickle.loads(pickle.dumps(mixture)) == mixture
    assert mixture != mixture.reorder([1, 0, 2])
    assert mixture.allclose(pickle.loads(pickle.dumps(mixture)))
    given_means = np.zeros((1, 2))
    Mixture([1.0], given_means, [1.0])
    given_means[0] = 1.0  # the caller's array stays the caller's


def test_one_dimension_accepts_flat_arrays():
    mixture = Mixture([0.5, 0.5], [0.0, 4.0], [1.0, 1.0])
    assert mixture.logpdf([0.0, 4.0, 2.0]).shape == (3,)
    assert mixture.logpdf([[0.0]]).shape == (1,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.6], [0.0, 1.0], [1.0, 1.0]), "sum to 1, got sum 1.1"),
        (([-0.5, 1.5], [0.0, 1.0], [1.0, 1.0]), "must not be negative"),
        (([1.0], [0.0, 1.0], [1.0, 1.0]), r"means: expected shape \(1, n_features\)"),
        (([0.5, 0.5], [0.0, np.nan], [1.0, 1.0]), "NaN"),
        (([1.0], [[0.0, 0.0]], [[[1.0, 2.0], [2.0, 1.0]]]), "component 0 is not positive definite"),
        (([1.0], [[0.0, 0.0]], [[[1.0, 2.0], [0.0, 9.0]]]), "component 0 is not symmetric"),
        (([0.5, 0.5], [0.0, 1.0], [1.0, -1.0]), "component 1 has variance -1"),
        (([1.0], [[0.0, 0.0]], [[1.0, 0.0]]), "variance 0 in feature 1"),
        (([1.0], [[0.0, 0.0]], np.ones((1, 1, 1, 1))), "covariances: expected shape"),
        (([1.0], [[0.0]], [1.0], ["a", "b"]), "expected 1 names, got 2"),
    ],
)
def test_impossible_parameters_are_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        Mixture(*arguments)


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("family", list_families(), ids=repr)
def test_parameters_of_a_fit_are_the_same_mixture_or_refused(family, k, d):
    if family.univariate and d > 1:
        return
    X, _ = blobs(d=d)
    X = X @ (np.eye(d) + 0.4)
    model = GaussianMixture(k, covariance_type=family, random_state=0, tol=0.1).fit(X)
    parts = model.weights_, model.means_, model.covariances_
    for name in (family, family.name, family.synonym):
        again = Mixture(*parts, covariance_type=name) if name else model.mixture_
        np.testing.assert_allclose(again.logpdf(X), model.score_samples(X))
    unclear = family.shared or (k == d > 1 and parts[2].shape == (d,))
    with suppress(ParameterError) if unclear else nullcontext():
        guessed = Mixture(*parts)
        np.testing.assert_allclose(guessed.logpdf(X), model.score_samples(X))


def test_a_shape_is_refused_only_where_it_might_mean_two_things():
    means, weights = [[0.0, 0.0], [1.0, 1.0]], [0.5, 0.5]
    with pytest.raises(ParameterError, match="covariance_type='diag' or 'tied'"):
        Mixture(weights, means, [[2.0, 0.5], [0.5, 1.0]])
    with pytest.raises(ParameterError, match="covariance_type='diag' or 'tied'"):
        Mixture(weights, means, np.eye(2))  # which has no variances along the axes
    with pytest.raises(ParameterError, match="covariance_type='spherical' or 'EEI'"):
        Mixture(weights, means, [2.0, 1.0])
    # Not symmetric, not positive definite, or the same either way.
    assert not Mixture(weights, means, [[2.0, 0.5], [0.6, 1.0]]).covariances.shared
    assert not Mixture(weights, means, np.ones((2, 2))).covariances.shared
    assert Mixture(weights, means, [2.0, 2.0]).covariances.name == "spherical"
    assert Mixture([1.0], [[0.0]], [[2.0]]).covariances.name == "diagonal"
    with pytest.raises(ParameterError, match=r"expected shape \(3, 2\)"):
        Mixture(np.full(3, 1 / 3), np.eye(3)[:, :2], np.eye(2))


def test_what_is_said_of_covariances_must_be_true():
    held = FullCovariances(np.eye(2)[None], 1, 2, True)
    assert Mixture([1.0], [[0.0, 0.0]], held, covariance_type="tied").covariances is held
    with pytest.raises(ParameterError, match="are full shared, not diagonal"):
        Mixture([1.0], [[0.0, 0.0]], held, covariance_type="diag")
    with pytest.raises(ParameterError, match="oval"):
        Mixture([1.0], [0.0], [1.0], covariance_type="oval")
    with pytest.raises(ParameterError, match="'E' is for data of one feature"):
        Mixture([1.0], [[0.0, 0.0]], 1.0, covariance_type="E")


def test_bad_rows_are_refused():
    mixture = Mixture([1.0], [[0.0, 0.0]], [1.0], ["a", "b"])
    with pytest.raises(DataError, match=r"expected shape \(n_samples, 2\), got \(4, 3\)"):
        mixture.logpdf(np.zeros((4, 3)))
    with pytest.raises(DataError, match="reshape a single point"):
        mixture.logpdf(np.zeros(2))
    with pytest.raises(DataError, match="1 infinity in column 'b'"):
        mixture.predict([[0.0, np.inf], [np.nan, 0.0]])
    with pytest.raises(DataError, match="no rows"):
        mixture.predict(np.zeros((0, 2)))
    with pytest.raises(DataError, match="expected an array of numbers"):
        mixture.predict(np.array([["x", "y"]]))


def test_columns_of_a_frame_are_found_by_name():
    import pandas as pd

    mixture = Mixture([1.0], [[0.0, 5.0]], [[1.0, 2.0]], ["a", "b"])
    frame = pd.DataFrame({"b": [5.0, 4.0], "other": ["x", "y"], "a": [0.0, 1.0]})
    expected = mixture.logpdf(frame[["a", "b"]].to_numpy())
    np.testing.assert_array_equal(mixture.logpdf(frame), expected)
    with pytest.raises(DataError, match="no column 'a'; it has b"):
        mixture.logpdf(frame[["b"]])
