"""
A histogram, by weights
=======================

Ten million values are known by their histogram alone. Each bin is a row that counts as often as
its values:
the fit is that of the values, up to the width of a bin.
"""

import numpy as np

from gaussmix import GaussianMixture, Mixture, plot

truth = Mixture([0.2, 0.5, 0.3], [-3.0, 0.0, 4.0], [0.3, 1.0, 2.0])
values, _ = truth.sample(1_000_000, random_state=0)
counts, edges = np.histogram(values, bins=200)
centers = (edges[1:] + edges[:-1]) / 2

model = GaussianMixture(3, random_state=0).fit(centers[:, None], sample_weight=counts)
print(model.means_.ravel().round(2), model.weights_.round(3))

# %%
plot.univariate(model, centers, weights=counts)
