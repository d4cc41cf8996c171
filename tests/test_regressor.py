"""Features given others, of many rows at once; and regression by a mixture of both."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from gaussmix import DataWarning, GaussianMixture, Mixture, MixtureRegressor
from tests.variants import FAMILIES, STRUCTURES, blobs, random_mixture

RNG = np.random.default_rng(0)
X = RNG.uniform(0, 10, (600, 2))
Y = np.sin(X[:, 0]) + 0.3 * X[:, 1] + 0.1 * RNG.standard_normal(600)
TWO = np.column_stack([Y, X[:, 1] - 0.5 * Y + 0.2 * RNG.standard_normal(600)])


def test_check_estimator():
    expected = {"check_estimators_nan_inf": "NaN among inputs is what is not known, in predict"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Scikit-learn has targets that are exact multiples of inputs, and more columns than rows.
        check_estimator(
            MixtureRegressor(1, reg_covar=1e-3), expected_failed_checks=expected, on_skip=None
        )


# -- conditionals of many rows ------------------------------------------------------------


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("shared", [False, True])
def test_many_rows_are_each_row_by_itself(structure, shared):
    mixture = random_mixture(structure, d=4, shared=shared)
    rows = mixture.sample(3, 0)[0][:, [2, 0]]
    many = mixture.conditionals([2, 0], rows)
    assert len(many) == 3
    y = mixture.sample(3, 1)[0][:, [1, 3]]
    for i, row in enumerate(rows):
        alone = mixture.conditional([2, 0], row)
        assert many[i].allclose(alone)
        np.testing.assert_allclose(many.mean()[i], alone.mean)
        np.testing.assert_allclose(many.covariance()[i], alone.covariance)
        np.testing.assert_allclose(many.std()[i] ** 2, np.diag(alone.covariance))
        np.testing.assert_allclose(many.logpdf(y)[i], alone.logpdf(y[i : i + 1])[0])
        for j in (0, 1):
            own = alone.marginal(j)
            np.testing.assert_allclose(many.ppf([0.1, 0.9])[i, :, j], own.ppf([0.1, 0.9]))
            np.testing.assert_allclose(many.cdf(y)[i, j], own.cdf(y[i : i + 1, j])[0])


@pytest.mark.parametrize("structure", STRUCTURES)
def test_what_is_not_known_is_left_out(structure):
    mixture = random_mixture(structure, d=4)
    rows = mixture.sample(6, 0)[0][:, :3]
    rows[0, 1] = rows[1, :2] = rows[2] = rows[5, 1] = np.nan
    many = mixture.conditionals([0, 1, 2], rows)
    for i, row in enumerate(rows):
        seen = np.flatnonzero(~np.isnan(row))
        part = mixture.marginal([*seen, 3])
        alone = part.conditional(range(len(seen)), row[seen]) if len(seen) else part
        np.testing.assert_allclose(many.mean()[i], alone.mean, rtol=1e-12)
        np.testing.assert_allclose(many.covariance()[i], alone.covariance, rtol=1e-10)
        np.testing.assert_allclose(many[i].weights, alone.weights, rtol=1e-10)


def test_rows_a_million_deviations_away_are_given_something():
    mixture = random_mixture(STRUCTURES[0], d=3)
    far = np.array([[1e6, -1e6], [1e8, 1e8], [-1e100, 0.0]])
    many = mixture.conditionals([0, 1], far)
    assert np.isfinite(many.mean()).all() and np.isfinite(many.std()).all()
    np.testing.assert_allclose(many.weights.sum(axis=1), 1.0, atol=1e-14)
    # The widest component along the way is all that is left: its own line goes on.
    k = many.weights[1].argmax()
    gains, _ = mixture.covariances.conditional(np.array([2]), np.array([0, 1]))
    expected = mixture.means[k, 2] + gains[k] @ (far[1] - mixture.means[k, :2])
    np.testing.assert_allclose(many.mean()[1], expected, rtol=1e-9)
    assert np.isfinite(many.logpdf(many.mean())).all()
    assert np.isfinite(many.ppf(0.5)).all()


@given(st.floats(-14, -3), st.floats(-4, 4), st.floats(-4, 4))
def test_covariances_left_over_are_positive_however_close_features_are(closeness, a, b):
    own, unit = 10.0**closeness, np.array([10.0**a, 10.0**b, 1.0])
    base = np.ones((3, 3)) + own * np.diag([1.0, 2.0, 3.0])
    mixture = Mixture([1.0], [[0.0, 0.0, 0.0]], [base * unit * unit[:, None]])
    left = mixture.conditionals([0, 1], np.zeros((1, 2))).covariance()[0]
    assert left[0, 0] > 0
    one = mixture.conditionals([2], [0.0]).covariance()[0]
    assert np.linalg.eigvalsh(one / unit[:2] / unit[:2, None])[0] > -1e-15


def test_draws_have_the_moments_that_are_told():
    mixture = random_mixture(STRUCTURES[0], d=4)
    rows = mixture.sample(3, 0)[0][:, [0, 1]]
    rows[2, 0] = np.nan
    many = mixture.conditionals([0, 1], rows)
    draws = many.sample(40_000, 1)
    assert draws.shape == (3, 40_000, 2)
    slack = 5 * many.std() / np.sqrt(40_000)
    assert (np.abs(draws.mean(axis=1) - many.mean()) < slack).all()
    for i in range(3):
        np.testing.assert_allclose(np.cov(draws[i].T), many.covariance()[i], rtol=0.1, atol=0.03)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (lambda m: m.conditionals([0, 1, 2], np.zeros((2, 3))), "all features are given"),
        (lambda m: m.conditionals(0, np.zeros((2, 3))), r"values: expected shape \(n_samples, 1\)"),
        (lambda m: m.conditionals("b", [0.0]), "no feature is called 'b'"),
        (lambda m: m.conditional(0, np.nan), "values: contains NaN"),
        (lambda m: m.conditionals(0, [np.inf]), "infinity"),
        (lambda m: m.conditionals(0, [0.0]).logpdf([1.0]), "Y: expected values of shape"),
        (lambda m: m.conditionals(0, [0.0]).ppf(2.0), "q: expected probabilities"),
    ],
)
def test_what_cannot_be_given_is_said(asked, message):
    with pytest.raises(ValueError, match=message):
        asked(random_mixture(STRUCTURES[0], d=3))


# -- regression -----------------------------------------------------------------------------


def test_one_component_is_linear_regression():
    model, peer = MixtureRegressor(1).fit(X, TWO), LinearRegression().fit(X, TWO)
    np.testing.assert_allclose(model.predict(X), peer.predict(X), atol=1e-10)
    residuals = TWO - peer.predict(X)
    cov = model.predict(X[:2], return_cov=True)[1]
    np.testing.assert_allclose(cov[0], residuals.T @ residuals / len(X), rtol=1e-8)
    weights = RNG.integers(0, 4, len(X))
    weighted = MixtureRegressor(1).fit(X, Y, sample_weight=weights)
    peer = LinearRegression().fit(X, Y, sample_weight=weights)
    np.testing.assert_allclose(weighted.predict(X), peer.predict(X), atol=1e-10)


def test_predictions_are_means_of_distributions():
    model = MixtureRegressor(6, random_state=0).fit(X, Y)
    mean, std = model.predict(X, return_std=True)
    given_rows = model.predict_distribution(X)
    np.testing.assert_allclose(model.predict(X), mean, rtol=1e-9)
    np.testing.assert_allclose(given_rows.mean()[:, 0], mean)
    np.testing.assert_allclose(given_rows.std()[:, 0], std)
    joint = np.column_stack([X, Y])
    gap = model.mixture_.logpdf(joint) - model.mixture_.marginal([0, 1]).logpdf(X)
    np.testing.assert_allclose(model.logpdf(X, Y), gap, atol=1e-9)
    assert model.score(X, Y) > 0.9


def test_quantiles_are_calibrated_where_the_model_is_right():
    mixture = random_mixture(STRUCTURES[0], d=3)
    rows = mixture.sample(4000, 0)[0]
    model = MixtureRegressor(3, random_state=0).fit(rows[:, :2], rows[:, 2])
    fresh = mixture.sample(4000, 1)[0]
    below = fresh[:, 2, None] <= model.predict_quantiles(fresh[:, :2], [0.05, 0.5, 0.95])
    assert np.abs(below.mean(axis=0) - [0.05, 0.5, 0.95]).max() < 0.02
    places = model.predict_distribution(fresh[:, :2]).cdf(fresh[:, 2])[:, 0]
    assert stats.kstest(places, "uniform").statistic < 0.03
    draws = model.sample(fresh[:, :2], 1, random_state=0)
    assert stats.ks_2samp(draws[:, 0], fresh[:, 2]).pvalue > 1e-3


def test_two_branches_are_told_apart():
    """A mean between two branches is nowhere near the data: the distribution says so."""
    x = RNG.uniform(-1, 1, 800)
    branch = np.where(RNG.random(800) < 0.5, 1.0, -1.0)
    y = branch * (1 + x) + 0.05 * RNG.standard_normal(800)
    model = MixtureRegressor(2, random_state=0).fit(x[:, None], y)
    found = model.predict_distribution([[0.5]])[0]
    assert found.pdf([[0.0]])[0] < 1e-6 < found.pdf([[1.5]])[0]
    assert model.predict([[0.5]])[0] == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_units_change_nothing(family):
    rows, _ = blobs(n=300, d=3, seed=2)
    options = {"n_components": 3, "families": family, "random_state": 0}
    model = MixtureRegressor(**options).fit(rows[:, :2], rows[:, 2])
    moved = MixtureRegressor(**options).fit(rows[:, :2] * 1e-3 + 1e4, rows[:, 2] * 1e-3 - 1e4)
    mean, std = model.predict(rows[:, :2], return_std=True)
    other, wide = moved.predict(rows[:, :2] * 1e-3 + 1e4, return_std=True)
    np.testing.assert_allclose((other + 1e4) * 1e3, mean, atol=0.02 * rows[:, 2].std())
    np.testing.assert_allclose(wide * 1e3, std, rtol=0.05)


def test_outputs_have_the_shape_of_targets():
    one = MixtureRegressor(2, random_state=0)
    for y, shape, several in [(Y, (5,), (5, 3)), (Y[:, None], (5, 1), (5, 3, 1))]:
        one.fit(X, y)
        assert one.predict(X[:5]).shape == shape
        assert one.predict_quantiles(X[:5], [0.1, 0.5, 0.9]).shape == several
        assert one.sample(X[:5], 3).shape == several
    one.fit(X, TWO)
    mean, cov = one.predict(X[:5], return_cov=True)
    assert mean.shape == (5, 2) and cov.shape == (5, 2, 2)
    assert one.predict(X[:5], return_std=True)[1].shape == (5, 2)
    assert one.predict_quantiles(X[:5], 0.5).shape == (5, 2)
    assert one.n_outputs_ == 2


def test_missing_inputs_are_predicted_around():
    model = MixtureRegressor(6, random_state=0).fit(X, Y)
    partly = X.copy()
    partly[::2, 0] = np.nan
    mean, std = model.predict(partly, return_std=True)
    whole_mean, whole_std = model.predict(X, return_std=True)
    np.testing.assert_allclose(mean[1::2], whole_mean[1::2])
    assert np.mean(std[::2]) > 2 * np.mean(whole_std[::2])
    np.testing.assert_allclose(model.predict(partly), mean)
    alone = model.mixture_.marginal([1, 2]).conditionals(0, X[::2, 1])
    np.testing.assert_allclose(mean[::2], alone.mean()[:, 0])


def test_frames_and_names():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b"])
    model = MixtureRegressor(2, random_state=0).fit(frame, pd.Series(Y, name="b"))
    assert model.mixture_.feature_names == ("a", "b", "b (target)")
    assert model.predict_distribution(frame).feature_names == ("b (target)",)
    two = model.fit(frame, pd.DataFrame(TWO, columns=["u", "v"]))
    assert two.mixture_.feature_names == ("a", "b", "u", "v")
    np.testing.assert_allclose(two.predict(frame), two.fit(X, TWO).predict(X))


def test_files_hold_their_targets(tmp_path):
    pl = pytest.importorskip("polars")
    from gaussmix import scan

    path = tmp_path / "rows.parquet"
    pl.DataFrame({"v": TWO[:, 1], "a": X[:, 0], "u": Y, "b": X[:, 1]}).write_parquet(path)
    in_memory = MixtureRegressor(3, random_state=0).fit(X, Y)
    model = MixtureRegressor(3, random_state=0).fit(scan(path, ["a", "u", "b"]), "u")
    assert model.feature_names_in_.tolist() == ["a", "b"]
    np.testing.assert_allclose(
        model.predict(scan(path, ["a", "b"])), in_memory.predict(X), atol=0.1
    )
    frame = pl.DataFrame({"a": X[:, 0], "b": X[:, 1]})
    np.testing.assert_allclose(model.predict(scan(path, ["a", "b"])), model.predict(frame))
    both = MixtureRegressor(1).fit(scan(path), ["u", "v"])
    np.testing.assert_allclose(both.predict(X), LinearRegression().fit(X, TWO).predict(X))
    with pytest.raises(ValueError, match="y: expected names of columns"):
        model.fit(scan(path), "w")


def test_pipelines_searches_and_metadata():
    piped = make_pipeline(StandardScaler(), MixtureRegressor(5, random_state=0))
    assert cross_val_score(piped, X, Y, cv=3).min() > 0.8
    with sklearn.config_context(enable_metadata_routing=True):
        asked = MixtureRegressor(1).set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        make_pipeline(scaler, asked).fit(X, Y, sample_weight=np.ones(len(X)))
    model = clone(piped).fit(X, Y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    chosen = MixtureRegressor([1, 4], families=["EEE", "VVV"], random_state=0).fit(X, Y)
    assert chosen.estimator_.n_components == 4
    with pytest.raises(NotFittedError):
        MixtureRegressor().predict(X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.fit(X, Y[:-1]), "y: Found input variables"),
        (lambda m: m.fit(X, np.where(Y > 1, np.nan, Y)), "Input y contains NaN"),
        (lambda m: m.fit(np.where(X > 9, np.nan, X), Y), "NaN in column"),
        (lambda m: m.fit(X, None), "y: This regressor requires y"),
        (lambda m: m.fit(X, ["a"] * 600), "y: expected an array of numbers"),
        (lambda m: m.fit(X, Y).predict(X, return_std=True, return_cov=True), "give one of them"),
        (lambda m: m.fit(X, Y).predict(X[:, :1]), "features"),
        (lambda m: m.fit(X, Y).logpdf(X, TWO), "Y: expected values of shape"),
    ],
)
def test_what_cannot_be_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call(MixtureRegressor(1))


def test_frames_of_a_cluster():
    dd = pytest.importorskip("dask.dataframe")
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": Y})
    spread = dd.from_pandas(frame, npartitions=3)
    model = MixtureRegressor(3, random_state=0).fit(spread, "y")
    answers = model.predict(spread[["a", "b"]])
    np.testing.assert_allclose(np.asarray(answers), model.predict(frame[["a", "b"]]))


# -- columns that others determine ----------------------------------------------------------


def test_exactly_linear_targets_are_predicted_exactly():
    rng = np.random.default_rng(0)
    line = rng.standard_normal((120, 1))
    model = MixtureRegressor(random_state=0).fit(line, 2 * line[:, 0] + 1)
    mean, std = model.predict([[0.5], [1e6]], return_std=True)
    np.testing.assert_allclose(mean, [2.0, 2e6 + 1], rtol=1e-12)
    assert (std < 1e-4).all() and (std > 0).all()
    np.testing.assert_allclose(model.predict_quantiles([[0.5]], [0.1, 0.9]), 2.0, atol=1e-4)
    rows = rng.standard_normal((120, 3))
    noisy = rows @ [1.0, 2.0, 3.0] + rng.standard_normal(120)
    both = np.column_stack([rows @ [1.0, -2.0, 0.5], noisy, noisy + rows[:, 0]])
    model = MixtureRegressor(1).fit(rows, both, sample_weight=rng.uniform(0.5, 2, 120))
    mean, covariance = model.predict(rows, return_cov=True)
    np.testing.assert_allclose(mean[:, 0], both[:, 0], atol=1e-12)
    np.testing.assert_allclose(mean[:, 2], mean[:, 1] + rows[:, 0], atol=1e-12)
    # The last two vary together, and neither with the first.
    np.testing.assert_allclose(covariance[:, 1, 2], covariance[:, 1, 1], rtol=1e-6)
    assert np.abs(covariance[:, 0]).max() < 1e-8


@pytest.mark.parametrize("scale", [1e-100, 1.0, 1e100])
def test_inputs_that_say_nothing_more_change_nothing(scale):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((200, 2))
    y = np.sin(2 * x[:, 0]) + 0.1 * rng.standard_normal(200)
    plain = MixtureRegressor(3, random_state=0).fit(x * scale, y * scale)
    spare = np.column_stack([x, 7 * np.ones(200), x[:, 0] - x[:, 1], 0 * x[:, 0]]) * scale
    model = MixtureRegressor(3, random_state=0).fit(spare, y * scale)
    mean, std = model.predict(spare, return_std=True)
    own_mean, own_std = plain.predict(x * scale, return_std=True)
    np.testing.assert_allclose(mean / scale, own_mean / scale, atol=1e-9)
    np.testing.assert_allclose(std / scale, own_std / scale, rtol=1e-6)
    # Not looked at where the others are known; where one is not, they stand in for it.
    moved = spare + np.array([0, 0, 1e3, 1e3, 1e3]) * scale
    np.testing.assert_allclose(model.predict(moved), mean, rtol=1e-9)
    spare[:, 1] = np.nan
    np.testing.assert_allclose(model.predict(spare) / scale, own_mean / scale, atol=1e-3)


def test_groups_as_zeros_and_ones_give_means_of_groups():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, 90)
    y = group + rng.standard_normal(90)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # of columns of two values
        model = MixtureRegressor(1).fit(np.eye(3)[group], y)
    means = [y[group == k].mean() for k in range(3)]
    np.testing.assert_allclose(model.predict(np.eye(3)), means, rtol=1e-10)
    model = MixtureRegressor().fit(group[:, None] + rng.standard_normal((90, 1)), np.full(90, 4.0))
    np.testing.assert_allclose(model.predict([[0.0], [100.0]]), 4.0, rtol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_a_far_row_makes_no_line():
    rng = np.random.default_rng(0)
    x = np.append(rng.standard_normal(100), 1e8)[:, None]
    y = 2 * x[:, 0] + rng.standard_normal(101)
    model = MixtureRegressor(1).fit(x, y)
    assert model.predict([[1.0]], return_std=True)[1] > 0.1


def test_missing_inputs_and_targets_of_a_fit_are_not_seen():
    rows, _ = blobs(n=300, d=3, seed=4)
    holes = np.where(np.random.default_rng(0).uniform(size=rows.shape) < 0.2, np.nan, rows)
    model = MixtureRegressor(3, missing="em", random_state=0).fit(holes[:, :2], holes[:, 2])
    own = GaussianMixture(3, missing="em", random_state=0).fit(holes).mixture_
    assert model.mixture_.allclose(own)
    np.testing.assert_allclose(
        model.predict(holes[:, :2]), own.conditionals([0, 1], holes[:, :2]).mean()[:, 0]
    )
    with pytest.raises(ValueError, match="missing='em'"):
        MixtureRegressor(1).fit(holes[:, :2], rows[:, 2])
