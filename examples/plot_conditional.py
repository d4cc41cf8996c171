"""
One column, given others
========================

The distribution of petal lengths, given the width of the sepals: again a mixture, whose
components weigh as
much as the given value makes them probable.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris

from gaussmix import GaussianMixture

iris = load_iris(as_frame=True).data
mixture = GaussianMixture(3, random_state=0).fit(iris).mixture_
pair = mixture.marginal(["sepal width (cm)", "petal length (cm)"])

lengths = np.linspace(0, 8, 400)
figure, ax = plt.subplots(figsize=(6, 4))
for width in (2.5, 3.0, 3.8):
    given = pair.conditional("sepal width (cm)", width)
    ax.plot(lengths, given.pdf(lengths), label=f"sepal width {width} cm")
ax.set(xlabel="petal length (cm)", ylabel="density")
ax.legend()
