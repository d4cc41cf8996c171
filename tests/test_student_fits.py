"""Fits of mixtures of Student's t: laws, limits, and figures of others."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score

from gaussmix import (
    Checkpoint,
    CheckpointError,
    GaussianMixture,
    GaussianMixtureIC,
    Mixture,
    ParameterError,
    StudentMixture,
    StudentT,
    SufficientStatistics,
    federated,
    inference,
    scan,
)
from gaussmix.components.codes import family_of_code
from gaussmix.components.densities import NORMAL
from gaussmix.em.result import Status
from tests.variants import FAMILIES, blobs, mclust

DOFS = ["free", "equal", 1.0, 4.0]


def heavy(n=600, d=3, seed=0):
    """Rows of three components, two of them with heavy tails, and their labels."""
    dofs = [1.5, 4.0, np.inf]
    means = np.array([[0.0] * d, [12.0] + [0.0] * (d - 1), [0.0] * (d - 1) + [12.0]])
    rng = np.random.default_rng(seed)
    factors = rng.uniform(0.5, 1.5, (3, d, 1)) * np.linalg.qr(rng.normal(size=(3, d, d)))[0]
    mixture = Mixture(
        [0.3, 0.4, 0.3], means, factors @ factors.swapaxes(1, 2), density=StudentT(dofs)
    )
    return mixture.sample(n, seed)


def quiet(model, *given, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(*given, **more)


def begun_at(labels, k, family, X, dof=50.0):
    """What an M-step makes of labels, with degrees of freedom to begin with."""
    start = quiet(
        GaussianMixture(k, covariance_type=family, init_params=labels, max_iter=0), X
    ).mixture_
    return replace(start, density=StudentT(dof))


# -- truth -------------------------------------------------------------------------------------


TEIGEN = json.loads((Path(__file__).parent / "data" / "teigen.json").read_text())["fits"]
# From these labels there are two optima, and the inexact first steps of others lead to theirs.
OTHER_OPTIMUM = {("banknote", "UICU", 3)}


@pytest.mark.parametrize("name", TEIGEN)
def test_fits_from_the_same_labels_are_as_high_as_teigens_or_higher(name):
    data = mclust()[name]
    X = np.array(data["rows"])
    low = []
    for code, family, k, n_parameters, best in TEIGEN[name][::3]:
        labels = np.array(data["starts"][str(k)]) - 1
        start = begun_at(labels, k, family, X)
        model = quiet(
            StudentMixture(k, covariance_type=code, init_params=start, tol=1e-8, max_iter=3000), X
        )
        assert model.result_.n_parameters == n_parameters, code
        gap = model.result_.log_likelihood - best
        if gap < -1e-5 * abs(best) and (name, code, k) not in OTHER_OPTIMUM:
            low.append((code, k, gap))
    assert low == []


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
@pytest.mark.parametrize("dof", DOFS)
def test_no_step_lowers_the_likelihood(family, dof):
    X, labels = heavy(300)
    model = quiet(
        StudentMixture(
            3, covariance_type=family, dof=dof, init_params=labels, tol=0, max_iter=40,
            accelerate=False,
        ),
        X,
    )  # fmt: skip
    trace = np.array(model.history_.log_likelihood)
    assert len(trace) == 41
    assert np.diff(trace).min() >= -1e-10 * abs(trace[-1])
    assert trace[-1] > trace[0] + 1.0
    assert model.result_.log_likelihood == pytest.approx(model.score(X) * len(X), rel=1e-10)


@pytest.mark.parametrize("dof", ["free", "equal"])
@pytest.mark.parametrize("family", ["VVV", "EEE", "VEI", "VII"])
def test_at_the_end_the_score_is_zero(family, dof):
    X, labels = heavy(600)
    model = StudentMixture(
        3, covariance_type=family, dof=dof, init_params=labels, tol=1e-13, max_iter=20_000
    ).fit(X)
    found = model.mixture_
    low, high = found.density.bounds

    def climbed(log_dofs=0.0, means=0.0, log_scale=0.0):
        density = StudentT(found.density.dofs * np.exp(log_dofs))
        factor = np.full(len(found.weights), np.exp(log_scale))
        moved = replace(found, density=density, means=found.means + means)
        return replace(moved, scales=found.scales.times(factor)).logpdf(X).sum()

    step = 1e-4
    parts = np.eye(3) if dof == "free" else np.ones((1, 3))
    for part in parts:
        if np.isin(found.density.dofs[part > 0], (low, high)).any():
            continue
        slope = (climbed(step * part) - climbed(-step * part)) / (2 * step)
        assert abs(slope) < 1e-3
    for k in range(3):
        shift = np.zeros_like(found.means)
        shift[k] = 1e-5
        assert abs(climbed(means=shift) - climbed(means=-shift)) / 2e-5 < 1e-2
    assert abs(climbed(log_scale=step) - climbed(log_scale=-step)) / (2 * step) < 1e-3


def test_to_the_gaussian_fit_the_difference_falls_as_one_over_the_degrees_of_freedom():
    X, labels = blobs(400)
    options = {"init_params": labels, "tol": 1e-13, "max_iter": 5000}
    normal = GaussianMixture(3, **options).fit(X)
    gaps = []
    for dof in (1e4, 1e5, 1e6, 1e7):
        own = StudentMixture(3, dof=dof, **options).fit(X)
        gaps.append(np.abs(own.scales_ - normal.covariances_).max())
    np.testing.assert_allclose(np.array(gaps[:-1]) / gaps[1:], 10.0, rtol=0.1)
    infinite = StudentMixture(3, dof=np.inf, **options).fit(X)
    assert infinite.mixture_ == normal.mixture_
    assert infinite.dofs_.tolist() == [np.inf] * 3
    np.testing.assert_allclose(infinite.outlier_weights(X), 1.0)


def test_what_is_estimated_is_what_rows_were_drawn_with():
    truth = Mixture(
        [0.4, 0.6], [[0.0, 0.0], [9.0, 9.0]], [np.eye(2), 4 * np.eye(2)], density=StudentT([2, 7])
    )
    X = truth.sample(60_000, 0)[0]
    model = StudentMixture(2, random_state=0).fit(X)
    np.testing.assert_allclose(model.dofs_, [2, 7], rtol=0.1)
    np.testing.assert_allclose(model.means_, truth.means, atol=0.1)
    np.testing.assert_allclose(model.scales_, truth.scales.array, rtol=0.05, atol=0.06)
    np.testing.assert_allclose(
        model.covariances_[1], model.scales_[1] * (1 / (1 - 2 / model.dofs_[1]))
    )


def test_cauchy_components_are_found_where_no_moments_are():
    truth = Mixture([0.5, 0.5], [[-20.0], [20.0]], [1.0, 4.0], density=StudentT(1))
    X = truth.sample(4000, 1)[0]
    model = StudentMixture(2, dof=1, random_state=0).fit(X)
    np.testing.assert_allclose(model.means_, truth.means, atol=0.3)
    np.testing.assert_allclose(model.scales_.ravel(), [1.0, 4.0], rtol=0.15)
    assert np.isnan(model.covariances_).all()
    normal = GaussianMixture(2, random_state=0).fit(X)
    assert np.abs(normal.means_ - truth.means).max() > 5.0


# -- laws --------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["VVV", "EEE", "VVI", "VEI", "EVE", "VII"])
def test_a_row_of_integer_weight_is_so_many_rows(family):
    X, labels = heavy(200)
    counts = np.random.default_rng(0).integers(0, 4, len(X))
    options = {"covariance_type": family, "tol": 0, "max_iter": 20}
    start = begun_at(labels, 3, family, X)
    one = quiet(StudentMixture(3, init_params=start, **options), X, sample_weight=counts)
    other = quiet(StudentMixture(3, init_params=start, **options), np.repeat(X, counts, axis=0))
    assert one.mixture_.allclose(other.mixture_, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("family", ["VVV", "EEE", "EVI", "VII"])
@pytest.mark.parametrize(("factor", "offset"), [(1e-6, 0.0), (1e6, -1e9), (1.0, 1e6)])
def test_units_and_offsets_change_nothing(family, factor, offset):
    X, labels = heavy(300)
    X = X[np.abs(X).max(axis=1) < 200]
    labels = labels[: len(X)] % 3
    options = {"covariance_type": family, "init_params": labels, "tol": 0, "max_iter": 15}
    one = quiet(StudentMixture(3, **options), X)
    other = quiet(StudentMixture(3, **options), X * factor + offset)
    rtol = 1e-9 + 1e-12 * abs(offset / factor)
    np.testing.assert_allclose(other.dofs_, one.dofs_, rtol=1e3 * rtol)
    np.testing.assert_allclose(other.scales_ / factor**2, one.scales_, rtol=1e3 * rtol, atol=1e-6)
    assert (other.predict(X * factor + offset) == one.predict(X)).all()


@pytest.mark.parametrize("family", ["VVV", "EEE", "VVI"])
def test_threads_blocks_and_engines_change_nothing(family, monkeypatch):
    X, labels = heavy(3000)
    start = begun_at(labels, 3, family, X)
    options = {"covariance_type": family, "init_params": start, "tol": 0, "max_iter": 8}

    def blocks():
        yield from (X[i : i + 700] for i in range(0, len(X), 700))

    one = quiet(StudentMixture(3, n_jobs=1, **options), X)
    for other in (
        quiet(StudentMixture(3, n_jobs=2, **options), X),
        quiet(StudentMixture(3, **options), blocks),
    ):
        assert other.mixture_.allclose(one.mixture_, rtol=1e-9)
        np.testing.assert_allclose(
            other.history_.log_likelihood, one.history_.log_likelihood, rtol=1e-12
        )
    single = quiet(StudentMixture(3, dtype="float32", **options), X)
    assert single.mixture_.allclose(one.mixture_, rtol=1e-3, atol=1e-3)


def test_rows_far_out_move_nothing():
    X, labels = blobs(300, k=2, separation=6.0)
    far = np.vstack([X, np.full((1, 3), 1e7)])
    near = StudentMixture(2, dof=3, init_params=labels).fit(X)
    start = near.mixture_
    with_far = StudentMixture(2, dof=3, init_params=start).fit(far)
    np.testing.assert_allclose(with_far.means_, near.means_, atol=0.05)
    assert with_far.outlier_weights(far)[-1] < 1e-10


@pytest.mark.parametrize("dof", ["free", "equal", 4])
@pytest.mark.parametrize("far", [1e2, 1e4, 1e6])
def test_a_start_does_not_take_one_far_row_for_a_cluster(dof, far):
    X, labels = blobs(200, k=2, separation=20.0)
    model = StudentMixture(2, dof=dof, random_state=0).fit(np.vstack([X, np.full((1, 3), far)]))
    assert model.result_.collapsed == ()
    assert adjusted_rand_score(model.predict(X), labels) > 0.9


def test_leaps_lead_to_the_same_optimum_in_fewer_passes():
    X, labels = heavy(1000)
    X, labels = X[labels < 2], labels[labels < 2]
    options = {"init_params": labels, "tol": 1e-9, "max_iter": 5000}
    fast, slow = (StudentMixture(2, accelerate=a, **options).fit(X) for a in (True, False))
    assert fast.result_.log_likelihood == pytest.approx(slow.result_.log_likelihood, abs=1e-4)
    assert fast.n_iter_ + fast.history_.rejected < slow.n_iter_


# -- what an estimator does --------------------------------------------------------------------


def test_known_labels_noise_equal_weights_and_a_prior_go_with_it():
    X, labels = heavy(400)
    known = np.where(np.arange(len(X)) % 2, labels, -1)
    model = quiet(StudentMixture(3, random_state=0), X, known=known)
    assert (model.predict(X) == labels).mean() > 0.95
    rng = np.random.default_rng(0)
    noisy = np.vstack([X[np.abs(X).max(axis=1) < 30], rng.uniform(-60, 60, (100, 3))])
    model = StudentMixture(3, dof=30, noise=0.1, random_state=0).fit(noisy)
    assert 0.1 < model.mixture_.noise.weight < 0.35
    assert (model.predict(noisy)[-100:] == -1).mean() > 0.8
    assert model.predict_proba(noisy).shape[1] == 4
    model = StudentMixture(3, equal_weights=True, random_state=0).fit(X)
    np.testing.assert_allclose(model.weights_, 1 / 3)
    model = StudentMixture(3, dof="equal", prior="conjugate", init_params=labels, accelerate=False,
                           tol=0, max_iter=30)  # fmt: skip
    quiet(model, X)
    penalty = model.result_.model.objective  # what is climbed is likelihood and prior
    assert penalty is not None
    with pytest.raises(ParameterError, match="no conjugate prior"):
        StudentMixture(3, covariance_type="VVE", prior="conjugate").fit(X)


@pytest.mark.parametrize("family", ["VVV", "EEE", "VII", "EEI"])
def test_with_a_prior_what_is_climbed_never_falls(family):
    X, labels = heavy(200)
    model = StudentMixture(
        3, covariance_type=family, prior="conjugate", init_params=labels, tol=0, max_iter=1,
        accelerate=False, warm_start=True,
    )  # fmt: skip
    values = []
    for _ in range(25):
        quiet(model, X)
        result = model.result_
        objective = result.model.objective(
            quiet(GaussianMixture(1, covariance_type=family), X).result_.statistics.as_one()
        )
        values.append(result.log_likelihood + objective.penalty(model.mixture_.parameters)[0])
    assert np.diff(values).min() > -1e-9 * abs(values[-1])


def test_files_streams_and_frames(tmp_path):
    pd = pytest.importorskip("pandas")
    X, labels = heavy(1500)
    start = begun_at(labels, 3, "VVV", X)
    whole = StudentMixture(3, init_params=start).fit(X)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame.to_csv(tmp_path / "rows.csv", index=False)
    np.save(tmp_path / "rows.npy", X)
    for given in (frame, scan(tmp_path / "rows.csv"), scan(tmp_path / "rows.npy")):
        other = StudentMixture(3, init_params=start).fit(given)
        assert other.mixture_.allclose(
            replace(whole.mixture_, feature_names=other.mixture_.feature_names), rtol=1e-6
        )
        np.testing.assert_allclose(
            other.outlier_weights(given), whole.outlier_weights(X), rtol=1e-6
        )


def test_sites_find_what_a_fit_to_all_rows_finds(tmp_path):
    X, labels = heavy(900)
    start = begun_at(labels, 3, "VVV", X, 10.0)
    start = replace(start, density=StudentT(start.density.dofs, "free"))
    whole = StudentMixture(3, init_params=start).fit(X)
    sites = [federated.Site(X[i::3]) for i in range(3)]

    def merged(parts):
        return reduce(SufficientStatistics.merge, parts)

    fit = federated.Coordinator(start, merged(site.totals for site in sites))
    while not fit.done:
        sent = [site.statistics(fit.mixture).to_arrow() for site in sites]
        fit.update(merged(SufficientStatistics.from_arrow(own) for own in sent))
    assert fit.result.mixture.allclose(whole.mixture_, rtol=1e-6)
    statistics = sites[0].statistics(fit.mixture)
    statistics.save(tmp_path / "site.npz")
    loaded = SufficientStatistics.load(tmp_path / "site.npz")
    np.testing.assert_array_equal(loaded.tally, statistics.tally)
    np.testing.assert_array_equal(loaded.masses, statistics.masses)
    found = federated.next_mixture(statistics, fit.mixture)
    assert found.density.estimated == "free"
    of_normal = sites[0].statistics(replace(start, density=NORMAL))
    with pytest.raises(ParameterError, match="statistics: are not of StudentT"):
        federated.next_mixture(of_normal, start)


def test_a_stream_finds_the_degrees_of_freedom():
    X, _ = heavy(30_000)
    model = StudentMixture(3, random_state=0)
    for block in np.array_split(X, 30):
        model.partial_fit(block)
    batch = StudentMixture(3, random_state=0).fit(X)
    order = np.argsort(model.dofs_)
    np.testing.assert_allclose(model.dofs_[order][:2], np.sort(batch.dofs_)[:2], rtol=0.25)
    assert model.status_ is Status.STREAMED
    with pytest.raises(ParameterError, match="goes on with"):
        model.set_params(dof=3).partial_fit(X[:100])


def test_a_fit_that_was_cut_off_goes_on(tmp_path):
    X, labels = heavy(500)
    path = tmp_path / "fit.ckpt"
    options = {"init_params": labels, "tol": 0, "max_iter": 12}
    whole = quiet(StudentMixture(3, **options), X)

    class StopError(Exception):
        pass

    def stop(iteration):
        if iteration.number == 5:
            raise StopError

    with pytest.raises(StopError):
        StudentMixture(3, callback=stop, checkpoint=Checkpoint(path, passes=1), **options).fit(X)
    resumed = Checkpoint(path, resume=True)
    with pytest.raises(CheckpointError, match="density"):
        StudentMixture(3, dof="equal", checkpoint=resumed, **options).fit(X)
    with pytest.raises(CheckpointError, match="density"):
        GaussianMixture(3, checkpoint=resumed, **options).fit(X)
    found = quiet(StudentMixture(3, checkpoint=resumed, **options), X)
    assert found.mixture_.allclose(whole.mixture_, rtol=1e-12)
    assert found.history_.log_likelihood == whole.history_.log_likelihood


def test_a_warm_start_goes_on_with_its_degrees_of_freedom():
    X, labels = heavy(400)
    whole = quiet(StudentMixture(3, init_params=labels, tol=0, max_iter=5), X)
    model = StudentMixture(3, init_params=labels, tol=0, max_iter=2, warm_start=True)
    quiet(model, X)
    quiet(model.set_params(max_iter=3), X)
    assert model.mixture_.allclose(whole.mixture_, rtol=1e-10)


def test_it_has_every_parameter_of_the_gaussian_estimator():
    own, normal = StudentMixture().get_params(), GaussianMixture().get_params()
    assert own == {**normal, "dof": "free"}
    X, _ = heavy(300)
    gaps = np.vstack([X, [[np.nan, 0.0, 0.0]]])
    model = StudentMixture(3, missing="drop", random_state=0).fit(gaps)
    whole = StudentMixture(3, random_state=0).fit(X)
    assert model.mixture_.allclose(whole.mixture_, rtol=1e-6)


def test_bootstraps_say_how_sure_scales_and_degrees_of_freedom_are():
    rng = np.random.default_rng(0)
    X = np.concatenate([4.0 * rng.standard_t(4, 500), 60.0 + rng.standard_t(4, 500)])[:, None]
    model = StudentMixture(2, dof="equal", random_state=0).fit(X)
    sure = inference.bootstrap(model, X, n_resamples=60, random_state=0)
    again, names = (
        inference.bootstrap(model, X, "parametric", 60, random_state=0),
        ["scales", "dofs"],
    )
    assert list(sure.standard_errors) == ["weights", "means", *names]
    # A location of t with 4 degrees of freedom: information (nu + 1) / (nu + 3) over the scale.
    expected = np.sqrt(model.scales_[:, 0, 0] * 7 / 5 / 500)
    np.testing.assert_allclose(sure.standard_errors["means"][:, 0], expected, rtol=0.3)
    for name in names:
        lower, upper = again.intervals[name]
        assert ((lower < sure.estimates[name]) & (sure.estimates[name] < upper)).all()
        np.testing.assert_allclose(
            sure.standard_errors[name], again.standard_errors[name], rtol=0.7
        )
    assert len(set(sure.draws["dofs"][:, 0])) > 50
    assert {row["parameter"] for row in sure.rows()} == {"weights", "means", *names}


def test_it_is_an_estimator():
    X, _ = heavy(300)
    model = StudentMixture(3, dof="equal", covariance_type="VEI")
    assert clone(model).get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        model.outlier_weights(X)
    with pytest.raises(AttributeError, match="not fitted"):
        _ = model.dofs_
    model.set_params(random_state=0).fit(X)
    assert len(set(model.dofs_)) == 1
    rows, labels = model.sample(50, 1)
    assert rows.shape == (50, 3) and labels.max() <= 2
    assert model.bic(X) == pytest.approx(
        -2 * model.result_.log_likelihood + model.result_.n_parameters * np.log(len(X))
    )
    single = model.fit(X.astype(np.float32))
    assert single.means_.dtype == single.scales_.dtype == np.float32
    assert single.outlier_weights(X.astype(np.float32)).dtype == np.float32


def test_a_component_at_a_bound_is_told():
    X, labels = blobs(300, k=2, separation=8.0)
    model = StudentMixture(2, init_params=labels).fit(X)
    told = [line for line in model.result_.notices() if "degrees of freedom" in line]
    at = np.flatnonzero(model.dofs_ == 1000.0)
    assert bool(len(at)) == any("the most that are tried" in line for line in told)
    assert "student components: dof" in " ".join(str(model.result_.summary()).split())
    low, high = StudentT([0.1, 5.0, 1000.0, 1000.0], "free").notices()
    assert low.startswith("component 0 at 0.1 degrees of freedom, the fewest")
    assert high.startswith("components 2, 3 at 1000 degrees of freedom, the most")
    assert StudentT([0.1, 1000.0]).notices() == []


def test_codes_say_family_and_degrees_of_freedom():
    for code, family, _, _, _ in (fit for fits in TEIGEN.values() for fit in fits):
        found, dof = family_of_code(code)
        assert found.name == family
        assert dof == ("free" if code[-1] == "U" else "equal")
    for code in ("VVVV", "UUU", "CIIC", "IIII", "UUUI", "VVV", "full", 3, "univUI", "CCIC"):
        known = family_of_code(code)
        assert known is None or code in ("VVVV", "CIIC"), code
    X, labels = heavy(200)
    by_code, by_name = (
        StudentMixture(3, covariance_type=given, dof=dof, init_params=labels).fit(X)
        for given, dof in (("UCUC", "free"), ("VVE", "equal"))
    )
    assert by_code.mixture_ == by_name.mixture_
    with pytest.raises(ParameterError, match="leave dof out"):
        StudentMixture(3, covariance_type="UUUU", dof=3).fit(X)
    with pytest.raises(ParameterError, match="covariance_type"):
        StudentMixture(3, covariance_type="UUUX").fit(X)


@pytest.mark.parametrize("dof", ["some", 0, -1.0, np.nan, None, True, [1.0, 2.0]])
def test_what_is_no_dof_is_refused(dof):
    with pytest.raises(ParameterError, match="dof: expected 'free', 'equal' or a positive"):
        StudentMixture(2, dof=dof).fit(np.zeros((5, 1)))


# -- a search ----------------------------------------------------------------------------------


def test_a_search_tries_families_with_degrees_of_freedom():
    X, labels = heavy(400)
    search = GaussianMixtureIC(
        [2, 3], families=["VVV", "EEE"], density=("normal", "student"), dof=("free", "equal", 4),
        random_state=0,
    )  # fmt: skip
    quiet(search, X)
    table = search.results_
    assert sorted({row["family"] for row in table}) == [
        "EEE", "EEE dof 4", "EEE equal", "EEE free", "VVV", "VVV dof 4", "VVV equal", "VVV free",
    ]  # fmt: skip
    assert isinstance(search.best_estimator_, StudentMixture)
    assert search.n_components_ == 3
    assert search.dofs_.min() < 10
    assert search.outlier_weights(X).shape == (400,)
    alone = clone(search.best_estimator_).set_params(init_params="mbahc").fit(X)
    assert alone.result_.log_likelihood == pytest.approx(search.result_.log_likelihood, rel=1e-8)
    for row in table:
        if row["n_components"] == 3 and row["family"] == "VVV free":
            assert row["n_parameters"] == 2 + 9 + 18 + 3
    assert adjusted_rand_score(search.predict(X), labels) > 0.9
    normal = quiet(GaussianMixtureIC([2, 3], families=["VVV"], random_state=0), X)
    with pytest.raises(AttributeError):
        _ = normal.dofs_
    assert not hasattr(normal, "outlier_weights")


def test_a_search_takes_codes():
    X, _ = heavy(200)
    search = GaussianMixtureIC(
        3, families=["UUUU", "CCCC", "VII"], density="student", dof=3, random_state=0
    )
    quiet(search, X)
    assert sorted(row["family"] for row in search.results_) == [
        "EEE equal",
        "VII dof 3",
        "VVV free",
    ]
    with pytest.raises(ParameterError, match="density: unknown density"):
        GaussianMixtureIC(3, density="cauchy").fit(X)
    with pytest.raises(ParameterError, match="at least one"):
        GaussianMixtureIC(3, density="student", dof=()).fit(X)
