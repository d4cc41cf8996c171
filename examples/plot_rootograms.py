"""
How well are components told apart?
===================================

How many rows have which responsibility, for each component; heights are roots of counts. One that
stands alone has all its rows at 1; one that overlaps with others has many in between.
"""

from sklearn.datasets import load_wine

from gaussmix import GaussianMixture, plot

X = load_wine(as_frame=True).data[["alcohol", "flavanoids", "color_intensity", "hue"]]
model = GaussianMixture(4, covariance_type="VVI", random_state=0).fit(X)
plot.rootograms(model, X)
