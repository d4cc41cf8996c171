"""Pictures of how sure a fit is say what its replicates do."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from gaussmix import GaussianMixture, Mixture, ParameterError, datasets, plot
from gaussmix.inference import bootstrap, information
from gaussmix.plot.confidence import _curves

mpl.use("agg")
IRIS = datasets.iris().rows


@pytest.mark.parametrize("family", ["full", "tied", "diag", "spherical", "EII"])
def test_curves_are_the_densities_of_replicates(family):
    model = GaussianMixture(2, covariance_type=family, random_state=0).fit(IRIS)
    sure, grid = bootstrap(model, IRIS, n_resamples=5, random_state=0), np.linspace(0, 8, 20)
    found = _curves(sure, 2, grid)
    for r, own in enumerate(found):
        parts = {name: sure.draws[name][r] for name in ("weights", "means", "covariances")}
        structure = {"EII": None}.get(family, family)
        if structure is None:  # one number for all
            parts["covariances"] = np.eye(4) * parts["covariances"]
            structure = "tied"
        drawn = Mixture(*parts.values(), covariance_type=structure).marginal([2])
        np.testing.assert_allclose(own.sum(axis=1), drawn.pdf(grid[:, None]), rtol=1e-9)


def test_ellipses_hold_as_many_means_of_replicates_as_they_say():
    model = GaussianMixture(3, random_state=0).fit(IRIS)
    sure = bootstrap(model, IRIS, n_resamples=300, random_state=0)
    patches = plot.confidence(sure, features=[2, 3]).patches[1::2]
    for k, patch in enumerate(patches):
        middle = sure.draws["means"][:, k, 2:] - sure.draws["means"][:, k, 2:].mean(axis=0)
        turned = middle @ np.linalg.inv(np.cov(middle.T)) * middle
        inside = turned.sum(axis=1) < -2 * np.log(0.05)
        area = np.pi * np.sqrt(np.linalg.det(np.cov(middle.T))) * -2 * np.log(0.05)
        assert abs(inside.mean() - 0.95) < 0.03
        assert np.pi * patch.width * patch.height / 4 == pytest.approx(area, rel=1e-6)


def test_plot_takes_the_picture_that_features_call_for():
    model = GaussianMixture(2, covariance_type="tied", random_state=0).fit(IRIS)
    sure = information(model, IRIS)
    assert sure.plot().get_xlabel().startswith("mean, in")
    assert sure.plot(features=1).get_ylabel() == "density"
    assert sure.plot(features=[0, 1]).get_xlabel() == "feature 0"
    assert len(plot.confidence(sure).axes) == 16
    with pytest.raises(ParameterError, match="ax:"):
        plot.confidence(sure, ax=sure.plot())
    with pytest.raises(ParameterError, match="expected what"):
        plot.confidence(model)
