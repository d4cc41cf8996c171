"""Limits about estimates lie where parameters can."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from gaussmix import GaussianMixture, StudentMixture, datasets
from gaussmix.inference import bootstrap, information

IRIS = datasets.iris().rows


@pytest.mark.parametrize("family", ["full", "tied", "diag", "spherical", "EII"])
def test_limits_are_normal_where_estimates_nearly_are(family):
    """Variances by logarithms, weights by logits, means and covariances as they are."""
    model = GaussianMixture(3, covariance_type=family, random_state=0).fit(IRIS)
    sure, z = information(model, IRIS, level=0.9), norm.ppf(0.95)
    lower, upper = sure.intervals["covariances"]
    values, errors = model.covariances_, sure.standard_errors["covariances"]
    each = np.broadcast_to(
        np.eye(4, dtype=bool) if family in ("full", "tied") else True, values.shape
    )
    spread = np.exp(z * errors / values)
    np.testing.assert_allclose(upper[each], (values * spread)[each])
    np.testing.assert_allclose(lower[each], (values / spread)[each])
    np.testing.assert_allclose(upper[~each], (values + z * errors)[~each])
    lower, upper = sure.intervals["weights"]
    assert (lower > 0).all() and (upper < 1).all()
    odds = upper / (1 - upper) * lower / (1 - lower)
    np.testing.assert_allclose(odds, (model.weights_ / (1 - model.weights_)) ** 2)
    lower, upper = sure.intervals["means"]
    np.testing.assert_allclose(upper + lower, 2 * model.means_)


def test_one_component_has_all_weight_and_a_jackknife_the_same_scales():
    assert (information(GaussianMixture(1).fit(IRIS), IRIS).intervals["weights"] == 1.0).all()
    model = StudentMixture(2, random_state=0).fit(IRIS[:, :1])
    sure = bootstrap(model, IRIS[:, :1], "jackknife")
    for name in ("dofs", "scales", "weights"):
        assert (sure.intervals[name][0] > 0).all()
