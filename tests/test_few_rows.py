"""Fewer rows than columns: the fit in the directions that rows have is the one in all columns."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest

from gaussmix import GaussianMixture, GaussianMixtureIC, Mixture, scan
from gaussmix.components.covariances import FullCovariances
from gaussmix.components.covariances.base import Removal
from gaussmix.components.covariances.spanned import spanned
from gaussmix.em.keeper import Keeper
from gaussmix.em.narrow import NarrowProblem
from gaussmix.exceptions import CollapseWarning, DataError, FitInterrupted
from gaussmix.families import list_families
from gaussmix.fitting import fit as fitting
from gaussmix.interchange.checkpoint import Checkpoint
from gaussmix.rows import data as rows_data
from gaussmix.rows.span import Span
from gaussmix.starts.registry import list_starts

FREE = [family.name for family in list_families() if family.coordinate_free]
# Of a log-likelihood a row: a matrix of all columns, most of whose eigenvalues are at the floor,
# has them to about eps / floor only.
ROUNDING = 2e-4
N, D, K = 24, 40, 2

every_family = pytest.mark.parametrize("family", FREE)
pytestmark = pytest.mark.filterwarnings("ignore::gaussmix.exceptions.CollapseWarning")


def few(n=N, d=D, k=K, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) + 2.0 * rng.standard_normal((k, d))[np.arange(n) % k]


def spectra(n, d, seed=1):
    """Curves: columns so alike that covariances are flatter than float64 has digits."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0.0, 1.0, d)
    waves = np.sin(6.0 * t * rng.uniform(0.99, 1.01, (n, 1)) + np.arange(n)[:, None] % 2)
    return 5.0 * rng.normal(size=(n, 1)) + 0.05 * waves + 1e-5 * rng.normal(size=(n, d))


def units(d):
    return 10.0 ** np.random.default_rng(2).uniform(-8, 8, d)


KINDS = {
    "plain": few(),
    "small": 1e-8 * few(),
    "large": 1e8 * few(),
    "far from 0": few() + 1e8,
    "tiny": 1e-139 * few(),
    "many units": few() * units(D),
    "huge": 1e139 * few(),
    "many more columns": few(20, 150, 3),
    "curves": spectra(N, 200),
    "heavy tails": np.exp(few()),
    "counts": np.random.default_rng(3).poisson(2.0, (N, D)).astype(float),
    "repeated rows": np.repeat(few(N // 2), 2, axis=0),
    "single precision": few().astype(np.float32),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def in_all_columns(monkeypatch):
    """Return what a call makes where no direction is left out."""

    def call(function):
        with monkeypatch.context() as patch:
            patch.setattr(rows_data, "_MOST_DIRECTIONS", 0.0)
            return function()

    return call


@pytest.fixture
def problems(monkeypatch):
    """The problems that fits were made of."""
    seen, fit = [], fitting.fit

    def noting(problem, *given):
        seen.append(problem)
        return fit(problem, *given)

    monkeypatch.setattr(fitting, "fit", noting)
    return seen


def model(family, k=K, **options):
    return GaussianMixture(k, covariance_type=family, random_state=0, **options)


def assert_same(found, expected, X):
    """Two fits of the same rows are one: deviations are the units."""
    X = np.asarray(X, dtype=float)
    deviations, extent = X.std(axis=0), np.abs(X).max(axis=0)
    off = np.abs(found.means_ - expected.means_)
    assert (off <= 1e-9 * deviations + 1e-15 * extent).all()
    turned = np.abs(found.covariances_ - expected.covariances_)
    assert (turned / deviations / deviations[:, None] <= 1e-9).all()
    np.testing.assert_allclose(found.weights_, expected.weights_, rtol=0, atol=1e-12)
    assert found.lower_bound_ == pytest.approx(expected.lower_bound_, rel=0, abs=ROUNDING)
    assert (found.predict(X) == expected.predict(X)).all()
    assert found.result_.collapsed == expected.result_.collapsed
    assert found.result_.status == expected.result_.status
    assert found.result_.n == expected.result_.n
    assert found.result_.model == expected.result_.model
    np.testing.assert_array_equal(found.result_.floor, expected.result_.floor)
    np.testing.assert_allclose(
        found.result_.statistics.counts, expected.result_.statistics.counts, rtol=1e-12
    )


# -- the same fit --------------------------------------------------------------------------


@every_family
@every_kind
def test_it_is_the_fit_in_all_columns(family, kind, in_all_columns, problems):
    X = KINDS[kind]
    start = np.arange(len(X)) % (3 if kind == "many more columns" else K)
    own = model(family, start.max() + 1, init_params=start)
    found = own.fit(X)
    expected = in_all_columns(lambda: model(**own_options(own)).fit(X))
    assert [type(problem) is NarrowProblem for problem in problems] == [True, False]
    assert_same(found, expected, X)


def own_options(own):
    return {
        "family": own.covariance_type,
        "k": own.n_components,
        "init_params": own.init_params,
    }


@every_family
@pytest.mark.parametrize("start", list_starts())
def test_it_is_so_from_every_start(family, start, in_all_columns):
    X = few() * units(D)
    found, expected = (
        make(lambda: model(family, init_params=start).fit(X))
        for make in (lambda call: call(), in_all_columns)
    )
    assert_same(found, expected, X)
    for own, other in zip(found.result_.optima, expected.result_.optima, strict=False):
        assert own.log_likelihood == pytest.approx(other.log_likelihood, abs=ROUNDING * N)
        assert own.leave_one_out == pytest.approx(other.leave_one_out, rel=1e-6)
        assert own.icl == pytest.approx(other.icl, abs=2 * ROUNDING * N)
        assert own.volume_ratio == pytest.approx(other.volume_ratio, rel=1e-5)
        assert own.smallest == pytest.approx(other.smallest)


@every_family
@pytest.mark.parametrize(
    "what", ["responsibilities", "several starts", "weights of components", "equal weights"]
)
def test_it_is_so_with_other_options(family, what, in_all_columns, problems):
    X, rng = few(), np.random.default_rng(4)
    options = {
        "responsibilities": {"init_params": rng.dirichlet([1.0] * K, N)},
        "several starts": {"init_params": "random", "n_init": 3},
        "weights of components": {"init_params": "kmeans", "weights_init": [0.25, 0.75]},
        "equal weights": {"equal_weights": True},
    }[what]
    found = model(family, **options).fit(X)
    assert all(type(problem) is NarrowProblem for problem in problems)
    assert_same(found, in_all_columns(lambda: model(family, **options).fit(X)), X)


@every_family
def test_it_is_so_with_weights_and_known_components(family, in_all_columns, problems):
    X, rng = few(), np.random.default_rng(5)
    weights = rng.integers(0, 4, N).astype(float)
    X[weights == 0] = 50.0  # takes no part, wherever it is
    known = np.where(rng.random(N) < 0.3, np.arange(N) % K, -1)
    given = {"sample_weight": weights, "known": known}
    own = {"init_params": "kmeans"}
    found = model(family, **own).fit(X, **given)
    assert type(problems[-1]) is NarrowProblem
    expected = in_all_columns(lambda: model(family, **own).fit(X, **given))
    assert_same(found, expected, X)
    used = known[weights > 0]
    labels = found.predict(X[weights > 0])
    assert (labels[used >= 0] == used[used >= 0]).all()


@every_family
def test_it_is_so_where_values_are_missing(family, in_all_columns, problems):
    X, known = few(), np.where(np.arange(N) < 10, np.arange(N) % K, -1)
    X[3, 5], X[20] = np.nan, np.nan
    options = {"missing": "drop", "init_params": "kmeans"}
    found = model(family, **options).fit(X, known=known)
    assert type(problems[-1]) is NarrowProblem
    expected = in_all_columns(lambda: model(family, **options).fit(X, known=known))
    assert found.result_.n_dropped == 2
    assert found.lower_bound_ == pytest.approx(expected.lower_bound_, abs=ROUNDING)
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))
    np.testing.assert_allclose(found.covariances_, expected.covariances_, atol=1e-9)


@every_family
def test_weights_are_repeated_rows(family):
    X, start = few(), np.arange(N) % K
    weights = np.where(np.arange(N) < 5, 2.0, 1.0)
    rows = np.repeat(np.arange(N), weights.astype(int))
    found = model(family, init_params=start).fit(X, sample_weight=weights)
    expected = model(family, init_params=start[rows]).fit(X[rows])
    np.testing.assert_allclose(found.means_, expected.means_, atol=1e-10)
    np.testing.assert_allclose(found.covariances_, expected.covariances_, atol=1e-10)
    assert found.lower_bound_ == pytest.approx(expected.lower_bound_, abs=1e-9)


@every_family
def test_rows_of_a_file_are_rows_in_memory(family, tmp_path, problems):
    X = few().round(6)
    path = tmp_path / "rows.csv"
    np.savetxt(path, X, delimiter=",", header=",".join(f"x{j}" for j in range(D)), comments="")
    found = model(family, init_params="kmeans").fit(scan(path))
    assert type(problems[-1]) is NarrowProblem
    assert_same(found, model(family, init_params="kmeans").fit(X), X)
    assert found.mixture_.feature_names == tuple(f"x{j}" for j in range(D))


def test_columns_in_another_order_are_the_same_fit():
    X, order = few(), np.random.default_rng(6).permutation(D)
    found, other = (model("full").fit(rows) for rows in (X, X[:, order]))
    np.testing.assert_allclose(other.means_, found.means_[:, order], atol=1e-10)
    assert other.lower_bound_ == pytest.approx(found.lower_bound_, abs=1e-9)


# -- what is told of it ----------------------------------------------------------------------


@every_family
@every_kind
def test_it_never_falls_and_its_value_is_the_mixtures(family, kind):
    X = KINDS[kind]
    seen = []
    start = np.random.default_rng(7).dirichlet([1.0] * K, len(X))
    found = model(family, init_params=start, callback=seen.append).fit(X)
    trace = np.array(found.history_.log_likelihood)
    assert np.diff(trace).min(initial=0.0) >= -1e-9 * np.abs(trace).max()
    told = [iteration.log_likelihood * len(X) for iteration in seen]
    np.testing.assert_allclose(told, trace[: len(told)], rtol=1e-12)
    assert found.score(X) == pytest.approx(found.lower_bound_, abs=ROUNDING)
    assert found.result_.log_likelihood == trace[-1]


@every_family
def test_new_rows_lie_where_all_columns_say(family, in_all_columns):
    """Off the span of the rows as well: there are columns that no row was needed for."""
    X, new = few(), few(50, seed=8) * 0.1
    start = np.arange(N) % K
    found = model(family, init_params=start).fit(X)
    expected = in_all_columns(lambda: model(family, init_params=start).fit(X))
    np.testing.assert_allclose(
        found.score_samples(new), expected.score_samples(new), rtol=1e-4, atol=0
    )
    np.testing.assert_allclose(
        found.precisions_, expected.precisions_, atol=1e-4 * np.abs(expected.precisions_).max()
    )


@every_family
def test_the_statistics_are_those_of_the_mixture(family):
    X = few()
    result = model(family).fit(X).result_
    shares = result.mixture.responsibilities(X)
    np.testing.assert_allclose(result.statistics.counts, shares.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(result.statistics.means, result.mixture.means, atol=1e-12)
    about = X - result.mixture.means[:, None]
    scatters = np.swapaxes(about, 1, 2) @ (about * shares.T[:, :, None])
    pooled = len(result.statistics.scatters) == 1
    expected = scatters.sum(axis=0, keepdims=True) if pooled else scatters
    np.testing.assert_allclose(result.statistics.scatters, expected, atol=1e-9)


@every_family
def test_saved_models_and_copies_are_plain_mixtures(family, tmp_path):
    X = few()
    found = model(family).fit(X)
    assert type(found.mixture_.covariances) is FullCovariances
    found.mixture_.save(tmp_path / "mixture.json")
    loaded = Mixture.load(tmp_path / "mixture.json")
    np.testing.assert_array_equal(loaded.covariances.values, found.mixture_.covariances.values)
    copied = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(copied.predict(X), found.predict(X))
    assert str(found.result_.summary()) == str(copied.result_.summary())


def test_components_are_in_the_documented_order():
    found = model("full", 3).fit(few(k=3))
    assert (np.diff(found.means_[:, 0]) >= 0).all()


def test_a_callback_that_interrupts_keeps_the_best():
    def stop(iteration):
        if iteration.number == 1:
            raise KeyboardInterrupt

    X, start = few(), np.random.default_rng(9).dirichlet([1.0] * K, N)
    own = model("full", init_params=start, callback=stop)
    with pytest.raises(FitInterrupted) as raised:
        own.fit(X)
    result = raised.value.result
    assert result.mixture.means.shape == (K, D)
    assert result.log_likelihood == result.history.log_likelihood[-1]
    assert own.score(X) == pytest.approx(result.log_likelihood / N, abs=ROUNDING)


def test_rows_done_are_told():
    class Tell:
        rows = 0

        def __call__(self, iteration):
            self.last = iteration

        def progress(self, progress):
            self.rows, self.n_rows = progress.rows, progress.n_rows

    tell = Tell()
    start = np.random.default_rng(9).dirichlet([1.0] * K, N)
    model("full", init_params=start, callback=tell).fit(few())
    assert (tell.rows, tell.n_rows) == (N, N)


# -- where it is not so ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"family": "diag"},
        {"family": "EVV"},
        {"family": "full", "reg_covar": 1e-6},
        {"family": "full", "prior": "conjugate"},
        {"family": "full", "means_init": few()[:K]},
    ],
    ids=lambda options: ", ".join(map(str, options)),
)
def test_what_depends_on_columns_is_fitted_in_them(options, problems):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model(**options, max_iter=3).fit(few())
    assert not any(isinstance(problem, NarrowProblem) for problem in problems)


def test_states_that_are_kept_are_in_columns(tmp_path, problems):
    X, path = few(), tmp_path / "state"
    kept = model("full", checkpoint=Checkpoint(path)).fit(X)
    assert not any(isinstance(problem, NarrowProblem) for problem in problems)
    assert not Keeper.saves
    assert kept.lower_bound_ == pytest.approx(model("full").fit(X).lower_bound_, abs=ROUNDING)


def test_a_mixture_given_as_a_start_is_fitted_in_all_columns(problems):
    X = few()
    first = model("full").fit(X)
    problems.clear()
    model("full", init_params=first.mixture_).fit(X)
    assert not any(isinstance(problem, NarrowProblem) for problem in problems)


def test_nearly_as_many_rows_as_columns_are_fitted_in_all(problems):
    model("full", init_params="kmeans").fit(few(D - 2))
    assert not any(isinstance(problem, NarrowProblem) for problem in problems)


@pytest.mark.parametrize("move", [lambda X: X + 1e10, lambda X: np.r_[X[:-1], X[-1:] + 1e6]])
def test_what_float64_hardly_tells_apart_is_fitted_in_all_columns(move, problems):
    X = move(few())
    found = model("full", init_params="kmeans").fit(X)
    assert not any(isinstance(problem, NarrowProblem) for problem in problems)
    assert found.score(X) == pytest.approx(found.lower_bound_, rel=1e-9)


def test_errors_are_those_of_the_columns():
    X = few()
    with pytest.raises(DataError, match=r"column 3 \(always 7\)"):
        model("full").fit(np.where(np.arange(D) == 3, 7.0, X))
    X[:, 5] = 2.0 * X[:, 4]
    with pytest.raises(DataError, match="column 4 and column 5"):
        model("full").fit(X)


def test_that_covariances_are_held_is_told():
    with pytest.warns(CollapseWarning, match="held at a floor"):
        model("full").fit(few())


@pytest.mark.parametrize("criterion", ["bic", "cv"])
def test_a_search_does_not_try_what_must_collapse(criterion, monkeypatch):
    """Covariances of any orientation do, whatever the family: none of them is estimated."""
    oriented = [f for f in list_families() if f.held is FullCovariances]
    assert len(oriented) == 8

    def refuse(*_):
        raise AssertionError("an estimate was made")

    for family in oriented:
        monkeypatch.setattr(type(family), "estimate", refuse)
    with pytest.warns(UserWarning, match="collapse"):
        search = GaussianMixtureIC((1, 2), criterion=criterion, random_state=0).fit(few())
    assert search.best_family_.endswith("I")
    told = {row["family"]: row["reason"] for row in search.results_}
    assert all("24 rows" in told[f.name] or "rows of 40" in told[f.name] for f in oriented)


@pytest.mark.parametrize("options", [{"reg_covar": 0.1}, {"prior": "conjugate"}])
def test_a_search_tries_what_is_kept_from_collapse(options):
    search = GaussianMixtureIC((1, 2), families=["full"], random_state=0, **options).fit(few())
    assert search.best_family_ == "VVV"


def test_a_search_in_as_many_rows_as_columns_and_one_more():
    search = GaussianMixtureIC((1,), families=["full"], random_state=0).fit(few(D + 2))
    assert search.best_family_ == "VVV"


# -- the pieces ------------------------------------------------------------------------------


def test_a_span_holds_its_rows():
    X = few() * units(D) + 1e3
    span = Span.of(X, X.mean(axis=0), X.var(axis=0))
    inner = span.coordinates(X)
    assert inner.shape == (N, N + 1)
    assert (inner[:, -1] == 0).all()
    np.testing.assert_allclose(span.points(inner), X, rtol=1e-10)
    lengths = np.square((X - span.center) / span.roots).sum(axis=1)
    np.testing.assert_allclose(np.square(inner).sum(axis=1), lengths, rtol=1e-12)
    assert span.n_left_out == D - N


@pytest.mark.parametrize("longest", [1.0, 1e3])
@pytest.mark.parametrize("shared", [False, True])
def test_spanned_covariances_are_full_ones_of_the_whole(shared, longest):
    """Against dense matrices, where these have digits enough: a floor of 1e-4."""
    rng = np.random.default_rng(10)
    rows = rng.normal(size=(6, 15)) * np.geomspace(1.0, np.sqrt(longest), 15)
    scales = np.ones(15)
    span = Span.of(rows, np.zeros(15), scales)
    inner = span.coordinates(rows)
    values = np.array([inner[:4].T @ inner[:4], inner[2:].T @ inner[2:]])[: 1 if shared else 2]
    kind = spanned(span.n_left_out, span.log_volume)
    floor = 1e-4
    own, changed = kind(values, 2, 7, shared).floored(np.full(7, floor))
    assert changed.all()
    assert own.are_best(np.full(7, floor))
    assert own.floored(np.full(7, floor))[0] is own
    whole = FullCovariances(span.scaled(own.outside(span.axes)), 2, 15, shared)
    dense = np.array([rows[:4].T @ rows[:4], rows[2:].T @ rows[2:]])[: 1 if shared else 2]
    expected = FullCovariances(dense, 2, 15, shared).floored(np.full(15, floor))[0]
    np.testing.assert_allclose(whole.values, expected.values, atol=1e-13 * longest)
    again = kind(own.values, 2, 7, shared)  # nothing known but the values
    for held in (own, again, own.apart(), kind.joined([own])):
        np.testing.assert_allclose(held.log_det()[0], whole.log_det()[0], rtol=1e-5)
        np.testing.assert_allclose(held.log_norm()[0], whole.log_norm()[0], rtol=1e-5)
        np.testing.assert_allclose(
            held.mahalanobis(0, inner), whole.mahalanobis(0, rows), rtol=1e-4, atol=1e-8
        )
    removal = Removal(np.full(6, 0.5), 4.0, 4.0)
    found = [held.left_out(1, at, removal) for held, at in ((own, inner), (whole, rows))]
    for mine, its in zip(*found, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-6)
    products = own.factors @ np.swapaxes(own.factors, 1, 2)
    np.testing.assert_allclose(products, own.values, atol=1e-13 * longest)
    white = own.whiten(0, inner)
    np.testing.assert_allclose(own.unwhiten(0, white), inner, atol=1e-10 * np.sqrt(longest))


def test_a_needle_is_floored_relative_to_its_length_in_all_directions():
    kind = spanned(50, 0.0)
    values = np.zeros((1, 3, 3))
    values[0, 0, 0] = 1e6
    held, changed = kind(values, 1, 3).floored(np.full(3, 1e-10))
    assert changed.all()
    assert not held.are_best(np.full(3, 1e-10))
    np.testing.assert_allclose(held.values[0], np.diag([1e6, 1e-6, 1e-6]))
    np.testing.assert_allclose(held.log_det(), np.log(1e6) + 51 * np.log(1e-6))
