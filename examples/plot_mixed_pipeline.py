"""
In a pipeline
=============

The responsibilities as features for a classifier: what a straight boundary cannot cut in the
plane it can in
them.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from gaussmix import GaussianMixture

X, y = make_moons(600, noise=0.2, random_state=0)
straight = LogisticRegression()
bent = make_pipeline(GaussianMixture(10, random_state=0), LogisticRegression())

figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharex=True, sharey=True)
for ax, model, name in zip(
    axes, (straight, bent), ("two features", "ten responsibilities"), strict=True
):
    score = cross_val_score(model, X, y, cv=5).mean()
    DecisionBoundaryDisplay.from_estimator(
        model.fit(X, y), X, ax=ax, alpha=0.3, response_method="predict"
    )
    ax.scatter(*X.T, c=y, s=8)
    ax.set_title(f"{name}: {score:.0%} right")
