"""Every verb of structured covariances against the dense matrices."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.components.covariances import FullCovariances
from gaussmix.exceptions import ParameterError
from tests.variants import STRUCTURES, random_covariances

K, D = 3, 4


@pytest.fixture(params=[(s, shared) for s in STRUCTURES for shared in (False, True)])
def pair(request):
    structure, shared = request.param
    covariances = random_covariances(structure, K, D, shared=shared)
    return covariances, covariances.to_dense()


def test_log_det_and_variances(pair):
    held, dense = pair
    np.testing.assert_allclose(held.log_det(), np.linalg.slogdet(dense)[1], rtol=1e-12)
    np.testing.assert_allclose(held.variances(), np.diagonal(dense, axis1=1, axis2=2))


def test_precisions_are_inverses(pair):
    held, dense = pair
    inverse = held.inverted().to_dense()
    np.testing.assert_allclose(inverse, np.linalg.inv(dense), rtol=1e-10, atol=1e-12)
    vectors = np.random.default_rng(0).standard_normal((K, D))
    expected = np.einsum("kij,kj->ki", inverse, vectors)
    np.testing.assert_allclose(held.precision_times(vectors), expected, rtol=1e-10)


def test_whitening_gives_mahalanobis_distances_and_is_undone(pair):
    held, dense = pair
    rows = np.random.default_rng(1).standard_normal((6, D))
    for k in range(K):
        expected = np.einsum("ni,ij,nj->n", rows, np.linalg.inv(dense[k]), rows)
        np.testing.assert_allclose(held.mahalanobis(k, rows.copy()), expected, rtol=1e-10)
        np.testing.assert_allclose(held.unwhiten(k, held.whiten(k, rows)), rows, rtol=1e-10)


def test_natural_parameters_give_log_densities(pair):
    from scipy.stats import multivariate_normal

    held, dense = pair
    means = np.random.default_rng(2).standard_normal((K, D))
    constant, linear, quadratic = held.natural(means, held.moment)
    x = np.random.default_rng(3).standard_normal(D)
    features = np.empty((held.moment.n_terms(D), 1))
    held.moment.write(x[:, None].copy(), features)
    found = held.log_norm() + constant + linear @ x + quadratic @ features[:, 0]
    expected = [multivariate_normal(means[k], dense[k]).logpdf(x) for k in range(K)]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_magnitude_bounds_every_quadratic_form_in_the_box(pair):
    held, dense = pair
    extent = np.array([1.0, 2.0, 0.5, 3.0])
    rows = np.random.default_rng(4).uniform(-extent, extent, (200, D))
    largest = max(np.einsum("ni,ij,nj->n", rows, np.linalg.inv(m), rows).max() for m in dense)
    assert largest <= held.magnitude(extent)


def test_marginal_and_conditional_match_the_dense_formulas(pair):
    held, dense = pair
    kept, given = np.array([3, 0]), np.array([1, 2])
    np.testing.assert_allclose(held.marginal(kept).to_dense(), dense[:, kept][:, :, kept])
    gains, rest = held.conditional(kept, given)
    for k in range(K):
        cross, known = dense[k][np.ix_(kept, given)], dense[k][np.ix_(given, given)]
        gain = cross @ np.linalg.inv(known)
        np.testing.assert_allclose(gains[k], gain, rtol=1e-9, atol=1e-12)
        expected = dense[k][np.ix_(kept, kept)] - gain @ cross.T
        np.testing.assert_allclose(rest.to_dense()[k], expected, rtol=1e-9)


def test_floor_is_the_smallest_change_that_holds_it(pair):
    held, _dense = pair
    low, high = np.full(D, 1e-9), np.array([5.0, 8.0, 4.0, 6.0])
    same, changed = held.floored(low)
    assert same is held
    assert not changed.any()
    floored, changed = held.floored(high)
    assert changed.all()
    for matrix in floored.to_dense():
        assert np.linalg.eigvalsh(matrix - np.diag(high)).min() >= -1e-12


def test_singular_matrices_are_floored(pair):
    held, _ = pair
    singular = held._with(np.zeros_like(held.values))
    floored, changed = singular.floored(np.full(D, 1e-3))
    assert changed.all()
    np.testing.assert_allclose(floored.variances(), 1e-3)


def test_a_needle_is_floored_relative_to_its_length():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    needle = (turn * [1e10, 1.0, 1e-8]) @ turn.T
    held = FullCovariances(np.array([np.eye(3), (needle + needle.T) / 2]), 2, 3)
    floored, changed = held.floored(np.full(3, 1e-12))
    assert changed.tolist() == [False, True]
    eigenvalues = np.linalg.eigvalsh(floored.to_dense()[1])
    np.testing.assert_allclose(eigenvalues, [1e-2, 1.0, 1e10], rtol=1e-2)


def test_take_reorders(pair):
    held, dense = pair
    np.testing.assert_allclose(held.take(np.array([2, 0, 1])).to_dense(), dense[[2, 0, 1]])


def test_as_scatters_inverts_the_division_by_counts(pair):
    held, dense = pair
    expected = {0: np.trace(dense, axis1=1, axis2=2), 1: held.variances(), 2: dense}
    found = held.spread(held.as_scatters())
    np.testing.assert_allclose(found, expected[held.moment.n_axes])


def test_from_array_refuses_wrong_shapes_and_indefinite_matrices(pair):
    held, _ = pair
    structure = type(held)
    with pytest.raises(ParameterError, match="expected shape"):
        structure.from_array(np.ones((7, 7, 7)), K, D, shared=held.shared)
    with pytest.raises(ParameterError, match="positive"):
        structure.from_array(-held.array, K, D, shared=held.shared)
    with pytest.raises(ParameterError, match="NaN"):
        structure.from_array(held.array * np.nan, K, D, shared=held.shared)


def test_what_is_said_to_be_wide_is_not_held():
    """The look at several together is a bound: it may miss, and must not be wrong."""
    rng, floor, said, held = np.random.default_rng(0), np.array([1e-3, 1.0, 1e2]), 0, 0
    for _ in range(300):
        several = []
        for k in (1, 3):
            spectrum = 10.0 ** rng.uniform(-1, 12, (k, 1, 3))
            axes = np.linalg.qr(rng.standard_normal((k, 3, 3)))[0]
            dense = (axes * spectrum) @ axes.swapaxes(1, 2) * np.sqrt(np.outer(floor, floor))
            several.append(FullCovariances(0.5 * (dense + dense.swapaxes(1, 2)), k, 3))
        for own, wide in zip(several, FullCovariances.are_wide(several, floor), strict=True):
            below = FullCovariances(own.values, own.n_components, 3).floored(floor)[1].any()
            assert not (wide and below)
            said, held = said + wide, held + below
    assert said > 100
    assert held > 100
