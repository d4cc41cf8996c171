"""Each component in the way that is accurate for it: as accurate as whitening all of them."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.components.covariances import (
    DiagonalCovariances,
    FullCovariances,
    SphericalCovariances,
)
from gaussmix.components.moments import NORM, PRODUCTS, SQUARES
from gaussmix.estep import NaturalForm, WhitenedForm, choose_form
from gaussmix.estep.mixed import MixedForm
from gaussmix.rows import MemorySource
from tests.engine import Step, parameters_of, whitened

pytest.importorskip("numba")

# So many that loops are compiled.
MANY = 10**6
K, D = 4, 3


def far_out(seed=0):
    """Rows of which one is far out, and mixtures with a narrow component."""
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(K, D))
    factors = rng.normal(size=(K, D, D)) / 2 + np.eye(D)
    factors[0] *= 1e-4
    labels = rng.integers(0, K, 1500)
    rows = means[labels] + np.einsum("nij,nj->ni", factors[labels], rng.normal(size=(1500, D)))
    rows[7] = 1e4
    dense = factors @ factors.swapaxes(1, 2)
    return rows, labels, means, dense


def held(kind, dense):
    if kind is PRODUCTS:
        return FullCovariances(dense, K, D)
    return DiagonalCovariances(np.diagonal(dense, axis1=1, axis2=2).copy(), K, D)


def parameters(means, covariances, background=None):
    return parameters_of(np.full(K, 1 / K), means, covariances, background)


def chosen(rows, means, covariances, moment, background=None, n_rows=MANY):
    center = rows.mean(axis=0)
    reach = np.abs(rows - center).max(axis=0)
    own = parameters(means, covariances, background)
    return Step(choose_form(own, moment, False, center, reach, n_rows=n_rows), own)


@pytest.mark.parametrize("moment", [PRODUCTS, SQUARES], ids=lambda m: m.name)
@pytest.mark.parametrize("background", [None, -20.0])
@pytest.mark.parametrize("extra", ["nothing", "weights", "known"])
def test_statistics_are_those_of_the_whitened_form(moment, background, extra):
    rows, labels, means, dense = far_out()
    covariances = held(moment, dense)
    kernel = chosen(rows, means, covariances, moment, background)
    assert isinstance(kernel.form, MixedForm)
    exact = whitened(kernel.parameters, moment)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, len(rows)) if extra == "weights" else None
    if extra == "known":
        kernel.known = exact.known = np.where(np.arange(len(rows)) % 5, -1, labels)
    source = MemorySource(rows, weights)
    ours, theirs = kernel.over(source), exact.over(source)
    np.testing.assert_allclose(ours.counts, theirs.counts, rtol=1e-9)
    np.testing.assert_allclose(ours.means, theirs.means, rtol=1e-9)
    # Of the narrow component too, relative to what it is.
    np.testing.assert_allclose(
        ours.scatters, theirs.scatters, rtol=1e-6, atol=1e-9 * np.abs(theirs.scatters[0]).max()
    )
    np.testing.assert_allclose(ours.log_likelihood, theirs.log_likelihood, rtol=1e-12)
    np.testing.assert_allclose(ours.noise, theirs.noise, rtol=1e-9)


def test_densities_are_those_of_the_whitened_form():
    rows, _, means, dense = far_out()
    covariances = held(PRODUCTS, dense)
    kernel = chosen(rows, means, covariances, PRODUCTS)
    exact = whitened(kernel.parameters, PRODUCTS)
    np.testing.assert_allclose(kernel.log_joint(rows), exact.log_joint(rows), rtol=1e-9)


@pytest.mark.parametrize("n_rows", [100, MANY], ids=["numpy", "loops"])
@pytest.mark.parametrize("moment", [PRODUCTS, SQUARES, NORM], ids=lambda m: m.name)
@pytest.mark.parametrize("background", [None, -20.0])
@pytest.mark.parametrize("accurate", [[], [1], [0, 2], [1, 2, 3], [0, 1, 2, 3]], ids=str)
def test_any_components_may_be_whitened(n_rows, moment, background, accurate):
    d = 7  # enough terms for rows to be left out
    rng = np.random.default_rng(4)
    factors = rng.normal(size=(K, d, d)) / 4 + np.eye(d)
    means, dense = 3 * rng.normal(size=(K, d)), factors @ factors.swapaxes(1, 2)
    rows = means[rng.integers(0, K, 700)] + rng.normal(size=(700, d))
    weights = rng.uniform(0, 2, len(rows)) * (rng.uniform(size=len(rows)) > 0.1)
    held = {
        PRODUCTS: lambda: FullCovariances(dense, K, d),
        SQUARES: lambda: DiagonalCovariances(np.diagonal(dense, axis1=1, axis2=2).copy(), K, d),
        NORM: lambda: SphericalCovariances(dense[:, 0, 0].copy(), K, d),
    }[moment]()
    own = parameters_of(np.full(K, 1 / K), means, held, background)
    form = MixedForm(own, moment, rows.mean(axis=0), np.isin(np.arange(K), accurate), n_rows)
    assert form.in_tiles == (n_rows == MANY)
    source = MemorySource(rows, weights, block_rows=300)
    ours, theirs = Step(form, own).over(source), whitened(own, moment).over(source)
    for name in ("counts", "means", "scatters", "log_likelihood", "noise"):
        expected = getattr(theirs, name)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(getattr(ours, name), expected, rtol=1e-10, atol=1e-12 * scale)
    np.testing.assert_allclose(
        Step(form, own).log_joint(rows), whitened(own, moment).log_joint(rows), rtol=1e-10
    )


def test_it_is_for_what_the_natural_form_cannot_do():
    rows, _, means, dense = far_out()
    covariances = held(PRODUCTS, dense)
    near = np.delete(rows, 7, axis=0)
    wide = held(PRODUCTS, dense + 0.1 * np.eye(D))
    assert isinstance(chosen(near, means, wide, PRODUCTS).form, NaturalForm)
    needle = dense + 0.1 * np.eye(D)
    needle[0] = np.ones((D, D)) + 1e-9 * np.eye(D)  # too thin even about its own mean
    for n_rows in (100, MANY):
        mixed = chosen(near, means, held(PRODUCTS, needle), PRODUCTS, n_rows=n_rows).form
        assert isinstance(mixed, MixedForm)
        assert mixed.n_whitened == 1
        assert mixed.in_tiles == (n_rows == MANY)
    # Where none is accurate loops do it, and where there are none each is whitened.
    assert isinstance(chosen(rows, means, covariances, PRODUCTS).form, MixedForm)
    assert isinstance(chosen(rows, means, covariances, PRODUCTS, n_rows=100).form, WhitenedForm)
