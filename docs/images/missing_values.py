"""Draw docs/images/missing-values.png: rows of which a third of the values is missing.

python docs/images/missing_values.py
"""

from __future__ import annotations

import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, Mixture, plot

TRUTH = Mixture(
    [0.4, 0.35, 0.25],
    [[0.0, 0.0], [4.0, 3.0], [6.5, -1.0]],
    [[[1.2, 0.9], [0.9, 1.0]], [[1.0, -0.7], [-0.7, 0.8]], [[0.3, 0.0], [0.0, 1.2]]],
)


def main() -> None:
    """Fit, draw and save."""
    warnings.simplefilter("ignore")  # one component collapses: that is what the picture shows
    X, _ = TRUTH.sample(600, random_state=3)
    rng = np.random.default_rng(0)
    rows = np.where(rng.uniform(size=X.shape) < 1 / 3, np.nan, X)
    filled = np.where(np.isnan(rows), np.nanmean(rows, axis=0), rows)
    fits = {
        "nothing missing": (X, GaussianMixture(3, random_state=0).fit(X)),
        "a third of the values missing, missing='em'": (
            rows,
            GaussianMixture(3, missing="em", random_state=0).fit(rows),
        ),
        "means filled in, then fitted": (filled, GaussianMixture(3, random_state=0).fit(filled)),
    }
    figure, axes = plt.subplots(
        1, 3, figsize=(13, 4.4), sharex=True, sharey=True, layout="constrained"
    )
    low, high = X.min(axis=0) - 1.2, X.max(axis=0) + 0.6
    for ax, (title, (given, model)) in zip(axes, fits.items(), strict=True):
        whole = ~np.isnan(given).any(axis=1)
        plot.scatter(given[whole], model.predict(given[whole]), ax=ax)
        plot.ellipses(model, ax=ax)
        # What is seen of the others is where they are along one side.
        for j, place in ((0, low[1] + 0.15), (1, low[0] + 0.15)):
            some = np.isnan(given[:, 1 - j]) & ~np.isnan(given[:, j])
            at = np.full(some.sum(), place)
            x, y = (given[some, 0], at) if j == 0 else (at, given[some, 1])
            ax.scatter(x, y, marker="|" if j == 0 else "_", s=40, color="0.6", linewidths=0.8)
        ax.set(title=title, xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    figure.savefig(Path(__file__).parent / "missing-values.png", dpi=90)


if __name__ == "__main__":
    main()
