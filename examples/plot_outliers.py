"""
Unusual rows, and why
=====================

A mixture is a density: rows where it is low are unusual. The threshold is one that a hundredth of
the mixture's own rows would fall below. What each feature adds to the surprise says why.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import Mixture, MixtureOutlierDetector, plot

truth = Mixture([0.7, 0.3], [[0, 0], [4, 4]], [[[1, 0.8], [0.8, 1]], [[0.3, 0], [0, 0.3]]])
X, _ = truth.sample(1000, random_state=0)
strange = np.array([[3.0, -2.0], [-3.0, 3.0], [6.0, 1.0]])
X = np.vstack([X, strange])

detector = MixtureOutlierDetector(2, false_alarm=0.01, random_state=0).fit(X)
unusual = detector.predict(X) == -1
print(f"{unusual.sum()} of {len(X)} rows, the last three among them: {unusual[-3:].tolist()}")

# %%
plot.scatter(X, np.where(unusual, "unusual", "usual"))

# %%
figure, ax = plt.subplots(figsize=(5.5, 2.6))
first, second = detector.explain(strange).T
ax.barh(range(3), first, color="C0", label="first feature")
ax.barh(range(3), second, left=first, color="C1", label="second feature")
ax.set(yticks=range(3), yticklabels=[str(tuple(row)) for row in strange.tolist()])
ax.set_xlabel("part of the squared distance")
ax.legend()
