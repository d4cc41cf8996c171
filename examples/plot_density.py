"""
A density as lines and as colours
=================================

Contours that say how much of the probability they enclose, the smallest regions that hold so much;
and the same density in colours, by its logarithm, which shows what lies low.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, Mixture, plot

rows = Mixture([0.7, 0.3], [[0, 0], [4, 1]], [[[3, 2], [2, 2]], [[0.1, 0], [0, 0.1]]])
X, _ = rows.sample(2_000, random_state=0)
X = np.vstack([X, np.random.default_rng(0).uniform(-6, 8, (100, 2))])
model = GaussianMixture(2, noise=0.05, random_state=0).fit(X)
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
plot.density_contours(model, masses=[0.25, 0.5, 0.75, 0.9], ax=left)
plot.density(model, log=True, ax=right)
