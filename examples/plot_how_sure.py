"""
How sure are the means, and how many components?
================================================

Old Faithful's eruptions. Left: means with intervals from 200 bootstrap replicates. Right: twice
the gain in log-likelihood of one component more, beside what it is on data sets drawn from the
smaller fit.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, inference

rng = np.random.default_rng(0)
short = rng.multivariate_normal([2.0, 54.5], [[0.07, 0.44], [0.44, 33.7]], 97)
long = rng.multivariate_normal([4.3, 80.0], [[0.17, 0.94], [0.94, 36.0]], 175)
X = np.vstack([short, long])  # of the size and shape of the eruptions

model = GaussianMixture(2, random_state=0).fit(X)
sure = inference.bootstrap(model, X, n_resamples=200, random_state=0)
test = inference.likelihood_ratio_test(X, "VVV", 3, n_resamples=49, random_state=0)
print(sure)
print(test)

figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
sure.plot(axes[0])
test.plot(axes[1])
