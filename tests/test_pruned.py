"""The pruned E-step against the dense one it stands for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaussmix import GaussianMixture, Mixture
from gaussmix.components.covariances import FullCovariances
from gaussmix.components.densities import NORMAL, StudentT
from gaussmix.estep import Posterior, choose_form
from gaussmix.estep.pruned import PrunedForm, prune
from gaussmix.rows import MemorySource
from gaussmix.starts.centers import lloyd, nearest, plus_plus, swapped
from tests.engine import Step, of_mixture, whitened
from tests.variants import random_mixture


def separated(k=12, d=20, spread=4.0):
    """A mixture of which a row meets one component or two, and rows of it."""
    mixture = random_mixture(FullCovariances, k=k, d=d)
    mixture = replace(mixture, means=mixture.means * spread)
    return mixture, mixture.sample(3000, 0)[0]


def both(mixture, rows, background=None, density=NORMAL):
    parameters = replace(of_mixture(mixture, background), density=density)
    dense = whitened(parameters, mixture.covariances.moment)
    center = rows.mean(axis=0).astype(float)
    reach = np.abs(rows - center).max(axis=0).astype(float)
    pruned = prune(dense.form, parameters, center, reach)
    assert isinstance(pruned, PrunedForm)
    return dense, Step(pruned, parameters)


def assert_same_statistics(found, expected):
    np.testing.assert_allclose(found.mass, expected.mass, rtol=1e-12)
    if expected.tally is not None:
        np.testing.assert_allclose(found.tally, expected.tally, rtol=1e-10)
    np.testing.assert_allclose(found.counts, expected.counts, rtol=1e-12)
    np.testing.assert_allclose(found.means, expected.means, rtol=1e-10, atol=1e-12)
    scale = np.abs(expected.scatters).max()
    np.testing.assert_allclose(found.scatters, expected.scatters, atol=1e-12 * scale)
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-13)
    assert found.n_rows == expected.n_rows
    assert found.noise == pytest.approx(expected.noise, rel=1e-10)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("spread", [0.2, 4.0])  # all components matter; few do
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("background", [None, -60.0])
def test_its_statistics_are_those_of_the_dense_form(dtype, spread, weighted, background):
    mixture, rows = separated(spread=spread)
    weights = np.random.default_rng(1).uniform(0, 2, len(rows)) if weighted else None
    dense, pruned = both(mixture, rows, background)
    source = MemorySource(rows.astype(dtype), weights, block_rows=700)
    assert_same_statistics(pruned.over(source), dense.over(source))


@pytest.mark.parametrize("dof", [2.0, 30.0, 500.0])  # tails as heavy as that leave out nothing
def test_its_statistics_are_those_of_the_dense_form_for_students_t(dof):
    mixture, rows = separated()
    dofs = np.geomspace(0.6 * dof, 2.0 * dof, mixture.n_components)
    dense, pruned = both(mixture, rows, density=StudentT(dofs, "free"))
    source = MemorySource(rows, block_rows=700)
    assert_same_statistics(pruned.over(source), dense.over(source))
    exact, found = (step.log_joint(rows).copy() for step in (dense, pruned))
    left_out = ~np.isclose(found, exact, rtol=1e-12, atol=1e-9)
    assert left_out.any() == (dof > 2.0)
    assert (found >= exact - 1e-9).all()
    posterior = Posterior.of([pruned.parameters])
    for joint in (found, exact):
        posterior.log_joint(joint)
    assert (found - exact.max(axis=0))[left_out].max(initial=-np.inf) < -50


def test_what_it_leaves_out_is_bounded_from_above_and_negligible():
    mixture, rows = separated()
    dense, pruned = both(mixture, rows)
    exact = dense.log_joint(rows).copy()
    found = pruned.log_joint(rows).copy()
    evaluated = np.isclose(found, exact, rtol=1e-12, atol=1e-9)
    assert 0.07 < evaluated.mean() < 0.3  # it prunes
    assert (found >= exact - 1e-9).all()
    behind = (found - exact.max(axis=0))[~evaluated]
    assert behind.max() < -50
    np.testing.assert_allclose(found.max(axis=0), exact.max(axis=0), rtol=1e-12)


def test_crowded_blocks_are_left_to_the_dense_form():
    mixture, rows = separated(spread=0.2)
    dense, pruned = both(mixture, rows)
    exact = dense.log_joint(rows).copy()
    np.testing.assert_array_equal(pruned.log_joint(rows), exact)


def test_a_known_component_counts_with_its_exact_density_however_far():
    mixture, rows = separated()
    dense, pruned = both(mixture, rows)
    known = np.full(len(rows), -1)
    known[::3] = np.arange(len(known[::3])) % mixture.n_components
    source = MemorySource(rows, block_rows=500)
    dense.known = pruned.known = known
    assert_same_statistics(pruned.over(source), dense.over(source))


def test_a_covariance_without_width_does_not_spoil_the_bound():
    mixture, rows = separated()
    values = mixture.covariances.values.copy()
    axes = np.linalg.eigh(values[0])[1]
    values[0] = (axes * np.geomspace(1e-11, 1.0, len(axes))) @ axes.T
    held = FullCovariances(values, *mixture.means.shape)
    thin = Mixture(mixture.weights, mixture.means, held)
    dense, pruned = both(thin, rows)
    source = MemorySource(rows)
    assert_same_statistics(pruned.over(source), dense.over(source))


def test_it_is_chosen_where_components_and_products_of_features_are_many():
    few, many = (random_mixture(FullCovariances, k=k, d=24) for k in (3, 40))
    kinds = []
    for mixture in (few, many):
        form = choose_form(
            of_mixture(mixture),
            mixture.covariances.moment,
            False,
            np.zeros(24),
            np.full(24, 8.0),
        )
        kinds.append(isinstance(form, PrunedForm))
    assert kinds == [False, True]


def test_a_thousand_components_are_fitted_and_climb():
    rng = np.random.default_rng(0)
    centers = 20.0 * rng.standard_normal((1000, 16))
    X = np.repeat(centers, 20, axis=0) + rng.standard_normal((20_000, 16))
    options = {"max_iter": 3, "tol": 1e-3, "reg_covar": 0.1, "random_state": 0}
    model = GaussianMixture(1000, init_params="k-means++", **options).fit(X)
    assert (np.diff(model.lower_bounds_) > 0).all()
    assert len(np.unique(model.predict(X))) > 900


# -- centers for many starts at once -----------------------------------------------------


def test_centers_are_rows_and_spread_over_the_clusters():
    rng = np.random.default_rng(0)
    rows = np.repeat(100.0 * np.eye(5), 40, axis=0) + rng.standard_normal((200, 5))
    centers = plus_plus(rows, np.ones(200), 5, 8, rng)
    assert centers.shape == (8, 5, 5)
    for own in centers:
        assert {tuple(c) for c in own} <= {tuple(r) for r in rows}
        assert sorted(own.argmax(axis=1)) == [0, 1, 2, 3, 4]


def test_centers_of_repeated_rows_are_found_though_no_distance_is_left():
    rows = np.repeat([[0.0], [1.0]], 5, axis=0)
    centers = plus_plus(rows, np.ones(10), 4, 3, np.random.default_rng(0))
    assert centers.shape == (3, 4, 1) and set(centers.ravel()) == {0.0, 1.0}


def test_rows_of_no_weight_are_no_centers():
    rows = np.arange(20.0)[:, None]
    weights = np.where(np.arange(20) < 10, 1.0, 0.0)
    centers = plus_plus(rows, weights, 3, 50, np.random.default_rng(0))
    assert centers.max() < 10


@pytest.mark.parametrize("weighted", [False, True])
def test_lloyds_iterations_are_those_of_scikit_learn(weighted):
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(0)
    rows = rng.standard_normal((400, 3))
    weights = rng.uniform(0.1, 3.0, 400) if weighted else np.ones(400)
    begin = rows[rng.choice(400, (2, 6), replace=False)]
    found = lloyd(rows, weights, begin, 300)
    for own, first in zip(found, begin, strict=True):
        peer = KMeans(6, init=first, n_init=1, tol=0, max_iter=300, algorithm="lloyd")
        peer.fit(rows, sample_weight=weights)
        np.testing.assert_allclose(own, peer.cluster_centers_, atol=1e-10)
        np.testing.assert_array_equal(nearest(rows, own), peer.labels_)


@pytest.mark.parametrize("weighted", [False, True])
def test_centers_that_share_a_cluster_are_swapped_with_rows_of_one_that_has_none(weighted):
    rng = np.random.default_rng(0)
    rows = np.repeat(100.0 * np.eye(5), 40, axis=0) + rng.standard_normal((200, 5))
    weights = rng.integers(0, 3, 200).astype(float) if weighted else np.ones(200)
    begin = rows[[0, 1, 40, 41, 80]]
    found = swapped(rows, weights, begin, 20, rng)
    assert sorted(found.argmax(axis=1)) == [0, 1, 2, 3, 4]
    assert (begin == rows[[0, 1, 40, 41, 80]]).all()
    moved = [tuple(c) for c in found if tuple(c) not in {tuple(c) for c in begin}]
    assert set(moved) <= {tuple(r) for r in rows[weights > 0]}


@pytest.mark.parametrize("scale", [1e-120, 1.0, 1e120])
def test_swaps_never_raise_the_sum_of_squares(scale):
    rng = np.random.default_rng(0)
    rows, weights = scale * rng.standard_normal((300, 3)), rng.uniform(0.1, 3.0, 300)
    centers = rows[:7]
    for _ in range(20):
        before = weights @ np.square((rows - centers[nearest(rows, centers)]) / scale).sum(axis=1)
        centers = swapped(rows, weights, centers, 1, rng)
        after = weights @ np.square((rows - centers[nearest(rows, centers)]) / scale).sum(axis=1)
        assert after <= before * (1.0 + 1e-12)
    few = np.repeat(rows[:2], 5, axis=0)
    assert set(map(tuple, swapped(few, np.ones(10), few[:4], 9, rng))) == set(map(tuple, rows[:2]))


@pytest.mark.parametrize("scale", [1e-120, 1.0, 1e120])
@pytest.mark.parametrize("n_features", [1, 3, 10])
def test_compiled_loops_find_the_same_centers(scale, n_features):
    rng = np.random.default_rng(n_features)
    clusters = 4.0 * rng.standard_normal((6, n_features))
    rows = scale * (clusters[rng.integers(6, size=700)] + rng.standard_normal((700, n_features)))
    weights = rng.integers(0, 3, 700).astype(float)
    plain, compiled = (np.random.default_rng(0) for _ in range(2))
    begin = plus_plus(rows, weights, 8, 5, plain)
    np.testing.assert_array_equal(begin, plus_plus(rows, weights, 8, 5, compiled, in_loops=True))
    moved = lloyd(rows, weights, begin, 10)
    found = lloyd(rows, weights, begin, 10, in_loops=True)
    np.testing.assert_allclose(found, moved, rtol=1e-12, atol=1e-12 * scale)
    np.testing.assert_array_equal(nearest(rows, moved), nearest(rows, found, in_loops=True))
    several = [swapped(rows, weights, own, 64, plain) for own in begin]
    for own, peer in zip(begin, several, strict=True):
        found = swapped(rows, weights, own, 64, compiled, in_loops=True)
        np.testing.assert_array_equal(found, peer)
    assert any((own != peer).any() for own, peer in zip(begin, several, strict=True))


@pytest.mark.parametrize("scale", [1e-170, 1.0])
def test_compiled_loops_draw_rows_that_differ_though_no_distance_is_left(scale):
    rows = scale * np.repeat([[0.0, 1.0], [1.0, 1.0], [1.0, 2.0]], 5, axis=0)
    weights = np.where(np.arange(15) % 5 == 4, 0.0, 1.0)
    centers = plus_plus(rows, weights, 4, 6, np.random.default_rng(0), in_loops=True)
    for own in centers:
        assert {tuple(center) for center in own} == {tuple(row) for row in rows}
