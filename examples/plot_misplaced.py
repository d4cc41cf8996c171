"""
Which rows are misplaced?
=========================

Where classes are known, components stand for them as agrees best. Points have the colour of their
class; those in the component of another one are large and crossed.
"""

from sklearn.datasets import load_wine

from gaussmix import GaussianMixture, plot

wine = load_wine(as_frame=True)
X, classes = wine.data[["alcohol", "flavanoids", "color_intensity", "proline"]], wine.target
model = GaussianMixture(3, covariance_type="VVI", random_state=0).fit(X)
plot.misplaced(model, X, wine.target_names[classes], features=("flavanoids", "color_intensity"))
