"""
Missing values
==============

A third of the values is missing. The fit climbs the likelihood of what is seen, and fills in the
rest: with its mean, or with draws that keep the spread.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, Mixture, plot

truth = Mixture([0.5, 0.5], [[0, 0], [5, 2]], [[[1, 0.9], [0.9, 1]], [[1, -0.8], [-0.8, 1]]])
X, _ = truth.sample(500, random_state=0)
rows = np.where(np.random.default_rng(1).uniform(size=X.shape) < 1 / 3, np.nan, X)

model = GaussianMixture(2, missing="em", random_state=0).fit(rows)
missing = model.result_.missing
print(f"{missing.n_incomplete} of {missing.n_rows} rows miss something")

means, draws = model.impute(rows), model.impute(rows, draws=1, random_state=0)[0]
whole = ~np.isnan(rows).any(axis=1)
figure, axes = plt.subplots(1, 3, figsize=(12, 4), sharex=True, sharey=True)
for ax, filled, title in zip(
    axes, (X, means, draws), ("before values were lost", "expected", "drawn"), strict=True
):
    plot.scatter(filled, np.where(whole, "complete", "filled in"), ax=ax)
    plot.ellipses(model, ax=ax)
    ax.set_title(title)
figure.tight_layout()
