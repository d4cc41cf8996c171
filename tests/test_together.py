"""Many fits together are the fits one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.em.loop import fit, fit_together
from gaussmix.em.result import Status
from gaussmix.em.steps import EStep
from gaussmix.fitting.background import enclosing_box
from gaussmix.rows import MemorySource
from gaussmix.rows.summary import SummaryFold
from gaussmix.selection.search import pays
from gaussmix.starts.base import from_labels
from tests.variants import FAMILIES, blobs, problem


def summary_of(source, family):
    return source.reduce(SummaryFold(family.held.moment, source.n_features))


def fits_for(source, labels, sizes, *, known=None, noise=None, **options):
    """One fit a family and number of components, and its start."""
    made = []
    for family in FAMILIES:
        summary = summary_of(source, family)
        for k in sizes:
            posed = problem(source, summary, family, k, known=known, **options)
            start = from_labels(posed, labels % k)
            made.append((posed, start if noise is None else start.with_noise(noise)))
    return made


def estep(source, known=None):
    widest = max(FAMILIES, key=lambda family: family.held.moment.n_axes)
    return EStep(source, summary_of(source, widest), known)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("with_noise", [False, True])
@pytest.mark.parametrize("labelled", [False, True])
def test_fits_together_are_fits_alone(weighted, with_noise, labelled):
    X, labels = blobs(n=150, d=3, separation=1.5)
    weights = np.random.default_rng(0).uniform(0.0, 2.0, 150) if weighted else None
    source = MemorySource(X, weights, block_rows=64)
    known = np.where(np.arange(150) % 10 == 0, labels, -1) if labelled else None
    noise = enclosing_box(source, 0.1) if with_noise else None
    sizes = (3,) if labelled else (1, 2, 3)
    options = {"tol": 0, "max_iter": 25, "accelerate": False}
    fits = fits_for(source, labels, sizes, known=known, noise=noise, **options)
    together = dict(fit_together(estep(source, known), fits))
    assert sorted(together) == list(range(len(fits)))
    for i, (posed, start) in enumerate(fits):
        expected, found = fit(posed, start), together[i]
        assert found.status is expected.status is Status.MAX_ITERATIONS
        np.testing.assert_allclose(
            found.history.log_likelihood, expected.history.log_likelihood, rtol=1e-9
        )
        np.testing.assert_allclose(found.mixture.means, expected.mixture.means, atol=1e-5)
        assert found.log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-9)


def test_fits_that_collapse_or_are_far_from_zero_are_fits_alone_too():
    X, labels = blobs(n=60, d=2, separation=4.0)
    X = np.vstack([X, np.full((8, 2), 40.0)])
    labels = np.append(labels, np.full(8, 3))
    source, family = MemorySource(X), next(f for f in FAMILIES if f.name == "VVV")
    summary = summary_of(source, family)
    posed = problem(source, summary, family, 4, max_iter=100)
    start = from_labels(posed, labels)
    # Another fit beside it, so that they are two.
    other = problem(source, summary, family, 2, max_iter=100)
    fits = [(posed, start), (other, from_labels(other, labels % 2))]
    found = dict(fit_together(estep(source), fits))[0]
    expected = fit(posed, start)
    assert found.collapsed == expected.collapsed == (3,)
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-6)
    given_up = problem(source, summary, family, 4, max_iter=100, give_up_collapsed=True)
    early = dict(fit_together(estep(source), [(given_up, start), fits[1]]))[0]
    assert early.status is Status.COLLAPSED


def test_it_pays_on_few_rows_of_few_features():
    assert pays(MemorySource(np.zeros((150, 4))))
    assert not pays(MemorySource(np.zeros((100_000, 4))))
    assert not pays(MemorySource(np.zeros((150, 100))))
