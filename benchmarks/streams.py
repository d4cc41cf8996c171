"""Stepwise EM by the size of blocks: rows a second, and how far from the batch optimum it ends.

.venv/bin/python benchmarks/streams.py [--rows 100000]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from gaussmix import GaussianMixture, Mixture

BLOCKS = (1, 10, 100, 1000, 10_000)
ONE_BY_ONE = 3000  # rows given in blocks of one


def mixture(n_components: int, n_features: int, separation: float) -> Mixture:
    """Return a mixture of random covariances."""
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((n_components, n_features, n_features)) / np.sqrt(n_features)
    covariances = factors @ np.swapaxes(factors, 1, 2) + 0.3 * np.eye(n_features)
    means = separation * rng.standard_normal((n_components, n_features))
    return Mixture(np.full(n_components, 1 / n_components), means, covariances)


def measure(X, n_components: int, size: int) -> tuple[float, float]:
    """Return rows a second, and the log-likelihood a row that the result lacks."""
    model = GaussianMixture(n_components, random_state=0)
    first = 300 * n_components
    model.partial_fit(X[:first])
    rows = X[first : first + ONE_BY_ONE] if size == 1 else X[first:]
    began = time.perf_counter()
    for i in range(0, len(rows), size):
        model.partial_fit(rows[i : i + size])
    seconds = time.perf_counter() - began
    seen = X[: first + len(rows)]
    best = GaussianMixture(n_components, init_params=model.mixture_).fit(seen)
    return len(rows) / seconds, best.lower_bound_ - model.score(seen)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    n_rows = parser.parse_args().rows
    print("| d, K, separation | rows in a block | rows a second | below the batch, a row |")
    print("|---|---|---|---|")
    for d, k, separation in ((2, 3, 4.0), (8, 5, 2.0), (2, 4, 1.2)):
        X, _ = mixture(k, d, separation).sample(n_rows, 0)
        for size in BLOCKS:
            speed, gap = measure(X, k, size)
            print(f"| {d}, {k}, {separation} | {size} | {speed:,.0f} | {gap:.5f} |")


if __name__ == "__main__":
    main()
