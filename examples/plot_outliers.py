"""
Unusual rows
============

A mixture is a density: rows where it is low are unusual. The threshold is the density that one in
a hundred of
the mixture's own rows does not reach.
"""

import numpy as np

from gaussmix import GaussianMixture, Mixture, plot

truth = Mixture([0.7, 0.3], [[0, 0], [4, 4]], [[[1, 0.8], [0.8, 1]], [[0.3, 0], [0, 0.3]]])
X, _ = truth.sample(1000, random_state=0)
X = np.vstack([X, [[3.0, -2.0], [-3.0, 3.0], [6.0, 1.0]]])

model = GaussianMixture(2, random_state=0).fit(X)
own, _ = model.mixture_.sample(20_000, random_state=1)
threshold = np.quantile(model.score_samples(own), 0.01)
unusual = model.score_samples(X) < threshold
print(f"{unusual.sum()} of {len(X)} rows, the last three among them: {unusual[-3:].tolist()}")

# %%
plot.scatter(X, np.where(unusual, "unusual", "usual"))
