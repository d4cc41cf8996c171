"""Hierarchical clustering: a textbook, mclust's labels, invariances and hard data."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaussmix import GaussianMixture
from gaussmix.exceptions import DataError, ParameterError
from gaussmix.starts import get_start
from gaussmix.starts.hierarchy import agglomerate, list_criteria, list_transforms, quantile_labels
from gaussmix.starts.hierarchy.packed import log_determinants, outer_products
from gaussmix.starts.hierarchy.transforms import get_transform
from tests.oracles import textbook_merges
from tests.variants import blobs, mclust, problem

CRITERIA, TRANSFORMS = list_criteria(), list_transforms()
HC = json.loads((Path(__file__).parent / "data" / "hc_labels.json").read_text())
REFERENCE = mclust()


def relabelled(labels):
    """Labels by first appearance, from 0."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


# -- the criteria -------------------------------------------------------------------------


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("d", [1, 2, 3])
def test_every_merge_is_the_textbooks(criterion, d):
    X, _ = blobs(n=20, d=d, seed=d)
    assert agglomerate(X, criterion, "STD").merges.tolist() == textbook_merges(X, criterion)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_partition_to_begin_with_is_kept_together(criterion):
    X, labels = blobs(n=24, d=2)
    labels[8:] = np.arange(100, 116)
    tree = agglomerate(X, criterion, "STD", partition=labels)
    assert tree.merges.tolist() == textbook_merges(X, criterion, labels)
    assert (tree.n_rows, tree.n_groups) == (24, len(set(labels)))
    assert tree.labels(tree.n_groups).tolist() == relabelled(labels).tolist()


@pytest.mark.parametrize("d", [1, 2, 5, 13])
def test_packed_determinants_are_numpys(d):
    rng = np.random.default_rng(d)
    vectors = rng.standard_normal((d, 3 * 7))
    packed = outer_products(vectors).reshape(-1, 3, 7).sum(axis=1)
    packed_again = packed + sum(outer_products(rng.standard_normal((d, 7))) for _ in range(d))
    i, j = np.triu_indices(d)
    dense = np.zeros((7, d, d))
    dense[:, i, j] = dense[:, j, i] = packed_again.T
    expected = np.linalg.slogdet(dense)[1]
    np.testing.assert_allclose(log_determinants(packed_again, d), expected, rtol=1e-9)


def test_a_singular_matrix_has_no_determinant():
    assert log_determinants(outer_products(np.array([[0.3], [0.1], [0.7]])), 3) == [-np.inf]


# -- mclust -------------------------------------------------------------------------------


def as_string(labels):
    """Labels as mclust numbers them, one digit a row."""
    return "".join(map(str, labels + 1))


# Not EEE: mclust 6.0.0 merges as in EII there, whatever the determinants.
@pytest.mark.parametrize("criterion", ["VVV", "VII", "EII"])
@pytest.mark.parametrize("name", [n for n in HC if "VVV" in HC[n]])
def test_labels_are_mclusts(name, criterion):
    tree = agglomerate(np.array(REFERENCE[name]["rows"]), criterion)
    for n_components, expected in zip(range(2, 10), HC[name][criterion], strict=True):
        assert as_string(tree.labels(n_components)) == expected


@pytest.mark.parametrize("name", [n for n in HC if "quantiles" in HC[n]])
def test_intervals_of_one_feature_are_mclusts(name):
    x = np.array(REFERENCE[name]["rows"])[:, 0]
    for n_components, expected in zip(range(2, 10), HC[name]["quantiles"], strict=True):
        assert as_string(quantile_labels(x, n_components)) == expected


@pytest.mark.parametrize("name", REFERENCE)
def test_the_starts_of_the_reference_are_reproduced(name):
    X = np.array(REFERENCE[name]["rows"])
    for n_components, labels in REFERENCE[name]["starts"].items():
        mixture = get_start("mbahc")(start_data(X, int(n_components)), np.random.default_rng(0))
        for k, mean in enumerate(mixture.means):
            np.testing.assert_allclose(mean, X[np.array(labels) == k + 1].mean(axis=0))


# -- invariances --------------------------------------------------------------------------


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("transform", ["STD", "SVD", "PCR"])
def test_units_and_origins_do_not_matter(criterion, transform):
    X, _ = blobs(n=80, d=3)
    moved = X * [1e6, 2.0, 1e-6] + [3e6, -50.0, 1e-5]
    np.testing.assert_array_equal(
        agglomerate(X, criterion, transform).merges,
        agglomerate(moved, criterion, transform).merges,
    )


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_order_of_rows_does_not_matter(criterion, transform):
    X, _ = blobs(n=60, d=2, seed=4)
    order = np.random.default_rng(0).permutation(60)
    a, b = agglomerate(X, criterion, transform), agglomerate(X[order], criterion, transform)
    for k in range(1, 10):
        assert relabelled(a.labels(k)[order]).tolist() == b.labels(k).tolist()


@given(st.integers(0, 10**6), st.sampled_from(CRITERIA))
def test_partitions_are_nested_and_numbered_by_first_appearance(seed, criterion):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 4, size=(rng.integers(2, 30), 2)).astype(float)
    tree = agglomerate(X, criterion)
    finer = tree.labels(tree.n_groups)
    for k in range(tree.n_groups - 1, 0, -1):
        labels = tree.labels(k)
        assert labels.tolist() == relabelled(labels).tolist()
        assert len(np.unique(labels)) == k
        assert len(np.unique(np.column_stack([finer, labels]), axis=0)) == k + 1
        finer = labels


@pytest.mark.parametrize("criterion", CRITERIA)
def test_ties_take_the_last_pair(criterion):
    x = np.array([[0.0], [1.0], [10.0], [11.0], [20.0], [21.0]])
    tree = agglomerate(np.hstack([x, 2 * x]), criterion, "VARS")
    assert tree.merges[:3].tolist() == [[4, 5], [2, 3], [0, 1]]


# -- transforms ---------------------------------------------------------------------------


def test_transforms_have_the_moments_they_promise():
    X, _ = blobs(n=100, d=3, offset=1e3)
    values = {name: get_transform(name)(X) for name in TRANSFORMS}
    for Z in values.values():
        np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(values["STD"].std(axis=0, ddof=1), 1)
    np.testing.assert_allclose(np.cov(values["SPH"].T, ddof=0), np.eye(3), atol=1e-9)
    singular = np.linalg.svd(values["STD"], compute_uv=False)
    np.testing.assert_allclose(values["SVD"].T @ values["SVD"], np.diag(singular), atol=1e-8)
    np.testing.assert_allclose(values["PCR"].T @ values["PCR"], np.diag(singular**2), atol=1e-8)
    covariance = np.linalg.eigvalsh(np.cov(X.T))[::-1]
    np.testing.assert_allclose(values["PCS"].var(axis=0, ddof=1), covariance)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.filterwarnings("error")
def test_degenerate_data_have_trees(criterion, transform):
    X, _ = blobs(n=20, d=2)
    hard = {
        "constant column": np.column_stack([X, np.full(20, 0.1)]),
        "repeated column": np.column_stack([X, X[:, 0]]),
        "more features than rows": np.random.default_rng(0).standard_normal((6, 9)),
        "one row": X[:1],
        "equal rows": np.repeat(X[:1], 5, axis=0),
        "two rows": X[:2],
        "on a line": np.outer(np.arange(10.0), [1.0, 2.0]),
        "huge and tiny": X * [1e100, 1e-100],
    }
    for what, rows in hard.items():
        tree = agglomerate(rows, criterion, transform)
        for k in range(1, tree.n_groups + 1):
            assert len(np.unique(tree.labels(k))) == k, what


def test_what_cannot_be_clustered_is_refused():
    with pytest.raises(ParameterError, match=r"criterion: unknown criterion 'XYZ'. Known: EEE"):
        agglomerate(np.eye(3), "XYZ")
    with pytest.raises(ParameterError, match="transform: unknown transform 'RND'"):
        agglomerate(np.eye(3), transform="RND")
    with pytest.raises(DataError, match=r"expected shape \(n_samples, n_features\), got \(3,\)"):
        agglomerate(np.zeros(3))
    with pytest.raises(DataError, match="NaN or infinity"):
        agglomerate(np.array([[np.nan, 1.0]]))
    with pytest.raises(ParameterError, match="3 initial clusters cannot become 4"):
        agglomerate(np.eye(3)).labels(4)
    with pytest.raises(ParameterError, match=r"partition: expected shape \(3,\), got \(2,\)"):
        agglomerate(np.eye(3), partition=[0, 1])
    with pytest.raises(ValueError, match="read-only"):
        agglomerate(np.eye(3)).merges[0] = 0


# -- the start ----------------------------------------------------------------------------


def start_data(X, n_components, weights=None, family="VVV"):
    """What `fit_mixture` gives a start, for all rows."""
    from gaussmix.components.families import get_family
    from gaussmix.rows import MemorySource
    from gaussmix.rows.summary import SummaryFold

    family, source = get_family(family), MemorySource(X, weights)
    summary = source.reduce(SummaryFold(family.held.moment, X.shape[1]))
    return problem(source, summary, family, n_components)


@pytest.mark.parametrize("name", ["iris", "faithful", "geyser_eruptions", "diabetes"])
def test_a_fit_from_the_hierarchy_is_mclusts(name):
    data = REFERENCE[name]
    X = np.array(data["rows"])
    by_name = GaussianMixture(2, init_params="mbahc", tol=1e-11, max_iter=5000).fit(X)
    labels = np.array(data["starts"]["2"]) - 1
    by_labels = GaussianMixture(2, init_params=labels, tol=1e-11, max_iter=5000).fit(X)
    assert by_name.lower_bounds_[0] == pytest.approx(by_labels.lower_bounds_[0], rel=1e-12)
    assert by_name.lower_bound_ == pytest.approx(by_labels.lower_bound_, rel=1e-12)


def test_a_collapsed_cluster_is_softened_and_only_that():
    X, _ = blobs(n=60, d=2)
    X = np.vstack([X, [[40.0, 40.0]], [[40.1, 40.0]]])
    mixture = get_start("mbahc")(start_data(X, 2), np.random.default_rng(0))
    assert (np.linalg.eigvalsh(mixture.covariances.to_dense()) > 1e-3).all()
    big = mixture.weights.argmax()
    np.testing.assert_allclose(mixture.covariances.to_dense()[big], np.cov(X[:60].T, ddof=0))


def test_one_tree_serves_every_number_of_components():
    X, _ = blobs(n=100, d=2)
    start, rng = get_start("mbahc"), np.random.default_rng(0)
    data = start_data(X, 2)
    start(data, rng)
    tree = start._last[2]
    for k in (1, 3, 5):
        start(replace(data, model=replace(data.model, n_components=k)), rng)
        assert start._last[2] is tree
    start(start_data(X, 2), rng)
    assert start._last[2] is not tree
    assert pickle.loads(pickle.dumps(start))._last is None


def test_rows_that_are_not_in_the_tree_are_labelled_too():
    X, labels = blobs(n=5000, d=2, k=3, separation=12.0)
    mixture = get_start("mbahc")(start_data(X, 3), np.random.default_rng(0))
    shares = np.sort(np.bincount(labels)) / 5000
    np.testing.assert_allclose(np.sort(mixture.weights), shares, atol=1e-3)


def test_many_rows_of_few_values_start():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 7, size=(6000, 2)).astype(float)
    mixture = get_start("mbahc")(start_data(X, 4), rng)
    assert (mixture.weights > 0.02).all()


def test_too_few_values_for_intervals_fall_back_on_a_tree():
    x = np.repeat([0.0, 1.0, 5.0], [5000, 1, 5000])[:, None]
    assert quantile_labels(x[:, 0], 3) is None
    mixture = get_start("mbahc")(start_data(x, 3), np.random.default_rng(0))
    assert mixture.weights.min() > 0
    np.testing.assert_allclose(mixture.means[[0, -1], 0], [0.0, 5.0], atol=0.01)
