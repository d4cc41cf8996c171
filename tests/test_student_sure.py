"""How sure fits of Student's t are: against SciPy's densities, and their own tests of numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_t

from gaussmix import StudentMixture, StudentT
from gaussmix.exceptions import ParameterError
from gaussmix.inference import bootstrap, information, likelihood_ratio_test

MIDDLES = np.array([[0.0, 0.0], [6.0, 5.0]])
SCALES = np.array([[[1.0, 0.4], [0.4, 2.0]], [[2.0, -0.5], [-0.5, 0.7]]])
TRIANGLE = np.triu_indices(2)


@pytest.fixture(scope="module")
def X():
    drawn = [
        multivariate_t(m, s, dof).rvs(n, random_state=n)
        for m, s, dof, n in zip(MIDDLES, SCALES, (3, 6), (400, 300), strict=True)
    ]
    return np.vstack(drawn)


def errors_by_differences(model, rows, n_dofs, counts):
    """Of weight, means, scales and degrees of freedom, by SciPy's densities of what is seen."""
    patterns = [~np.isnan(row) for row in rows]

    def log_density(step):
        weight, means = model.weights_[0] + step[0], model.means_ + step[1:5].reshape(2, 2)
        scales = model.scales_.copy()
        for k in range(2):
            move = np.zeros((2, 2))
            move[TRIANGLE] = step[5 + 3 * k : 8 + 3 * k]
            scales[k] += move + np.triu(move, 1).T
        dofs = model.dofs_ + (step[11:] if n_dofs else 0.0)
        found = np.empty(len(rows))
        for seen in ([True, True], [False, True]):
            own = np.array([(pattern == seen).all() for pattern in patterns])
            at = np.flatnonzero(seen)
            parts = [
                np.log(w) + multivariate_t(m[at], s[np.ix_(at, at)], dof).logpdf(rows[own][:, at])
                for w, m, s, dof in zip([weight, 1 - weight], means, scales, dofs, strict=True)
            ]
            found[own] = logsumexp(parts, axis=0)
        return found

    steps = 1e-5 * np.eye(11 + n_dofs)
    scores = np.array([(log_density(s) - log_density(-s)) / 2e-5 for s in steps])
    return np.sqrt(np.diagonal(np.linalg.inv((scores * counts) @ scores.T)))


@pytest.mark.parametrize(("dof", "n_dofs"), [("free", 2), ("equal", 1), (4.0, 0)])
@pytest.mark.parametrize("missing", [False, True])
def test_information_is_that_of_scipys_densities(X, dof, n_dofs, missing):
    rows, counts = X.copy(), np.ones(len(X))
    if missing:
        rows[::5, 0] = np.nan
        counts = np.random.default_rng(0).uniform(0.5, 2.0, len(X))
    model = StudentMixture(2, dof=dof, missing="em", random_state=0)
    model.fit(rows, sample_weight=counts)
    sure = information(model, rows, sample_weight=counts)
    expected = errors_by_differences(model, rows, n_dofs, counts)
    found = sure.standard_errors
    scales = [found["scales"][k][TRIANGLE] for k in range(2)]
    each = [found["weights"][:1], found["means"].ravel(), *scales, found["dofs"][:n_dofs]]
    np.testing.assert_allclose(np.concatenate(each), expected, rtol=1e-5)
    lower, upper = sure.intervals["dofs"]
    np.testing.assert_allclose(lower * upper, model.dofs_**2)  # in the logarithm
    if n_dofs == 0:
        assert (found["dofs"] == 0).all() and (lower == 4.0).all()


def test_degrees_of_freedom_at_a_bound_have_no_error_and_are_told(X):
    flat = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    rows = np.vstack([X[:400], flat + 30])
    model = StudentMixture(2, random_state=0).fit(rows)
    assert model.dofs_[1] == 1000.0 > model.dofs_[0]
    with pytest.warns(UserWarning, match="component 1 at 1000 degrees of freedom"):
        sure = information(model, rows)
    assert np.isnan(sure.standard_errors["dofs"]).tolist() == [False, True]
    assert np.isnan(sure.intervals["dofs"][:, 1]).all()
    alone = information(StudentMixture(1, dof=1000.0).fit(flat + 30), flat + 30)
    np.testing.assert_allclose(  # they are far apart, so as if each were alone, and that one known
        sure.standard_errors["means"][1], alone.standard_errors["means"][0], rtol=1e-3
    )


def test_a_jackknife_agrees_with_information(X):
    rows = np.vstack([X[:150], X[400:520]])
    model = StudentMixture(2, dof="equal", random_state=0).fit(rows)
    found, expected = bootstrap(model, rows, "jackknife"), information(model, rows)
    for name, most in {"weights": 1.7, "means": 1.7, "scales": 1.7, "dofs": 2.5}.items():
        ratio = found.standard_errors[name] / expected.standard_errors[name]
        assert 1 / most < ratio.min() <= ratio.max() < most, name


def test_ratios_of_students_t_do_not_take_tails_for_components():
    rows = np.vstack(
        [multivariate_t([m, m], np.eye(2), 3).rvs(120, random_state=m) for m in (0, 9)]
    )
    options = {"covariance_type": "VII", "n_resamples": 9, "level": 0.1, "random_state": 0}
    test = likelihood_ratio_test(rows, max_components=3, density="student", dof=4, **options)
    assert test.n_components == 2 and test.tested == (1, 2)
    fits = [StudentMixture(k, covariance_type="VII", dof=4, random_state=0) for k in (1, 2)]
    gain = 2 * np.diff([fit.fit(rows).result_.log_likelihood for fit in fits])
    np.testing.assert_allclose(test.statistics[0], gain, rtol=1e-6)
    assert (test.replicates[0] >= 0).all()
    same = likelihood_ratio_test(rows, max_components=2, density=StudentT(4.0), **options)
    np.testing.assert_array_equal(same.statistics, test.statistics[:1])
    normal = likelihood_ratio_test(rows, max_components=3, **options)
    assert normal.n_components == 3


@pytest.mark.parametrize(("density", "dof"), [("x", "free"), ("student", -1), ("student", "many")])
def test_densities_that_there_are_not_are_refused(X, density, dof):
    with pytest.raises(ParameterError, match="density" if density == "x" else "dof"):
        likelihood_ratio_test(X, density=density, dof=dof)
