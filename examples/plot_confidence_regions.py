"""
Regions that hold half, and nine tenths
=======================================

The smallest regions that hold a share of the mixture: where its density is above a level. New
rows are expected there.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, Mixture

truth = Mixture([0.6, 0.4], [[0, 0], [3, 3]], [[[1, 0.7], [0.7, 1]], [[0.4, 0], [0, 0.8]]])
X, _ = truth.sample(1500, random_state=0)
mixture = GaussianMixture(2, random_state=0).fit(X).mixture_
shares = (0.9, 0.5)
levels = mixture.hdr_level(shares)

grid = np.stack(np.meshgrid(np.linspace(-4, 6, 200), np.linspace(-4, 6, 200)), axis=-1)
density = mixture.pdf(grid.reshape(-1, 2)).reshape(200, 200)
figure, ax = plt.subplots(figsize=(5.5, 5))
ax.plot(*X.T, ".", markersize=2, alpha=0.4)
lines = ax.contour(grid[..., 0], grid[..., 1], density, levels=levels, colors=["C1", "C3"])
ax.clabel(lines, fmt={level: f"{share:.0%}" for level, share in zip(levels, shares, strict=True)})
new, _ = truth.sample(20_000, random_state=2)
inside = [float(mixture.in_hdr(new, share).mean()) for share in shares]
print("new rows inside:", [f"{share:.0%}" for share in inside])
