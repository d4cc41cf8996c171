"""
Does the mixture fit?
=====================

Quantiles of the data against those of the mixture, and the two distribution functions. One
Gaussian is far off; three follow the data as closely as rows drawn from them would.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_iris

from gaussmix import GaussianMixture, plot

iris = load_iris(as_frame=True)
length = iris.data["petal length (cm)"].to_numpy()
species = iris.target_names[iris.target]
figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
for (left, right), count in zip(axes, (1, 3), strict=True):
    model = GaussianMixture(count, random_state=0).fit(length[:, None])
    plot.cdf(model, length, species, ax=left)
    plot.quantiles(model, length, species, ax=right)
    left.set_title(f"{count} component{'s' if count > 1 else ''}")
