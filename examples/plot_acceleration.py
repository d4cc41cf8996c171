"""
Leaps: fewer passes where clusters overlap
==========================================

Where clusters overlap, plain EM creeps. A leap jumps to where the last steps point, and is kept
only if the
log-likelihood climbs: the same top, in fewer passes over the data.
"""

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, Mixture

truth = Mixture([0.5, 0.5], [[0, 0], [1.8, 0]], [np.eye(2), np.eye(2)])
X, _ = truth.sample(5000, random_state=0)
start = Mixture([0.5, 0.5], [[-1, 1], [1, -1]], [np.eye(2), np.eye(2)])

figure, ax = plt.subplots(figsize=(6, 4))
for accelerate in (False, True):
    model = GaussianMixture(
        2, init_params=start, accelerate=accelerate, tol=1e-9, max_iter=5000
    ).fit(X)
    likelihood = np.array(model.history_.log_likelihood) / len(X)
    passes = len(likelihood) + model.history_.rejected
    name = "with leaps" if accelerate else "plain EM"
    ax.semilogx(1 + np.arange(len(likelihood)), likelihood, label=f"{name}: {passes} passes")
ax.set(xlabel="iteration", ylabel="log-likelihood a row")
ax.legend()
