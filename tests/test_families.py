"""Laws of the covariance families that follow from the letters of their names."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from gaussmix.components.families import get_family
from gaussmix.components.statistics import SufficientStatistics
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
