"""
The optima that were found
==========================

EM leads from other starts to other optima. What was found, how likely each is, and how well each
foretells a row
that it has not seen.
"""

from sklearn.datasets import load_wine

from gaussmix import GaussianMixture, plot

X = load_wine(as_frame=True).data.iloc[:, [0, 6, 9]]
model = GaussianMixture(4, random_state=0).fit(X)
print(model.result_.summary())

# %%
# How the log-likelihood of the one that was kept rose.
plot.trace(model)
