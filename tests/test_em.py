"""The EM loop against a textbook version, and the laws it must obey."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaussmix import GaussianMixture, ParameterError
from gaussmix.components.families import get_family
from gaussmix.components.statistics import SufficientStatistics
from gaussmix.em.result import Status
from tests.oracles import textbook_em
from tests.variants import FAMILIES, blobs, problem, run

# Families whose M-step iterates to a tolerance.
INNER = {"VEI", "VEE", "VEV", "EVE", "VVE"}
ids = [family.name for family in FAMILIES]
every_family = pytest.mark.parametrize("family", FAMILIES, ids=ids)


def same_fit(a, b, rtol, atol=0.0):
    assert a.log_likelihood == pytest.approx(b.log_likelihood, rel=max(rtol, 1e-12))
    np.testing.assert_allclose(a.mixture.weights, b.mixture.weights, rtol=rtol, atol=atol)
    np.testing.assert_allclose(a.mixture.means, b.mixture.means, rtol=rtol, atol=atol or rtol)
    np.testing.assert_allclose(
        a.mixture.covariances.to_dense(),
        b.mixture.covariances.to_dense(),
        rtol=rtol,
        atol=atol or rtol,
    )


@every_family
@pytest.mark.parametrize("weighted", [False, True])
def test_each_iteration_equals_the_textbook(family, weighted):
    X, labels = blobs(n=80, d=2, separation=1.5)
    weights = np.random.default_rng(0).uniform(0.2, 3.0, 80) if weighted else None
    start = run(X, labels, family, weights=weights, max_iter=1, tol=0)
    for n_iter in range(1, 6):
        ours = run(X, labels, family, weights=weights, max_iter=n_iter, tol=0)
        first = _start_of(X, labels, family, weights)
        trace, w, m, c = textbook_em(X, first, family.name, n_iter, weights)
        np.testing.assert_allclose(
            ours.history.log_likelihood[:-1],
            trace,
            rtol=1e-11 if family.name not in INNER else 1e-8,
        )
        loose = 1e5 if family.name in INNER else 1.0
        np.testing.assert_allclose(ours.mixture.weights, w, rtol=1e-9 * loose)
        np.testing.assert_allclose(ours.mixture.means, m, rtol=1e-9 * loose, atol=1e-10 * loose)
        dense = ours.mixture.covariances.to_dense()
        np.testing.assert_allclose(dense, c, rtol=1e-8 * loose, atol=1e-10 * loose)
    assert start.n_iter == 1


def _start_of(X, labels, family, weights):
    from gaussmix.rows import MemorySource
    from gaussmix.rows.summary import SummaryFold
    from gaussmix.starts.base import from_labels

    source = MemorySource(X, weights)
    summary = source.reduce(SummaryFold(family.held.moment, X.shape[1]))
    return from_labels(problem(source, summary, family, 3), labels)


@every_family
@given(seed=st.integers(0, 10_000), d=st.integers(1, 5), k=st.integers(1, 5))
def test_log_likelihood_never_drops(family, seed, d, k):
    X, _ = blobs(n=120, d=d, k=3, seed=seed, separation=1.0)
    labels = np.random.default_rng(seed).integers(k, size=120)
    labels[:k] = np.arange(k)
    trace = np.array(run(X, labels, family, max_iter=60).history.log_likelihood)
    assert np.diff(trace).min(initial=0.0) >= -1e-9 * np.abs(trace).max()


@every_family
def test_the_log_likelihood_is_that_of_the_returned_mixture(family):
    X, labels = blobs(separation=1.0)
    for max_iter in (1, 4, 100):
        result = run(X, labels, family, max_iter=max_iter)
        assert result.log_likelihood == pytest.approx(result.mixture.logpdf(X).sum(), rel=1e-12)


@every_family
def test_one_component_is_the_closed_form(family):
    X, _ = blobs(d=3, offset=5.0)
    result = run(X, np.zeros(len(X), dtype=int), family)
    np.testing.assert_allclose(result.mixture.means[0], X.mean(axis=0), rtol=1e-12)
    covariance = np.cov(X.T, bias=True)
    sphere, diagonal = np.eye(3) * np.trace(covariance) / 3, np.diag(np.diag(covariance))
    expected = {"II": sphere, "EI": diagonal, "VI": diagonal}.get(family.name[1:], covariance)
    found = result.mixture.covariances.to_dense()[0]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    assert result.status is Status.CONVERGED


@every_family
@given(seed=st.integers(0, 1000))
def test_integer_weights_are_repeated_rows(family, seed):
    X, labels = blobs(n=90, d=2, seed=seed, separation=2.0)
    weights = np.random.default_rng(seed).integers(0, 4, 90)
    kept = weights > 0
    a = run(X, labels, family, weights=weights.astype(float), n_components=3, tol=0, max_iter=30)
    b = run(
        X.repeat(weights, axis=0),
        labels.repeat(weights),
        family,
        n_components=3,
        tol=0,
        max_iter=30,
    )
    same_fit(a, b, rtol=1e-8)
    c = run(
        X[kept],
        labels[kept],
        family,
        weights=weights[kept].astype(float),
        n_components=3,
        tol=0,
        max_iter=30,
    )
    same_fit(a, c, rtol=1e-8)


@every_family
def test_permuting_components_permutes_the_fit(family):
    X, labels = blobs(separation=1.5)
    order = np.array([2, 0, 1])
    a = run(X, labels, family)
    b = run(X, np.argsort(order)[labels], family)
    assert a.log_likelihood == pytest.approx(b.log_likelihood, rel=1e-11)
    np.testing.assert_allclose(a.mixture.reorder(order).means, b.mixture.means, rtol=1e-7)


@every_family
def test_scaling_and_shifting_the_data_scales_and_shifts_the_fit(family):
    X, labels = blobs(separation=1.5)
    a = run(X, labels, family, tol=0, max_iter=40)
    scale, shift = 2.0**7, np.array([3.0, -70.0, 1000.0])
    b = run(X * scale + shift, labels, family, tol=0, max_iter=40)
    np.testing.assert_allclose(b.mixture.means, a.mixture.means * scale + shift, rtol=1e-9)
    np.testing.assert_allclose(b.mixture.weights, a.mixture.weights, rtol=1e-8)
    expected = a.log_likelihood - X.size * np.log(scale)
    assert b.log_likelihood == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", ["VVV", "EEE"])
def test_full_families_are_affine_equivariant(name):
    family = next(f for f in FAMILIES if f.name == name)
    X, labels = blobs(separation=1.5)
    A = np.array([[2.0, 0.3, 0.0], [0.0, 0.5, -0.4], [0.1, 0.0, 7.0]])
    a = run(X, labels, family, tol=0, max_iter=40)
    b = run(X @ A.T + 5.0, labels, family, tol=0, max_iter=40)
    np.testing.assert_allclose(b.mixture.means, a.mixture.means @ A.T + 5.0, rtol=1e-7)
    expected = A @ a.mixture.covariances.to_dense() @ A.T
    np.testing.assert_allclose(b.mixture.covariances.to_dense(), expected, rtol=1e-6, atol=1e-8)


@every_family
def test_data_at_1e8_fit_as_at_0(family):
    # Rows that are multiples of 2^-10 are exact at 1e8 too: only our own rounding is left,
    # 1.5e-8 for a mean there, which forty iterations may make larger.
    X, labels = blobs(separation=1.5)
    X = np.round(X * 1024) / 1024
    a = run(X, labels, family, tol=0, max_iter=40)
    b = run(X + 1e8, labels, family, tol=0, max_iter=40)
    np.testing.assert_allclose(b.mixture.means - 1e8, a.mixture.means, atol=5e-7)
    np.testing.assert_allclose(
        b.mixture.covariances.to_dense(), a.mixture.covariances.to_dense(), atol=1e-6
    )
    assert b.log_likelihood == pytest.approx(a.log_likelihood, rel=1e-8)


@every_family
@pytest.mark.parametrize("weighted", [False, True])
def test_block_size_does_not_matter(family, weighted):
    X, labels = blobs(n=5000, separation=1.5)
    weights = np.random.default_rng(0).uniform(size=5000) if weighted else None
    whole = run(X, labels, family, weights=weights, tol=0, max_iter=15)
    for block_rows in (1, 37, 1024) if not weighted else (100,):
        if block_rows == 1:
            few = run(X[:200], labels[:200], family, tol=0, max_iter=15)
            one = run(X[:200], labels[:200], family, tol=0, max_iter=15, block_rows=1)
            same_fit(few, one, rtol=1e-10)
            continue
        cut = run(X, labels, family, weights=weights, tol=0, max_iter=15, block_rows=block_rows)
        same_fit(whole, cut, rtol=1e-10)


@every_family
def test_threads_do_not_change_a_bit(family):
    X, labels = blobs(n=20_000, separation=1.5)
    one = run(X, labels, family, tol=0, max_iter=10, n_jobs=1, block_rows=512)
    for n_jobs in (2, 3):
        more = run(X, labels, family, tol=0, max_iter=10, n_jobs=n_jobs, block_rows=512)
        assert one.history.log_likelihood == more.history.log_likelihood
        assert one.mixture == more.mixture


@every_family
def test_float32_rows_give_the_fit_of_the_same_float64_rows(family):
    X, labels = blobs(separation=1.5)
    single = X.astype(np.float32)
    a = run(single, labels, family, tol=0, max_iter=20)
    b = run(single.astype(np.float64), labels, family, tol=0, max_iter=20)
    same_fit(a, b, rtol=1e-10)


@every_family
def test_a_collapsing_component_is_floored_reported_and_finite(family):
    X, labels = blobs(n=60, d=2, separation=4.0)
    X = np.vstack([X, np.full((8, 2), 40.0)])  # eight equal rows: a component without width
    labels = np.append(labels, np.full(8, 3))
    result = run(X, labels, family, max_iter=300)
    assert np.isfinite(result.log_likelihood)
    assert np.isfinite(result.mixture.covariances.to_dense()).all()
    trace = np.array(result.history.log_likelihood)
    assert np.diff(trace).min() >= -1e-9 * np.abs(trace).max()
    if family.shared or family.name == "EEV":
        assert result.collapsed == ()  # the pooled covariance keeps its width
    else:
        assert result.collapsed == (3,)
        assert "component 3" in result.warnings()[0]


@pytest.mark.parametrize("name", ["EVE", "EVV"])
@pytest.mark.parametrize("seed", range(4))
def test_a_needle_of_equal_volume_is_held(name, seed):
    # What a component on two rows lacks in width, an equal volume adds to its length.
    from gaussmix import GaussianMixture

    X = np.random.default_rng(seed).normal(size=(30, 2))
    for offset in (0.0, 1e8):
        model = GaussianMixture(6, covariance_type=name, init_params="mbahc", max_iter=300)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X + offset)
        trace, collapsed = model.history_.log_likelihood, model.history_.collapsed
        alike = [before == after for before, after in pairwise(collapsed)]
        assert np.diff(trace)[alike].min() >= -1e-4
        ratio = np.linalg.cond(model.covariances_).max()
        assert ratio < 1e13


@pytest.mark.parametrize("name", ["EEV", "VEV", "EVV"])
def test_features_that_are_very_far_apart_are_no_matter_for_a_familys_algebra(name):
    from gaussmix import GaussianMixture

    X = np.random.default_rng(0).normal(size=(60, 3)) * [1e-100, 1.0, 1e100]
    model = GaussianMixture(4, covariance_type=name, init_params="mbahc", max_iter=30, tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        model.fit(X)
    trace = np.array(model.lower_bounds_)
    assert np.diff(trace).min() >= -1e-9 * np.abs(trace).max()


@pytest.mark.parametrize("name", ["VEI", "VEE", "VEV"])
def test_a_component_without_scatter_does_not_make_volumes_run_away(name):
    family, rng = get_family(name), np.random.default_rng(0)
    rows = rng.normal(size=(60, 3)) * [1.0, 2.0, 3.0]
    labels = np.repeat([0, 1, 2], 20)
    moment = family.held.moment
    stats = SufficientStatistics.from_responsibilities(rows, np.eye(3)[labels], moment)
    # Of rows that are all equal the subtraction of large numbers may leave less than nothing.
    scatters = stats.scatters.copy()
    scatters[0] *= -1e-16
    rest = np.eye(2)[labels[20:] - 1]
    others = SufficientStatistics.from_responsibilities(rows[20:], rest, moment)
    dense = family.estimate(replace(stats, scatters=scatters)).to_dense()
    np.testing.assert_array_equal(dense[0], 0.0)
    np.testing.assert_allclose(dense[1:], family.estimate(others).to_dense(), rtol=1e-6)


@pytest.mark.parametrize("name", ["VEI", "VEE", "VEV"])
@pytest.mark.parametrize("rounding", [0.0, -1e-16])
def test_a_flat_component_that_weighs_most_loses_its_volume(name, rounding):
    # The likelihood then has no bound; where it is sought, rounding must not turn the way.
    family, rng = get_family(name), np.random.default_rng(0)
    rows = rng.normal(size=(60, 3))
    rows[:50, 2] = 0.0
    labels = np.repeat([0, 1], [50, 10])
    moment = family.held.moment
    stats = SufficientStatistics.from_responsibilities(rows, np.eye(2)[labels], moment)
    scatters = stats.scatters.copy()
    scatters[0, 2] += rounding * (np.eye(3)[2] if scatters.ndim == 3 else 1.0)
    dense = family.estimate(replace(stats, scatters=scatters)).to_dense()
    assert np.trace(dense[0]) < 1e-6 * np.trace(dense[1])


def test_a_component_far_from_all_rows_goes_empty_without_nan():
    from gaussmix import GaussianMixture, Mixture

    X, _ = blobs(n=200, d=2, k=1)
    far = Mixture([0.5, 0.5], [[0.0, 0.0], [1e6, 1e6]], np.ones((2, 2)))
    model = GaussianMixture(2, init_params=far, max_iter=20, tol=0).fit(X)
    assert np.isfinite(model.lower_bound_)
    assert np.isfinite(model.covariances_).all()
    assert model.weights_[1] < 1e-10


def test_interruption_carries_the_best_state():
    from gaussmix import FitInterrupted

    X, _ = blobs(n=300, separation=1.0)

    def stop(iteration):
        if iteration.number == 5:
            raise KeyboardInterrupt

    model = GaussianMixture(3, callback=stop, random_state=0, tol=0)
    with pytest.raises(FitInterrupted, match="after 5 iterations") as caught:
        model.fit(X)
    result = caught.value.result
    assert isinstance(caught.value, KeyboardInterrupt)
    assert result.status is Status.INTERRUPTED
    assert result.n_iter == 5
    assert result.log_likelihood == pytest.approx(result.mixture.logpdf(X).sum())
    assert model.mixture_ == result.mixture  # the estimator is usable


def test_interruption_of_a_later_start_keeps_the_better_one():
    from gaussmix import FitInterrupted

    X, _ = blobs(n=300, separation=1.0)
    starts = []

    def stop(iteration):
        starts.append(iteration.number)
        if starts.count(0) == 2:
            raise KeyboardInterrupt

    with pytest.raises(FitInterrupted) as caught:
        GaussianMixture(
            3, n_init=5, init_params="kmeans", callback=stop, random_state=0, tol=1e-4
        ).fit(X)
    assert caught.value.result.n_iter > 0


def test_a_callback_stops_the_fit_and_sees_numbers():
    from gaussmix import GaussianMixture

    X, _ = blobs(separation=1.0)
    seen = []

    def watch(iteration):
        seen.append(iteration)
        return iteration.number == 7

    model = GaussianMixture(3, callback=watch, random_state=0, tol=0).fit(X)
    assert model.n_iter_ == 7
    assert model.status_ is Status.STOPPED
    assert [iteration.number for iteration in seen] == list(range(8))
    assert seen[-1].log_likelihood == pytest.approx(model.lower_bound_)
    assert seen[-1].gain == pytest.approx(model.lower_bounds_[-1] - model.lower_bounds_[-2])


def test_a_fit_in_float32_ends_at_the_same_optimum():
    X, _ = blobs(n=5000, d=3, separation=3.0)
    single, double = (
        GaussianMixture(3, dtype=dtype, tol=1e-7, random_state=0).fit(X)
        for dtype in ("float32", np.float64)
    )
    assert single.converged_ and single.means_.dtype == np.float64
    assert single.lower_bound_ == pytest.approx(double.lower_bound_, abs=2e-6)
    np.testing.assert_allclose(single.means_, double.means_, atol=2e-3)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize(
    ("scale", "weight"), [(1e40, 1), (1e20, 1), (1e-20, 1), (1e-60, 1), (1, 1e40), (1, 1e-50)]
)
def test_a_fit_in_float32_takes_numbers_that_float32_does_not_hold(covariance_type, scale, weight):
    X, labels = blobs(n=300, d=2, separation=3.0)
    own = {"covariance_type": covariance_type, "init_params": labels, "tol": 1e-7}
    model = GaussianMixture(3, dtype="float32", **own)
    model.fit(scale * X, sample_weight=np.full(len(X), float(weight)))
    expected = GaussianMixture(3, **own).fit(X)
    np.testing.assert_allclose(model.means_ / scale, expected.means_, atol=2e-3)
    np.testing.assert_array_equal(model.predict(scale * X), expected.predict(X))


@pytest.mark.parametrize("dtype", ["float16", "complex", "nonsense", None, int])
def test_other_precisions_are_refused(dtype):
    with pytest.raises(ParameterError, match="dtype: expected 'float64' or 'float32'"):
        GaussianMixture(1, dtype=dtype).fit(np.eye(4))
