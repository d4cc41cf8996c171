"""
A prior against collapse
========================

Many components on few rows: some of them shrink to a handful of rows. mclust's conjugate prior
keeps covariances
in place.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, plot

X = np.random.default_rng(0).normal(size=(80, 2)) @ np.array([[2.0, 1.0], [0.0, 1.0]])
figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharex=True, sharey=True)
for ax, prior in zip(axes, (None, "conjugate"), strict=True):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMixture(6, prior=prior, random_state=0, select="likelihood").fit(X)
    plot.scatter(X, model.predict(X), ax=ax)
    plot.ellipses(model, ax=ax)
    ax.set_title("no prior, highest likelihood" if prior is None else "the conjugate prior")
