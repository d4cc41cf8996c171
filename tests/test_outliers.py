"""Outliers by the density of a mixture."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from gaussmix import DataError, GaussianMixture, Mixture, MixtureOutlierDetector, ParameterError
from tests.variants import FAMILIES, STRUCTURES, blobs, random_mixture

X, _ = blobs(n=600, d=3, seed=4)


@pytest.mark.parametrize(
    "options",
    [
        # Scikit-learn wants some of its rows to be outliers, and has more features than rows.
        {"families": "VVI", "false_alarm": 0.3},
        {"families": "VVI", "contamination": 0.1},
    ],
)
def test_check_estimator(options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(MixtureOutlierDetector(**options))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_share_of_false_alarms_is_what_was_asked(family):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a family may not suit these rows
        detector = MixtureOutlierDetector(3, families=family, false_alarm=0.02, random_state=0)
        detector.fit(X)
    draws = detector.mixture_.sample(20_000, 1)[0]
    alarms = (detector.predict(draws) == -1).mean()
    assert abs(alarms - 0.02) < 4 * np.sqrt(0.02 * 0.98 / len(draws))


@pytest.mark.parametrize("rate", [1e-3, 1e-9])
def test_rare_alarms_are_as_rare_as_asked(rate):
    """Of two components that are one, the threshold is known: squared distances are chi-squared."""
    one = random_mixture(STRUCTURES[0], k=1)
    rows = one.sample(500, 0)[0]
    exact = MixtureOutlierDetector(1, false_alarm=rate).fit(rows)
    own = exact.mixture_
    twice = Mixture([0.3, 0.7], own.means.repeat(2, 0), own.covariances.to_dense().repeat(2, 0))
    by_draws = MixtureOutlierDetector(2, false_alarm=rate, max_iter=0, init_params=twice)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert by_draws.fit(rows).offset_ == pytest.approx(exact.offset_, abs=0.1)


def test_signs_are_scikit_learns_and_a_planted_outlier_is_lowest():
    planted = np.vstack([X, X.mean(axis=0) + 1e3])
    detector = MixtureOutlierDetector(3, random_state=0).fit(X)
    scores = detector.score_samples(planted)
    assert scores.argmin() == len(X)
    assert detector.predict(planted)[-1] == -1
    np.testing.assert_array_equal(detector.decision_function(planted), scores - detector.offset_)
    np.testing.assert_array_equal(
        detector.predict(planted) == -1, detector.decision_function(planted) < 0
    )


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5])
def test_contamination_wins_and_is_the_share_of_the_rows(share):
    detector = MixtureOutlierDetector(3, contamination=share, false_alarm=0.3, random_state=0)
    assert (detector.fit_predict(X) == -1).sum() == share * len(X)


def test_whole_weights_are_repeated_rows():
    weights = np.random.default_rng(0).integers(0, 4, len(X))
    for share in (None, 0.1):
        detector = MixtureOutlierDetector(contamination=share)
        weighted = clone(detector).fit(X, sample_weight=weights)
        repeated = clone(detector).fit(X.repeat(weights, axis=0))
        np.testing.assert_allclose(weighted.score_samples(X), repeated.score_samples(X))
        assert weighted.offset_ == pytest.approx(repeated.offset_)


def test_what_features_add_sums_to_the_distance_in_any_units():
    detector = MixtureOutlierDetector(1).fit(X)
    far = X[:5] + np.array([0, 50, 0])
    found = detector.explain(far)
    mixture = detector.mixture_
    distances = mixture.covariances.mahalanobis(0, far - mixture.means[0])
    np.testing.assert_allclose(found.sum(axis=1), distances)
    assert (found.argmax(axis=1) == 1).all()
    units, shift = np.array([1e8, 1.0, 1e-6]), np.array([1e8, 0.0, 0.0])
    other = MixtureOutlierDetector(1).fit(X * units + shift)
    np.testing.assert_allclose(other.explain(far * units + shift), found, rtol=1e-4, atol=1e-4)
    assert detector.explain(X).mean(axis=0) == pytest.approx(np.ones(3), abs=0.02)


def test_correlated_features_share_what_is_strange_between_them():
    rng = np.random.default_rng(0)
    z = rng.standard_normal(2000)
    rows = np.column_stack([z, z + 0.1 * rng.standard_normal(2000), rng.standard_normal(2000)])
    found = MixtureOutlierDetector(1).fit(rows).explain([[1.0, -1.0, 0.0]])[0]
    assert found[0] == pytest.approx(found[1], rel=0.1)
    assert found[2] < 0.05 * found[0]


def test_with_noise_outliers_do_not_widen_what_rows_are_judged_by():
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(size=(400, 2)), rng.uniform(-20, 20, size=(60, 2))])
    plain, noisy = (
        MixtureOutlierDetector(1, noise=noise, random_state=0).fit(rows) for noise in (None, 0.1)
    )
    assert noisy.mixture_.noise is None
    assert (noisy.predict(rows[400:]) == -1).mean() > 0.9 > (plain.predict(rows[400:]) == -1).mean()
    assert (noisy.predict(rows[:400]) == -1).mean() < 0.03


def test_sizes_and_families_are_chosen_where_there_are_several():
    detector = MixtureOutlierDetector(range(1, 5), families=["EEE", "VVV"], random_state=0).fit(X)
    assert detector.estimator_.n_components == detector.mixture_.n_components == 3


def test_it_works_where_scikit_learns_do():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    detector = MixtureOutlierDetector(3, random_state=0)
    assert detector.fit(frame).feature_names_in_.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(detector.predict(frame), detector.fit(X).predict(X))
    piped = make_pipeline(StandardScaler(), detector).fit(X)
    assert set(piped.predict(X)) == {-1, 1}
    with sklearn.config_context(enable_metadata_routing=True):
        asked = clone(detector).set_fit_request(sample_weight=True)
        make_pipeline(StandardScaler().set_fit_request(sample_weight=False), asked).fit(
            X, sample_weight=np.ones(len(X))
        )


def test_files_and_blocks_are_what_arrays_are(tmp_path):
    from gaussmix import scan

    path = tmp_path / "rows.npy"
    np.save(path, X)
    in_memory = MixtureOutlierDetector(3, contamination=0.1, random_state=0).fit(X)
    for given in (scan(path), lambda: iter([X[:200], X[200:]])):
        found = MixtureOutlierDetector(3, contamination=0.1, random_state=0).fit(given)
        assert found.offset_ == pytest.approx(in_memory.offset_)
        np.testing.assert_array_equal(found.predict(given), in_memory.predict(X))
        np.testing.assert_allclose(found.explain(given), in_memory.explain(X))


def test_scores_at_any_distance_are_finite():
    detector = MixtureOutlierDetector(3, random_state=0).fit(X)
    far = np.array([[1e6, 0, 0], [-1e100, 1e100, 0]])
    assert np.isfinite(detector.score_samples(far)).all()
    assert np.isfinite(detector.explain(far)).all()
    assert detector.predict(far).tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"false_alarm": 0}, "false_alarm: expected a share above 0 and below 1"),
        ({"false_alarm": 1.0}, "false_alarm"),
        ({"contamination": 0.6}, "contamination: expected a share above 0 and at most 0.5"),
        ({"contamination": "auto"}, "contamination"),
        ({"n_components": 0}, "n_components"),
        ({"families": "XXX"}, "XXX"),
    ],
)
def test_what_cannot_be_is_said(options, message):
    with pytest.raises(ParameterError, match=message):
        MixtureOutlierDetector(**options).fit(X)


def test_rows_with_nan_are_refused():
    with pytest.raises(DataError, match="NaN"):
        MixtureOutlierDetector().fit(np.where(X > 5, np.nan, X))


def test_a_source_of_rows_goes_where_rows_go():
    from gaussmix.rows import MemorySource

    found = GaussianMixture(3, random_state=0).fit(MemorySource(X))
    assert found.mixture_.allclose(GaussianMixture(3, random_state=0).fit(X).mixture_)


def test_the_rate_of_alarms_is_kept_whatever_is_missing():
    rng = np.random.default_rng(0)
    rows = blobs(n=300, d=3, seed=4)[0]
    holes = np.where(rng.uniform(size=rows.shape) < 0.2, np.nan, rows)
    model = MixtureOutlierDetector(3, missing="em", false_alarm=0.05, random_state=0).fit(holes)
    fresh = model.mixture_.sample(20_000, 1)[0]
    for unseen in ([], [0], [0, 2]):
        partly = fresh.copy()
        partly[:, unseen] = np.nan
        rate = (model.predict(partly) == -1).mean()
        assert abs(rate - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 20_000) + 0.001
        np.testing.assert_allclose(
            model.decision_function(partly), model.score_samples(partly) - model.offset_
        )
    parts = model.explain(holes)
    assert (parts[np.isnan(holes)] == 0).all() and np.isfinite(parts).all()
    strange = np.array([[np.nan, 1e3, np.nan], [np.nan, np.nan, np.nan]])
    assert model.predict(strange).tolist() == [-1, 1]
    assert model.explain(strange[:1]).argmax() == 1
    model = MixtureOutlierDetector(3, missing="em", contamination=0.1, random_state=0).fit(holes)
    assert (model.predict(holes) == -1).mean() == pytest.approx(0.1)
