"""
Groups that are as large as each other
======================================

Two dice thrown equally often: the groups are known to be of one size. Saying so takes a parameter
away for each,
and a group that is hard to see stays.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, Mixture, plot

truth = Mixture([0.5, 0.5], [[0.0], [2.2]], [1.0, 0.5])
x, _ = truth.sample(120, random_state=4)
figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True)
for ax, equal in zip(axes, (False, True), strict=True):
    model = GaussianMixture(2, equal_weights=equal, random_state=0).fit(x)
    plot.univariate(model, x, ax=ax)
    told = "equal" if equal else "estimated"
    ax.set_title(f"weights {told}: {np.round(model.weights_, 2).tolist()}")
