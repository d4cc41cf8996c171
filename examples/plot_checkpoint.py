"""
A fit that was cut off
======================

A long fit saves its state now and then; started again with the same data it goes on from there,
to the same bits
as one that was never cut off.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import Checkpoint, FitInterrupted, GaussianMixture, Mixture

truth = Mixture([0.5, 0.5], [[0, 0], [2, 0]], [np.eye(2), np.eye(2)])
X, _ = truth.sample(3000, random_state=0)
path = Path(tempfile.mkdtemp()) / "fit.checkpoint"
options = {"init_params": "random_from_data", "random_state": 1, "accelerate": False, "tol": 1e-8}


def cut_off(iteration):
    """Stop as Ctrl-C would."""
    if iteration.number == 20:
        raise KeyboardInterrupt


try:
    GaussianMixture(2, callback=cut_off, checkpoint=Checkpoint(path, passes=1), **options).fit(X)
except FitInterrupted as stopped:
    print(f"cut off after {stopped.result.n_iter} iterations")
resumed = GaussianMixture(2, checkpoint=Checkpoint(path, resume=True), **options).fit(X)
whole = GaussianMixture(2, **options).fit(X)
print("the same bits:", np.array_equal(resumed.means_, whole.means_))

figure, ax = plt.subplots(figsize=(6, 4))
ax.plot(whole.history_.log_likelihood, label="never cut off", linewidth=4, alpha=0.4)
ax.plot(resumed.history_.log_likelihood, label="gone on with", linestyle="--")
ax.set(xlabel="iteration", ylabel="log-likelihood")
ax.legend()
