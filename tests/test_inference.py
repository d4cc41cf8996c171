"""How sure a fit is: mclust's figures, closed forms, coverage, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, kstest

from gaussmix import DataError, GaussianMixture, GaussianMixtureIC, Mixture, ParameterError
from gaussmix.components.families import list_families
from gaussmix.inference import bootstrap, information, likelihood_ratio_test

DATA = Path(__file__).parent / "data"
MCLUST = json.loads((DATA / "mclust.json").read_text())
FIGURES = json.loads((DATA / "inference.json").read_text())
SETS = [name for name in FIGURES if name != "software"]
KINDS = {"jackknife": "jk", "weighted": "wlbs", "nonparametric": "bs"}
CASES = [(name, place) for name in SETS for place in range(len(FIGURES[name]["bootstrap"]))]
FAMILIES = [family.name for family in list_families() if not family.univariate]


def rows_of(name):
    return np.array(MCLUST[name]["rows"])


def tight(name, figures):
    """mclust's own fit: to its parameters as a start, converged."""
    X = rows_of(name)
    k = figures["G"]
    means = np.array(figures["means"], dtype=float).reshape(k, -1)
    covariances = np.array(figures["covariances"], dtype=float)
    covariances = covariances.reshape(k, means.shape[1], means.shape[1])
    start = Mixture(np.array(figures["weights"]) / np.sum(figures["weights"]), means, covariances)
    model = GaussianMixture(k, covariance_type=figures["model"], init_params=start, tol=1e-12)
    model.fit(X)
    assert model.result_.log_likelihood == pytest.approx(figures["loglik"], abs=1e-4)
    return model, X


def full(errors, model, like):
    """Standard errors in the shape of mclust's: covariances of all components, as matrices."""
    k, d = model.means_.shape
    values = np.asarray(errors)
    if like.size == values.size:
        return values.reshape(like.shape)
    if model.mixture_.covariances.shared:
        values = np.repeat(values[None], k, axis=0)
    if values.ndim < 3:
        values = np.expand_dims(values, -1) * np.eye(d)
    return values.reshape(like.shape)


@pytest.mark.parametrize(("name", "place"), CASES)
def test_jackknife_is_mclusts(name, place):
    figures = FIGURES[name]["bootstrap"][place]
    model, X = tight(name, figures)
    sure = bootstrap(model, X, "jackknife")
    assert (sure.n_resamples, sure.n_failed) == (len(X), 0)
    theirs = figures["jk"]
    for key in ("weights", "means", "covariances"):
        expected = np.array(theirs[f"se_{key}"], dtype=float)
        found = full(sure.standard_errors[key], model, expected)
        # mclust's slow fits stop early.
        rtol = 0.03 if key == "covariances" else 0.02
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-9 * expected.max())
    middle = sure.draws["weights"].mean(axis=0)
    np.testing.assert_allclose(middle, theirs["mean_weights"], atol=1e-4)


@pytest.mark.parametrize(("name", "place"), CASES)
@pytest.mark.parametrize("kind", ["weighted", "nonparametric"])
def test_bootstraps_are_mclusts_within_chance(name, place, kind):
    figures = FIGURES[name]["bootstrap"][place]
    model, X = tight(name, figures)
    sure = bootstrap(model, X, kind, 150, random_state=0)
    theirs = figures[KINDS[kind]]
    more = np.sqrt(1.0 + theirs["nboot"] / 150.0)
    for key in ("weights", "means", "covariances"):
        expected = np.array(theirs[f"se_{key}"], dtype=float)
        # A standard error of R replicates has one of 1 / sqrt(2 R) of it, at least.
        least = expected / np.sqrt(2.0 * theirs["nboot"])
        chance = np.array(theirs.get(f"mc_{key}", least), dtype=float)
        chance = more * np.maximum(np.where(np.isfinite(chance), chance, 0.0), least)
        found = full(sure.standard_errors[key], model, expected)
        # Hundreds of figures are looked at.
        assert (np.abs(found - expected) <= 5.0 * chance + 1e-9 * expected.max()).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_one_component_has_textbook_errors(weighted):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)) @ np.array([[1.0, 0.5, 0], [0, 1, 0], [0, 0, 10.0]]) + 1e4
    w = rng.integers(1, 4, 400).astype(float) if weighted else None
    model = GaussianMixture(1).fit(X, sample_weight=w)
    n = 400 if w is None else w.sum()
    expected = np.sqrt(np.diagonal(model.covariances_[0]) / n)
    found = information(model, X, sample_weight=w).standard_errors
    # Scores of means and variances are a little correlated in any one sample.
    np.testing.assert_allclose(found["means"][0], expected, rtol=0.05)
    S = model.covariances_[0]
    asymptotic = np.sqrt((np.outer(np.diag(S), np.diag(S)) + S**2) / n)
    np.testing.assert_allclose(found["covariances"][0], asymptotic, rtol=0.25)
    np.testing.assert_allclose(found["weights"], 0.0, atol=1e-12)
    if w is None:
        sure = bootstrap(model, X, "weighted", 400, random_state=0)
        np.testing.assert_allclose(sure.standard_errors["means"][0], expected, rtol=0.15)


@pytest.mark.parametrize("family", FAMILIES)
def test_information_and_bootstrap_agree_in_every_family(family):
    truth = Mixture([0.4, 0.6], [[0, 0], [6, 1]], [[[1, 0.3], [0.3, 1]], [[2, -0.6], [-0.6, 1]]])
    # Rows that the family suits: else the likelihood knows less of errors than replicates do.
    suited = GaussianMixture(2, covariance_type=family, random_state=0).fit(truth.sample(900, 1)[0])
    X, _ = suited.mixture_.sample(2500, random_state=2)
    model = GaussianMixture(2, covariance_type=family, tol=1e-10, random_state=0).fit(X)
    fast = information(model, X).standard_errors
    slow = bootstrap(model, X, "nonparametric", 200, random_state=0).standard_errors
    for key in ("weights", "means"):
        np.testing.assert_allclose(fast[key], slow[key], rtol=0.3)
    assert fast["covariances"].shape == model.covariances_.shape
    widest = slow["covariances"].max()
    np.testing.assert_allclose(
        fast["covariances"], slow["covariances"], rtol=0.3, atol=0.02 * widest
    )


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_errors_have_the_units_of_the_data(scale):
    X = rows_of("iris")
    errors = []
    for unit in (1.0, scale):
        model = GaussianMixture(3, init_params=np.arange(150) // 50, tol=1e-10).fit(X * unit)
        boot = bootstrap(model, X * unit, "weighted", 20, random_state=0)
        errors.append((boot.standard_errors, information(model, X * unit).standard_errors))
    for one, other in zip(*errors, strict=True):
        np.testing.assert_allclose(other["weights"], one["weights"], rtol=1e-4)
        np.testing.assert_allclose(other["means"], one["means"] * scale, rtol=1e-4)
        np.testing.assert_allclose(other["covariances"], one["covariances"] * scale**2, rtol=1e-4)


def test_intervals_cover():
    """Nominal 90 %: of 60 data sets about 54 intervals hold the mean."""
    truth = Mixture([0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0])
    hits = {"information": 0, "weighted": 0}
    for seed in range(60):
        X, _ = truth.sample(250, random_state=seed)
        model = GaussianMixture(2, covariance_type="V", init_params=truth, tol=1e-8).fit(X)
        found = {"information": information(model, X, level=0.9)}
        found["weighted"] = bootstrap(model, X, "weighted", 60, level=0.9, random_state=seed)
        for kind, sure in found.items():
            lower, upper = sure.intervals["means"]
            hits[kind] += bool(lower[0, 0] < 0.0 < upper[0, 0])
    # Three standard errors.
    assert 47 <= hits["information"] <= 60
    assert 46 <= hits["weighted"] <= 60


def test_components_are_matched_before_anything_is_averaged():
    """Swapped labels would make errors as large as what is between the components."""
    truth = Mixture([0.5, 0.5], [[-1.4], [1.4]], [1.0, 1.0])
    X, _ = truth.sample(300, random_state=0)
    model = GaussianMixture(2, covariance_type="E", init_params=truth).fit(X)
    sure = bootstrap(model, X, "nonparametric", 200, random_state=0)
    assert sure.standard_errors["means"].max() < 0.6
    assert (sure.draws["means"][:, 0, 0] < sure.draws["means"][:, 1, 0]).mean() > 0.95


@pytest.mark.parametrize("kind", ["nonparametric", "weighted", "parametric", "jackknife"])
def test_a_row_of_weight_w_is_w_rows_to_errors_too(kind):
    rng = np.random.default_rng(0)
    X = np.append(rng.normal(0, 1, 60), rng.normal(5, 1.5, 90))[:, None]
    counts = rng.integers(0, 4, 150).astype(float)
    model = GaussianMixture(2, covariance_type="V", random_state=0, tol=1e-10)
    model.fit(X, sample_weight=counts)
    weighted = bootstrap(model, X, kind, 300, sample_weight=counts, random_state=0)
    repeated = np.repeat(X, counts.astype(int), axis=0)
    plain = bootstrap(model, repeated, kind, 300, random_state=1)
    # Standard errors of 300 replicates have a spread of 4 %.
    exact = kind == "jackknife"
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(
            weighted.standard_errors[name],
            plain.standard_errors[name],
            rtol=1e-6 if exact else 0.2,
        )
    assert weighted.n_resamples == ((counts > 0).sum() if exact else 300)


def test_a_jackknife_of_halves_of_rows_is_that_of_rows():
    X = rows_of("faithful")
    model = GaussianMixture(2, random_state=0, tol=1e-10).fit(X)
    whole = bootstrap(model, X, "jackknife").standard_errors
    twice = np.vstack([X, X])
    halves = bootstrap(model, twice, "jackknife", sample_weight=np.full(len(twice), 0.5))
    np.testing.assert_allclose(halves.standard_errors["means"], whole["means"], rtol=0.02)
    np.testing.assert_allclose(halves.standard_errors["weights"], whole["weights"], rtol=0.02)


def test_known_components_keep_their_places_and_are_drawn_from():
    """Of components that overlap, labels say which is which, not what is closest."""
    truth = Mixture([0.5, 0.5], [[0.0], [0.6]], [1.0, 1.0])
    X, labels = truth.sample(200, random_state=0)
    model = GaussianMixture(2, covariance_type="E", random_state=0).fit(X, known=labels)
    n = np.bincount(labels)
    for kind in ("nonparametric", "weighted", "parametric", "jackknife"):
        sure = bootstrap(model, X, kind, 200, known=labels, random_state=0)
        # Two samples whose mean is known from their own rows.
        expected = np.sqrt(model.covariances_ / n)
        found = sure.standard_errors["means"][:, 0]
        np.testing.assert_allclose(found, expected, rtol=0.2)
    found = information(model, X, known=labels).standard_errors["means"][:, 0]
    np.testing.assert_allclose(found, expected, rtol=0.1)


def test_an_interruption_before_anything_is_done_is_one(monkeypatch):
    X = rows_of("faithful")
    model = GaussianMixture(2, random_state=0).fit(X)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("gaussmix.inference.resampling._batch", stop)
    with pytest.raises(KeyboardInterrupt):
        bootstrap(model, X, n_resamples=50, random_state=0)


def test_known_components_noise_and_a_prior_take_part():
    rng = np.random.default_rng(0)
    X = np.vstack(
        [rng.normal(0, 1, (80, 2)), rng.normal(5, 1, (80, 2)), rng.uniform(-9, 14, (20, 2))]
    )
    known = np.where(np.arange(180) < 20, 0, -1)
    noisy = GaussianMixture(2, noise=0.1, random_state=0).fit(X)
    sure = bootstrap(noisy, X, "weighted", 30, random_state=0)
    assert sure.standard_errors["weights"].shape == (2,)
    assert np.isfinite(information(noisy, X).standard_errors["means"]).all()
    labelled = GaussianMixture(2, random_state=0).fit(X[:160], known=known[:160])
    sure = bootstrap(labelled, X[:160], "weighted", 30, known=known[:160], random_state=0)
    assert sure.n_failed == 0
    held = GaussianMixture(2, prior="conjugate", random_state=0).fit(X[:160])
    assert bootstrap(held, X[:160], n_resamples=30, random_state=0).n_failed == 0


def test_results_do_not_depend_on_processes_or_batches(monkeypatch):
    X = rows_of("faithful")
    model = GaussianMixture(2, random_state=0).fit(X)
    one = bootstrap(model, X, n_resamples=24, random_state=5)
    monkeypatch.setattr("gaussmix.inference.resampling._MOST_FITS", 5)
    batches = bootstrap(model, X, n_resamples=24, random_state=5)
    both = bootstrap(model, X, n_resamples=24, random_state=5, n_jobs=2)
    np.testing.assert_allclose(batches.draws["means"], one.draws["means"], rtol=1e-9)
    np.testing.assert_array_equal(both.draws["means"], batches.draws["means"])


def test_collapsed_replicates_are_counted_not_dropped_in_silence():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(60, 2)), 8 + rng.normal(size=(5, 2))])
    model = GaussianMixture(2, random_state=0).fit(X)
    sure = bootstrap(model, X, "nonparametric", 60, random_state=0)
    assert 0 < sure.n_failed < 60
    assert len(sure.draws["means"]) == 60 - sure.n_failed
    assert "left out" in str(sure)


def test_an_interruption_keeps_what_is_done(monkeypatch):
    monkeypatch.setattr("gaussmix.inference.resampling._MOST_FITS", 10)
    X = rows_of("faithful")
    model = GaussianMixture(2, random_state=0).fit(X)

    def stop(done, count):
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="20 of 50"):
        sure = bootstrap(model, X, n_resamples=50, random_state=0, callback=stop)
    assert sure.n_resamples == 20


def test_what_is_returned_reads_and_draws():
    import matplotlib as mpl

    mpl.use("agg")
    X = rows_of("iris")
    model = GaussianMixture(3, covariance_type="tied", random_state=0).fit(X)
    sure = information(model, X)
    frame = sure.to_frame()
    assert len(frame) == 3 + 12 + 10
    assert set(frame["component"]) == {-1, 0, 1, 2}
    assert (frame["lower"] <= frame["estimate"]).all()
    assert sure.plot().get_title().endswith("(information)")
    assert all(len(line) <= 80 for line in str(sure).splitlines())


def test_a_search_and_its_result_are_taken_for_their_fit():
    X = rows_of("iris")
    search = GaussianMixtureIC([2, 3], families=["EEE"], random_state=0).fit(X)
    for given in (search, search.best_estimator_, search.best_estimator_.result_):
        assert information(given, X).mixture == search.best_estimator_.mixture_


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda m, X: bootstrap(m, X, "ordinary"), "kind: must be one of"),
        (lambda m, X: bootstrap(m, X, level=95), "level: must lie between"),
        (lambda m, X: bootstrap(m, X, n_resamples=1), "n_resamples"),
        (lambda m, X: bootstrap(m, X[:, :2]), "X: expected shape"),
        (lambda m, X: bootstrap(m.mixture_, X), "model: expected a fitted"),
        (lambda m, X: bootstrap(GaussianMixture(2), X), "call fit first"),
        (lambda m, X: bootstrap(m, lambda: iter([X])), "in memory"),
        (lambda m, X: bootstrap(m, X, known=np.zeros(9)), "known: expected 150"),
        (lambda m, X: information(m, X, known=np.full(150, 3)), "known: labels must be"),
        (lambda m, X: bootstrap(m, X, sample_weight=np.full(150, 0.01)), "sample_weight: .* 1.5"),
        (lambda m, X: information(m, X[:2]), "cannot be told apart|say nothing"),
        (lambda m, X: likelihood_ratio_test(X, "VVV", 1), "max_components"),
        (lambda m, X: likelihood_ratio_test(np.full((5, 2), np.nan)), "NaN"),
        (lambda m, X: likelihood_ratio_test(lambda: iter([X])), "in memory"),
        (lambda m, X: likelihood_ratio_test(X, sample_weight=np.full(150, 0.01)), "sum to 1.5"),
    ],
)
def test_what_cannot_be_is_refused(call, told):
    X = rows_of("iris")
    model = GaussianMixture(3, random_state=0).fit(X)
    with pytest.raises((DataError, ParameterError), match=told):
        call(model, X)


def test_a_fit_without_a_maximum_has_no_information():
    X = np.vstack([rows_of("iris"), np.repeat([[9.0, 9, 9, 9]], 8, axis=0)])
    model = GaussianMixture(2, init_params=(np.arange(158) >= 150).astype(int))
    with pytest.warns(UserWarning, match="collapsed"):
        model.fit(X)
    with pytest.raises(DataError, match="floor"):
        information(model, X)


# -- how many components ---------------------------------------------------------------


TESTS = [(name, place) for name in SETS for place in range(len(FIGURES[name]["lrt"]))]


@pytest.mark.parametrize(("name", "place"), TESTS)
def test_ratios_and_their_replicates_are_at_least_mclusts(name, place):
    """Where the statistic is mclust's, so is the end of the test."""
    figures = FIGURES[name]["lrt"][place]
    most = figures["G0"][-1] + 1
    test = likelihood_ratio_test(
        rows_of(name), figures["model"], most, 19, level=1.0, random_state=0
    )
    assert test.tested == tuple(figures["G0"])
    assert (test.statistics >= 0).all()
    assert all((own >= 0).all() for own in test.replicates)
    # Sums of gains, from one component on: the smaller fit may be better, and so may the larger.
    theirs = np.array(figures["lrts"])
    assert (test.statistics.cumsum() >= theirs.cumsum() - 1e-3).all()
    for k, own in enumerate(test.replicates):
        # Of 19 more than 16 are below the median with a probability of 0.0004.
        assert (own < figures["boot_quantiles"][k][2]).sum() <= 16
        if abs(test.statistics[k] - theirs[k]) < 0.01:
            assert (
                binomtest(int((own >= test.statistics[k]).sum()), 19, figures["p_value"][k]).pvalue
                > 1e-3
            )


def test_p_is_uniform_where_there_is_one_component_less():
    rng = np.random.default_rng(0)
    p = [
        likelihood_ratio_test(rng.normal(size=(60, 1)), "E", 2, 39, random_state=seed).p_values[0]
        for seed in range(40)
    ]
    spread = rng.uniform(-1 / 40, 0, 40)  # p takes 40 values
    assert kstest(np.array(p) + spread, "uniform").pvalue > 0.01


@pytest.mark.parametrize("at", [1, 2])
def test_an_interrupted_test_keeps_what_is_done(at, monkeypatch):
    monkeypatch.setattr("gaussmix.inference.resampling._MOST_FITS", 10)

    def stop(k, done, count):
        if k == at:
            raise KeyboardInterrupt

    X = rows_of("faithful")
    with pytest.warns(UserWarning, match=f"of {at} components against {at + 1} 10 of 19"):
        test = likelihood_ratio_test(X, "EEE", 4, 19, random_state=0, callback=stop)
    assert test.tested == (1, 2)[:at]
    assert [len(own) for own in test.replicates] == [19, 10][2 - at :]
    assert test.to_frame()["p_value"][0] == pytest.approx(0.05 if at == 2 else 1 / 11)
    assert test.plot() is not None


def test_an_interruption_before_the_first_replicate_is_one(monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("gaussmix.inference.hypotheses.Hypotheses.drawn", stop)
    with pytest.raises(KeyboardInterrupt):
        likelihood_ratio_test(rows_of("faithful"), "EEE", 2, 19, random_state=0)


def test_a_background_keeps_far_rows_from_being_a_component():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(120, 2)), rng.uniform(-9, 9, (20, 2))])
    plain = likelihood_ratio_test(X, "EEE", 2, 19, random_state=0)
    behind = likelihood_ratio_test(X, "EEE", 2, 19, noise=0.1, random_state=0)
    assert (plain.n_components, behind.n_components) == (2, 1)
    # Twice the gain of the fits themselves, or more.
    fits = [
        GaussianMixture(k, covariance_type="EEE", noise=0.1, random_state=0).fit(X) for k in (1, 2)
    ]
    gain = 2.0 * np.diff([fit.result_.log_likelihood for fit in fits])
    assert behind.statistics[0] >= gain[0] - 1e-3


def test_known_components_say_how_many_there_are_at_least():
    rng = np.random.default_rng(1)
    X = np.concatenate([rng.normal(0, 1, (50, 1)), rng.normal(4, 1, (50, 1))])
    known = np.where(np.arange(100) % 2 == 0, np.arange(100) // 50, -1)
    test = likelihood_ratio_test(X, "E", 4, 39, known=known, random_state=0)
    assert (test.tested, test.n_components) == ((2,), 2)
    # Of those two fits.
    fits = [
        GaussianMixture(k, covariance_type="E", random_state=0).fit(X, known=known) for k in (2, 3)
    ]
    gain = 2.0 * np.diff([fit.result_.log_likelihood for fit in fits])
    assert test.statistics[0] >= gain[0] - 1e-3
    with pytest.raises(ParameterError, match="known has components 0 to 1"):
        likelihood_ratio_test(X, "E", 2, 39, known=known)


def test_tests_may_begin_at_more_than_one():
    X = rows_of("acidity")
    whole = likelihood_ratio_test(X, "V", 3, 19, random_state=0)
    second = likelihood_ratio_test(X, "V", 3, 19, min_components=2, random_state=0)
    assert (whole.tested, second.tested) == ((1, 2), (2,))
    assert second.statistics[0] == pytest.approx(whole.statistics[1], abs=0.01)
    with pytest.raises(ParameterError, match="max_components: 3 components"):
        likelihood_ratio_test(X, "V", 3, 19, min_components=3)


def test_rows_of_weight_zero_might_as_well_not_be_there():
    X = rows_of("faithful")
    weights = np.r_[np.ones(len(X)), np.zeros(3)]
    more = np.vstack([X, [[50.0, 0.0], [-40.0, 700.0], [0.0, 0.0]]])
    plain = likelihood_ratio_test(X, "EEE", 2, 9, random_state=0)
    held = likelihood_ratio_test(more, "EEE", 2, 9, sample_weight=weights, random_state=0)
    np.testing.assert_allclose(held.statistics, plain.statistics, rtol=1e-6)
    np.testing.assert_allclose(held.replicates[0], plain.replicates[0], rtol=1e-3, atol=1e-3)


def test_few_rows_end_the_tests_and_keep_those_before():
    X = np.random.default_rng(0).normal(size=(6, 1))
    test = likelihood_ratio_test(X, "E", 9, 9, level=1.0, random_state=0)
    assert len(test.tested) >= 1


def test_progress_is_shown_if_asked(capsys):
    X = rows_of("faithful")[:60]
    likelihood_ratio_test(X, "EEE", 2, 9, random_state=0, verbose=1)
    model = GaussianMixture(1).fit(X)
    bootstrap(model, X, n_resamples=9, random_state=0, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [
        ["9", "of", "9", "1", "components", "against", "2"],
        ["9", "of", "9", "replicates"],
    ]


def test_where_the_first_fits_collapse_others_are_raced():
    for seed in (62, 63, 205):  # sets of normal values of which two nearly meet
        X, _ = Mixture([1.0], [[0.0]], [1.0]).sample(100, random_state=seed)
        test = likelihood_ratio_test(X, "V", 2, n_resamples=9, random_state=seed)
        best = GaussianMixture(2, covariance_type="V", random_state=0).fit(X)
        one = GaussianMixture(1, covariance_type="V").fit(X)
        gain = 200 * (best.lower_bound_ - one.lower_bound_)
        assert not best.result_.collapsed and test.statistics[0] > gain - 0.1
        assert len(test.replicates[0]) + test.n_failed[0] == 9
