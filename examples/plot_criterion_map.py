"""
All families and sizes at once
==============================

By how much each model's BIC is above the best. Colours go by the logarithm, and the worse half of
the models has no say in the scale, so near rivals of the best are told apart.
"""

from sklearn.datasets import load_iris

from gaussmix import GaussianMixtureIC, plot

X = load_iris().data
search = GaussianMixtureIC(range(1, 7), init_params="mbahc").fit(X)
plot.criterion_map(search)
