"""
Clusters in background noise
============================

A fifth of the rows are scattered all over the place. Without a component for them the Gaussians
are pulled
wide; `noise` adds a uniform background, whose rows get the label -1.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, Mixture, plot

clusters = Mixture([0.5, 0.5], [[0, 0], [5, 3]], [[[1, 0.6], [0.6, 1]], [[0.6, 0], [0, 0.3]]])
X, _ = clusters.sample(800, random_state=0)
X = np.vstack([X, np.random.default_rng(1).uniform(-10, 15, size=(200, 2))])

figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharex=True, sharey=True)
for ax, noise in zip(axes, (None, 0.1), strict=True):
    model = GaussianMixture(2, noise=noise, random_state=0).fit(X)
    plot.scatter(X, model.predict(X), ax=ax)
    plot.ellipses(model, ax=ax)
    ax.set_title("no noise component" if noise is None else "with one: rows of it are grey")
