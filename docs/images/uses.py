"""Draw the pictures of the pages on classes, regression, outliers and the density as a whole.

python docs/images/uses.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from gaussmix import (
    Mixture,
    MixtureClassifier,
    MixtureOutlierDetector,
    MixtureRegressor,
    datasets,
)

HERE = Path(__file__).parent
COLORS = ["#4c72b0", "#dd8452", "#55a868"]


def grid(low: list[float], high: list[float], n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Return a grid (n, n, 2) over a rectangle, and its points (n n, 2)."""
    axes = [np.linspace(a, b, n) for a, b in zip(low, high, strict=True)]
    found = np.stack(np.meshgrid(*axes), axis=-1)
    return found, found.reshape(-1, 2)


def classify() -> None:
    """Sepals of three kinds of iris, and the borders that three families draw."""
    iris = datasets.iris()
    X, y = iris.rows[:, :2], iris.classes
    figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.5), sharey=True, layout="constrained")
    plane, points = grid([4.0, 1.8], [8.2, 4.6])
    titles = {"EEE": "EEE: linear", "VVV": "VVV: quadratic", "VVI": "VVI: naive Bayes"}
    for ax, (family, title) in zip(axes, titles.items(), strict=True):
        model = MixtureClassifier(families=family).fit(X, y)
        codes = model.predict(points).reshape(300, 300)
        ax.contourf(*plane.T, codes.T, levels=[-0.5, 0.5, 1.5, 2.5], colors=COLORS, alpha=0.25)
        for k, name in enumerate(iris.class_names):
            ax.plot(*X[y == k].T, ".", color=COLORS[k], markersize=5, label=name)
        error = model.cross_validate(X, y, cv=10).error
        ax.set(title=f"{title}, error {error:.0%}", xlabel="sepal length, cm")
    axes[0].set_ylabel("sepal width, cm")
    axes[-1].legend(loc="lower right", frameon=False, fontsize=8)
    figure.savefig(HERE / "classify.png", dpi=110)


def regress() -> None:
    """A wave whose noise grows, and two branches."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 10, 700)
    wave = np.sin(x) + (0.05 + 0.04 * x) * rng.standard_normal(700)
    branch = np.where(rng.random(700) < 0.6, 0.2 * x, -0.2 * x)
    branch = branch + 0.15 * rng.standard_normal(700)
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    line = np.linspace(0, 10, 300)[:, None]
    model = MixtureRegressor(random_state=0).fit(x[:, None], wave)
    low, middle, high = model.predict_quantiles(line, [0.05, 0.5, 0.95]).T
    axes[0].plot(x, wave, ".", color="0.6", markersize=3)
    axes[0].fill_between(line[:, 0], low, high, color=COLORS[0], alpha=0.25, label="5 to 95 %")
    axes[0].plot(line, middle, color=COLORS[0], label="median")
    axes[0].set(xlabel="x", ylabel="y", title="Quantiles follow the noise")
    axes[0].legend(frameon=False, loc="lower left")
    model = MixtureRegressor(range(1, 5), random_state=0).fit(x[:, None], branch)
    heights = np.linspace(-3, 3, 200)
    found = model.predict_distribution(line)
    density = [np.exp(found.logpdf(np.full(300, height))) for height in heights]
    axes[1].pcolormesh(line[:, 0], heights, np.sqrt(density), cmap="Blues", shading="auto")
    axes[1].plot(x, branch, ".", color="0.3", markersize=1.5)
    axes[1].plot(line, model.predict(line), color=COLORS[1], label="mean")
    axes[1].set(xlabel="x", ylabel="y", title="Where the mean is nowhere near")
    axes[1].legend(frameon=False, loc="lower left")
    figure.savefig(HERE / "regress.png", dpi=110)


def outliers() -> None:
    """Two clusters, the border of one alarm in a hundred, and what makes two rows strange."""
    truth = Mixture([0.7, 0.3], [[0, 0], [4, 4]], [[[1, 0.85], [0.85, 1]], [[0.3, 0], [0, 0.3]]])
    strange = np.array([[2.2, -1.6], [4.2, 6.6]])
    X = np.vstack([truth.sample(800, random_state=0)[0], strange])
    detector = MixtureOutlierDetector(2, false_alarm=0.01, random_state=0).fit(X)
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.9), layout="constrained", width_ratios=[3, 2])
    plane, points = grid([-4.5, -4.5], [7.5, 8.0])
    height = detector.decision_function(points).reshape(300, 300)
    axes[0].contour(*plane.transpose(2, 0, 1), height, levels=[0], colors=COLORS[0])
    out = detector.predict(X) == -1
    axes[0].plot(*X[~out].T, ".", color="0.6", markersize=3)
    axes[0].plot(*X[out].T, "o", color=COLORS[1], markersize=4, label="outliers")
    for name, row in zip("ab", strange, strict=True):
        axes[0].annotate(name, row, xytext=(6, 4), textcoords="offset points", fontsize=11)
    axes[0].set(xlabel="first", ylabel="second", title="One false alarm in a hundred")
    axes[0].legend(frameon=False, loc="upper left")
    parts = detector.explain(strange)
    places = np.arange(2)
    axes[1].barh(places - 0.2, parts[:, 0], 0.38, color=COLORS[0], label="first")
    axes[1].barh(places + 0.2, parts[:, 1], 0.38, color=COLORS[2], label="second")
    axes[1].set(yticks=places, yticklabels=["a", "b"], title="What makes them strange")
    axes[1].set_xlabel("part of the squared distance")
    axes[1].set_xlim(right=34)
    axes[1].invert_yaxis()
    axes[1].legend(frameon=False)
    figure.savefig(HERE / "outliers.png", dpi=110)


def density() -> None:
    """Regions of half and nine tenths on a line and in a plane."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.7), layout="constrained")
    line = Mixture([0.6, 0.3, 0.1], [0.0, 4.0, 7.5], [1.0, 0.25, 0.1])
    x = np.linspace(-4, 9.5, 800)
    pdf = line.pdf(x)
    axes[0].plot(x, pdf, color="0.3")
    masses = {0.9: 0.25, 0.5: 0.55}
    for mass, shade in masses.items():
        inside = line.in_hdr(x, mass)
        axes[0].fill_between(
            x, pdf, where=inside, color=COLORS[0], alpha=shade, label=f"{mass:.0%}"
        )
    low, high = line.ppf([0.05, 0.95])
    axes[0].plot([low, high], [-0.015] * 2, color=COLORS[1], lw=3, label="5 to 95 % by ppf")
    axes[0].set(xlabel="x", ylabel="density", title="The smallest region may have parts")
    axes[0].legend(frameon=False)
    plane, points = grid([-4, -3.5], [6.5, 6.0])
    flat = Mixture([0.6, 0.4], [[0, 0], [3, 3]], [[[1, 0.7], [0.7, 1]], [[0.4, 0], [0, 0.8]]])
    drawn = flat.pdf(points).reshape(300, 300)
    levels = flat.hdr_level([0.9, 0.5])
    found = axes[1].contour(*plane.transpose(2, 0, 1), drawn, levels=levels, colors=COLORS[:2])
    axes[1].clabel(found, fmt=dict(zip(levels, ["90 %", "50 %"], strict=True)))
    axes[1].plot(*flat.sample(600, random_state=0)[0].T, ".", color="0.6", markersize=2, zorder=0)
    axes[1].set(title="Lines labelled by the mass inside", xlabel="first", ylabel="second")
    figure.savefig(HERE / "density.png", dpi=110)


if __name__ == "__main__":
    for draw in (classify, regress, outliers, density):
        draw()
