"""Clusters among outliers: Gaussian mixtures, a uniform background, Student's t and K-means.

To clusters whose classes are known come outliers, 0, 5 and 20 % of all rows: "box" are uniform in
a box three times as wide as the rows, "tails" are rows of a cluster moved from its middle by
factors of four to ten.  Half of the rows are held out.  Each method is told the true number of
clusters and nothing of outliers; the background begins with a share of 0.1.

Two figures: the adjusted Rand index of classes and labels of the held-out rows that are no
outliers, and their mean log-density less that of Gaussian fits to rows without outliers.  Means
over seeds.

    python benchmarks/outliers.py --no-save           # prints only: some minutes
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from itertools import product

import numpy as np
from common import Row, save
from problems import standardised
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from gaussmix import GaussianMixture, StudentMixture

SHARES = (0.0, 0.05, 0.2)
KINDS = ("box", "tails")
SEEDS = 4


def simulated(n: int, d: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of k Gaussian clusters that hardly overlap, of different sizes and shapes."""
    rng = np.random.default_rng(seed)
    means = 4.0 * rng.standard_normal((k, d))
    labels = rng.choice(k, n, p=rng.dirichlet(np.full(k, 8.0)))
    factors = rng.uniform(0.4, 1.4, (k, 1, d)) * np.linalg.qr(rng.standard_normal((k, d, d)))[0]
    rows = np.einsum("nij,nj->ni", factors[labels], rng.standard_normal((n, d))) + means[labels]
    return rows, labels


def sets(seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Rows and classes by name: drawn ones, and real ones that ship with scikit-learn."""
    iris, wine, cancer, digits = load_iris(), load_wine(), load_breast_cancer(), load_digits()
    few = digits.target < 4
    reduced = PCA(4, random_state=0)
    return {
        "3 clusters, 2 features": simulated(600, 2, 3, seed),
        "4 clusters, 6 features": simulated(1000, 6, 4, seed),
        "iris": (iris.data, iris.target),
        "wine, 4 axes": (reduced.fit_transform(standardised(wine.data)), wine.target),
        "cancer, 4 axes": (reduced.fit_transform(standardised(cancer.data)), cancer.target),
        "digits 0-3, 4 axes": (reduced.fit_transform(digits.data[few]), digits.target[few]),
    }


def outliers(kind: str, count: int, X: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Return rows that belong nowhere."""
    rng = np.random.default_rng(seed)
    if kind == "box":
        low, high = X.min(axis=0), X.max(axis=0)
        return rng.uniform(low - (high - low), high + (high - low), (count, X.shape[1]))
    chosen = rng.integers(len(X), size=count)
    middles = np.array([X[y == label].mean(axis=0) for label in y[chosen]])
    return middles + rng.uniform(4, 10, (count, 1)) * (X[chosen] - middles)


Fit = Callable[[np.ndarray, int, int], object]
METHODS: dict[str, Fit] = {
    "K-means": lambda X, k, seed: KMeans(k, n_init=10, random_state=seed).fit(X),
    "Gaussian": lambda X, k, seed: GaussianMixture(k, random_state=seed).fit(X),
    "Gaussian, background": lambda X, k, seed: GaussianMixture(k, noise=0.1, random_state=seed).fit(
        X
    ),
    "t, free": lambda X, k, seed: StudentMixture(k, random_state=seed).fit(X),
    "t, equal": lambda X, k, seed: StudentMixture(k, dof="equal", random_state=seed).fit(X),
    "t, background": lambda X, k, seed: StudentMixture(
        k, dof="equal", noise=0.1, random_state=seed
    ).fit(X),
}


def measure(name: str, kind: str, share: float, seed: int) -> list[Row]:
    """Fit all methods to half of the rows among outliers; judge them by the other half."""
    X, y = sets(seed)[name]
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(X))
    train, test = order[: len(X) // 2], order[len(X) // 2 :]
    count = round(share / (1.0 - share) * len(train))
    among = np.vstack([X[train], outliers(kind, count, X[train], y[train], seed)])
    k = len(np.unique(y))
    clean = GaussianMixture(k, random_state=seed).fit(X[train]).score(X[test])
    found: list[Row] = []
    for method, fit in METHODS.items():
        model = fit(among, k, seed)
        agreed = adjusted_rand_score(y[test], model.predict(X[test]))
        density = np.nan if method == "K-means" else model.score(X[test]) - clean
        found.append({"method": method, "ari": float(agreed), "held_out": float(density)})
    case = {"set": name, "kind": kind if share else "none", "share": share, "seed": seed}
    return [{**case, **row} for row in found]


def table(rows: list[Row], figure: str, digits: int) -> str:
    """Return means over seeds: a line a set and kind of outliers, a column a method."""
    lines = [f"| rows | outliers | {' | '.join(METHODS)} |", f"|---|---|{'---:|' * len(METHODS)}"]
    cases = dict.fromkeys((row["set"], row["kind"], row["share"]) for row in rows)
    every = dict.fromkeys((kind, share) for _, kind, share in cases)
    cases = [*cases, *(("**all**", kind, share) for kind, share in every)]
    for name, kind, share in cases:
        means = []
        for method in METHODS:
            own = [
                row[figure]
                for row in rows
                if (row["kind"], row["share"], row["method"]) == (kind, share, method)
                and name in (row["set"], "**all**")
            ]
            means.append(float(np.mean(own)))
        best = np.nanmax(means)
        cells = [
            "" if np.isnan(m) else f"**{m:.{digits}f}**" if m > best - 0.005 else f"{m:.{digits}f}"
            for m in means
        ]
        what = "none" if not share else f"{share:.0%} {kind}"
        lines.append(f"| {name} | {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rows: list[Row] = []
    for name in sets(0):
        for kind, share in product(KINDS, SHARES):
            if share or kind == KINDS[0]:
                for seed in range(options.seeds):
                    rows += measure(name, kind, share, seed)
        print(name, flush=True)
    text = "\n\n".join(
        [
            "Adjusted Rand index of held-out rows that are no outliers:",
            table(rows, "ari", 2),
            "Their mean log-density, less that of Gaussian fits to rows without outliers:",
            table(rows, "held_out", 2),
        ]
    )
    print(text)
    if not options.no_save:
        save("outliers", text, rows)


if __name__ == "__main__":
    main()
