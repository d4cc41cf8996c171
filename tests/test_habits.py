"""What users of scikit-learn expect, beyond what its `check_estimator` looks at."""

# ruff: noqa: NPY002 -- NumPy's global state is one of the habits
from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture as Peer
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_transformer_preserve_dtypes

from gaussmix import GaussianMixture, GaussianMixtureIC, ParameterError, Stepwise, scan
from gaussmix.starts import list_starts
from tests.variants import blobs

IRIS, SPECIES = load_iris(return_X_y=True)
# Every third row's species, numbered backwards: no order of means would give these by itself.
KNOWN = np.where(np.arange(150) % 3, -1, 2 - SPECIES)

both = pytest.mark.parametrize(
    "model",
    [
        GaussianMixture(3, random_state=0),
        GaussianMixtureIC([3, 4], families=["EEE", "VVV"], random_state=0),
    ],
    ids=["one", "search"],
)


# -- known labels are metadata -------------------------------------------------------------


@pytest.fixture
def _routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@both
@pytest.mark.usefixtures("_routing")
def test_known_labels_are_routed_through_a_pipeline(model):
    asked = clone(model).set_fit_request(known=True)
    piped = make_pipeline(StandardScaler(), asked).fit(IRIS, SPECIES, known=KNOWN)
    scaled = StandardScaler().fit_transform(IRIS)
    alone = clone(model).fit(scaled, known=KNOWN)
    assert piped[-1].mixture_ == alone.mixture_
    assert piped[-1].mixture_ != clone(model).fit(scaled).mixture_
    np.testing.assert_array_equal(
        clone(piped).fit_predict(IRIS, known=KNOWN), alone.predict(scaled)
    )
    with pytest.raises(TypeError, match="known"):
        make_pipeline(StandardScaler(), model.set_fit_request(known=False)).fit(IRIS, known=KNOWN)


@pytest.mark.usefixtures("_routing")
def test_a_search_gives_each_fold_the_labels_of_its_rows():
    seen = []

    class Watched(GaussianMixture):
        def fit(self, X, y=None, sample_weight=None, *, known=None):
            seen.append((X, known))
            return super().fit(X, y, sample_weight, known=known)

    search = GridSearchCV(
        Watched(random_state=0).set_fit_request(known=True),
        {"n_components": [3], "covariance_type": ["full", "tied"]},
        cv=KFold(3, shuffle=True, random_state=0),
        error_score="raise",
    ).fit(IRIS, known=KNOWN)
    labelled = {(*row, label) for row, label in zip(IRIS.tolist(), KNOWN, strict=True)}
    assert [len(known) for _, known in seen] == [100] * 6 + [150]
    for X, known in seen:
        assert {(*row, label) for row, label in zip(X.tolist(), known, strict=True)} <= labelled
    assert (search.predict(IRIS) == 2 - SPECIES).mean() > 0.9


# -- random numbers ------------------------------------------------------------------------

SOURCES = {
    "fit": lambda state: (
        GaussianMixture(3, init_params="random", max_iter=3, random_state=state).fit(IRIS).means_
    ),
    "search": lambda state: (
        GaussianMixtureIC(
            [3], families=["VVV"], init_params="random", max_iter=3, random_state=state
        )
        .fit(IRIS)
        .means_
    ),
    "stream": lambda state: (
        GaussianMixture(
            3,
            init_params="random",
            max_iter=3,
            random_state=state,
            stepwise=Stepwise(batch_rows=150),
        )
        .partial_fit(IRIS)
        .means_
    ),
    "sample": lambda state: MODEL.sample(5, random_state=state)[0],
    "mixture": lambda state: MODEL.mixture_.sample(5, random_state=state)[0],
}
MODEL = GaussianMixture(2).fit(IRIS)

every_source = pytest.mark.parametrize("source", SOURCES)


@every_source
@pytest.mark.parametrize("state", [None, np.random], ids=["none", "module"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_numpys_global_seed_makes_it_reproducible(source, state):
    draw = SOURCES[source]
    before = np.random.get_state()
    try:
        np.random.seed(7)
        first, second = draw(state), draw(state)
        np.random.seed(7)
        np.testing.assert_array_equal(draw(state), first)
        np.random.seed(8)
        other = draw(state)
    finally:
        np.random.set_state(before)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, other)


@every_source
@pytest.mark.parametrize("kind", [np.random.RandomState, np.random.default_rng])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_generator_goes_on_and_an_integer_begins_anew(source, kind):
    draw, state = SOURCES[source], kind(3)
    first, second = draw(state), draw(state)
    assert not np.array_equal(first, second)
    again = kind(3)
    np.testing.assert_array_equal(draw(again), first)
    np.testing.assert_array_equal(draw(again), second)
    np.testing.assert_array_equal(draw(3), draw(np.int64(3)))


def test_an_integer_leaves_numpys_global_state_alone():
    before = np.random.get_state()[1].copy()
    GaussianMixture(3, random_state=0).fit(IRIS).sample(3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("state", [-1, 1.5, "seed", object()])
def test_other_states_are_refused_by_name(state):
    for draw in SOURCES.values():
        with pytest.raises(ParameterError, match="random_state: expected an int of at least 0"):
            draw(state)


# -- one iteration at a time ---------------------------------------------------------------

ROWS, LABELS = blobs(n=400, d=2, k=3, separation=2.0, seed=5)
STARTS = [*list_starts(), LABELS, np.eye(3)[LABELS] * 0.8 + 0.2 / 3]


def by_mean(model):
    order = np.argsort(model.means_[:, 0])
    return [part[order] for part in (model.weights_, model.means_, model.covariances_)]


@pytest.mark.parametrize("start", STARTS, ids=[*list_starts(), "labels", "responsibilities"])
@pytest.mark.parametrize(
    "options", [{}, {"accelerate": False}, {"noise": 0.1}, {"tol": 0.0}], ids=str
)
@pytest.mark.filterwarnings("ignore")
def test_a_warm_start_goes_on_where_the_last_fit_stopped(start, options):
    own = {"init_params": start, "random_state": 0, **options}
    whole = GaussianMixture(3, max_iter=2, **own).fit(ROWS)
    warm = GaussianMixture(3, max_iter=1, warm_start=True, **own).fit(ROWS).fit(ROWS)
    for one, other in zip(by_mean(warm), by_mean(whole), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    assert warm.lower_bound_ == pytest.approx(whole.lower_bound_, rel=1e-12)
    as_it_is = GaussianMixture(3, max_iter=0, **own).fit(ROWS)
    assert as_it_is.lower_bound_ == pytest.approx(whole.lower_bounds_[0], rel=1e-12)


@pytest.mark.parametrize("start", list_starts())
@pytest.mark.filterwarnings("ignore")
def test_the_start_on_a_sample_does_not_depend_on_max_iter(start):
    rows, _ = blobs(n=25_000, d=2, k=3, separation=1.5, seed=6)
    begun = [
        GaussianMixture(3, init_params=start, max_iter=most, random_state=0).fit(rows)
        for most in (0, 1, 3)
    ]
    for model in begun[1:]:
        assert model.lower_bounds_[0] == pytest.approx(begun[0].lower_bound_, rel=1e-12)


@pytest.mark.parametrize(("accelerate", "count"), [(True, 6), (False, 15)])
@pytest.mark.filterwarnings("ignore")
def test_many_fits_of_one_iteration_are_one_fit_until_it_leaps(accelerate, count):
    own = {"init_params": "kmeans", "random_state": 0, "tol": 0.0, "accelerate": accelerate}
    whole = GaussianMixture(3, max_iter=count, **own).fit(ROWS)
    warm = GaussianMixture(3, max_iter=1, warm_start=True, **own)
    for bound in whole.lower_bounds_[1:]:
        assert warm.fit(ROWS).lower_bound_ == pytest.approx(bound, rel=1e-12)
    np.testing.assert_allclose(warm.means_, whole.means_, rtol=1e-8)


# -- float32 in, float32 out ---------------------------------------------------------------

SINGLE = IRIS.astype(np.float32)
ATTRIBUTES = ["weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"]
ANSWERS = ["predict_proba", "transform", "score_samples"]
TYPES = [np.float64, np.float32, np.int64]


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("fitted", TYPES)
@pytest.mark.parametrize("asked", TYPES)
@pytest.mark.filterwarnings("ignore")  # integers leave little of some columns
def test_types_are_scikit_learns(covariance_type, fitted, asked):
    own = {"covariance_type": covariance_type, "random_state": 0}
    ours, peer = (kind(2, **own).fit(IRIS.astype(fitted)) for kind in (GaussianMixture, Peer))
    for name in ATTRIBUTES:
        assert getattr(ours, name).dtype == getattr(peer, name).dtype, name
    for name in ("predict", "predict_proba", "score_samples"):
        given = IRIS.astype(asked)
        assert getattr(ours, name)(given).dtype == getattr(peer, name)(given).dtype, name
    assert [part.dtype for part in ours.sample(3)] == [part.dtype for part in peer.sample(3)]
    assert type(ours.score(IRIS)) is float


@both
def test_float32_is_rounded_at_the_end_only(model):
    single = clone(model).fit(SINGLE)
    double = clone(model).fit(SINGLE.astype(float))
    assert single.mixture_ == double.mixture_
    assert single.result_.mixture.means.dtype == np.float64
    for name in ATTRIBUTES:
        found, expected = getattr(single, name), getattr(double, name)
        assert (found.dtype, expected.dtype) == (np.float32, np.float64)
        np.testing.assert_array_equal(found, expected.astype(np.float32))
        with pytest.raises(ValueError, match="read-only"):
            found[0] = 0
    for name in ANSWERS:
        found, expected = getattr(single, name)(SINGLE), getattr(double, name)(SINGLE)
        assert (found.dtype, expected.dtype) == (np.float32, np.float64)
        np.testing.assert_array_equal(found, expected.astype(np.float32))
    np.testing.assert_array_equal(single.predict(SINGLE), double.predict(SINGLE))
    assert single.score(SINGLE) == double.score(SINGLE)


@both
def test_scikit_learn_finds_that_types_are_preserved(model):
    assert get_tags(model).transformer_tags.preserves_dtype == ["float64", "float32"]
    few = clone(model).set_params(n_components=2)
    check_transformer_preserve_dtypes(type(model).__name__, few)
    assert few.fit_transform(SINGLE).dtype == np.float32


FRAMES = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "arrow": pa.table,
    "pandas with NA": lambda columns: pd.DataFrame(columns).convert_dtypes(),
}


@pytest.mark.parametrize("library", FRAMES)
@pytest.mark.parametrize("times", [1, 500], ids=["few", "many"])
def test_a_frame_is_float32_where_all_its_columns_are(library, times):
    columns = {f"x{j}": np.tile(SINGLE[:, j], times) for j in range(4)}
    others = {"x3": columns["x3"].astype(float)}, {"x3": np.int16(10 * columns["x3"])}
    single = FRAMES[library](columns)
    model = GaussianMixture(2, init_params="kmeans", random_state=0).fit(single)
    assert model.means_.dtype == model.predict_proba(single).dtype == np.float32
    for other in others:
        mixed = FRAMES[library]({**columns, **other})
        assert model.predict_proba(mixed).dtype == np.float64
        assert clone(model).fit(mixed).means_.dtype == np.float64


def test_what_is_not_float32_in_memory_gives_float64(tmp_path):
    np.save(tmp_path / "x.npy", SINGLE)
    for X in (scan(tmp_path / "x.npy"), lambda: iter([SINGLE])):
        model = GaussianMixture(2, random_state=0).fit(X)
        assert model.means_.dtype == np.float64
        assert np.asarray(model.predict_proba(X)).dtype == np.float64


def test_the_first_block_of_a_stream_says_which_type():
    model = GaussianMixture(2, random_state=0, stepwise=Stepwise(batch_rows=100))
    for block in (SINGLE, IRIS):
        model.partial_fit(block)
        assert model.means_.dtype == np.float32
    assert model.fit(IRIS).means_.dtype == np.float64
    assert model.partial_fit(SINGLE).means_.dtype == np.float64
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full_like(SINGLE, np.nan))
    assert model.means_.dtype == np.float64
    thawed = pickle.loads(pickle.dumps(model.fit(SINGLE)))
    assert thawed.predict_proba(SINGLE).dtype == np.float32


@pytest.mark.parametrize("unit", [1e-25, 1e25])
def test_what_float32_cannot_hold_stays_float64(unit):
    rows = (SINGLE * unit).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = GaussianMixture(2, random_state=0).fit(rows)
        far = model.score_samples(rows.mean(axis=0, keepdims=True) * np.float32(1e3))
        assert far.dtype == np.float32
        assert model.means_.dtype == np.float32
        assert model.covariances_.dtype == np.float64
    plain = GaussianMixture(2, random_state=0).fit(SINGLE)
    np.testing.assert_allclose(model.covariances_ / unit**2, plain.covariances_, rtol=1e-3)


def test_float32_attributes_start_another_fit():
    model = GaussianMixture(2, random_state=0).fit(SINGLE)
    own = {
        f"{name}_init": getattr(model, f"{name}_") for name in ("weights", "means", "precisions")
    }
    again = GaussianMixture(2, **own).fit(SINGLE)
    assert again.lower_bound_ == pytest.approx(model.lower_bound_, abs=1e-5)
