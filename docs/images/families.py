"""Draw docs/images/families.png: the fourteen families fitted to the same three clusters.

python docs/images/families.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from gaussmix import GaussianMixture, plot
from gaussmix.components.families import get_family

ORDER = (
    *("EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE"),
    *("VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV"),
)


def clusters() -> np.ndarray:
    """Three clusters of different volume, shape and orientation."""
    rng = np.random.default_rng(4)
    parts = []
    for center, scales, angle, n in (
        ((0, 0), (1.6, 0.35), 0.6, 150),
        ((4.2, 0.4), (0.9, 0.6), 0.0, 120),
        ((1.2, 3.6), (0.5, 0.2), -0.7, 80),
    ):
        c, s = np.cos(angle), np.sin(angle)
        parts.append(center + (rng.standard_normal((n, 2)) * scales) @ np.array([[c, s], [-s, c]]))
    return np.vstack(parts)


def main() -> None:
    """Fit, draw and save."""
    rows = clusters()
    figure, axes = plt.subplots(
        3, 5, figsize=(13, 7.6), sharex=True, sharey=True, layout="constrained"
    )
    for ax, name in zip(axes.flat, ORDER, strict=False):
        model = GaussianMixture(3, covariance_type=name, init_params="mbahc").fit(rows)
        plot.scatter(rows, model.predict(rows), ax=ax)
        plot.ellipses(model.mixture_, ax=ax)
        synonym = get_family(name).synonym
        title = name if synonym is None else f"{name} ({synonym})"
        ax.set_title(f"{title}, BIC {model.bic(rows):.0f}", fontsize=11)
        ax.set(xlabel="", ylabel="", aspect="equal")
        if ax.get_legend():
            ax.get_legend().remove()
    for ax in axes.flat[len(ORDER) :]:
        ax.set_axis_off()
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=80)


if __name__ == "__main__":
    main()
