"""The estimator as scikit-learn's users know it, and beyond."""

from __future__ import annotations

import multiprocessing
import pickle
import threading
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.mixture import GaussianMixture as Peer
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from gaussmix import CollapseWarning, GaussianMixture, Mixture, ParameterError
from tests.variants import blobs

NAMES = ["full", "tied", "diag", "spherical"]
IRIS = load_iris().data


@pytest.mark.parametrize("covariance_type", NAMES)
def test_check_estimator(covariance_type):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(GaussianMixture(covariance_type=covariance_type))


@pytest.mark.parametrize("covariance_type", NAMES)
@pytest.mark.parametrize("n_iter", [1, 2, 3, 4, 5])
def test_parameters_after_each_iteration_equal_scikit_learn(covariance_type, n_iter):
    X, _labels = blobs(n=300, separation=1.5)
    start = Peer(3, covariance_type=covariance_type, max_iter=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start.fit(X)
        options = {
            "covariance_type": covariance_type,
            "weights_init": start.weights_,
            "means_init": start.means_,
            "precisions_init": start.precisions_,
            "max_iter": n_iter,
            "tol": 0.0,
            "reg_covar": 1e-6,
            "random_state": 0,
        }
        peer = Peer(3, **options).fit(X)
        ours = GaussianMixture(3, **options).fit(X)
    tight = {"rtol": 1e-8, "atol": 1e-10}
    for name in ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(peer, name), **tight)
    np.testing.assert_allclose(ours.score_samples(X), peer.score_samples(X), **tight)
    np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(X), **tight)
    np.testing.assert_array_equal(ours.predict(X), peer.predict(X))
    assert ours.score(X) == pytest.approx(peer.score(X), rel=1e-10)
    assert ours.bic(X) == pytest.approx(peer.bic(X), rel=1e-10)
    assert ours.aic(X) == pytest.approx(peer.aic(X), rel=1e-10)
    assert ours.n_iter_ == peer.n_iter_ == n_iter


def test_it_has_every_parameter_and_attribute_of_scikit_learn():
    assert set(Peer().get_params()) <= set(GaussianMixture().get_params())
    peer = Peer(2, random_state=0).fit(IRIS)
    ours = GaussianMixture(2, random_state=0).fit(IRIS)
    missing = [
        name
        for name in dir(peer)
        if not name.startswith("_") and name.endswith("_") and not hasattr(ours, name)
    ]
    assert missing == []
    assert ours.covariances_.shape == peer.covariances_.shape


@pytest.mark.parametrize("start", ["kmeans", "k-means++", "random", "random_from_data"])
def test_every_start_of_scikit_learn_is_there(start):
    model = GaussianMixture(3, init_params=start, random_state=0, n_init=5).fit(IRIS)
    assert np.isfinite(model.lower_bound_)
    again = GaussianMixture(3, init_params=start, random_state=0, n_init=5).fit(IRIS)
    assert model.mixture_ == again.mixture_


def test_lower_bound_is_the_score_of_the_returned_parameters():
    model = GaussianMixture(3, random_state=0, max_iter=4, tol=0)
    with pytest.warns(ConvergenceWarning, match="not converged after 4 iterations"):
        model.fit(IRIS)
    assert model.lower_bound_ == pytest.approx(model.score(IRIS), rel=1e-12)
    assert model.lower_bounds_[-1] == model.lower_bound_
    assert len(model.history_) == len(model.lower_bounds_) == 5
    assert not model.converged_


def test_fit_predict_is_fit_then_predict():
    model = GaussianMixture(3, random_state=0)
    np.testing.assert_array_equal(model.fit_predict(IRIS), model.predict(IRIS))


def test_components_are_ordered_by_mean_unless_the_start_is_given():
    model = GaussianMixture(3, random_state=1).fit(IRIS)
    assert (np.diff(model.means_[:, 0]) > 0).all()
    labels = 2 - model.predict(IRIS)
    given = GaussianMixture(3, init_params=labels).fit(IRIS)
    assert (np.diff(given.means_[:, 0]) < 0).all()
    means = GaussianMixture(3, means_init=given.means_, random_state=0).fit(IRIS)
    np.testing.assert_allclose(means.means_, given.means_, rtol=1e-3)


def test_starts_from_labels_responsibilities_and_a_mixture_agree():
    labels = GaussianMixture(3, random_state=0).fit_predict(IRIS)
    a = GaussianMixture(3, init_params=labels).fit(IRIS)
    b = GaussianMixture(3, init_params=np.eye(3)[labels]).fit(IRIS)
    assert a.mixture_ == b.mixture_
    c = GaussianMixture(3, init_params=a.mixture_).fit(IRIS)
    assert c.lower_bound_ >= a.lower_bound_ - 1e-12
    assert c.n_iter_ <= 4


@pytest.mark.parametrize("structure", NAMES)
@pytest.mark.parametrize("family", NAMES)
def test_any_structure_may_start_any_family(structure, family):
    first = GaussianMixture(3, covariance_type=structure, random_state=0).fit(IRIS)
    model = GaussianMixture(3, covariance_type=family, init_params=first.mixture_).fit(IRIS)
    fresh = GaussianMixture(3, covariance_type=family, init_params=first.predict(IRIS)).fit(IRIS)
    assert model.covariances_.shape == fresh.covariances_.shape
    assert model.lower_bound_ == pytest.approx(fresh.lower_bound_, abs=0.05)


def test_warm_start_continues():
    plain = {"random_state": 0, "tol": 0, "accelerate": False}
    cold = GaussianMixture(3, max_iter=12, **plain)
    warm = GaussianMixture(3, max_iter=6, warm_start=True, **plain)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        cold.fit(IRIS)
        warm.fit(IRIS).fit(IRIS)
    assert warm.lower_bound_ == pytest.approx(cold.lower_bound_, rel=1e-12)


def test_no_iteration_is_the_start_as_it_is():
    means = IRIS[[0, 60, 120]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = GaussianMixture(3, means_init=means, max_iter=0, random_state=0).fit(IRIS)
    np.testing.assert_array_equal(model.means_, means)
    assert (model.n_iter_, model.converged_, len(model.lower_bounds_)) == (0, False, 1)
    assert model.lower_bound_ == pytest.approx(model.score(IRIS))


def test_clone_pickle_and_params():
    model = GaussianMixture(3, random_state=0, covariance_type="VVI")
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    model.fit(IRIS)
    thawed = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(thawed.predict_proba(IRIS), model.predict_proba(IRIS))
    assert thawed.mixture_ == model.mixture_
    with pytest.raises(NotFittedError):
        copy.predict(IRIS)
    assert not hasattr(copy, "weights_")


def test_pipeline_and_grid_search():
    pipeline = make_pipeline(StandardScaler(), GaussianMixture(random_state=0))
    search = GridSearchCV(
        pipeline,
        {"gaussianmixture__n_components": [1, 2], "gaussianmixture__covariance_type": NAMES},
        cv=KFold(3, shuffle=True, random_state=0),
    )
    search.fit(IRIS)
    assert search.best_params_["gaussianmixture__n_components"] == 2
    assert search.best_params_["gaussianmixture__covariance_type"] == "full"
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    weights = np.ones(len(IRIS))
    pipeline.fit(IRIS, gaussianmixture__sample_weight=weights)
    assert pipeline.predict(IRIS).shape == (150,)


@pytest.mark.parametrize("library", [pd, pl])
def test_dataframes_keep_their_names(library):
    frame = library.DataFrame({f"f{j}": IRIS[:, j] for j in range(4)})
    model = GaussianMixture(2, random_state=0).fit(frame)
    assert model.feature_names_in_.tolist() == ["f0", "f1", "f2", "f3"]
    assert model.mixture_.feature_names == ("f0", "f1", "f2", "f3")
    plain = GaussianMixture(2, random_state=0).fit(IRIS)
    np.testing.assert_array_equal(model.predict(frame), plain.predict(IRIS))
    swapped = frame[["f1", "f0", "f2", "f3"]]
    with pytest.raises(ValueError, match="same order"):
        model.predict(swapped)


@pytest.mark.parametrize(("output", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_set_output_gives_frames_of_responsibilities(output, kind):
    model = GaussianMixture(2, random_state=0).set_output(transform=output).fit(IRIS)
    frame = model.transform(IRIS)
    assert isinstance(frame, kind)
    assert list(frame.columns) == ["gaussianmixture0", "gaussianmixture1"]
    np.testing.assert_allclose(frame.to_numpy(), model.predict_proba(IRIS))


# -- sample weights -----------------------------------------------------------------------


@pytest.mark.parametrize("start", ["kmeans", "k-means++", "random", "random_from_data", "mbahc"])
@pytest.mark.parametrize("covariance_type", NAMES)
def test_weight_zero_is_a_row_removed_in_every_start(start, covariance_type):
    X, _ = blobs(n=200, separation=4.0)
    far = np.vstack([X, np.full((20, 3), 500.0)])
    weights = np.append(np.ones(200), np.zeros(20))
    options = {"covariance_type": covariance_type, "init_params": start, "random_state": 0}
    a = GaussianMixture(3, **options).fit(far, sample_weight=weights)
    b = GaussianMixture(3, **options).fit(X)
    np.testing.assert_allclose(a.means_, b.means_, rtol=1e-8, atol=1e-9)
    assert a.lower_bound_ == pytest.approx(b.lower_bound_, rel=1e-10)


@pytest.mark.parametrize("start", ["kmeans", "k-means++", "random_from_data"])
def test_heavy_rows_draw_every_start(start):
    # All weight but a trace is in two far clusters: both must get a component.
    rng = np.random.default_rng(0)
    X = np.vstack(
        [rng.normal(0, 1, (300, 2)), rng.normal(50, 1, (10, 2)), rng.normal(90, 1, (10, 2))]
    )
    weights = np.concatenate([np.full(300, 1e-9), np.ones(20)])
    model = GaussianMixture(2, init_params=start, random_state=0, n_init=3).fit(X, None, weights)
    np.testing.assert_allclose(model.means_[:, 0], [50, 90], atol=2)


def test_scores_and_criteria_count_weights():
    X, _ = blobs(n=150, separation=2.0)
    weights = np.random.default_rng(0).integers(1, 4, 150)
    repeated = X.repeat(weights, axis=0)
    model = GaussianMixture(2, random_state=0).fit(X, sample_weight=weights)
    assert model.score(X, sample_weight=weights) == pytest.approx(model.score(repeated))
    for criterion in (model.bic, model.aic, model.icl):
        assert criterion(X, sample_weight=weights) == pytest.approx(criterion(repeated))
    assert model.lower_bound_ == pytest.approx(model.score(repeated))
    assert model.result_.n == weights.sum()
    scaled = GaussianMixture(2, random_state=0).fit(X, sample_weight=weights / 1000)
    np.testing.assert_allclose(scaled.means_, model.means_, rtol=1e-6)


def test_a_histogram_is_fitted_by_its_bins():
    truth = Mixture([0.3, 0.7], [-2.0, 3.0], [0.5, 2.0])
    values, _ = truth.sample(200_000, 0)
    counts, edges = np.histogram(values, bins=400)
    centers = (edges[1:] + edges[:-1]) / 2
    model = GaussianMixture(2, random_state=0).fit(centers[:, None], sample_weight=counts)
    full = GaussianMixture(2, random_state=0).fit(values)
    np.testing.assert_allclose(model.means_, full.means_, atol=2e-3)
    np.testing.assert_allclose(model.weights_, full.weights_, atol=1e-3)
    # A bin adds width^2 / 12 to a variance (Sheppard).
    correction = (edges[1] - edges[0]) ** 2 / 12
    np.testing.assert_allclose(
        model.covariances_[:, 0, 0] - correction, full.covariances_[:, 0, 0], rtol=5e-3
    )


def test_icl_adds_the_uncertainty_of_labels():
    model = GaussianMixture(3, random_state=0).fit(IRIS)
    surest = model.predict_proba(IRIS).max(axis=1)
    assert model.icl(IRIS) == pytest.approx(model.bic(IRIS) - 2 * np.log(surest).sum())


# -- other promises -------------------------------------------------------------------------


def test_sampling_uses_the_estimators_seed_or_its_own():
    model = GaussianMixture(2, random_state=0).fit(IRIS)
    X, labels = model.sample(10)
    assert X.shape == (10, 4)
    assert labels.shape == (10,)
    np.testing.assert_array_equal(X, model.sample(10)[0])
    rng = np.random.default_rng(1)
    assert not np.array_equal(model.sample(10, rng)[0], model.sample(10, rng)[0])
    seeded = GaussianMixture(2, random_state=np.random.RandomState(3)).fit(IRIS)
    assert np.isfinite(seeded.lower_bound_)


def test_verbose_prints_progress(capsys):
    GaussianMixture(3, init_params="kmeans", random_state=0, verbose=1, verbose_interval=5).fit(
        IRIS
    )
    printed = capsys.readouterr().out
    assert "iteration    5" in printed
    assert "log-likelihood a row" in printed


def test_collapse_warns_and_says_what_to_do():
    X, _ = blobs(n=50, d=2)
    X = np.vstack([X, np.full((6, 2), 30.0)])
    labels = np.append(np.zeros(50, dtype=int), np.ones(6, dtype=int))
    with pytest.warns(CollapseWarning, match=r"component 1 \(weight 0.107\).*raise reg_covar"):
        GaussianMixture(2, init_params=labels).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = GaussianMixture(2, init_params=labels, reg_covar=1e-3).fit(X)
    assert np.linalg.eigvalsh(model.covariances_).min() >= 1e-3 - 1e-12


def test_n_init_prefers_fits_without_collapse():
    X, _ = blobs(n=60, d=2, k=2, separation=3.0)
    X = np.vstack([X, np.full((5, 2), X.mean(axis=0))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMixture(3, n_init=15, init_params="k-means++", random_state=0).fit(X)
    assert model.result_.collapsed == ()


def test_more_features_than_rows_is_floored_not_refused():
    X = np.random.default_rng(0).standard_normal((15, 30))
    with pytest.warns(CollapseWarning):
        model = GaussianMixture().fit(X)
    assert np.isfinite(model.score(X))
    assert model.converged_


def test_memory_beyond_the_data_does_not_grow_with_rows():
    import tracemalloc

    def peak(n, n_jobs=1):  # how many threads meet in a short pass is chance
        X, labels = blobs(n=n, d=4, k=5)
        start = GaussianMixture(5, init_params=labels, max_iter=1, tol=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            start.fit(X)
            options = {"init_params": start.mixture_, "max_iter": 3, "tol": 0, "n_jobs": n_jobs}
            model = GaussianMixture(5, **options)
            tracemalloc.start()
            model.fit(X)
            used = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return used

    small, large = peak(60_000), peak(400_000)
    n_by_k = 400_000 * 5 * 8
    assert peak(400_000, n_jobs=2) < n_by_k  # never a matrix the size of the responsibilities
    assert large < 1.5 * small + 1e6


def test_fits_run_in_forked_processes_and_joblib_workers():
    X, _ = blobs(n=60_000, separation=2.0)
    expected = _fit_in_worker(X)  # the parent has used its threads before the fork
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(_fit_in_worker, [X, X]).get(timeout=60) == [expected] * 2
    found = Parallel(2)(delayed(_fit_in_worker)(X) for _ in range(2))
    assert found == [expected] * 2


def _fit_in_worker(X):
    return GaussianMixture(3, random_state=0, tol=1e-4, n_jobs=2).fit(X).lower_bound_


@pytest.mark.parametrize("start", ["kmeans", "k-means++", "random_from_data", "mbahc"])
def test_starts_keep_their_digits_far_from_zero(start):
    # Seconds since 1970, clusters a third of a second apart: exact multiples of 2^-20.
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(m, 0.05, 500) for m in (0.0, 0.3, 0.6)])[:, None]
    x = np.round(x * 2**20) / 2**20
    near = GaussianMixture(3, init_params=start, random_state=0).fit(x)
    far = GaussianMixture(3, init_params=start, random_state=0).fit(x + 1.7e9)
    assert far.lower_bound_ == pytest.approx(near.lower_bound_, abs=1e-4)
    np.testing.assert_allclose(far.means_ - 1.7e9, near.means_, atol=1e-3)


def test_a_row_of_weight_zero_may_hold_anything():
    X, _ = blobs(n=200, d=2)
    weights = np.ones(203)
    weights[:3] = 0
    for value in (np.nan, np.inf, 1e200):
        odd = np.vstack([np.full((3, 2), value), X])
        a = GaussianMixture(2, random_state=0).fit(odd, sample_weight=weights)
        b = GaussianMixture(2, random_state=0).fit(X)
        np.testing.assert_allclose(a.means_, b.means_, rtol=1e-9)
    labels = np.append([0, 0, 0], (X[:, 0] > X[:, 0].mean()).astype(int))
    a = GaussianMixture(2, init_params=labels).fit(odd, sample_weight=weights)
    b = GaussianMixture(2, init_params=labels[3:]).fit(X)
    np.testing.assert_allclose(a.means_, b.means_, rtol=1e-9)


def test_fitted_arrays_cannot_be_changed():
    model = GaussianMixture(2, random_state=0).fit(IRIS)
    for array in (model.weights_, model.means_, model.covariances_):
        with pytest.raises(ValueError, match="read-only"):
            array[0] *= 2


def test_interruption_inside_a_start_keeps_earlier_starts(monkeypatch):
    from gaussmix import FitInterrupted
    from gaussmix.starts.kmeans import KMeans

    calls = []
    original = KMeans.__call__

    def third_time(self, data, rng):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(self, data, rng)

    monkeypatch.setattr(KMeans, "__call__", third_time)
    model = GaussianMixture(2, n_init=5, init_params="kmeans", random_state=0)
    with pytest.raises(FitInterrupted) as caught:
        model.fit(IRIS)
    assert np.isfinite(caught.value.result.log_likelihood)
    thawed = pickle.loads(pickle.dumps(caught.value))
    assert thawed.result.mixture == model.mixture_


def test_random_state_of_a_wrong_kind_is_refused():
    with pytest.raises(ParameterError, match="random_state"):
        GaussianMixture(random_state="abc").fit(IRIS)


@pytest.mark.parametrize("init_params", ["kmeans", "k-means++"])
def test_concurrent_fits_leave_the_threads_of_blas_as_they_were(init_params):
    from threadpoolctl import threadpool_info

    def blas_threads():
        return sorted(i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas")

    rows = np.random.default_rng(0).standard_normal((40_000, 4))
    before = blas_threads()

    def work(seed):
        options = {"max_iter": 2, "tol": 0, "n_jobs": 2, "random_state": seed}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            GaussianMixture(3, init_params=init_params, **options).fit(rows)

    for _ in range(3):
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert blas_threads() == before


def test_a_failed_refit_leaves_the_last_fit_as_it_was():
    X = IRIS
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    model = GaussianMixture(2, random_state=0).fit(frame)
    other = pd.DataFrame({"x": [1.0, np.nan, 3.0], "y": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match="NaN in column 'x'"):
        model.fit(other)
    assert model.n_features_in_ == X.shape[1]
    assert model.feature_names_in_.tolist() == list(frame.columns)
    model.predict(frame)


@pytest.mark.parametrize("n_samples", [150, 20_000])
def test_a_random_start_leaves_the_saddle(n_samples):
    rows, _ = blobs(n=n_samples, d=2, k=3, separation=4.0)
    one = GaussianMixture(1).fit(rows).lower_bound_
    for seed in range(5):
        model = GaussianMixture(3, init_params="random", random_state=seed).fit(rows)
        assert model.lower_bound_ > one + 0.1


def test_precisions_of_a_nearly_singular_matrix_are_taken_as_scikit_learn_takes_them():
    # np.linalg.inv of a matrix of condition 1e9 is symmetric to some seven digits.
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    X = (rng.standard_normal((500, 8)) * np.geomspace(1.0, 3e-5, 8)) @ axes.T
    precision = np.linalg.inv(np.cov(X.T))
    assert np.abs(precision - precision.T).max() > 1e-12 * np.abs(precision).max()
    settings = {"precisions_init": [precision], "max_iter": 2, "tol": 0.0, "reg_covar": 0.0}
    ours = GaussianMixture(1, **settings).fit(X)
    theirs = Peer(1, **settings).fit(X)
    assert ours.score(X) == pytest.approx(theirs.score(X), abs=1e-8)
