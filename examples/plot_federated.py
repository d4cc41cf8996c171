"""
Rows that stay where they are
=============================

Three hospitals share sums, not patients: each pass, every site sends the statistics of its rows,
and gets back a
mixture. The result is that of all rows in one place.
"""

from functools import reduce

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, Mixture, SufficientStatistics, plot
from gaussmix.federated import Coordinator, Site

truth = Mixture([0.5, 0.5], [[0, 0], [4, 2]], [np.eye(2), np.eye(2)])
rows = [truth.sample(n, random_state=n)[0] for n in (400, 900, 250)]
sites = [Site(own) for own in rows]


def merged(parts):
    """Add up what sites have sent."""
    return reduce(SufficientStatistics.merge, parts)


start = GaussianMixture(2, random_state=0).fit(rows[0]).mixture_
fit = Coordinator(start, merged(site.totals for site in sites))
while not fit.done:
    fit.update(merged(site.statistics(fit.mixture) for site in sites))

together = GaussianMixture(2, init_params=start).fit(np.vstack(rows))
print("the same as of all rows in one place:", fit.mixture.allclose(together.mixture_, rtol=1e-6))

# %%
# What each site holds, and what all of them found.
figure, axes = plt.subplots(1, 3, figsize=(11, 3.5), sharex=True, sharey=True)
for ax, own in zip(axes, rows, strict=True):
    plot.scatter(own, fit.mixture.predict(own), ax=ax)
    plot.ellipses(fit.mixture, ax=ax)
    ax.set_title(f"{len(own)} rows")
