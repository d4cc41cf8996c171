"""
Family and number of components by BIC
======================================

Stretched clusters: with spheres six components would be needed, with ellipsoids three are. The
search looks
at both at once.
"""

import numpy as np

from gaussmix import GaussianMixtureIC, plot

rng = np.random.default_rng(0)
centers = np.array([[-4.0, 0.0], [0.0, 0.0], [4.0, 0.0]])
X = (
    rng.normal(size=(900, 2)) @ np.array([[0.6, -0.6], [-0.4, 0.8]])
    + centers[rng.integers(3, size=900)]
)

search = GaussianMixtureIC(range(1, 7), random_state=0).fit(X)
print(f"{search.best_family_} with {search.n_components_} components, BIC {search.criterion_:.1f}")

# %%
# Each line is a family; the best model is marked.
plot.criterion(search)

# %%
plot.scatter(X, search.predict(X))
