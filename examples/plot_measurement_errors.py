"""
Measurement errors
==================

Each row has errors of its own. The fit is of the values without them, and says of each row where
its true value is likely to be.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, Mixture, plot

truth = Mixture([0.6, 0.4], [[0, 0], [3, 2]], [[[1, 0.9], [0.9, 1]], [[0.1, 0], [0, 0.1]]])
true, _ = truth.sample(800, random_state=0)
rng = np.random.default_rng(1)
variances = rng.choice([0.1, 1.0], size=true.shape)
X = true + np.sqrt(variances) * rng.standard_normal(true.shape)

model = GaussianMixture(2, random_state=0).fit(X, Xerr=variances)
means, covariances = model.denoise(X, variances)
print(f"mean squared error as measured: {((X - true) ** 2).mean():.2f}")
print(f"of the expected true values:    {((means - true) ** 2).mean():.2f}")

labels = model.predict(X, variances)
figure, axes = plt.subplots(1, 3, figsize=(12, 4), sharex=True, sharey=True)
for ax, rows, title in zip(
    axes, (X, means, true), ("as measured", "expected true values", "true values"), strict=True
):
    plot.scatter(rows, labels, ax=ax)
    plot.ellipses(model, ax=ax)
    ax.set_title(title)
figure.tight_layout()
