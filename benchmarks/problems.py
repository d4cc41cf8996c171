"""Twenty data sets of known origin: twelve drawn here, eight real ones.

Drawn sets have always the same rows (their seed is their place in the list).  How many
rows follows from the features by one rule: 100,000 with up to four features, 50,000
with up to eight, 20,000 with more.  Two sets are there for their size, and are no matter
of the rule: `small` has 300 rows, `overlap 4-d` 200,000.  Separations, shares and shapes
say what a set is hard for; none was chosen by who does well on it.

Real sets are as they are, most of them small: results are also given apart for sets
below and from 2,000 rows, since what a fit costs whatever the rows weighs there.  Real
sets whose columns differ in scale are standardised, since scikit-learn adds 1e-6 to
every variance and would lose likelihood for no fault of its start.  Covertype is left
out: it cannot be had without a download.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import gaussian_rows
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA

MCLUST = Path(__file__).parents[1] / "tests" / "data" / "mclust.json"


@dataclass(frozen=True)
class Problem:
    """Rows, how many components are fitted to them, and where the rows are from."""

    name: str
    origin: str
    n_components: int
    make: Callable[[], np.ndarray]

    def rows(self) -> np.ndarray:
        """Return the rows, shape (n, d); the same at every call."""
        return np.ascontiguousarray(self.make(), dtype=float)


# -- drawn -----------------------------------------------------------------------------


def draw(rng: np.random.Generator, counts: list[int], means, factors) -> np.ndarray:
    """Draw counts[k] rows of mean means[k] and covariance factors[k] @ factors[k].T."""
    parts = [
        mean + rng.standard_normal((count, len(mean))) @ np.transpose(factor)
        for count, mean, factor in zip(counts, means, factors, strict=True)
    ]
    return rng.permutation(np.concatenate(parts))


def usual_rows(d: int) -> int:
    """Return how many rows a drawn set with d features has; see above."""
    return 100_000 if d <= 4 else 50_000 if d <= 8 else 20_000


def gaussians(d: int, k: int, *, seed: int, separation: float = 1.5) -> np.ndarray:
    """Draw the usual number of rows from k Gaussians."""
    return gaussian_rows(usual_rows(d), d, k, seed=seed, separation=separation)


def rotations(rng: np.random.Generator, k: int, d: int) -> np.ndarray:
    """Draw k rotations of d axes, shape (k, d, d)."""
    return np.linalg.qr(rng.standard_normal((k, d, d)))[0]


def apart() -> np.ndarray:
    """Five clusters in the plane that hardly touch."""
    return gaussians(2, 5, seed=0, separation=6.0)


def small() -> np.ndarray:
    """Four clusters of about 75 rows in five dimensions."""
    return gaussian_rows(300, 5, 4, seed=1, separation=2.0)


def unbalanced() -> np.ndarray:
    """Shares from 70 to 1 per cent, in three dimensions."""
    rng = np.random.default_rng(7)
    counts = [usual_rows(3) * share // 100 for share in (70, 20, 7, 2, 1)]
    scales = rng.uniform(0.4, 1.2, (5, 1, 3))
    return draw(rng, counts, 2.0 * rng.standard_normal((5, 3)), rotations(rng, 5, 3) * scales)


def elongated() -> np.ndarray:
    """Six thin clusters that cross: deviations from 3 down to 0.03 along turned axes."""
    rng = np.random.default_rng(8)
    factors = rotations(rng, 6, 5) * np.geomspace(3.0, 0.03, 5)
    return draw(rng, [usual_rows(5) // 6] * 6, rng.standard_normal((6, 5)), factors)


def outliers() -> np.ndarray:
    """Four clusters and two per cent of rows spread over a box ten times as wide."""
    rng = np.random.default_rng(9)
    n = usual_rows(3)
    rows = gaussian_rows(n * 98 // 100, 3, 4, seed=9, separation=3.0)
    return np.concatenate([rows, rng.uniform(-30.0, 30.0, (n * 2 // 100, 3))])


def concentric() -> np.ndarray:
    """Three clusters around one centre, each four times as wide as the last."""
    rng = np.random.default_rng(10)
    factors = [scale * np.eye(2) for scale in (0.5, 2.0, 8.0)]
    counts = [usual_rows(2) * share // 10 for share in (4, 3, 3)]
    return draw(rng, counts, np.zeros((3, 2)), factors)


# -- real ------------------------------------------------------------------------------


def reference(name: str) -> np.ndarray:
    """Return the rows of a set that the tests compare with mclust."""
    return np.array(json.loads(MCLUST.read_text())[name]["rows"])


def standardised(rows: np.ndarray) -> np.ndarray:
    """Return columns of mean 0 and variance 1."""
    return (rows - rows.mean(axis=0)) / rows.std(axis=0)


def digits() -> np.ndarray:
    """Return handwritten digits, 8 x 8 pixels, on their ten first principal axes."""
    return PCA(10, random_state=0).fit_transform(load_digits().data)


PROBLEMS = [
    Problem("apart", "drawn, five clusters far apart", 5, apart),
    Problem("small", "drawn, 300 rows", 4, small),
    Problem("overlap 2-d", "drawn", 8, lambda: gaussians(2, 8, seed=2)),
    Problem("overlap 4-d", "drawn", 5, lambda: gaussian_rows(200_000, 4, 5, seed=3)),
    Problem("overlap 8-d", "drawn", 16, lambda: gaussians(8, 16, seed=4)),
    Problem("high-d 16", "drawn", 10, lambda: gaussians(16, 10, seed=5, separation=0.6)),
    Problem("high-d 50", "drawn", 5, lambda: gaussians(50, 5, seed=6, separation=0.3)),
    Problem("unbalanced", "drawn, shares 70 to 1 %", 5, unbalanced),
    Problem("elongated", "drawn, condition 10 000", 6, elongated),
    Problem("outliers", "drawn, 2 % uniform", 4, outliers),
    Problem("concentric", "drawn, one centre", 3, concentric),
    Problem("many", "drawn", 20, lambda: gaussians(2, 20, seed=12, separation=4.0)),
    Problem("iris", "150 flowers", 3, lambda: load_iris().data),
    Problem("iris sepals", "its first two columns", 3, lambda: load_iris().data[:, :2]),
    Problem("wine", "standardised", 3, lambda: standardised(load_wine().data)),
    Problem("digits", "ten principal axes", 10, digits),
    Problem(
        "breast cancer",
        "its ten means, standardised",
        2,
        lambda: standardised(load_breast_cancer().data[:, :10]),
    ),
    Problem("faithful", "standardised", 3, lambda: standardised(reference("faithful"))),
    Problem("banknote", "standardised", 3, lambda: standardised(reference("banknote"))),
    Problem("diabetes", "standardised", 3, lambda: standardised(reference("diabetes"))),
]
