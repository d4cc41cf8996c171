"""Fits of anything to anything: right, or refused with a reason.

Data are of every awkward kind at any scale; families, starts, dtypes and options are drawn from
their tables.  `make fuzz` tries many more, and others each time.
"""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from gaussmix import CollapseWarning, DataWarning, GaussianMixture, GaussianMixtureIC, Stepwise
from gaussmix.em.choices import list_choices
from gaussmix.exceptions import GaussmixError
from gaussmix.starts import list_starts
from tests.variants import FAMILIES

# How many are tried; GAUSSMIX_FUZZ=10000 makes it a long run of examples never seen before.
MANY = int(os.environ.get("GAUSSMIX_FUZZ", "0"))
fuzzed = settings(
    max_examples=MANY or 150,
    derandomize=not MANY,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# Some tests fit more than once.
fewer = settings(fuzzed, max_examples=MANY // 4 or 50)
NAMES = [family.name for family in FAMILIES]
# Whose estimates follow the units of each feature.
EQUIVARIANT = {"VVV", "EEE", "EVV", "VVI", "EEI", "EVI", "VEI", "VEE"}


# -- data of every awkward kind -----------------------------------------------------------------


def clusters(rng, n, d):
    return 4.0 * rng.normal(size=(3, d))[rng.integers(3, size=n)] + rng.normal(size=(n, d))


def rounded(rng, n, d):
    return np.round(clusters(rng, n, d))


def tied(rng, n, d):
    X = clusters(rng, n, d)
    X[rng.random(n) < 0.3, 0] = -9.0
    return X


def far(rng, n, d):
    X = clusters(rng, n, d)
    X[: rng.integers(1, 3)] = 10.0 ** rng.integers(3, 12)
    return X


def switches(rng, n, d):
    return rng.integers(0, 2, size=(n, d)).astype(float)


def copies(rng, n, d):
    return clusters(rng, n, d)[rng.integers(max(2, n // 6), size=n)]


def heavy(rng, n, d):
    return rng.standard_cauchy(size=(n, d))


def flat(rng, n, d):
    X = clusters(rng, n, d)
    X[:, -1] = X[:, 0] + 1e-7 * rng.normal(size=n)
    return X


def compositions(rng, n, d):
    return 100.0 * rng.dirichlet(np.full(d, 2.0), n) if d > 1 else clusters(rng, n, d)


def counts(rng, n, d):
    return rng.poisson(0.3, size=(n, d)).astype(float)


def spread_out(rng, n, d):
    return np.exp(8.0 * rng.normal(size=(n, d)))


KINDS = [
    clusters, rounded, tied, far, switches, copies, heavy, flat, compositions, counts, spread_out,
]  # fmt: skip


@contextmanager
def no_warnings():
    """Let none through that is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", CollapseWarning)
        warnings.simplefilter("ignore", DataWarning)  # of two values, say
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@dataclass
class Case:
    """A fit to be tried."""

    kind: str
    X: np.ndarray
    k: int
    weights: np.ndarray | None
    options: dict = field(default_factory=dict)

    def model(self, **options):
        return GaussianMixture(self.k, **{**self.options, **options})

    def fit(self, X=None, weights=None, known=None, **options):
        """Fit, and let no warning through that is not ours."""
        X = self.X if X is None else X
        weights = self.weights if weights is None else weights
        with no_warnings():
            return self.model(**options).fit(X, sample_weight=weights, known=known)

    @property
    def counted(self):
        """The rows of positive weight, and their weights."""
        if self.weights is None:
            return self.X, np.ones(len(self.X))
        return self.X[self.weights > 0], self.weights[self.weights > 0]


@st.composite
def cases(draw, families=NAMES, plain=False):
    """Draw a fit."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, d, k = draw(st.integers(3, 60)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    kind = draw(st.sampled_from(KINDS))
    X = kind(rng, n, d)
    if not plain:
        powers = draw(st.sampled_from([(0, 0), (0, 0), (-3, 3), (-8, 8), (-150, 150)]))
        X = X * 10.0 ** rng.integers(powers[0], powers[1] + 1, size=d if rng.random() < 0.5 else 1)
        X = X + draw(st.sampled_from([0.0, 0.0, 1e3, -1e7])) * np.abs(X).max()
    weights = draw(st.sampled_from(["none", "none", "whole", "tiny", "any"]))
    given = {
        "none": None,
        "whole": rng.integers(0, 4, n).astype(float),
        "tiny": 1e-12 * rng.random(n),
        "any": rng.random(n) * 10.0 ** rng.integers(-3, 4),
    }[weights]
    options = {
        "covariance_type": draw(st.sampled_from(families)),
        "init_params": draw(st.sampled_from(list_starts())),
        "random_state": draw(st.integers(0, 5)),
        "max_iter": draw(st.sampled_from([1, 5, 60])),
        "accelerate": draw(st.booleans()),
        "equal_weights": draw(st.sampled_from([False, False, True])),
        "select": draw(st.sampled_from([choice.name for choice in list_choices()])),
        "n_init": draw(st.sampled_from([1, 1, 2])),
        "n_jobs": 1,
    }
    if not plain:
        options |= {
            "dtype": draw(st.sampled_from(["float64", "float64", "float32"])),
            "prior": draw(st.sampled_from([None, None, "conjugate"])),
            "noise": draw(st.sampled_from([None, None, 0.1])),
            "reg_covar": draw(st.sampled_from([0.0, 0.0, 1e-6])),
        }
    return Case(kind.__name__, X, k, given, options)


# -- what holds of every fit ---------------------------------------------------------------------


def lost(mixture, X):
    """What float64 may lose of a log-density: docs/how-it-works.md, "and accuracy".

    Squares of distances are rounded where components are thin beside how far rows are; so
    are means where they are thin beside how far 0 is.
    """
    held, eps = mixture.covariances, np.finfo(float).eps
    away = np.abs(X - mixture.means[:, None]).max(axis=(0, 1))
    size = np.abs(X).max(axis=0)
    with np.errstate(over="ignore"):
        return eps * (held.magnitude(away) + held.magnitude(np.sqrt(away * size)))


def require_same_way(one, other, case, *, shift=0.0, rest=None):
    """Two fits from given labels must have gone the same way, but for rounding.

    A step to a much thinner covariance is taken with the digits of the wide one, so the
    start counts too.  Where a fit rests, rounding says when it stops.
    """
    if one.result_.collapsed or other.result_.collapsed:
        return  # at the floor, which way a step goes is a matter of rounding
    if any(any(held) for m in (one, other) for held in m.history_.collapsed):
        return
    begun = case.fit(**{**rest, "max_iter": 1})
    loose = 1e-6 + 1e3 * max(lost(m.mixture_, case.X) for m in (one, begun))
    a, b = np.array(one.lower_bounds_), np.array(other.lower_bounds_) + shift
    n = min(len(a), len(b))
    np.testing.assert_allclose(b[:n], a[:n], rtol=1e-6, atol=loose)
    np.testing.assert_allclose(b[-1], a[-1], rtol=1e-6, atol=loose)


@fuzzed
@given(cases())
def test_a_fit_is_right_or_refused_with_a_reason(case):
    before = case.X.copy(), None if case.weights is None else case.weights.copy()
    try:
        model = case.fit()
    except GaussmixError:
        model = None
    np.testing.assert_array_equal(case.X, before[0])
    if case.weights is not None:
        np.testing.assert_array_equal(case.weights, before[1])
    if model is not None:
        require_right(model, case)


def require_right(model, case):
    """What is said of a fit must be so."""
    mixture, result = model.mixture_, model.result_
    noise = 0.0 if mixture.noise is None else mixture.noise.weight
    assert abs(mixture.weights.sum() + noise - 1.0) < 1e-9 and (mixture.weights > 0).all()
    assert np.isfinite(mixture.means).all()
    dense = mixture.covariances.to_dense()
    assert np.isfinite(dense).all()
    scale = np.sqrt(np.maximum(np.diagonal(dense, axis1=1, axis2=2), 1e-300))
    unit = dense / scale[:, :, None] / scale[:, None, :]
    assert np.linalg.eigvalsh(unit).min() > -1e-9
    assert np.isfinite(result.log_likelihood)
    trace, single = result.history.log_likelihood, case.options.get("dtype") == "float32"
    X, weights = case.counted
    if case.options.get("prior") is None and case.options.get("reg_covar", 0.0) == 0:
        # A mean far from 0 is rounded by so much: that is all a step may lose.
        eps = np.finfo(float).eps
        rounded = mixture.covariances.magnitude(eps * np.abs(X).max(axis=0))
        loose = (1e-4 if single else 1e-8) + 1e3 * rounded
        falls = -np.diff(trace)
        assert (falls <= loose * np.maximum(np.abs(trace[1:]), result.n)).all(), falls.max()
    with no_warnings():
        total = float(weights @ model.mixture_.logpdf(X))
        responsibilities = model.predict_proba(X)
        labels = model.predict(X)
    loose = 2e-4 if single else 1e-7
    size = max(abs(total), result.n)
    assert total == pytest.approx(result.log_likelihood, abs=loose * size)
    np.testing.assert_allclose(responsibilities.sum(axis=1), 1.0, atol=1e-6)
    k = mixture.n_components
    best = responsibilities.argmax(axis=1)
    np.testing.assert_array_equal(np.where(best < k, best, -1), labels)
    require_right_far_away(model, scale.max(axis=0))
    require_right_optima(result, case)


def require_right_far_away(model, deviations):
    far = model.means_.mean(axis=0) + 1e6 * deviations * np.array([[1.0], [-1.0]])
    try:
        with no_warnings():
            responsibilities = model.predict_proba(far)
    except GaussmixError:
        return
    assert (responsibilities >= 0).all()
    np.testing.assert_allclose(responsibilities.sum(axis=1), 1.0, atol=1e-6)


def require_right_optima(result, case):
    optima = result.optima
    if not optima:
        return
    assert sum(own.chosen for own in optima) == 1
    # Starts do not look at the background, and float32 is not for them.
    if case.options.get("noise") is None and case.options.get("dtype") != "float32":
        chosen = next(own for own in optima if own.chosen)
        assert chosen.n == pytest.approx(result.n)
        gap = abs(chosen.log_likelihood - result.log_likelihood)
        assert gap <= 1e-2 * result.n + 1e-6 * abs(result.log_likelihood)


@fuzzed
@given(cases(plain=True))
def test_threads_do_not_change_a_bit(case):
    try:
        one = case.fit()
    except GaussmixError:
        return
    two = case.fit(n_jobs=2)
    assert one.mixture_ == two.mixture_ and one.lower_bounds_ == two.lower_bounds_


def labels_of(case, rng):
    """Return labels, at random, that give every component a row."""
    begun = np.empty(len(case.X), dtype=int)
    order = rng.permutation(len(case.X))
    if case.weights is not None:  # rows that count come first
        order = order[np.argsort(case.weights[order] <= 0, kind="stable")]
    begun[order] = np.arange(len(case.X)) % case.k
    return begun


@fuzzed
@given(cases(plain=True, families=sorted(EQUIVARIANT)), st.integers(1, 2**32 - 1))
def test_units_do_not_matter(case, seed):
    rng = np.random.default_rng(seed)
    units = 2.0 ** rng.integers(-40, 41, case.X.shape[1])
    options = {"init_params": labels_of(case, rng), "max_iter": 5, "accelerate": False}
    try:
        one = case.fit(**options)
    except GaussmixError:
        return
    other = fit_too(case, one, case.X * units, **options)
    if other is not None:
        require_same_way(one, other, case, shift=np.log(units).sum(), rest=options)


@fuzzed
@given(cases(plain=True))
def test_a_row_of_weight_two_is_two_rows(case):
    rng = np.random.default_rng(len(case.X))
    case.weights = rng.integers(1, 4, len(case.X)).astype(float)
    begun, copies = labels_of(case, rng), case.weights.astype(int)
    options = {"init_params": begun, "max_iter": 5, "accelerate": False}
    try:
        one = case.fit(**options)
    except GaussmixError:
        return
    rows, starts = np.repeat(case.X, copies, axis=0), np.repeat(begun, copies)
    other = fit_too(case, one, rows, np.ones(len(rows)), **{**options, "init_params": starts})
    if other is not None:
        require_same_way(one, other, case, rest=options)


def fit_too(case, one, *data, **options):
    """Fit the same in another way; where arithmetic ends, rounding says what is refused."""
    try:
        return case.fit(*data, **options)
    except GaussmixError:
        if lost(one.mixture_, case.X) < 1e-8:
            raise
    return None


@fuzzed
@given(cases(plain=True), st.integers(1, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(case, seed):
    rng = np.random.default_rng(seed)
    begun, order = labels_of(case, rng), rng.permutation(len(case.X))
    options = {"init_params": begun, "max_iter": 5, "accelerate": False}
    try:
        one = case.fit(**options)
    except GaussmixError:
        return
    weights = None if case.weights is None else case.weights[order]
    options_too = {**options, "init_params": begun[order]}
    other = fit_too(case, one, case.X[order], weights, **options_too)
    if other is not None:
        require_same_way(one, other, case, rest=options)


@fewer
@given(cases(), st.lists(st.sampled_from(NAMES), min_size=2, max_size=2, unique=True))
def test_a_search_finds_what_its_models_are_alone(case, families):
    own = ("init_params", "random_state", "max_iter", "equal_weights", "select", "n_init")
    own += ("prior", "noise", "reg_covar")
    options = {name: case.options[name] for name in own}
    search = GaussianMixtureIC([1, case.k + 1], families=families, n_jobs=1, **options)
    with no_warnings():
        warnings.filterwarnings("ignore", message=".*could not be fitted")
        try:
            search.fit(case.X, sample_weight=case.weights)
        except GaussmixError:
            return
    table = search.results_
    assert len(table) == 4
    assert all(np.isnan(row["bic"]) == bool(row["reason"]) for row in table)
    alone = GaussianMixture(
        search.n_components_, covariance_type=search.best_family_, n_jobs=1, **options
    )
    with no_warnings():
        alone.fit(case.X, sample_weight=case.weights)
    found = search.best_estimator_.result_.log_likelihood
    assert found == pytest.approx(alone.result_.log_likelihood, rel=1e-6, abs=1e-6 * found_n(alone))


def found_n(model):
    return model.result_.n


@fuzzed
@given(cases(), st.integers(1, 2**32 - 1))
def test_a_stream_learns_a_block_or_refuses_it(case, seed):
    rng = np.random.default_rng(seed)
    X = np.concatenate([case.X, KINDS[rng.integers(len(KINDS))](rng, 30, case.X.shape[1])])
    weights = None if case.weights is None else np.concatenate([case.weights, np.ones(30)])
    if rng.random() < 0.2:
        X[rng.integers(len(X)), 0] = rng.choice([np.nan, np.inf, 1e300, -1e200])
    model = case.model(stepwise=Stepwise(batch_rows=int(rng.integers(2, 20))))
    first = 0
    while first < len(X):
        last = first + int(rng.integers(1, 20))
        block = X[first:last]
        before = state_of(model)
        try:
            with no_warnings():
                own = None if weights is None else weights[first:last]
                model.partial_fit(block, sample_weight=own)
        except GaussmixError:
            assert state_of(model) == before
        first = last
    if hasattr(model, "mixture_"):
        assert np.isfinite(model.means_).all() and np.isfinite(model.mixture_.weights).all()
        assert np.isfinite(model.mixture_.covariances.values).all()


def state_of(model):
    """Return what a refused block must leave as it is."""
    stream = model._streams
    seen = None if stream is None else (id(stream), stream.n_rows, id(stream._state))
    return seen, id(getattr(model, "mixture_", None)), sorted(vars(model))


@fuzzed
@given(cases(), st.integers(1, 2**32 - 1))
def test_known_rows_keep_their_components(case, seed):
    rng = np.random.default_rng(seed)
    known = np.where(rng.random(len(case.X)) < 0.3, rng.integers(case.k, size=len(case.X)), -1)
    try:
        model = case.fit(known=known)
    except GaussmixError:
        return
    assert np.isfinite(model.result_.log_likelihood) and np.isfinite(model.means_).all()
    assert np.isfinite(model.mixture_.covariances.values).all()


@fuzzed
@given(cases(), st.sampled_from([0.0, 1e2, 1e6, 1e12, 1e130]), st.integers(1, 2**32 - 1))
def test_means_may_be_given_far_away(case, far, seed):
    rng = np.random.default_rng(seed)
    size = np.ptp(case.X, axis=0) * far
    means = case.X.mean(axis=0) + size * rng.normal(size=(case.k, case.X.shape[1]))
    try:
        model = case.fit(means_init=means)
    except GaussmixError:
        return
    require_right(model, case)
