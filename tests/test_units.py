"""Families that say so estimate the same, whatever the unit of each feature."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix import SufficientStatistics
from gaussmix.components.families import list_families
from gaussmix.components.units import statistics_in_units

UNITS = np.array([[1e-3, 1.0, 200.0]])


@pytest.mark.parametrize("family", list_families(), ids=lambda f: f.name)
def test_an_estimate_is_the_same_in_any_units_if_it_is_said_to_be(family):
    d = 1 if family.univariate else 3
    rng = np.random.default_rng(0)
    rows, shares = rng.normal(size=(40, d)) @ rng.normal(size=(d, d)), rng.dirichlet([1, 1], 40)
    found = SufficientStatistics.from_responsibilities(rows, shares, family.held.moment)
    own = family.estimate(family.gathered(found)).to_dense()
    other = statistics_in_units(found, UNITS[:, :d])
    scaled = family.estimate(family.gathered(other)).to_dense()
    expected = own * UNITS[0, :d, None] * UNITS[0, :d]
    same = np.allclose(scaled, expected, rtol=1e-5, atol=1e-6 * expected.max())
    assert same == (family.unit_free or d == 1)
