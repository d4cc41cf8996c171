"""How users give measurement errors: shapes, columns of frames and files, and what is refused."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone

import gaussmix
from gaussmix import GaussianMixture, Mixture, StudentMixture
from gaussmix.exceptions import DataError, ParameterError

START = Mixture([0.5, 0.5], [[-2.0, -2.0], [2.0, 2.0]], [np.eye(2), np.eye(2)])


def rows(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2)) + np.where(rng.uniform(size=(n, 1)) < 0.5, -3.0, 3.0)
    Xerr = rng.uniform(0.2, 1.0, size=(n, 2))
    return X + rng.normal(size=X.shape) * np.sqrt(Xerr), Xerr


def model(**settings):
    return GaussianMixture(2, init_params=START, max_iter=3, tol=0, accelerate=False, **settings)


def fitted(X, **given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model().fit(X, **given)


def test_columns_of_frames_and_files_are_what_arrays_are(tmp_path):
    import pandas as pd

    X, Xerr = rows()
    expected = fitted(X, Xerr=Xerr)
    frame = pd.DataFrame({"a": X[:, 0], "va": Xerr[:, 0], "b": X[:, 1], "vb": Xerr[:, 1]})
    found = fitted(frame, Xerr=["va", "vb"])
    assert found.mixture_.allclose(expected.mixture_)
    assert found.feature_names_in_.tolist() == ["a", "b"]
    assert found.n_features_in_ == 2
    frame.to_csv(tmp_path / "rows.csv", index=False)
    scanned = gaussmix.scan(tmp_path / "rows.csv")
    of_file = fitted(scanned, Xerr=["va", "vb"])
    assert of_file.mixture_.allclose(expected.mixture_, rtol=1e-6)
    assert of_file.feature_names_in_.tolist() == ["a", "b"]
    values = of_file.score_samples(scanned, ["va", "vb"])
    np.testing.assert_allclose(values, expected.score_samples(X, Xerr), rtol=1e-6)
    matrices = Xerr[:, :, None] * np.eye(2) + 0.1
    frame["c"], frame["va"], frame["vb"] = 0.1, *(matrices[:, j, j] for j in (0, 1))
    found = fitted(frame, Xerr=["va", "c", "vb"])
    assert found.mixture_.allclose(fitted(X, Xerr=matrices).mixture_)


def test_shapes_mean_the_same():
    X, Xerr = rows()
    one = fitted(X, Xerr=[0.5, 0.8]).mixture_
    for given in (
        np.tile([0.5, 0.8], (len(X), 1)),
        np.diag([0.5, 0.8]),
        np.diag([0.5, 0.8])[None],
        np.tile(np.diag([0.5, 0.8]), (len(X), 1, 1)),
    ):
        assert fitted(X, Xerr=given).mixture_.allclose(one, rtol=1e-10)
    found = fitted(X, Xerr=Xerr)
    again = pickle.loads(pickle.dumps(found))
    assert again.predict_proba(X, Xerr).tolist() == found.predict_proba(X, Xerr).tolist()
    assert clone(found).get_params() == found.get_params()
    assert found.mixture_.logpdf(X, Xerr).tolist() == found.score_samples(X, Xerr).tolist()


@pytest.mark.parametrize("scale", [1e-120, 1e-6, 1e6, 1e120])
def test_units_do_not_matter(scale):
    X, Xerr = rows()
    expected = fitted(X, Xerr=Xerr)
    start = Mixture(START.weights, START.means * scale, START.covariances.to_dense() * scale**2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = model().set_params(init_params=start).fit(X * scale, Xerr=Xerr * scale**2)
    np.testing.assert_allclose(found.means_ / scale, expected.means_, rtol=1e-8)
    np.testing.assert_allclose(found.covariances_ / scale**2, expected.covariances_, rtol=1e-8)


def spoilt(Xerr, place, value):
    other = Xerr.copy()
    other[place] = value
    return other


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (
            lambda e: spoilt(e, (3, 1), -0.1),
            r"Xerr: variances .*are negative in 1 rows.*row 3, column 1",
        ),
        (lambda e: spoilt(e, (7, 0), np.nan), "Xerr: errors are NaN where a value is seen"),
        (lambda e: e[:-1], r"Xerr: shape \(299, 2\)"),
        (lambda e: e[:, :1], r"Xerr: shape \(300, 1\)"),
        (lambda e: np.ones((300, 2, 2)) * [[1, 2], [2, 1]], "negative eigenvalue.*row 0"),
        (lambda e: np.ones((300, 2, 2)) * [[2, 1], [0, 2]], "not symmetric"),
        (lambda e: [[1.0, 5.0], [5.0, 1.0]], "negative eigenvalue"),
        (lambda e: ["va", "vb"], "Xerr"),
        (lambda e: "errors", "Xerr"),
    ],
)
def test_what_no_errors_can_be_is_told(spoil, told):
    X, Xerr = rows()
    with pytest.raises((DataError, ParameterError), match=told):
        fitted(X, Xerr=spoil(Xerr))
    with pytest.raises((DataError, ParameterError), match=told):
        START.logpdf(X, spoil(Xerr))


@pytest.mark.parametrize(
    ("projection", "told"),
    [
        (np.ones(2), "projection: shape"),
        (np.ones((3, 2)), "projection: shape"),
        (np.full((2, 2), np.nan), "projection: contains NaN"),
        (np.ones((2, 2)), "leave out a direction"),
        (np.ones((2, 3)), "leave out a direction"),
    ],
)
def test_what_no_projection_can_be_is_told(projection, told):
    X, Xerr = rows()
    with pytest.raises(DataError, match=told):
        GaussianMixture(2).fit(X, Xerr=Xerr, projection=projection)


def test_missing_values_are_refused_unless_they_are_said_to_be_taken():
    X, Xerr = rows()
    X[5, 1] = np.nan
    for holes, errors in ((X, Xerr), (np.nan_to_num(X), spoilt(Xerr, (5, 1), np.inf))):
        with pytest.raises(DataError, match=r"1 NaN in column 1.*missing='em'"):
            fitted(holes, Xerr=errors)
        dropped = GaussianMixture(2, init_params=START, missing="drop").fit(holes, Xerr=errors)
        assert dropped.n_rows_dropped_ == 1
        assert dropped.predict(holes, errors)[5] == -3
        kept = GaussianMixture(2, init_params=START, missing="em").fit(holes, Xerr=errors)
        assert kept.result_.missing.n_incomplete == 1
        assert np.isfinite(kept.score_samples(holes, errors)).all()
    X[0] = np.nan
    kept = GaussianMixture(2, init_params=START, missing="em").fit(X, Xerr=Xerr)
    assert kept.n_rows_dropped_ == 1
    np.testing.assert_allclose(kept.predict_proba(X, Xerr)[0], kept.weights_)
    assert kept.score(X, Xerr=Xerr) == pytest.approx(kept.lower_bound_)


def test_what_takes_no_errors_says_why():
    X, Xerr = rows()
    with pytest.raises(ParameterError, match=r"Xerr: .*Student's t is no t any more"):
        StudentMixture(2).fit(X, Xerr=Xerr)


def test_noise_known_labels_and_float32_go_with_errors():
    X, Xerr = rows()
    X = np.vstack([X, np.random.default_rng(1).uniform(-30, 30, size=(60, 2))])
    Xerr = np.vstack([Xerr, np.full((60, 2), 0.5)])
    found = GaussianMixture(2, init_params=START, noise=0.1, accelerate=False).fit(X, Xerr=Xerr)
    assert np.diff(found.history_.log_likelihood).min() > -1e-9 * len(X)
    assert 0.05 < found.mixture_.noise.weight < 0.3
    _, covariances = found.denoise(X, Xerr)
    assert (np.linalg.eigvalsh(covariances) > 0).all()
    known = np.where(np.arange(len(X)) < 20, (X[:, 0] > 0).astype(int), -1)
    labelled = GaussianMixture(2, init_params=START).fit(X, Xerr=Xerr, known=known)
    assert np.isfinite(labelled.lower_bound_)
    single = GaussianMixture(2, init_params=START, max_iter=2, tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        single.fit(X.astype(np.float32), Xerr=Xerr.astype(np.float32))
    assert single.means_.dtype == np.float32


def test_errors_in_the_place_of_a_target_are_told():
    X, Xerr = rows()
    with pytest.warns(gaussmix.DataWarning, match="Xerr="):
        GaussianMixture(2, init_params=START).fit(X, Xerr)


def test_a_checkpoint_is_of_the_errors_that_it_was_made_with(tmp_path):
    X, Xerr = rows()
    kept = gaussmix.Checkpoint(tmp_path / "state", resume=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model(checkpoint=kept).fit(X, Xerr=Xerr)
        longer = model(checkpoint=kept).set_params(max_iter=6).fit(X, Xerr=Xerr)
        assert longer.mixture_ == model().set_params(max_iter=6).fit(X, Xerr=Xerr).mixture_
        for other in ({"Xerr": 2 * Xerr}, {}):
            with pytest.raises(gaussmix.CheckpointError, match="Xerr="):
                model(checkpoint=kept).fit(X, **other)


def test_a_background_along_turned_axes_goes_with_errors():
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    X = (rng.normal(size=(200, 3)) * [10.0, 1.0, 0.1]) @ turn
    Xerr = rng.uniform(0.01, 0.1, size=X.shape)
    found = GaussianMixture(1, noise=0.1, random_state=0).fit(X, Xerr=Xerr)
    assert found.mixture_.noise.sides is None
    assert found.score(X, Xerr=Xerr) == pytest.approx(found.lower_bound_, rel=1e-12)
    hole = np.where(np.arange(600).reshape(X.shape) == 7, np.nan, X)
    with pytest.raises(DataError, match="a box along turned axes"):
        found.mixture_.logpdf(hole, Xerr)
