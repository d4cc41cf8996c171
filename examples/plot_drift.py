"""
A stream whose clusters move
============================

Rows come in blocks, and are seen once. With a memory of some thousand rows the mixture follows
the clusters as
they drift.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, Stepwise

rng = np.random.default_rng(0)
model = GaussianMixture(2, random_state=0, stepwise=Stepwise(memory=2000))
track = []
for step in range(120):
    centers = np.array([[0.05 * step, 0.0], [8.0, 0.04 * step]])
    block = centers[rng.integers(2, size=300)] + rng.normal(size=(300, 2))
    model.partial_fit(block)
    if hasattr(model, "means_"):
        track.append(model.means_.copy())

track = np.array(track)
figure, ax = plt.subplots(figsize=(6, 4))
for k in range(2):
    ax.plot(*track[:, k].T, marker=".", label=f"component {k}")
ax.set(xlabel="x", ylabel="y", title="the means as rows go by")
ax.legend()
