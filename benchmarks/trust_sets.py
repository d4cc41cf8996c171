"""Sets of rows whose classes are known, for `trust.py`.

The rule by which a fit is chosen among optima was found on those called "looked at": real
sets that ship with scikit-learn or are published with R packages (pgmm's olive oils, coffee and
wines; mclust's banknotes, diabetes and cross), and drawn ones.  Those called "fresh" were drawn
after it: same kinds, other numbers.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from problems import MCLUST, standardised
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA

DATA = Path(__file__).parent / "data"
LOOKED_AT, FRESH = "looked at", "fresh"


@dataclass(frozen=True)
class Labelled:
    """Rows (n, d), their classes (n,), and how many components are fitted: one a class."""

    name: str
    rows: np.ndarray
    classes: np.ndarray
    group: str = LOOKED_AT

    @property
    def n_components(self) -> int:
        return len(np.unique(self.classes))


def published(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and classes of a file in data/: the last column is the class."""
    with (DATA / f"{name}.csv").open() as file:
        _, *lines = csv.reader(file)
    values = np.array(lines, dtype=float)
    return values[:, :-1], values[:, -1].astype(int)


def of_mclust(name: str) -> Labelled:
    """Return a set that the tests compare with mclust."""
    found = json.loads(MCLUST.read_text())[name]
    classes = np.unique(np.array(found["classes"]), return_inverse=True)[1]
    return Labelled(name, np.array(found["rows"], dtype=float), classes)


def axes(rows: np.ndarray, n_axes: int) -> np.ndarray:
    """Return rows on their first principal axes."""
    return PCA(n_axes, random_state=0).fit_transform(rows)


def real() -> list[Labelled]:
    """Return the real sets."""
    iris, wine, cancer, digits = load_iris(), load_wine(), load_breast_cancer(), load_digits()
    flowers, wines, means = iris.data, standardised(wine.data), standardised(cancer.data)
    olive, regions = published("olive")
    coffee, kinds = published("coffee")
    wine27, cultivars = published("wine27")
    few, fewer = digits.target < 4, digits.target < 3
    return [
        Labelled("iris", flowers, iris.target),
        Labelled("iris sepals", flowers[:, :2], iris.target),
        Labelled("iris petals", flowers[:, 2:], iris.target),
        Labelled("iris petal length", flowers[:, 2:3], iris.target),
        Labelled("iris lengths", flowers[:, [0, 2]], iris.target),
        Labelled("wine", wines, wine.target),
        Labelled("wine, 5 columns", wines[:, [0, 6, 9, 11, 12]], wine.target),
        Labelled("wine, 4 axes", axes(wines, 4), wine.target),
        Labelled("breast cancer, 10 means", means[:, :10], cancer.target),
        Labelled("breast cancer, 3 means", means[:, [0, 1, 4]], cancer.target),
        Labelled("breast cancer, 5 axes", axes(means, 5), cancer.target),
        of_mclust("banknote"),
        of_mclust("diabetes"),
        of_mclust("cross"),
        Labelled("olive", olive, regions),
        Labelled("olive, 3 axes", axes(standardised(olive), 3), regions),
        Labelled("coffee, 3 columns", coffee[:, [4, 6, 7]], kinds),
        Labelled("wine27, 5 axes", axes(standardised(wine27), 5), cultivars),
        Labelled("digits, 10 axes", axes(digits.data, 10), digits.target),
        Labelled("digits 0-3, 5 axes", axes(digits.data[few], 5), digits.target[few]),
        Labelled("digits 0-2, 8 axes", axes(digits.data[fewer], 8), digits.target[fewer]),
    ]


# Seed, rows, features, components, separation; kind; decimals kept; degrees of freedom.
DRAWN = [
    (1, 100, 2, 3, 2.0, "round", None, None),
    (2, 150, 2, 4, 2.0, "long", None, None),
    (3, 120, 3, 3, 1.5, "round", None, None),
    (4, 200, 4, 4, 1.5, "long", None, None),
    (5, 300, 2, 5, 3.0, "sizes", None, None),
    (6, 150, 2, 3, 2.0, "skew", None, None),
    (7, 200, 2, 3, 2.0, "round", 0, None),
    (8, 300, 1, 3, 2.0, "round", None, None),
    (9, 200, 1, 4, 3.0, "sizes", 1, None),
    (10, 400, 3, 4, 2.0, "round", None, 4),
    (11, 250, 5, 3, 1.5, "round", None, None),
    (12, 800, 8, 8, 1.5, "long", None, None),
    (13, 1000, 8, 8, 1.2, "round", None, None),
    (14, 1200, 4, 6, 2.0, "long", None, None),
    (15, 600, 6, 4, 1.2, "sizes", None, None),
    (16, 80, 2, 2, 1.5, "round", None, None),
    (17, 500, 2, 6, 3.0, "long", None, None),
    (18, 1000, 2, 4, 2.0, "round", None, 3),
    (19, 900, 3, 5, 2.0, "skew", None, None),
    (20, 350, 2, 4, 2.5, "sizes", 0, None),
]


def drawn(*numbers: object, group: str = LOOKED_AT) -> Labelled:
    """Draw a set: `numbers` as in `DRAWN`."""
    seed, n, d, k, separation, kind, decimals, dof = numbers
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(k, 4.0))
    classes = rng.choice(k, n, p=shares)
    centers = separation * rng.standard_normal((k, d))
    rows = np.empty((n, d))
    for j in range(k):
        own = classes == j
        count = int(own.sum())
        unit = rng.standard_normal((count, d))
        if dof:
            unit *= np.sqrt(dof / rng.chisquare(dof, (count, 1)))
        widths = np.geomspace(3.0, 0.15, d) if kind == "long" else rng.uniform(0.5, 1.5, d)
        if kind == "sizes":
            widths = widths * (0.3, 1.0, 3.0)[j % 3]
        rotation = np.linalg.qr(rng.standard_normal((d, d)))[0]
        rows[own] = centers[j] + (unit * widths) @ rotation
    if kind == "skew":
        rows = np.exp(rows / 2.0)
    if decimals is not None:
        rows = np.round(rows, decimals)
    name = f"drawn {seed}: {n} x {d}, {kind}"
    return Labelled(name, rows, classes, group)


def fresh() -> list[Labelled]:
    """Draw each kind four times with other seeds, which nobody has looked at, and more rows."""
    return [
        drawn(100 * turn + seed, n * 5 // 4, *rest, group=FRESH)
        for turn in range(1, 5)
        for seed, n, *rest in DRAWN
    ]


def all_sets() -> list[Labelled]:
    """Return all sets."""
    return [*real(), *(drawn(*numbers) for numbers in DRAWN), *fresh()]
