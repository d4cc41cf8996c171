"""Mixtures of Student's t: the density, mixtures as values, and what estimates are."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import digamma
from scipy.stats import f as f_law
from scipy.stats import multivariate_normal, multivariate_t

from gaussmix import Mixture, ModelFileError, Noise, ParameterError, StudentT
from gaussmix.components.densities.student import solve_dofs
from gaussmix.components.statistics import SufficientStatistics
from gaussmix.numerics.gammas import log_excess
from tests.variants import STRUCTURES, random_mixture

DOFS = [0.5, 1.0, 2.5, 30.0, np.inf]


def a_mixture(dofs=DOFS, d=3, seed=0, structure=STRUCTURES[0], noise=None):
    normal = random_mixture(structure, len(dofs), d, seed)
    found = replace(normal, density=StudentT(dofs))
    return found if noise is None else found.with_noise(noise)


def law(mixture, k):
    """One component as SciPy has it."""
    mean, scale = mixture.means[k], mixture.scales.to_dense()[k]
    dof = mixture.density.dofs[k]
    if np.isinf(dof):
        return multivariate_normal(mean, scale)
    return multivariate_t(mean, scale, dof)


# -- the density -----------------------------------------------------------------------------


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.name)
@pytest.mark.parametrize("d", [1, 2, 7])
def test_the_density_is_that_of_scipy(structure, d):
    mixture = a_mixture(d=d, structure=structure)
    X = np.random.default_rng(0).normal(0, 5, (200, d))
    X[0] = mixture.means[0]
    X[1] = 1e6
    expected = sum(
        w * np.exp(law(mixture, k).logpdf(X)).reshape(-1) for k, w in enumerate(mixture.weights)
    )
    np.testing.assert_allclose(mixture.pdf(X), expected, rtol=1e-11)


def test_far_rows_have_finite_log_densities_and_responsibilities():
    mixture = a_mixture([1.0, 3.0])
    X = np.array([[1e6, 0.0, 0.0], [-1e12, 1e12, 0.0], [1e100, 0.0, 0.0]])
    assert np.isfinite(mixture.logpdf(X)).all()
    shares = mixture.responsibilities(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    # Far out the heavier tail is more probable.
    assert (shares[:, 0] > 0.99).all()


@pytest.mark.parametrize("d", [1, 2, 50, 1000])
def test_to_the_normal_density_the_difference_falls_as_one_over_the_degrees_of_freedom(d):
    normal = random_mixture(STRUCTURES[1], 2, d)
    X = normal.sample(50, 0)[0]
    gaps = [
        np.abs(replace(normal, density=StudentT(dof)).logpdf(X) - normal.logpdf(X)).max()
        for dof in (1e6, 1e7, 1e8, 1e9)
    ]
    np.testing.assert_allclose(np.array(gaps[:-1]) / gaps[1:], 10.0, rtol=0.01)
    infinite = replace(normal, density=StudentT(np.inf))
    np.testing.assert_allclose(infinite.logpdf(X), normal.logpdf(X), rtol=0, atol=1e-9)


def test_the_mean_that_degrees_of_freedom_go_by_is_accurate_at_any_size():
    x = np.array([1e-3, 0.05, 1.0, 19.9, 20.1, 1e4])
    np.testing.assert_allclose(log_excess(x), np.log(x) - digamma(x), rtol=1e-8)
    # Asymptotically 1 / 2x + 1 / 12x^2.
    np.testing.assert_allclose(log_excess(1e8), 0.5e-8 + 1e-16 / 12, rtol=1e-15)


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_degrees_of_freedom_are_the_root_wherever_it_is(scale):
    dofs = np.geomspace(0.02, 5e6, 60)
    found = solve_dofs(log_excess(0.5 * dofs), (1e-3, 1e9))
    np.testing.assert_allclose(found, dofs, rtol=1e-9)
    low, high = 3.0, 40.0
    np.testing.assert_allclose(
        solve_dofs(log_excess(0.5 * dofs), (low, high)), np.clip(dofs, low, high), rtol=1e-9
    )


def test_what_is_far_outside_of_the_bounds_is_at_them():
    with np.errstate(all="raise"):
        found = solve_dofs(np.array([0.0, 1e-300, 1e-20, 1e9, 1e300]), (0.1, 1000.0))
    assert found.tolist() == [1000.0, 1000.0, 1000.0, 0.1, 0.1]


def test_equal_degrees_of_freedom_are_one_root_for_all_components_of_a_mixture():
    excess, counts = log_excess(0.5 * np.array([2.0, 9.0, 90.0])), np.array([10.0, 20.0, 5.0])
    found = SufficientStatistics(
        counts,
        np.zeros((3, 1)),
        np.ones((3, 1, 1)),
        masses=counts,
        tally=(counts * excess)[:, None],
    )
    free = StudentT([5.0] * 3, "free").update(found).dofs
    np.testing.assert_allclose(free, [2.0, 9.0, 90.0], rtol=1e-10)
    equal = StudentT([5.0] * 3, "equal").update(found).dofs
    middle = (counts @ excess) / counts.sum()
    np.testing.assert_allclose(log_excess(0.5 * equal), middle, rtol=1e-10)
    assert StudentT([5.0] * 3).update(found).dofs.tolist() == [5.0] * 3


# -- a value ---------------------------------------------------------------------------------


def test_scales_are_given_and_covariances_follow():
    mixture = Mixture([0.5, 0.5], [[0.0], [1.0]], [[[2.0]], [[3.0]]], density=StudentT([1.5, 4.0]))
    assert mixture.scales.array.ravel().tolist() == [2.0, 3.0]
    assert np.isnan(mixture.covariances.array[0, 0, 0])
    assert mixture.covariances.array[1, 0, 0] == pytest.approx(6.0)
    assert np.isnan(mixture.covariance).all()
    shared = Mixture([0.5, 0.5], [[0.0], [1.0]], [[2.0]], covariance_type="tied")
    assert replace(shared, density=StudentT(4)).covariances.shared
    apart = replace(shared, density=StudentT([4, 6])).covariances
    np.testing.assert_allclose(apart.array.ravel(), [4.0, 3.0])


def test_samples_follow_the_density():
    dofs = [1.0, 3.0, 12.0]
    mixture = a_mixture(dofs, d=2)
    X, labels = mixture.sample(60_000, 0)
    for k, dof in enumerate(dofs):
        own = X[labels == k]
        distances = mixture.scales.mahalanobis(k, own - mixture.means[k])
        # Squared distances over d have Fisher's F law.
        places = np.sort(f_law(2, dof).cdf(distances / 2))
        gaps = np.abs(places - np.arange(1, len(own) + 1) / len(own)).max()
        assert gaps < 1.95 / np.sqrt(len(own))  # Kolmogorov & Smirnov, 0.1 %
    assert (mixture.sample(10, 0)[0] == mixture.sample(10, 0)[0]).all()


def test_the_covariance_of_all_is_that_of_samples():
    mixture = a_mixture([8.0, 30.0], d=2)
    X = mixture.sample(400_000, 1)[0]
    np.testing.assert_allclose(mixture.covariance, np.cov(X.T), rtol=0.05, atol=0.02)
    np.testing.assert_allclose(mixture.mean, X.mean(axis=0), atol=0.02)


def test_marginals_are_integrals():
    mixture = a_mixture([1.0, 3.0, np.inf], d=2)
    grid = np.tan(np.linspace(-1, 1, 20_001)[1:-1] * np.pi / 2)
    step = (1 + grid**2) * np.pi / 2 * 1e-4
    for x in (-1.0, 0.0, 4.0):
        rows = np.column_stack([np.full_like(grid, x), grid])
        integral = mixture.pdf(rows) @ step
        assert mixture.marginal(0).pdf([x])[0] == pytest.approx(integral, rel=1e-6)


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.name)
def test_conditionals_are_ratios_of_densities(structure):
    mixture = a_mixture(d=4, structure=structure)
    known, other = [2, 0], [1, 3]
    values = np.array([0.7, -1.0])
    found = mixture.conditional(known, values)
    np.testing.assert_allclose(found.density.dofs, np.array(DOFS) + 2)
    points = np.random.default_rng(0).normal(0, 3, (40, 2))
    rows = np.empty((40, 4))
    rows[:, known], rows[:, other] = values, points
    ratio = mixture.logpdf(rows) - mixture.marginal(known).logpdf(values[None])
    np.testing.assert_allclose(found.logpdf(points), ratio, rtol=1e-9, atol=1e-9)


def test_a_shared_scale_is_not_shared_once_something_is_known():
    mixture = Mixture(
        [0.5, 0.5], [[0.0, 0.0], [3.0, 1.0]], [[2.0, 0.5], [0.5, 1.0]], covariance_type="tied",
        density=StudentT(3),
    )  # fmt: skip
    found = mixture.conditional(0, 5.0)
    rows = np.array([[5.0, y] for y in (-2.0, 0.0, 4.0)])
    ratio = mixture.pdf(rows) / mixture.marginal(0).pdf([5.0])
    np.testing.assert_allclose(found.pdf(rows[:, 1]), ratio, rtol=1e-12)


def test_outlier_weights_are_small_where_rows_are_far():
    mixture = a_mixture([2.0, 5.0], d=2)
    X = np.vstack([mixture.means, mixture.means + 100.0])
    weights = mixture.outlier_weights(X)
    distances = np.array([mixture.scales.mahalanobis(k, X - mixture.means[k]) for k in range(2)])
    u = (np.array([[2.0], [5.0]]) + 2) / (np.array([[2.0], [5.0]]) + distances)
    np.testing.assert_allclose(weights, (mixture.responsibilities(X).T * u).sum(axis=0))
    assert weights[:2].min() > 1.0 > 0.01 > weights[2:].max()
    with pytest.raises(ParameterError, match="normal components all count alike"):
        random_mixture(STRUCTURES[0]).outlier_weights(np.zeros((1, 3)))


def test_rows_of_the_background_count_for_nothing():
    noise = Noise(0.5, np.full(2, -1e3), np.full(2, 1e3), np.eye(2))
    mixture = a_mixture([30.0, 40.0], d=2, noise=noise)
    assert mixture.outlier_weights([[900.0, 900.0]])[0] < 1e-9


def test_components_keep_their_degrees_of_freedom_in_any_order():
    mixture = a_mixture([1.0, 3.0, 9.0])
    other = mixture.reorder([2, 0, 1])
    assert other.density.dofs.tolist() == [9.0, 1.0, 3.0]
    assert other.match_to(mixture) == mixture
    X = np.zeros((1, 3))
    np.testing.assert_allclose(other.logpdf(X), mixture.logpdf(X))
    assert other != mixture
    assert mixture != replace(mixture, density=StudentT([1.0, 3.0, 9.1]))
    assert not mixture.allclose(replace(mixture, density=StudentT([1.0, 3.0, 9.1])))
    assert mixture.allclose(replace(mixture, density=StudentT([1.0, 3.0, 9.0 + 1e-9])))


@pytest.mark.parametrize("noise", [None, Noise(0.1, np.zeros(3), np.ones(3), np.eye(3))])
def test_files_keep_all_of_it(tmp_path, noise):
    mixture = a_mixture(noise=noise)
    mixture.save(tmp_path / "t.json")
    assert Mixture.load(tmp_path / "t.json") == mixture
    text = json.loads((tmp_path / "t.json").read_text())
    assert text["version"] == 2
    assert text["mixture"]["density"]["dofs"] == [0.5, 1.0, 2.5, 30.0, None]
    for wrong in (
        {"name": "student", "dofs": [-1.0] * 5, "estimated": "fixed", "bounds": [0.1, 1e3]},
        {"name": "student", "dofs": [1.0], "estimated": "no", "bounds": [0.1, 1e3]},
        {"name": "student", "dofs": [1.0, 2.0], "estimated": "free", "bounds": [0.1, 1e3]},
        {"name": "student"}, {"name": "pareto"}, "student", {"name": "student", "dofs": 1,
        "estimated": "fixed", "bounds": [3.0]},
    ):  # fmt: skip
        text["mixture"]["density"] = wrong
        (tmp_path / "wrong.json").write_text(json.dumps(text))
        with pytest.raises(ModelFileError, match="damaged"):
            Mixture.load(tmp_path / "wrong.json")


def test_files_of_gaussian_mixtures_are_what_they_were(tmp_path):
    random_mixture(STRUCTURES[0]).save(tmp_path / "m.json")
    text = json.loads((tmp_path / "m.json").read_text())
    assert text["version"] == 1
    assert "density" not in text["mixture"]


@pytest.mark.parametrize(
    ("dofs", "told"),
    [
        (0.0, "positive"), ([1.0, -2.0], "positive"), ([], "positive"), (np.nan, "positive"),
        ([[1.0]], "positive"), ("many", "dofs"),
    ],
)  # fmt: skip
def test_what_are_no_degrees_of_freedom_is_refused(dofs, told):
    with pytest.raises(ParameterError, match=told):
        StudentT(dofs)


def test_what_does_not_go_together_is_refused():
    with pytest.raises(ParameterError, match="2 numbers for 3 components"):
        replace(random_mixture(STRUCTURES[0]), density=StudentT([1.0, 2.0]))
    with pytest.raises(ParameterError, match="expected a density"):
        replace(random_mixture(STRUCTURES[0]), density="student")
    with pytest.raises(ParameterError, match="both are given"):
        replace(random_mixture(STRUCTURES[0]), covariances=np.ones(3))
    with pytest.raises(ParameterError, match="neither is given"):
        Mixture([1.0], [0.0])
    with pytest.raises(ParameterError, match="estimated: expected one of 'fixed'"):
        StudentT(3, "loose")
    for bounds in ((0.0, 1.0), (2.0, 1.0), (1.0, np.inf), 3.0):
        with pytest.raises(ParameterError, match="bounds: expected two"):
            StudentT(3, "free", bounds)
