"""Sufficient statistics add up, whatever the cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaussmix import SufficientStatistics
from gaussmix.components.moments import NORM, PRODUCTS, SQUARES

MOMENTS = [PRODUCTS, SQUARES, NORM]


def example(n=60, d=3, k=2, seed=0, offset=0.0):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, d)) + offset
    responsibilities = rng.dirichlet(np.ones(k), n)
    return rows, responsibilities, rng.uniform(0.1, 2.0, n)


@pytest.mark.parametrize("moment", MOMENTS)
@given(cut=st.integers(1, 59), offset=st.sampled_from([0.0, 1e8]))
def test_merging_two_parts_gives_the_whole(moment, cut, offset):
    rows, resp, weights = example(offset=offset)
    whole = SufficientStatistics.from_responsibilities(rows, resp, moment, weights)
    parts = [
        SufficientStatistics.from_responsibilities(rows[s], resp[s], moment, weights[s])
        for s in (slice(None, cut), slice(cut, None))
    ]
    merged = parts[0].merge(parts[1])
    np.testing.assert_allclose(merged.counts, whole.counts, rtol=1e-12)
    np.testing.assert_allclose(merged.means, whole.means, rtol=1e-12)
    # At 1e8 the rows themselves are only known to 1e-8.
    tolerance = 1e-12 if offset == 0 else 1e-6
    np.testing.assert_allclose(merged.scatters, whole.scatters, rtol=tolerance, atol=tolerance)
    assert merged.n_rows == whole.n_rows


@pytest.mark.parametrize("moment", MOMENTS)
def test_pooled_within_from_the_total_equals_the_sum_of_scatters(moment):
    rows, resp, weights = example()
    parts = SufficientStatistics.from_responsibilities(rows, resp, moment, weights)
    total = SufficientStatistics.from_responsibilities(rows, np.ones((60, 1)), moment, weights)
    np.testing.assert_allclose(
        parts.pooled_within(total).scatters, parts.pool().scatters, rtol=1e-12, atol=1e-12
    )


def test_scaling_and_empty_components():
    rows, resp, _ = example()
    resp = np.column_stack([resp, np.zeros(60)])
    statistics = SufficientStatistics.from_responsibilities(rows, resp)
    assert statistics.counts[2] == 0
    assert (statistics.means[2] == 0).all()
    doubled = statistics.scaled(2.0)
    np.testing.assert_allclose(doubled.counts, 2 * statistics.counts)
    np.testing.assert_allclose(doubled.scatters, 2 * statistics.scatters)
    merged = statistics.merge(statistics)
    np.testing.assert_allclose(merged.counts, doubled.counts)
    np.testing.assert_allclose(merged.scatters, doubled.scatters, atol=1e-12)
    np.testing.assert_allclose(merged.means, statistics.means, atol=1e-12)
