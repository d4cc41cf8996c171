"""Draw docs/images/robust.png: clusters among outliers, fitted by Gaussians and by Student's t.

python docs/images/robust.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, StudentMixture, plot


def among_outliers() -> tuple[np.ndarray, np.ndarray]:
    """Three clusters and, last, one row in ten from everywhere; their labels, -1 of outliers."""
    rng = np.random.default_rng(3)
    parts = []
    for center, factor, n in (
        ((0.0, 0.0), [[1.2, 0.0], [0.6, 0.5]], 150),
        ((6.0, 1.0), [[0.5, 0.2], [0.0, 1.1]], 120),
        ((2.0, 6.0), [[0.8, 0.0], [0.0, 0.4]], 90),
    ):
        parts.append(rng.standard_normal((n, 2)) @ np.array(factor) + center)
    far = rng.uniform((-14, -12), (20, 18), (40, 2))
    return np.vstack([*parts, far]), np.repeat([0, 1, 2, -1], [150, 120, 90, 40])


def main() -> None:
    """Draw and save."""
    X, _ = among_outliers()
    figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
    models = {
        "Gaussian": GaussianMixture(3, random_state=0).fit(X),
        "Student's t, equal degrees of freedom": StudentMixture(3, dof="equal", random_state=0).fit(
            X
        ),
    }
    for ax, (name, model) in zip(axes, models.items(), strict=False):
        plot.scatter(X, model.predict(X), ax=ax)
        plot.ellipses(model, ax=ax)
        ax.set_title(name, fontsize="medium")
    weights = model.outlier_weights(X)
    shown = axes[2].scatter(*X.T, c=weights, s=16, cmap="viridis", vmin=0)
    figure.colorbar(shown, ax=axes[2], label="what a row counts for")
    axes[2].set_title("outlier_weights of the t mixture", fontsize="medium")
    for ax in axes:
        ax.set(xlim=(-15, 21), ylim=(-13, 19), xlabel="", ylabel="")
        ax.spines[["top", "right"]].set_visible(False)
        if ax.get_legend() is not None:
            ax.get_legend().remove()
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main()
