"""
One dimension
=============

The density of a mixture of values, its components, and a histogram under them.
"""

from sklearn.datasets import load_iris

from gaussmix import GaussianMixtureIC, plot

values = load_iris(as_frame=True).data[["petal length (cm)"]]
search = GaussianMixtureIC(range(1, 6), random_state=0).fit(values)
print(f"{search.best_family_}: {search.n_components_} components")
plot.univariate(search, values)
