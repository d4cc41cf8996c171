"""
Clusters with heavy tails
=========================

Some rows are far from the cluster they belong to. Gaussian components go wide, or take them for
clusters; components of Student's t give them little weight. Darker rows count less.
"""

import matplotlib.pyplot as plt

from gaussmix import GaussianMixture, Mixture, StudentMixture, StudentT, plot

means = [[0, 0], [8, 2], [3, 9]]
scales = [[[1.0, 0.6], [0.6, 0.8]], [[0.5, 0.0], [0.0, 1.5]], [[1.2, -0.4], [-0.4, 0.4]]]
truth = Mixture([0.4, 0.3, 0.3], means, scales, density=StudentT([1.5, 2, 3]))
X, _ = truth.sample(500, random_state=4)

figure, axes = plt.subplots(1, 2, figsize=(10, 4.4), sharex=True, sharey=True)
normal = GaussianMixture(3, random_state=0).fit(X)
student = StudentMixture(3, random_state=0).fit(X)
for ax, model in zip(axes, (normal, student), strict=True):
    plot.ellipses(model, ax=ax)
    ax.set_title(type(model).__name__)
axes[0].scatter(*X.T, s=8, color="#888888")
axes[1].scatter(*X.T, s=8, c=student.outlier_weights(X), cmap="magma")
axes[0].set(xlim=(-15, 23), ylim=(-14, 24))
print(f"degrees of freedom {student.dofs_.round(1).tolist()}, of the truth {[1.5, 3.0, 2.0]}")
