"""
Few rows along a curve, and what is known of them
=================================================

A hundred rows along a noisy sine, which no mixture of few Gaussians made. Maximum likelihood with
ten components, and Bayesian mixtures with a prior that expects narrow pieces, and with the default.
Contours are of the density of a new row: `predictive_` for the Bayesian fits, wide where few rows
have told.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import BayesianGaussianMixture, GaussianMixture, plot

rng = np.random.default_rng(0)
t = np.linspace(0.0, 4.0 * np.pi, 100)
X = np.column_stack([t, 3.0 * np.sin(t)]) + 0.1 * rng.normal(size=(100, 2))

most = 10
fits = {
    "maximum likelihood": GaussianMixture(most, random_state=0, select="likelihood"),
    "Bayesian, narrow pieces expected": BayesianGaussianMixture(
        most,
        weight_concentration_prior=10.0,
        covariance_prior=0.2 * np.eye(2),
        mean_precision_prior=1e-2,
        degrees_of_freedom_prior=4.0,
        random_state=0,
    ),
    "Bayesian, default priors": BayesianGaussianMixture(most, random_state=0),
}
grid = np.stack(np.meshgrid(np.linspace(-3, 16, 150), np.linspace(-6, 6, 120)), axis=-1)
figure, axes = plt.subplots(3, 1, figsize=(8, 9), sharex=True, sharey=True)
for ax, (title, model) in zip(axes, fits.items(), strict=True):
    model.fit(X)
    bayesian = isinstance(model, BayesianGaussianMixture)
    density = model.predictive_ if bayesian else model.mixture_
    heights = density.logpdf(grid.reshape(-1, 2)).reshape(grid.shape[:2])
    levels = np.arange(-12.0, 0.0, 1.5)
    ax.contour(grid[..., 0], grid[..., 1], heights, levels=levels, cmap="Greys", linewidths=0.7)
    shown = model.prune() if bayesian else model
    plot.scatter(X, shown.predict(X), ax=ax)
    plot.ellipses(shown, ax=ax)
    ax.get_legend().remove()
    ax.set_title(f"{title}: {shown.n_components} components")
figure.tight_layout()
