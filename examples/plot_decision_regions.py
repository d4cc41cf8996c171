"""
Where does a component win?
===========================

The plane in the colours of the most probable component, the stronger the surer. Covariances of
their own make the borders curves; one that all share makes them straight lines.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_iris

from gaussmix import GaussianMixture, plot

X = load_iris(as_frame=True).data.iloc[:, 2:]
figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), sharey=True, layout="constrained")
for ax, family in zip(axes, ("VVV", "EEE"), strict=True):
    model = GaussianMixture(3, covariance_type=family, random_state=0).fit(X)
    plot.decision_regions(model, X, ax=ax)
    ax.set_title(f"{model.result_.family!r}, BIC {model.bic(X):.1f}")
