"""
Some labels are known
=====================

Twelve of the flowers have been named by a botanist; the others are -1. The known ones stay in
their groups, and
all of them shape the components.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from gaussmix import GaussianMixture, plot

X, species = load_iris(return_X_y=True)
X = X[:, :2]
known = np.full(150, -1)
for k in range(3):
    some = np.random.default_rng(k).choice(np.flatnonzero(species == k), 4, replace=False)
    known[some] = k

figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharex=True, sharey=True)
for ax, given in zip(axes, (None, known), strict=True):
    model = GaussianMixture(3, random_state=0).fit(X, known=given)
    labels = model.predict(X)
    plot.scatter(X, labels, ax=ax)
    told = "none known" if given is None else "twelve known"
    ax.set_title(f"{told}: agreement {adjusted_rand_score(species, labels):.2f}")
