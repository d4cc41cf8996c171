"""Fits of anything to anything: right, or refused with a reason.

Data are of every awkward kind at any scale; families, starts, dtypes and options are drawn from
their tables.  `make fuzz` tries many more, and others each time.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from gaussmix import CollapseWarning, GaussianMixture
from gaussmix.em.choices import list_choices
from gaussmix.exceptions import GaussmixError
from gaussmix.starts import list_starts
from tests.variants import FAMILIES

# How many are tried; GAUSSMIX_FUZZ=10000 makes it a long run of examples never seen before.
MANY = int(os.environ.get("GAUSSMIX_FUZZ", "0"))
fuzzed = settings(
    max_examples=MANY or 250,
    derandomize=not MANY,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
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


@dataclass
class Case:
    """A fit to be tried."""

    kind: str
    X: np.ndarray
    k: int
    weights: np.ndarray | None
    options: dict = field(default_factory=dict)

    def fit(self, X=None, weights=None, **options):
        """Fit, and let no warning through that is not ours."""
        model = GaussianMixture(self.k, **{**self.options, **options})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", CollapseWarning)
            warnings.simplefilter("ignore", ConvergenceWarning)
            X = self.X if X is None else X
            return model.fit(X, sample_weight=self.weights if weights is None else weights)


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


@fuzzed
@given(cases())
def test_a_fit_is_right_or_refused_with_a_reason(case):
    try:
        model = case.fit()
    except GaussmixError:
        return
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
    if case.options.get("prior") is None and case.options.get("reg_covar", 0.0) == 0:
        loose = 1e-4 if single else 1e-8
        falls = -np.diff(trace)
        assert (falls <= loose * np.maximum(np.abs(trace[1:]), result.n)).all(), falls.max()
    chosen = case.X if case.weights is None else case.X[case.weights > 0]
    weights = np.ones(len(chosen)) if case.weights is None else case.weights[case.weights > 0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        total = float(weights @ model.mixture_.logpdf(chosen))
        responsibilities = model.predict_proba(chosen)
        labels = model.predict(chosen)
    loose = 2e-4 if single else 1e-7
    size = max(abs(total), result.n)
    assert total == pytest.approx(result.log_likelihood, abs=loose * size)
    np.testing.assert_allclose(responsibilities.sum(axis=1), 1.0, atol=1e-6)
    k = mixture.n_components
    best = responsibilities.argmax(axis=1)
    np.testing.assert_array_equal(np.where(best < k, best, -1), labels)


@fuzzed
@given(cases(plain=True))
def test_threads_do_not_change_a_bit(case):
    try:
        one = case.fit()
    except GaussmixError:
        return
    two = case.fit(n_jobs=2)
    assert one.mixture_ == two.mixture_ and one.lower_bounds_ == two.lower_bounds_


@fuzzed
@given(cases(plain=True, families=sorted(EQUIVARIANT)), st.integers(1, 2**32 - 1))
def test_units_do_not_matter(case, seed):
    rng = np.random.default_rng(seed)
    units = 2.0 ** rng.integers(-40, 41, case.X.shape[1])
    begun = rng.permutation(np.arange(len(case.X)) % case.k)
    options = {"init_params": begun, "max_iter": 5, "accelerate": False}
    if case.weights is not None and len(np.unique(begun[case.weights > 0])) < case.k:
        return
    try:
        one = case.fit(**options)
    except GaussmixError:
        return
    other = case.fit(case.X * units, **options)
    if one.result_.collapsed or other.result_.collapsed:
        return  # at the floor, which way a step goes is a matter of rounding
    shift = np.log(units).sum()
    np.testing.assert_allclose(
        np.add(other.lower_bounds_, shift), one.lower_bounds_, rtol=1e-6, atol=1e-6
    )


@fuzzed
@given(cases(plain=True))
def test_a_row_of_weight_two_is_two_rows(case):
    rng = np.random.default_rng(len(case.X))
    weights = rng.integers(1, 4, len(case.X))
    begun = rng.permutation(np.arange(len(case.X)) % case.k)
    options = {"max_iter": 5, "accelerate": False}
    try:
        one = case.fit(weights=weights.astype(float), init_params=begun, **options)
    except GaussmixError:
        return
    rows, starts = np.repeat(case.X, weights, axis=0), np.repeat(begun, weights)
    other = case.fit(rows, np.ones(len(rows)), init_params=starts, **options)
    if one.result_.collapsed or other.result_.collapsed:
        return
    np.testing.assert_allclose(other.lower_bounds_, one.lower_bounds_, rtol=1e-6, atol=1e-6)
