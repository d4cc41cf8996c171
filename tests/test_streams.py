"""partial_fit: blocks seen once, old ones forgotten, and where the batch would end."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from gaussmix import DataError, GaussianMixture, ParameterError, Status, Stepwise
from tests.variants import FAMILIES, blobs

every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)


def streamed(model, X, size, weights=None, known=None):
    """Give the rows to partial_fit in blocks of a size."""
    for i in range(0, len(X), size):
        own = slice(i, i + size)
        model.partial_fit(
            X[own],
            sample_weight=None if weights is None else weights[own],
            known=None if known is None else known[own],
        )
    return model


def finite(model):
    parts = (model.weights_, model.means_, model.mixture_.covariances.values)
    return all(np.isfinite(part).all() for part in parts)


@every_family
def test_blocks_of_iid_rows_lead_to_the_optimum_of_the_batch(family):
    X, _ = blobs(n=20_000, d=2, seed=1, separation=5.0)
    model = streamed(GaussianMixture(3, covariance_type=family, random_state=0), X, 500)
    assert model.status_ is Status.STREAMED
    # The optimum of the hill that the first rows have led to.
    batch = GaussianMixture(3, covariance_type=family, init_params=model.mixture_).fit(X)
    assert 0.0 <= batch.lower_bound_ - model.score(X) < 1e-3
    assert model.mixture_.allclose(batch.mixture_, rtol=0.1, atol=0.1)


def test_more_rows_come_closer_to_the_optimum():
    X, _ = blobs(n=60_000, d=2, seed=2, separation=1.5)
    best = GaussianMixture(3, random_state=0).fit(X).lower_bound_
    model, gaps = GaussianMixture(3, random_state=0), []
    for i in range(0, len(X), 500):
        model.partial_fit(X[i : i + 500])
        if i + 500 in (1000, 10_000, 60_000):
            gaps.append(best - model.score(X))
    assert gaps[0] > 3 * gaps[1] > 3 * gaps[2] > 0


@pytest.mark.parametrize("size", [10, 100, 3000, 10_000])
def test_where_the_stream_is_cut_changes_little(size):
    X, _ = blobs(n=10_000, d=2, seed=3, separation=5.0)
    model = GaussianMixture(3, random_state=0, stepwise=Stepwise(batch_rows=900))
    one = streamed(clone(model).partial_fit(X[:900]), X[900:], 450)
    other = streamed(clone(model).partial_fit(X[:900]), X[900:], size)
    assert other.n_samples_seen_ == one.n_samples_seen_ == len(X)
    assert other.mixture_.allclose(one.mixture_, rtol=0.03, atol=0.05)


def test_one_row_at_a_time():
    X, _ = blobs(n=1500, d=2, seed=4)
    model = GaussianMixture(3, random_state=0, stepwise=Stepwise(batch_rows=500))
    for row in X:
        model.partial_fit(row[None])
    best = GaussianMixture(3, random_state=0).fit(X)
    assert finite(model)
    assert best.lower_bound_ - model.score(X) < 0.02


def test_a_block_sorted_by_component_is_no_drift():
    X, labels = blobs(n=20_000, d=2, seed=5)
    X = X[np.argsort(labels, kind="stable")]
    best = GaussianMixture(3, random_state=0).fit(X)
    model = GaussianMixture(3, random_state=0, stepwise=Stepwise(batch_rows=500))
    model.partial_fit(X[::40]).partial_fit(X)
    np.testing.assert_allclose(model.weights_, best.weights_, atol=0.02)


def test_the_order_of_blocks_changes_little():
    X, _ = blobs(n=20_000, d=2, seed=6, separation=5.0)
    model = GaussianMixture(3, random_state=0)
    model.partial_fit(X[:1000])
    back = pickle.loads(pickle.dumps(model))
    streamed(model, X[1000:], 1000)
    streamed(back, X[:999:-1], 1000)
    assert model.mixture_.allclose(back.mixture_, rtol=0.1, atol=0.1)


@every_family
def test_a_drift_is_followed(family):
    rng = np.random.default_rng(0)
    centers = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])
    model = GaussianMixture(
        3, covariance_type=family, random_state=0, stepwise=Stepwise(memory=1000, batch_rows=600)
    )
    for block in range(60):
        shift = 0.2 * block  # a tenth of a standard deviation every 50 rows
        labels = rng.integers(3, size=300)
        rows = centers[labels] + shift + rng.standard_normal((300, 2))
        model.partial_fit(rows)
    # The mixture is where the stream was a memory ago: 1000 rows, 0.67.
    lag = centers + 0.2 * 59 - 0.2 * 1000 / 300
    found = model.means_[np.argsort(model.means_ @ [1.0, 1.01])]
    expected = lag[np.argsort(lag @ [1.0, 1.01])]
    np.testing.assert_allclose(found, expected, atol=0.35)


def test_without_a_memory_old_rows_count_as_long_as_documented():
    X = np.random.default_rng(0).standard_normal((4000, 1)) + np.repeat([0.0, 10.0], 2000)[:, None]
    mean = streamed(GaussianMixture(stepwise=Stepwise(exponent=1, delay=0)), X, 100).means_
    np.testing.assert_allclose(mean, X.mean(axis=0)[None], rtol=1e-10)


@every_family
def test_a_weight_is_a_repeated_row(family):
    X, _ = blobs(n=4000, d=2, seed=7)
    weights = np.random.default_rng(1).integers(0, 4, len(X)).astype(float)
    start = GaussianMixture(
        3, covariance_type=family, random_state=0, stepwise=Stepwise(batch_rows=1200)
    ).fit(X[:1000])
    weighted, repeated = pickle.loads(pickle.dumps((start, start)))
    for i in range(1000, 4000, 250):
        own = slice(i, i + 250)
        weighted.partial_fit(X[own], sample_weight=weights[own])
        repeated.partial_fit(np.repeat(X[own], weights[own].astype(int), axis=0))
    assert weighted.mixture_.allclose(repeated.mixture_, rtol=1e-7, atol=1e-9)
    assert weighted.lower_bound_ == pytest.approx(repeated.lower_bound_, rel=1e-9)
    assert weighted.result_.n == pytest.approx(repeated.result_.n, rel=1e-9)


def test_the_scale_of_weights_does_not_matter():
    X, _ = blobs(n=3000, d=2, seed=8)
    weights = np.random.default_rng(1).uniform(0.5, 1.5, len(X))
    model = GaussianMixture(3, random_state=0, stepwise=Stepwise(batch_rows=300, memory=2000))
    one = streamed(clone(model), X, 200, weights)
    other = streamed(clone(model), X, 200, 1e-3 * weights)
    assert one.mixture_.allclose(other.mixture_, rtol=1e-6)


def test_after_fit_the_stream_goes_on_from_it():
    X, _ = blobs(n=6000, d=2, seed=9)
    options = {"random_state": 0, "tol": 1e-9, "stepwise": Stepwise(batch_rows=3000)}
    model = GaussianMixture(3, **options).fit(X[:3000])
    fitted = model.mixture_
    model.partial_fit(X[:3000])  # the same rows again: nothing to learn
    assert model.mixture_.allclose(fitted, rtol=1e-4)
    model.partial_fit(X[3000:])
    assert model.n_samples_seen_ == 9000
    anew = model.fit(X)
    assert anew.mixture_ == GaussianMixture(3, **options).fit(X).mixture_
    assert anew.n_samples_seen_ == len(X)


def test_warm_start_after_a_stream_starts_from_it():
    X, _ = blobs(n=6000, d=2, seed=9)
    model = streamed(GaussianMixture(3, random_state=0, warm_start=True, max_iter=1, tol=0), X, 500)
    reached = model.score(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X)
    assert model.history_.log_likelihood[0] / len(X) == pytest.approx(reached, rel=1e-12)


def test_the_first_rows_wait():
    X, _ = blobs(n=2000, d=2, seed=10)
    model = GaussianMixture(3, random_state=0)
    model.partial_fit(X[:1])
    with pytest.raises(NotFittedError, match=r"seen 1 rows, and starts with 900: call partial_fit"):
        model.predict(X)
    block = X[1:899].copy()
    model.partial_fit(block)
    block[:] = 1e6  # a caller's buffer, used again
    assert not hasattr(model, "mixture_")
    model.partial_fit(X[899:900])
    first = GaussianMixture(3, random_state=0).fit(X[:900])
    assert model.mixture_ == first.mixture_
    assert model.n_samples_seen_ == 900


def test_first_rows_that_cannot_support_the_model_wait_for_others():
    X, _ = blobs(n=2000, d=2, seed=11)
    still = X.copy()
    still[:, 1] = 3.0
    options = {"random_state": 0, "stepwise": Stepwise(batch_rows=200)}
    model = GaussianMixture(3, **options).partial_fit(still[:200])
    assert not hasattr(model, "mixture_")
    model.partial_fit(X[200:600])
    # A third of the rows seen are tied: a component of them weighs enough, but must not stay.
    assert not hasattr(model, "mixture_")
    streamed(model, X[600:], 700)
    assert finite(model) and not model.result_.collapsed
    silent = GaussianMixture(3, **options)
    with pytest.raises(DataError, match=r"constant: column 1 \(always 3\)"):
        streamed(silent, np.tile(still, (7, 1)), 1000)


def test_a_step_of_one_row_still_starts_from_enough():
    X, _ = blobs(n=400, d=2, seed=17)
    model = GaussianMixture(3, random_state=0, stepwise=Stepwise(batch_rows=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = streamed(model, X, 3)
    assert finite(model)
    assert model.n_samples_seen_ == 400


@every_family
@pytest.mark.parametrize("memory", [None, 50])
def test_it_never_ends_in_nan(family, memory):
    """A component dies, a column stands still, rows repeat: covariances stay above a floor."""
    rng = np.random.default_rng(3)
    X, _ = blobs(n=400, d=2, seed=12)
    model = GaussianMixture(
        3,
        covariance_type=family,
        random_state=0,
        stepwise=Stepwise(memory=memory, batch_rows=100),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.partial_fit(X)
        for _ in range(15):
            model.partial_fit(np.column_stack([rng.standard_normal(100), np.full(100, 2.0)]))
            assert finite(model)
        model.partial_fit(np.tile([[1.0, 2.0]], (5000, 1)))
        assert finite(model)
        streamed(model, X, 50)
        assert finite(model)
        assert np.isfinite(model.score_samples(X)).all()


@pytest.mark.parametrize(
    "options",
    [{"prior": "conjugate"}, {"noise": 0.1}, {"equal_weights": True}, {"reg_covar": 0.01}],
    ids=lambda o: next(iter(o)),
)
def test_every_option_of_fit_has_its_effect(options):
    X, _ = blobs(n=20_000, d=2, seed=13, separation=5.0)
    if "noise" in options:
        X[::10] = np.random.default_rng(0).uniform(-9, 9, (2000, 2))
    batch = GaussianMixture(3, random_state=0, **options).fit(X)
    model = streamed(GaussianMixture(3, random_state=0, **options), X, 1000)
    assert batch.score(X) - model.score(X) < 2e-3
    assert (model.mixture_.noise is None) == (batch.mixture_.noise is None)


def test_known_labels_are_kept():
    X, labels = blobs(n=6000, d=2, seed=14, separation=1.0)
    known = np.where(np.arange(len(X)) % 3, -1, labels)
    with_labels = streamed(GaussianMixture(3, random_state=0), X, 1000, known=known)
    assert (with_labels.predict(X) == labels).mean() > 0.6
    assert np.argmax(with_labels.means_ @ [1, 0]) == np.argmax(
        [X[labels == k].mean(axis=0)[0] for k in range(3)]
    )


BAD_BLOCKS = {
    "nan": (np.full((5, 2), np.nan), DataError, "NaN"),
    "beyond": (np.full((5, 2), 1e160), DataError, "column 0 holds 1e\\+160"),
    "one row": (np.full((1, 2), 1e200), DataError, "column 0 holds 1e\\+200"),
    "infinity": (np.array([[0.0, np.inf]]), DataError, "infinity"),
    "empty": (np.zeros((0, 2)), ValueError, "0 sample"),
    "overflow": (np.array([[0.0, 0.0], [1e200, 0.0]]), DataError, "column 0 holds"),
    "columns": (np.zeros((5, 3)), ValueError, "3 features"),
    "factory": (lambda: iter([np.zeros((5, 2))]), DataError, "one block of rows in memory"),
}


@pytest.mark.parametrize("bad", BAD_BLOCKS)
def test_a_bad_block_changes_nothing(bad):
    block, error, message = BAD_BLOCKS[bad]
    X, _ = blobs(n=3000, d=2, seed=15)
    model = streamed(GaussianMixture(3, random_state=0), X[:2000], 500)
    peer = streamed(GaussianMixture(3, random_state=0), X[:2000], 500)
    with pytest.raises(error, match=message):
        model.partial_fit(block)
    assert model.mixture_ == peer.mixture_
    assert model.partial_fit(X[2000:]).mixture_ == peer.partial_fit(X[2000:]).mixture_


@pytest.mark.parametrize("bad", BAD_BLOCKS)
@pytest.mark.parametrize("n_waiting", [0, 20])
def test_a_bad_block_does_not_wait(bad, n_waiting):
    block, error, message = BAD_BLOCKS[bad]
    X, _ = blobs(n=3000, d=2, seed=15)
    model, peer = (GaussianMixture(3, random_state=0) for _ in range(2))
    if n_waiting:
        model.partial_fit(X[:n_waiting]), peer.partial_fit(X[:n_waiting])
    elif bad == "columns":
        return  # the first block says how many there are
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        with pytest.raises(error, match=message):
            model.partial_fit(block)
    assert vars(model).keys() == vars(peer).keys()
    for own in (model, peer):
        own.partial_fit(X[n_waiting:])
    assert model.mixture_ == peer.mixture_


def test_blocks_whose_weights_or_labels_are_bad_do_not_wait():
    X, _ = blobs(n=3000, d=2, seed=15)
    model = GaussianMixture(3, random_state=0).partial_fit(X[:20])
    weights = np.ones(20)
    with pytest.raises(ParameterError, match="all weights are zero"):
        model.partial_fit(X[20:40], sample_weight=0.0 * weights)
    with pytest.raises(ParameterError, match="largest weight"):
        model.partial_fit(X[20:40], sample_weight=1e200 * weights)
    with pytest.raises(ParameterError, match="known: labels must be"):
        model.partial_fit(X[20:40], known=[-1, 7] + [0] * 18)
    weights[0] = 0.0
    held = X[20:40].copy()
    held[0] = 1e300  # of weight 0: it might as well not be there
    model.partial_fit(held, sample_weight=weights)


def test_a_refused_block_leaves_options_of_the_stream_as_they_were():
    X, _ = blobs(n=3000, d=2, seed=15)
    model = GaussianMixture(3, random_state=0).partial_fit(X[:1000])
    model.set_params(reg_covar=5.0)
    before = model._streams.model
    with pytest.raises(DataError):
        model.partial_fit([[np.nan, 0.0]])
    assert model._streams.model is before


def test_bad_options_are_named():
    X, _ = blobs(n=100)
    for options, message in [
        ({"exponent": 0.5}, "exponent: expected a number above 0.5"),
        ({"exponent": 2}, "exponent"),
        ({"memory": 0}, "memory: expected a positive"),
        ({"memory": -1}, "memory"),
        ({"batch_rows": 0}, "batch_rows"),
        ({"delay": -1}, "delay"),
    ]:
        with pytest.raises(ParameterError, match=message):
            Stepwise(**options)
    with pytest.raises(ParameterError, match=r"stepwise: expected None or Stepwise"):
        GaussianMixture(stepwise=0.7).partial_fit(X)
    model = GaussianMixture(2, random_state=0).fit(X).set_params(n_components=3)
    with pytest.raises(ParameterError, match=r"goes on with 2 components.*n_components=3"):
        model.partial_fit(X)


def test_a_stream_survives_pickling_and_clones_begin_anew():
    X, _ = blobs(n=4000, d=2, seed=16)
    model = streamed(GaussianMixture(3, random_state=0), X[:2000], 300)
    again = pickle.loads(pickle.dumps(model))
    assert streamed(model, X[2000:], 300).mixture_ == streamed(again, X[2000:], 300).mixture_
    with pytest.raises(NotFittedError):
        clone(model).predict(X)


def test_a_far_row_among_the_first_of_a_stream_does_not_set_the_floor():
    rng = np.random.default_rng(3)
    X = 8.0 * rng.integers(2, size=12_000)[:, None] + rng.standard_normal((12_000, 2))
    X[100] = 1e9
    model = streamed(GaussianMixture(3, random_state=0, stepwise=Stepwise(batch_rows=500)), X, 500)
    np.testing.assert_allclose(model.means_[:2], [[0.0, 0.0], [8.0, 8.0]], atol=0.1)
    np.testing.assert_allclose(model.mixture_.covariances.variances()[:2], 1.0, atol=0.1)
    assert model.result_.collapsed == (2,)  # one row has no width


def test_a_far_row_in_a_stream_does_not_set_the_floor():
    rng = np.random.default_rng(3)
    X = 8.0 * rng.integers(2, size=6000)[:, None] + rng.standard_normal((6000, 2))
    X[2500] = 1e9
    model = GaussianMixture(3, random_state=0, stepwise=Stepwise(batch_rows=500))
    for first in range(0, 6000, 500):
        model.partial_fit(X[first : first + 500])
        # The component that took the row in is lost to it for a while; the others are not.
        assert len(model.result_.collapsed) <= 1
    near = np.abs(model.means_).max(axis=1) < 20.0
    assert near.sum() == 2
    assert model.mixture_.covariances.variances()[near].max() < 1.5
