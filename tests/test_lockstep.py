"""Many fits in lockstep are the fits one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.em.lockstep import Job, fit_together, pays
from gaussmix.em.loop import fit_em
from gaussmix.em.options import EMOptions
from gaussmix.em.result import Status
from gaussmix.fitting.background import enclosing_box
from gaussmix.rows import MemorySource
from gaussmix.rows.summary import SummaryFold
from gaussmix.starts import StartData
from gaussmix.starts.base import from_labels
from tests.variants import FAMILIES, blobs


def jobs_for(source, labels, options, *, known=None, noise=None):
    """One job a family and number of components."""
    made = []
    for family in FAMILIES:
        summary = source.reduce(SummaryFold(family.held.moment, source.n_features))
        weights = np.ones(source.n_rows) if source.weights is None else source.weights
        for k in (1, 2, 3):
            constraints = options.constraints(summary, family, k)
            rows = source.array - summary.center
            data = StartData(source, summary, rows, weights, family, constraints, k)
            start = from_labels(data, labels % k)
            if noise is not None:
                start = type(start)(
                    start.weights * (1 - noise.weight), start.means, start.covariances, noise=noise
                )
            made.append(Job(start, family, summary, known if k == 3 else None))
    return made


def alone(source, job, options):
    return fit_em(source, job.start, job.family, job.summary, options, known=job.known)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("with_noise", [False, True])
def test_fits_together_are_fits_alone(weighted, with_noise):
    X, labels = blobs(n=150, d=3, separation=1.5)
    weights = np.random.default_rng(0).uniform(0.0, 2.0, 150) if weighted else None
    source = MemorySource(X, weights, block_rows=64)
    options = EMOptions(tol=0, max_iter=25, accelerate=False)
    known = np.where(np.arange(150) % 10 == 0, labels, -1)
    noise = enclosing_box(source, 0.1) if with_noise else None
    jobs = jobs_for(source, labels, options, known=known, noise=noise)
    together = dict(fit_together(source, jobs, options))
    assert sorted(together) == list(range(len(jobs)))
    for i, job in enumerate(jobs):
        expected = alone(source, job, options)
        found = together[i]
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
    source, options = MemorySource(X), EMOptions(max_iter=100)
    family = next(f for f in FAMILIES if f.name == "VVV")
    summary = source.reduce(SummaryFold(family.held.moment, 2))
    constraints = options.constraints(summary, family, 4)
    rows = X - summary.center
    data = StartData(source, summary, rows, np.ones(68), family, constraints, 4)
    job = Job(from_labels(data, labels), family, summary)
    ((_, found),) = fit_together(source, [job], options)
    expected = alone(source, job, options)
    assert found.collapsed == expected.collapsed == (3,)
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, rel=1e-6)
    given_up = EMOptions(max_iter=100, give_up_collapsed=True)
    ((_, early),) = fit_together(source, [job], given_up)
    assert early.status is Status.COLLAPSED


def test_it_pays_on_few_rows_of_few_features():
    assert pays(MemorySource(np.zeros((150, 4))))
    assert not pays(MemorySource(np.zeros((100_000, 4))))
    assert not pays(MemorySource(np.zeros((150, 100))))
