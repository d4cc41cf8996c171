"""A mixture as one density: distribution, quantiles, regions, entropy, means of functions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from gaussmix import Mixture, Noise, ParameterError
from gaussmix.components.parameters import Parameters
from gaussmix.mixture.joining import taken
from gaussmix.numerics.roots import bracketed_roots
from tests.variants import STRUCTURES, figures, random_mixture

FIGURES = [
    pytest.param(own, id=f"{name}-{own['model']}-{own['G']}")
    for name, several in figures("density").items()
    if name != "software"
    for own in several
]
ON_A_LINE = [case for case in FIGURES if "cdf" in case.values[0]]
PAIR = Mixture([0.25, 0.75], [-1.0, 2.0], [0.5, 1.0])
SHARES = np.array([1e-300, 1e-20, 1e-6, 0.01, 0.3, 0.5, 0.7, 0.99, 1 - 1e-6, 1 - 1e-15])


def mixture_of(own):
    weights = np.array(own["weights"])
    return Mixture(weights / weights.sum(), own["means"], np.array(own["covariances"]))


def boxed(mixture, weight=0.2, lower=-4.0, upper=6.0, axes=None):
    d = mixture.n_features
    axes = np.eye(d) if axes is None else axes
    return mixture.with_noise(Noise(weight, np.full(d, lower), np.full(d, upper), axes))


# -- figures of mclust, and of quadrature ----------------------------------------------


@pytest.mark.parametrize("own", FIGURES)
def test_densities_and_levels_are_mclusts(own):
    mixture, hdr = mixture_of(own), own["hdr"]
    np.testing.assert_allclose(mixture.logpdf(own["points"]), own["logpdf"], atol=1e-10)
    level, error = mixture.hdr_level(hdr["prob_inside"], return_error=True)
    if mixture.n_features == 1:
        np.testing.assert_allclose(level, hdr["level_exact"], rtol=1e-5)  # of a grid
        assert not error.any()
    else:
        own_error = np.array(hdr["level_model_relative_se"]) * level
        assert (np.abs(level - hdr["level_model"]) < 4 * np.hypot(error, own_error)).all()


@pytest.mark.parametrize("own", ON_A_LINE)
def test_distribution_and_quantiles_are_mclusts(own):
    mixture = mixture_of(own)
    np.testing.assert_allclose(mixture.cdf(own["cdf"]["x"]), own["cdf"]["y"], atol=1e-12)
    np.testing.assert_allclose(mixture.ppf(own["quantile"]["p"]), own["quantile"]["x"], rtol=1e-11)


# -- one feature -------------------------------------------------------------------------

SCALES = st.floats(-120, 120).map(lambda power: 10.0**power)


@given(
    st.lists(
        st.tuples(st.floats(0.01, 1), st.floats(-20, 20), st.floats(-3, 3)), min_size=1, max_size=5
    ),
    SCALES,
    st.floats(-5, 5),
)
def test_quantiles_invert_the_distribution_at_any_scale(parts, scale, shift):
    weights, means, log_widths = np.array(parts).T
    widths = 10.0**log_widths * scale
    mixture = Mixture(weights / weights.sum(), (means + shift) * scale, widths**2)
    x = mixture.ppf(SHARES)
    assert (np.diff(x) >= 0).all()
    found = mixture.cdf(x)
    # What the neighbours of the float that was found would give is no fault of the search.
    near = [mixture.cdf(np.nextafter(x, end)) for end in (-np.inf, np.inf)]
    slack = 1e-12 * SHARES + 4 * (near[1] - near[0])
    assert (np.abs(found - SHARES) <= slack).all()


def test_the_quantile_of_the_distribution_is_where_it_was():
    x = PAIR.sample(2000, 0)[0][:, 0]
    np.testing.assert_allclose(PAIR.ppf(PAIR.cdf(x)), x, rtol=0, atol=1e-12)


def test_far_tails_are_those_of_the_widest_component():
    far = PAIR.ppf(5e-324)
    expected = 0.25 * stats.norm.cdf(far, -1, np.sqrt(0.5)) + 0.75 * stats.norm.cdf(far, 2, 1)
    assert PAIR.cdf([far])[0] == pytest.approx(5e-324) == expected
    assert PAIR.ppf([0, 1]).tolist() == [-np.inf, np.inf]
    assert PAIR.cdf([-np.inf, np.inf]).tolist() == [0.0, 1.0]
    assert isinstance(PAIR.ppf(0.5), float)
    assert PAIR.ppf(np.full((2, 3), 0.5)).shape == (2, 3)


def test_between_components_far_apart_every_value_is_a_median():
    mixture = Mixture([0.5, 0.5], [-1e8, 1e8], [1.0, 1e-4])
    assert -1e8 < mixture.ppf(0.5) < 1e8
    x = mixture.ppf([0.25, 0.75])
    np.testing.assert_allclose(x, [-1e8, 1e8], atol=1e-7)


def test_a_component_without_weight_might_as_well_not_be_there():
    parameters = Parameters.of_one(
        np.array([0.25, 0.0, 0.75]),
        np.array([[-1.0], [50.0], [2.0]]),
        Mixture([0.3, 0.3, 0.4], [0, 0, 0], [0.5, 1e6, 1.0]).covariances,
        None,
    )
    mixture = Mixture.of_parameters(parameters)
    np.testing.assert_array_equal(mixture.ppf(SHARES), PAIR.ppf(SHARES))
    assert mixture.hdr_level(0.9) == PAIR.hdr_level(0.9)
    assert mixture.entropy() == pytest.approx(PAIR.entropy(), abs=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda own: own.name)
def test_rows_do_not_see_a_component_without_weight(structure):
    whole = random_mixture(structure, 3, 2)
    weights = np.array([0.25, 0.0, 0.75])
    none = replace(whole, weights=weights)
    others = replace(taken(whole, np.array([0, 2])), weights=weights[[0, 2]])
    rows = np.vstack([whole.sample(20, 0)[0], whole.means[1:2], [[1e7, -1e7]]])
    unseen = np.where([True, False], np.nan, rows)
    for seen in (rows, unseen, rows.astype(np.float32)):
        np.testing.assert_allclose(none.logpdf(seen), others.logpdf(seen), rtol=1e-12)
        np.testing.assert_allclose(
            none.responsibilities(seen)[:, [0, 2]], others.responsibilities(seen), atol=1e-300
        )
    assert none.hdr_level(0.9) == pytest.approx(others.hdr_level(0.9), rel=0.02)
    np.testing.assert_allclose(none.cdf(rows), others.cdf(rows))
    seen = none.conditionals([0], rows[:, :1]).mean()
    np.testing.assert_allclose(seen, others.conditionals([0], rows[:, :1]).mean())
    np.testing.assert_array_equal(none.marginal(1).ppf(SHARES), others.marginal(1).ppf(SHARES))


def test_noise_counts_within_its_box():
    noisy = boxed(PAIR)
    x = np.linspace(-6, 8, 50)
    expected = 0.8 * PAIR.cdf(x) + 0.2 * stats.uniform(-4, 10).cdf(x)
    np.testing.assert_allclose(noisy.cdf(x), expected, atol=1e-14)
    shares = SHARES[1:]  # within reach of the box's edge
    np.testing.assert_allclose(noisy.cdf(noisy.ppf(shares)), shares, rtol=1e-11)
    flipped = boxed(PAIR, lower=-6.0, upper=4.0, axes=[[-1.0]])
    np.testing.assert_array_equal(flipped.ppf(SHARES), noisy.ppf(SHARES))


def test_a_turned_box_has_no_simple_distribution():
    turned = np.array([[0.8, -0.6], [0.6, 0.8]])
    mixture = boxed(random_mixture(STRUCTURES[0], d=2), axes=turned)
    for asked in (lambda: mixture.cdf([[0, 0]]), lambda: mixture.marginal_quantiles(0.5)):
        with pytest.raises(ParameterError, match="without_noise"):
            asked()
    assert mixture.hdr_level(0.5, n_samples=1000) > 0


# -- several features --------------------------------------------------------------------


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("d", [2, 3])
def test_the_distribution_is_the_share_of_draws_below(structure, d):
    mixture = random_mixture(structure, d=d)
    draws = mixture.sample(40_000, 1)[0]
    X = mixture.sample(4, 2)[0]
    shares = [(draws <= row).all(axis=1).mean() for row in X]
    found = mixture.cdf(X)
    assert (np.abs(found - shares) < 5 * np.sqrt(found * (1 - found) / len(draws)) + 2e-4).all()
    np.testing.assert_array_equal(mixture.cdf(X[2:]), found[2:])  # whichever rows come with it


def test_two_features_are_right_to_rounding():
    mixture = random_mixture(STRUCTURES[0], k=2, d=2)
    X = np.vstack([mixture.sample(3, 0)[0], mixture.means, mixture.means + np.eye(2)])

    def by_quadrature(row):
        total = 0.0
        for weight, mean, matrix in zip(
            mixture.weights, mixture.means, mixture.covariances.to_dense(), strict=True
        ):
            a, b = np.sqrt(np.diag(matrix))
            rho = matrix[0, 1] / (a * b)
            h, k = (row - mean) / [a, b]

            def inner(z, k=k, rho=rho):
                below = stats.norm.cdf((k - rho * z) / np.sqrt(1 - rho**2))
                return stats.norm.pdf(z) * below

            total += weight * integrate.quad(inner, -12, h, epsabs=1e-14, limit=200)[0]
        return total

    expected = [by_quadrature(row) for row in X]
    np.testing.assert_allclose(mixture.cdf(X), expected, atol=1e-12)


def test_quantiles_of_each_feature_are_those_of_its_marginal():
    mixture = random_mixture(STRUCTURES[0], d=3)
    found = mixture.marginal_quantiles([0.1, 0.9])
    assert found.shape == (2, 3)
    for j in range(3):
        np.testing.assert_array_equal(found[:, j], mixture.marginal(j).ppf([0.1, 0.9]))


# -- regions -----------------------------------------------------------------------------


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("k", [1, 4])
def test_regions_hold_their_mass_of_other_draws(structure, d, k):
    mixture = random_mixture(structure, k=k, d=d)
    draws = mixture.sample(20_000, 7)[0]
    for mass in (0.05, 0.5, 0.95):
        held = mixture.in_hdr(draws, mass, n_samples=50_000).mean()
        error = np.sqrt(mass * (1 - mass) * (1 / len(draws) + 1 / 50_000))
        assert abs(held - mass) < 3.5 * error


@given(
    st.lists(
        st.tuples(st.floats(0.01, 1), st.floats(-9, 9), st.floats(-2, 2)), min_size=2, max_size=6
    ),
    SCALES,
)
def test_on_a_line_levels_are_exact_at_any_scale(parts, scale):
    weights, means, log_widths = np.array(parts).T
    widths = 10.0**log_widths
    mixture = Mixture(weights / weights.sum(), means * scale, (widths * scale) ** 2)
    level = mixture.hdr_level(0.8, log=True)
    # The mass above it, by sums over a grid as fine as the narrowest component needs.
    grid = np.unique(means + np.linspace(-9, 9, 2001)[:, None] * widths)
    middles = (grid[1:] + grid[:-1]) / 2
    inside = mixture.logpdf(middles * scale) >= level
    steps = np.diff(mixture.cdf(grid * scale))
    assert abs(steps[inside].sum() - 0.8) <= 2 * steps.max() * 6 * len(parts) / 10


def test_a_level_is_the_chi_squared_one_of_a_single_normal():
    mixture = Mixture([1.0], [[1e8, 0.0, 3.0]], [np.diag([1e-8, 1.0, 1e6])])
    level, error = mixture.hdr_level([0.5, 0.9], log=True, return_error=True)
    distances = -2 * (level - mixture.covariances.log_norm()[0])
    np.testing.assert_allclose(distances, stats.chi2.ppf([0.5, 0.9], 3))
    assert not error.any()


def test_the_error_of_a_level_is_what_it_varies_by():
    mixture = random_mixture(STRUCTURES[0], d=3)
    several = [
        mixture.hdr_level(0.8, return_error=True, n_samples=4000, random_state=seed)
        for seed in range(40)
    ]
    levels, errors = np.array(several).T
    assert 0.7 < errors.mean() / levels.std(ddof=1) < 1.4


def test_levels_of_many_features_are_there_in_logarithms():
    d = 700
    mixture = Mixture([0.5, 0.5], np.array([np.zeros(d), np.ones(d)]), np.full((2, d), 25.0))
    assert mixture.hdr_level(0.5, n_samples=500) == 0.0
    level, error = mixture.hdr_level(0.5, log=True, return_error=True, n_samples=500)
    assert np.isfinite(level) and 0 < error < 10


def test_a_plain_of_noise_lifts_the_density():
    noisy = boxed(PAIR)
    draws = noisy.sample(50_000, 3)[0]
    for mass in (0.3, 0.7, 0.85):
        assert noisy.in_hdr(draws, mass).mean() == pytest.approx(mass, abs=0.01)


def test_seeds_decide_what_draws_decide():
    mixture = random_mixture(STRUCTURES[0], d=3)
    assert mixture.hdr_level(0.5) == mixture.hdr_level(0.5)
    assert mixture.hdr_level(0.5) != mixture.hdr_level(0.5, random_state=1)


# -- entropy, means ------------------------------------------------------------------------


def test_entropy_is_the_integral():
    def inner(x):
        return -PAIR.pdf([x])[0] * PAIR.logpdf([x])[0]

    assert PAIR.entropy() == pytest.approx(integrate.quad(inner, -14, 14, limit=300)[0], abs=1e-8)
    far = Mixture([0.5, 0.5], [0.0, 1e8], [1.0, 1e-4])
    own = [0.5 * np.log(2 * np.pi * np.e * v) for v in (1.0, 1e-4)]
    assert far.entropy() == pytest.approx(np.log(2) + np.mean(own), abs=1e-6)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_entropy_of_draws_is_within_its_error(structure):
    one = random_mixture(structure, k=1, d=3)
    exact = stats.multivariate_normal(one.means[0], one.covariances.to_dense()[0]).entropy()
    assert one.entropy() == pytest.approx(exact)
    twice = Mixture([0.5, 0.5], one.means.repeat(2, 0), one.covariances.to_dense().repeat(2, 0))
    found, error = twice.entropy(return_error=True)
    assert abs(found - exact) < 4 * error < 0.05


def test_means_of_functions():
    mean = PAIR.expectation(lambda X: X[:, 0])
    assert mean == pytest.approx(PAIR.mean[0], abs=1e-12)
    step = PAIR.expectation(lambda X: X[:, 0] > 1.0)
    assert step == pytest.approx(1 - PAIR.cdf([1.0])[0], abs=1e-10)
    noisy = boxed(PAIR)
    assert noisy.expectation(lambda X: X[:, 0]) == pytest.approx(noisy.mean[0], abs=1e-10)
    mixture = random_mixture(STRUCTURES[0], d=3)
    found, error = mixture.expectation(lambda X: X, return_error=True)
    assert (np.abs(found - mixture.mean) < 4 * error).all()
    with pytest.raises(ParameterError, match="function: expected a value for each row"):
        mixture.expectation(lambda X: X.sum())


# -- what cannot be asked --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (lambda: random_mixture(STRUCTURES[0]).ppf(0.5), "marginal_quantiles"),
        (lambda: PAIR.ppf(1.5), "q: expected probabilities from 0 to 1, got 1.5"),
        (lambda: PAIR.ppf([np.nan]), "q: expected probabilities"),
        (lambda: PAIR.hdr_level(0), "mass: expected probabilities between 0 and 1"),
        (lambda: PAIR.hdr_level(95), "got 95"),
        (lambda: PAIR.in_hdr([0.0], [0.5]), "mass: expected one number"),
        (lambda: PAIR.cdf([np.nan]), "X: contains NaN"),
        (lambda: PAIR.cdf([[0, 0]]), "X"),
        (lambda: PAIR.entropy(n_samples=0), "n_samples"),
    ],
)
def test_what_cannot_be_asked_is_said(asked, message):
    with pytest.raises(ValueError, match=message):
        asked()


def test_roots_are_found_however_far_the_bracket_reaches():
    wanted = np.array([1e-300, -1e-5, 0.0, 7.0, 1e200])

    def function(x, which):
        return x - wanted[which], np.full(len(x), np.nan)

    found = bracketed_roots(function, np.full(5, -1e300), np.full(5, 1e300))
    np.testing.assert_allclose(found, wanted, rtol=1e-15, atol=1e-320)


def test_parts_of_draws_are_draws(monkeypatch):
    from gaussmix.mixture import regions

    mixture = random_mixture(STRUCTURES[0], d=3)
    level, error = mixture.hdr_level(0.9, return_error=True)
    monkeypatch.setattr(regions, "_NUMBERS", 30_000)
    assert abs(mixture.hdr_level(0.9) - level) < 4 * np.sqrt(2) * error
    with pytest.raises(ParameterError, match="function: expected a callable, got 3"):
        mixture.expectation(3)
