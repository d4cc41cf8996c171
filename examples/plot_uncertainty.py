"""
How sure is each row?
=====================

One minus the largest responsibility: points are the larger the less sure they are. They lie where
components
overlap.
"""

from sklearn.datasets import load_iris

from gaussmix import GaussianMixture, plot

X = load_iris(as_frame=True).data.iloc[:, 2:]
model = GaussianMixture(3, random_state=0).fit(X)
plot.uncertainty(model, X)
