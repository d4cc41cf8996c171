"""
A hierarchy of clusters
=======================

Rows are merged two at a time, each time the pair that costs a Gaussian model least. Any number of
clusters is a cut
of the tree; EM starts well from one.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_iris

from gaussmix import GaussianMixture, plot
from gaussmix.hierarchy import agglomerate

X = load_iris(as_frame=True).data
tree = agglomerate(X, "VVV")
figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharex=True, sharey=True)
for ax, k in zip(axes, (2, 3), strict=True):
    plot.scatter(X, tree.labels(k), ax=ax, features=[2, 3])
    ax.set_title(f"the tree cut into {k}")
model = GaussianMixture(3, init_params="mbahc").fit(X)
print(f"EM from there: {model.lower_bound_ * len(X):.2f}")
