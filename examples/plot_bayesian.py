"""
A Bayesian mixture takes as many components as it needs
=======================================================

Three clusters, and up to eight components. What the concentration of the weights' prior changes:
with a small one, components that the rows do not need end empty; with a large one all are used.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import BayesianGaussianMixture, plot

rng = np.random.default_rng(0)
centers = np.array([[0.0, -1.5], [0.0, 0.0], [0.0, 1.5]])
labels = np.repeat([0, 1, 2], [200, 500, 200])
X = (
    centers[labels]
    + rng.normal(size=(900, 2)) * np.array([[0.45, 0.3], [0.3, 0.2], [0.45, 0.3]])[labels]
)

figure, axes = plt.subplots(
    2, 3, figsize=(10, 6.5), height_ratios=(3, 1), sharex="row", sharey="row"
)
for (above, below), concentration in zip(axes.T, (1e-3, 1.0, 1e3), strict=True):
    model = BayesianGaussianMixture(
        8,
        weight_concentration_prior_type="dirichlet_distribution",
        weight_concentration_prior=concentration,
        init_params="kmeans",
        random_state=0,
    ).fit(X)
    kept = model.prune()
    plot.scatter(X, kept.predict(X), ax=above)
    plot.ellipses(kept, ax=above)
    above.get_legend().remove()
    above.set_title(f"concentration {concentration:g}: {model.n_effective_} in use")
    below.bar(range(8), model.weights_, color="0.5")
    below.set(xlabel="component", ylim=(0, 1))
axes[1, 0].set_ylabel("expected weight")
figure.tight_layout()

# %%
# The bound of the log evidence says which prior the rows speak for; so it can choose, too.
for concentration in (1e-3, 1.0, 1e3):
    model = BayesianGaussianMixture(
        8,
        weight_concentration_prior_type="dirichlet_distribution",
        weight_concentration_prior=concentration,
        random_state=0,
    ).fit(X)
    print(f"concentration {concentration:g}: bound {model.lower_bound_:.1f}")
