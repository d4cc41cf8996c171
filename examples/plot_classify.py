"""
Classes, with most labels hidden
================================

Linear discriminant analysis of two classes, once from the few rows whose label is known, once
with the others counting for what they may be.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import Mixture, MixtureClassifier

truth = Mixture([0.5, 0.5], [[0, 0], [2.4, 1.0]], 2 * [[[1.0, 0.8], [0.8, 1.0]]])
X, y = truth.sample(600, random_state=3)
partly = np.where(np.random.default_rng(1).random(600) < 0.02, y.astype(float), np.nan)
known = ~np.isnan(partly)

few = MixtureClassifier(families="EEE").fit(X[known], y[known])
all_rows = MixtureClassifier(families="EEE").fit(X, partly)

grid = np.stack(np.meshgrid(np.linspace(-4, 6, 200), np.linspace(-4, 5, 200)), axis=-1)
figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True)
titles = (f"{known.sum()} rows with a label", "and 600 without")
for ax, model, title in zip(axes, (few, all_rows), titles, strict=True):
    proba = model.predict_proba(grid.reshape(-1, 2))[:, 1].reshape(200, 200)
    ax.contourf(*grid.transpose(2, 0, 1), proba, levels=20, cmap="coolwarm", alpha=0.5)
    ax.plot(*X[~known].T, ".", color="0.4", markersize=2)
    ax.scatter(*X[known].T, c=y[known], cmap="coolwarm", edgecolors="k")
    ax.set_title(f"{title}: {(model.predict(X) != y).mean():.0%} wrong")
