"""Features about each component's own mean: as accurate as whitening, wherever the data are."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.components.covariances import DiagonalCovariances, FullCovariances
from gaussmix.components.moments import PRODUCTS, SQUARES
from gaussmix.estep import NaturalForm, WhitenedForm, choose_form
from gaussmix.estep.centred import CentredForm
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
    assert isinstance(kernel.form, CentredForm)
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


def test_it_is_for_what_the_natural_form_cannot_do_and_compiled_loops_can():
    rows, _, means, dense = far_out()
    covariances = held(PRODUCTS, dense)
    assert isinstance(chosen(rows, means, covariances, PRODUCTS, n_rows=100).form, WhitenedForm)
    near = np.delete(rows, 7, axis=0)
    wide = held(PRODUCTS, dense + 0.1 * np.eye(D))
    assert isinstance(chosen(near, means, wide, PRODUCTS).form, NaturalForm)
    assert not isinstance(chosen(near, means, wide, PRODUCTS).form, CentredForm)
    needle = dense.copy()
    needle[0] = np.ones((D, D)) + 1e-9 * np.eye(D)  # too thin even about its own mean
    assert isinstance(chosen(rows, means, held(PRODUCTS, needle), PRODUCTS).form, WhitenedForm)
