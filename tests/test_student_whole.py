"""Mixtures of Student's t as one density: distribution, quantiles, regions, means, conditionals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad, trapezoid
from scipy.stats import kstest, multivariate_t, norm
from scipy.stats import t as t_law

from gaussmix import Mixture, StudentT

LAWS = [t_law(1, -5, 0.5**0.5), t_law(3, 1, 2**0.5), norm(40, 1e-2)]


def on_a_line(factor=1.0):
    scales = np.array([0.5, 2.0, 1e-4]) * factor**2
    means = np.array([-5.0, 1.0, 40.0]) * factor
    return Mixture([0.3, 0.5, 0.2], means, scales=scales, density=StudentT([1, 3, np.inf]))


def below(x):
    return 0.3 * LAWS[0].cdf(x) + 0.5 * LAWS[1].cdf(x) + 0.2 * LAWS[2].cdf(x)


def test_the_distribution_function_and_its_inverse_are_scipys():
    mixture, x = on_a_line(), np.array([-1e100, -1e5, -20.0, 0.0, 39.99, 40.0, 41.0, 1e7])
    np.testing.assert_allclose(mixture.cdf(x), below(x), rtol=1e-13)
    shares = np.array([1e-100, 1e-12, 0.01, 0.3, 0.6, 0.9])
    np.testing.assert_allclose(below(mixture.ppf(shares)), shares, rtol=1e-12)
    assert mixture.ppf([0.0, 1.0]).tolist() == [-np.inf, np.inf]
    np.testing.assert_array_equal(mixture.marginal_quantiles(shares)[:, 0], mixture.ppf(shares))
    # A tail of a Cauchy: the weight times the scale over pi.
    assert mixture.ppf(1e-300) == pytest.approx(-0.3 * 0.5**0.5 / np.pi / 1e-300, rel=1e-12)
    heavy = Mixture([1.0], [0.0], scales=[1.0], density=StudentT(0.1))
    assert heavy.ppf(1e-100) == -np.inf  # beyond all floats


@pytest.mark.parametrize("factor", [1e-150, 1e150])
def test_units_change_nothing(factor):
    own, other = on_a_line(), on_a_line(factor)
    assert other.ppf(0.1) / factor == pytest.approx(own.ppf(0.1), rel=1e-13)
    assert other.hdr_level(0.9) * factor == pytest.approx(own.hdr_level(0.9), rel=1e-12)
    assert other.entropy() - np.log(factor) == pytest.approx(own.entropy(), abs=1e-10)


def test_levels_leave_the_mass_outside():
    mixture = on_a_line()
    x = np.sinh(np.linspace(-30.0, 30.0, 2_000_001))
    x = np.unique(np.concatenate([x, np.linspace(39.9, 40.1, 200_001)]))
    density = mixture.pdf(x)
    for mass in (0.5, 0.9, 0.99):
        inside = trapezoid(np.where(density >= mixture.hdr_level(mass), density, 0.0), x)
        assert inside == pytest.approx(mass, abs=2e-4)


@pytest.mark.parametrize(("dof", "d"), [(1, 1), (2.5, 4), (1e9, 3), (np.inf, 2)])
def test_one_component_has_levels_and_entropy_in_closed_form(dof, d):
    scale = np.eye(d) + 0.3
    mixture = Mixture([1.0], np.zeros((1, d)), scales=[scale], density=StudentT(dof))
    law = multivariate_t(np.zeros(d), scale, dof, seed=0)
    assert mixture.entropy() == pytest.approx(law.entropy(), rel=1e-9)
    drawn = law.logpdf(law.rvs(40_000).reshape(-1, d))
    share = (drawn >= mixture.hdr_level(0.9, log=True)).mean()
    assert share == pytest.approx(0.9, abs=0.006)


def test_a_level_in_two_features_is_that_of_draws():
    scales = [[[1.0, 0.6], [0.6, 2.0]], np.eye(2)]
    mixture = Mixture(
        [0.4, 0.6], [[0.0, 0.0], [2.0, 1.0]], scales=scales, density=StudentT([2, 30])
    )
    level, error = mixture.hdr_level(0.9, log=True, return_error=True, n_samples=40_000)
    inside = mixture.logpdf(mixture.sample(40_000, 1)[0]) >= level
    assert error < 0.03
    assert inside.mean() == pytest.approx(0.9, abs=0.01)


def test_means_of_functions_and_entropy_are_integrals():
    mixture = Mixture([0.4, 0.6], [0.0, 3.0], scales=[1.0, 2.0], density=StudentT([3, 8]))
    second = 0.4 * 3 + 0.6 * (9 + 2 * 8 / 6)
    assert mixture.expectation(lambda X: X[:, 0] ** 2) == pytest.approx(second, rel=1e-12)

    def surprise(s):
        x = np.array([np.sinh(s)])
        return -(mixture.pdf(x) * mixture.logpdf(x))[0] * np.cosh(s)

    assert mixture.entropy() == pytest.approx(quad(surprise, -40, 40, limit=400)[0], rel=1e-10)


@pytest.mark.parametrize("density", [StudentT([1, np.inf]), StudentT([np.inf, np.inf])])
def test_a_narrow_component_in_a_wide_ones_tail_is_not_overlooked(density):
    mixture = Mixture([0.999, 0.001], [0.0, 33.0], scales=[1e4, 1e-6], density=density)
    x = np.concatenate([np.sinh(np.linspace(-30, 30, 300_001)), np.linspace(32.95, 33.05, 100_001)])
    x = np.unique(x)
    expected = trapezoid(-mixture.pdf(x) * mixture.logpdf(x), x)
    assert mixture.entropy() == pytest.approx(expected, rel=1e-7)


def test_the_distribution_function_of_two_features_is_scipys():
    scales = [[[1.0, 0.6], [0.6, 2.0]], np.eye(2)]
    mixture = Mixture(
        [0.4, 0.6], [[0.0, 0.0], [2.0, 1.0]], scales=scales, density=StudentT([2, 30])
    )
    X = np.array([[0.0, 0.0], [3.0, -2.0], [-10.0, 5.0], [100.0, 1.0]])
    expected = np.zeros(len(X))
    for weight, mean, scale, dof in zip(
        mixture.weights, mixture.means, scales, mixture.density.dofs, strict=True
    ):
        law = multivariate_t(mean, scale, dof, seed=0)
        expected += weight * np.array([law.cdf(x, maxpts=50_000) for x in X])
    np.testing.assert_allclose(mixture.cdf(X), expected, atol=3e-6)
    heavy = Mixture([1.0], [[0.0, 0.0]], scales=scales[:1], density=StudentT(0.1))
    orthant = 0.25 + np.arcsin(0.6 / 2**0.5) / (2 * np.pi)
    assert heavy.cdf([[0.0, 0.0]])[0] == pytest.approx(orthant, rel=1e-12)


def test_conditionals_of_many_rows_are_ratios_of_densities():
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((2, 3, 3))
    mixture = Mixture(
        [0.3, 0.7],
        2 * rng.standard_normal((2, 3)),
        scales=factors @ factors.swapaxes(1, 2) + np.eye(3),
        density=StudentT([2.5, np.inf]),
    )
    V = 3 * rng.standard_normal((6, 2))
    V[1, 0] = V[2, 0] = V[2, 1] = V[3, 1] = np.nan
    several = mixture.conditionals([0, 2], V)
    y = np.full((6, 1), 0.3)
    density, low, quantiles = several.logpdf(y), several.cdf(y), several.ppf(0.1)
    for i, known in enumerate(V):
        given = np.array([0, 2])[~np.isnan(known)]
        row = np.array([[known[0], 0.3, known[1]]])
        before = mixture.marginal(given).logpdf(row[:, given])[0] if len(given) else 0.0
        assert density[i] == pytest.approx(mixture.logpdf(row)[0] - before, rel=1e-11)
        one = several[i]
        assert one.logpdf(y[i])[0] == pytest.approx(density[i], rel=1e-12)
        assert low[i, 0] == pytest.approx(one.cdf(y[i])[0], rel=1e-12)
        assert quantiles[i, 0] == pytest.approx(one.ppf(0.1), rel=1e-12)
        assert several.std()[i, 0] ** 2 == pytest.approx(one.covariance[0, 0], rel=1e-12)
        assert several.covariance()[i, 0, 0] == pytest.approx(one.covariance[0, 0], rel=1e-12)
    drawn = several.sample(4000, random_state=0)[:, :, 0]
    assert min(kstest(drawn[i], lambda x, i=i: several[i].cdf(x)).pvalue for i in range(6)) > 1e-3
