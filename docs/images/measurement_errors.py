"""Draw docs/images/measurement-errors.png: what was there, what was measured, and what is found.

python docs/images/measurement_errors.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, Mixture, plot

TRUTH = Mixture(
    [0.45, 0.3, 0.25],
    [[0.0, 0.0], [3.0, 1.5], [1.0, 4.0]],
    [[[1.0, 0.95], [0.95, 1.0]], [[0.6, -0.5], [-0.5, 0.5]], [[0.1, 0.0], [0.0, 0.1]]],
)


def main() -> None:
    """Measure, fit, draw and save."""
    true, _ = TRUTH.sample(1500, random_state=1)
    rng = np.random.default_rng(0)
    Xerr = rng.choice([0.05, 0.6, 1.5], p=[0.3, 0.4, 0.3], size=(len(true), 1)) * [1.0, 0.7]
    X = true + np.sqrt(Xerr) * rng.standard_normal(true.shape)
    noisy = GaussianMixture(3, random_state=0).fit(X)
    model = GaussianMixture(3, random_state=0).fit(X, Xerr=Xerr)
    panels = {
        "what was measured, fitted as it is": (X, noisy),
        "the density without errors: fit(X, Xerr=...)": (X, model),
        "true values, and that density": (true, model),
    }
    figure, axes = plt.subplots(
        1, 3, figsize=(13, 4.4), sharex=True, sharey=True, layout="constrained"
    )
    low, high = true.min(axis=0) - 1.0, true.max(axis=0) + 1.0
    for ax, (title, (rows, fit)) in zip(axes, panels.items(), strict=True):
        ax.scatter(*rows.T, s=4, color="0.55", linewidths=0)
        plot.ellipses(fit, ax=ax)
        ax.set(title=title, xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    figure.savefig(Path(__file__).parent / "measurement-errors.png", dpi=90)


if __name__ == "__main__":
    main()
