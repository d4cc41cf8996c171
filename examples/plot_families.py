"""
The fourteen families
=====================

What each family lets covariances be: E is equal, V varies, I is along the axes or a sphere; the
letters
stand for volume, shape and orientation.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, Mixture, families, plot

truth = Mixture(
    [0.3, 0.3, 0.4],
    [[0, 0], [7, 1], [3, 7]],
    [[[2.0, 1.2], [1.2, 1.0]], [[0.5, -0.2], [-0.2, 1.5]], [[4.0, 0.5], [0.5, 0.6]]],
)
X, _ = truth.sample(600, random_state=0)

names = [family.name for family in families.list_families() if len(family.name) == 3]
figure, axes = plt.subplots(3, 5, figsize=(12, 7.5), sharex=True, sharey=True)
for ax, name in zip(axes.flat, names, strict=False):
    model = GaussianMixture(3, covariance_type=name, random_state=0).fit(X)
    plot.scatter(X, model.predict(X), ax=ax)
    plot.ellipses(model, ax=ax)
    ax.set_title(f"{name}: BIC {model.bic(X):.0f}", fontsize=9)
    ax.set(xlabel="", ylabel="")
    if ax.get_legend() is not None:
        ax.get_legend().remove()
for ax in axes.flat[len(names) :]:
    ax.set_visible(False)
print(f"{len(names)} families of {np.shape(X)[1]} features")
