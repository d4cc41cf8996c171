"""Laws of the covariance families that follow from the letters of their names."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import linalg, optimize

from gaussmix.components.families import get_family, orientation
from gaussmix.components.statistics import SufficientStatistics
from gaussmix.numerics.matrices import axes_of
from tests.variants import FAMILIES, blobs, run

ids = [family.name for family in FAMILIES]
every_family = pytest.mark.parametrize("family", FAMILIES, ids=ids)
# Each letter allows what the letters before it allow: Identity, Equal, Varying.
FREEDOM = "IEV"
NESTED = [
    (small.name, large.name)
    for small in FAMILIES
    for large in FAMILIES
    if small is not large
    and all(
        FREEDOM.index(a) <= FREEDOM.index(b) for a, b in zip(small.name, large.name, strict=True)
    )
]
# Volumes, and shapes with their axes, that any invertible map only multiplies by one number.
AFFINE = ["EEE", "VEE", "EVV", "VVV"]
ALONG_COORDINATES = ["EEI", "VEI", "EVI", "VVI"]


def estimate(name, X, labels):
    """Return the covariances (K, d, d) of an M-step from hard labels, and the full statistics."""
    family = get_family(name)
    responsibilities = np.eye(labels.max() + 1)[labels]
    own = SufficientStatistics.from_responsibilities(X, responsibilities, family.held.moment)
    found = family.estimate(own.pool() if family.shared else own).to_dense()
    return found, SufficientStatistics.from_responsibilities(X, responsibilities)


def objective(covariances, statistics):
    """What an M-step minimises: sum_k n_k log|Sigma_k| + trace(W_k Sigma_k^-1)."""
    terms = zip(statistics.counts, statistics.scatters, covariances, strict=True)
    return sum(
        n * np.linalg.slogdet(sigma)[1] + np.trace(np.linalg.solve(sigma, scatter))
        for n, scatter, sigma in terms
    )


def along(name, axes, statistics):
    """The objective a row of the best covariances along some axes, but for a constant."""
    d = len(axes)
    own = np.einsum("ji,kjl,li->ki", axes, statistics.scatters, axes)
    if name == "VVE":
        return statistics.counts @ np.log(own).sum(axis=1) / statistics.counts.sum()
    return d * np.log(np.exp(np.log(own).mean(axis=1)).sum())


def few_rows(seed, d=8):
    """Three clusters of 14 rows, each with axes of its own."""
    rng = np.random.default_rng(seed)
    X = np.concatenate([rng.standard_normal((14, d)) * rng.uniform(0.2, 3, d) for _ in range(3)])
    labels = np.repeat(np.arange(3), 14)
    return X + rng.standard_normal((3, d, d)).sum(axis=2)[labels], labels


@pytest.mark.parametrize("name", ["VVE", "EVE"])
def test_no_other_axes_are_better_than_common_ones(name):
    for seed in range(3):
        X, labels = few_rows(seed, d=5)
        found, statistics = estimate(name, X, labels)
        family, values = get_family(name), []
        covariances = family.hold(np.tile(np.diag(X.var(axis=0)), (3, 1, 1)), 3, 5)
        for _ in range(30):  # from axes of before, a step of EM each
            covariances = family.estimate(statistics, covariances)
            values.append(objective(covariances.to_dense(), statistics) / len(X))
        assert np.diff(values).max() < 1e-9
        for own in (found, covariances.to_dense()):
            axes = axes_of(np.einsum("k,kij->ij", [1.0, 1.3, 1.7], own)[None])[1][0]
            assert best_of_turns(name, axes, statistics) > along(name, axes, statistics) - 1e-6


def best_of_turns(name, axes, statistics):
    """The least objective that a search by differences finds from some axes."""
    upper = np.triu_indices(len(axes), 1)

    def turned(angles):
        matrix = np.zeros_like(axes)
        matrix[upper] = angles
        return along(name, axes @ linalg.expm(matrix - matrix.T), statistics)

    return optimize.minimize(turned, np.zeros(len(upper[0])), method="BFGS").fun


@pytest.mark.parametrize("name", ["VVE", "EVE"])
def test_common_axes_of_few_rows_take_few_steps(name, monkeypatch):
    """By the best angle of each pair of axes, 200 in all."""
    steps, turn = [], orientation._Search._turn

    def counted(*given):
        steps.append(1)
        return turn(*given)

    monkeypatch.setattr(orientation._Search, "_turn", counted)
    for seed in range(4):
        estimate(name, *few_rows(seed))
    assert len(steps) < 130


@every_family
@pytest.mark.parametrize("d", [2, 4])
def test_covariances_are_of_the_form_the_letters_say(family, d):
    X, labels = blobs(d=d, separation=1.5)
    result = run(X, labels, family, max_iter=30)
    volume, shape, axes = family.name
    dense = result.mixture.covariances.to_dense()
    size = np.exp(np.linalg.slogdet(dense)[1] / d)
    unit = dense / size[:, None, None]
    eigenvalues = np.linalg.eigvalsh(unit)
    assert (np.ptp(size) < 1e-9 * size.max()) == (volume == "E")
    assert (np.ptp(eigenvalues, axis=0).max() < 1e-8) == (shape in "IE")
    assert np.allclose(eigenvalues, 1.0, atol=1e-9) == (shape == "I")
    assert np.allclose(unit, unit * np.eye(d), atol=1e-12) == (axes == "I")
    # Matrices have the same axes where they commute.
    alike = max(np.abs(a @ b - b @ a).max() for a, b in combinations(unit, 2)) < 1e-9
    assert alike == (axes in "IE")
    if shape == "E" and axes != "V":  # the long axis is the same one
        assert np.abs(unit - unit[0]).max() < 1e-8


@pytest.mark.parametrize(("small", "large"), NESTED)
def test_a_family_that_allows_more_fits_the_same_labels_at_least_as_well(small, large):
    X, labels = blobs(d=3, separation=1.5)
    found, statistics = estimate(small, X, labels)
    freer, _ = estimate(large, X, labels)
    assert objective(freer, statistics) <= objective(found, statistics) + 1e-7 * len(X)
    few, many = (get_family(name).n_parameters(3, 3) for name in (small, large))
    assert few < many


def maps(name):
    """Return linear maps of the data under which fits of a family go along."""
    rng = np.random.default_rng(3)
    found = []
    if name in AFFINE:
        found.append(rng.standard_normal((3, 3)) + 2.0 * np.eye(3))
    if name in ALONG_COORDINATES:
        found.append(np.diag([0.1, 3.0, -20.0]))
    if name[1] == "I" or name[2] != "I":
        found.append(np.linalg.qr(rng.standard_normal((3, 3)))[0])
    return found


@every_family
def test_a_fit_goes_along_with_the_maps_its_family_allows(family):
    X, labels = blobs(separation=1.5)
    a = run(X, labels, family, tol=0, max_iter=15)
    for A in maps(family.name):
        b = run(X @ A.T + 5.0, labels, family, tol=0, max_iter=15)
        expected = A @ a.mixture.covariances.to_dense() @ A.T
        found, scale = b.mixture.covariances.to_dense(), np.abs(expected).max()
        np.testing.assert_allclose(found, expected, atol=1e-4 * scale)
        moved = a.log_likelihood - len(X) * np.linalg.slogdet(A)[1]
        assert b.log_likelihood == pytest.approx(moved, rel=1e-7)


# Fits go along with the units of each feature: EII and VII have one unit for all, and axes that
# turn mix the units.
FREE_OF_UNITS = [*AFFINE, *ALONG_COORDINATES]


def in_units(exponent):
    """Return units of six features, the furthest apart by 10 ** (2 * exponent)."""
    return 10.0 ** (exponent * np.array([1.0, -1.0, 0.0, 0.5, -0.5, 0.3]))


def overlapping(d=6, k=4):
    X, labels = blobs(n=600, d=d, k=k, separation=1.5, seed=4)
    moved = np.random.default_rng(1).integers(k, size=len(X))
    return X, np.where(np.arange(len(X)) % 5 == 0, moved, labels)


@every_family
@pytest.mark.parametrize("exponent", [3, 6, 8, 12])
def test_units_that_are_far_apart_take_no_digits(family, exponent):
    X, labels = overlapping()
    units = in_units(exponent)
    result = run(X * units, labels, family, tol=0, max_iter=15)
    trace = np.array(result.history.log_likelihood)
    assert not result.collapsed
    assert np.diff(trace).min() >= -1e-12 * np.abs(trace).max()
    if family.name in FREE_OF_UNITS:
        same = run(X, labels, family, tol=0, max_iter=15)
        expected = np.array(same.history.log_likelihood) - len(X) * np.log(units).sum()
        np.testing.assert_allclose(trace, expected, rtol=1e-11)
        found = result.mixture.covariances.to_dense() / np.outer(units, units)
        np.testing.assert_allclose(found, same.mixture.covariances.to_dense(), atol=1e-9)


@every_family
def test_what_letters_say_is_so_in_any_units(family):
    X, labels = overlapping()
    result = run(X * in_units(8), labels, family, max_iter=3)
    held = result.mixture.covariances
    volume, shape, axes = family.name
    if volume == "E":
        np.testing.assert_allclose(held.log_det(), held.log_det()[0], rtol=0, atol=1e-9)
    # At its best a family that may be made wider has the expected squared distance d a row.
    statistics = family.gathered(result.statistics)
    found = family.estimate(statistics)
    if family.held.moment.n_axes == 2 and not family.shared:
        white = (
            found.inverse_factors @ statistics.scatters @ np.swapaxes(found.inverse_factors, 1, 2)
        )
        each = np.trace(white, axis1=1, axis2=2) / (6 * statistics.counts)
        assert np.average(each, weights=statistics.counts) == pytest.approx(1.0, abs=1e-9)
        if volume == "V":
            np.testing.assert_allclose(each, 1.0, atol=1e-6)
    if shape == "E" and axes == "V":
        logs = [np.log(own) for own in axes_of(held.values)[0]]
        spread = [own - own.mean() for own in logs]
        np.testing.assert_allclose(spread, [spread[0]] * 4, atol=1e-7)


@pytest.mark.parametrize("d", [1, 2, 3, 6, 15])
@pytest.mark.parametrize("exponent", [0, 4, 12, 60])
def test_axes_keep_the_digits_of_each_feature(d, exponent):
    rng = np.random.default_rng(d)
    factors = np.eye(d) + 0.3 * rng.standard_normal((5, d, d))
    plain = factors @ np.swapaxes(factors, 1, 2)
    units = 10.0 ** (exponent * rng.uniform(-1.0, 1.0, d))
    values, axes = axes_of(plain * np.outer(units, units))
    assert (np.diff(values, axis=1) >= 0).all()
    rebuilt = (axes * values[:, None, :]) @ np.swapaxes(axes, 1, 2)
    np.testing.assert_allclose(rebuilt / np.outer(units, units), plain, atol=1e-12)
    np.testing.assert_allclose(np.swapaxes(axes, 1, 2) @ axes, [np.eye(d)] * 5, atol=1e-13)
    logs = np.linalg.slogdet(plain)[1] + 2.0 * np.log(units).sum()
    np.testing.assert_allclose(np.log(values).sum(axis=1), logs, rtol=1e-12, atol=1e-10)


def test_axes_of_matrices_without_width_are_those_of_numpy():
    flat = np.stack([np.outer([1.0, 2.0], [1.0, 2.0]), np.diag([1.0, 0.0]), np.zeros((2, 2))])
    values, axes = axes_of(flat)
    expected = np.linalg.eigh(flat)
    np.testing.assert_array_equal(values, expected[0])
    np.testing.assert_array_equal(axes, expected[1])
