"""
Clusters of different sizes: a mixture and K-means
==================================================

K-means cuts halfway between centres, whatever the clusters' sizes: it takes rows of the wide
cluster for
the narrow one. A mixture knows how wide each of them is.
"""

import matplotlib.pyplot as plt
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from gaussmix import GaussianMixture, plot
from gaussmix.datasets import sizes

data = sizes()
X, truth = data.rows, data.classes
mixture = GaussianMixture(len(data.class_names), random_state=0).fit(X)
kmeans = KMeans(len(data.class_names), n_init=10, random_state=0).fit(X)

figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharex=True, sharey=True)
for ax, name, labels in zip(
    axes, ("mixture", "K-means"), (mixture.predict(X), kmeans.labels_), strict=True
):
    plot.scatter(X, labels, ax=ax)
    ax.set_title(f"{name}: agreement {adjusted_rand_score(truth, labels):.2f}")
plot.ellipses(mixture, ax=axes[0])
