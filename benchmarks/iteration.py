"""Seconds an EM iteration takes, and the memory a fit needs, beside scikit-learn.

Both libraries start from the same parameters on the same float64 data in the same
run, in turns.  An iteration's time is the difference between a long and a short
fit, divided by the difference in iterations, so set-up does not count.  Extra
memory is the growth of a fresh process's peak resident size during a fit.

    python benchmarks/iteration.py                     # all shapes: some minutes
    python benchmarks/iteration.py --shapes S A --types full --repeats 3
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from common import gaussian_rows, save
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as ScikitLearn

from gaussmix import GaussianMixture

# Rows, features, components, and iterations of the long fit (the short one does 1).
SHAPES = {
    "S": (150, 4, 3, 201),
    "A": (1_000_000, 2, 3, 11),
    "B": (1_000_000, 8, 16, 4),
    "C": (200_000, 32, 32, 4),
    "D": (50_000, 128, 16, 4),
}
# What the ratio is meant to be, for full covariances.
GOALS = {"S": 1.0, "A": 12.0, "B": 25.0, "C": 12.0, "D": 3.0}
LIBRARIES = {"gaussmix": GaussianMixture, "scikit-learn": ScikitLearn}


def data(shape: str, separation: float) -> np.ndarray:
    """The rows of a shape; S is IRIS."""
    n, d, k, _ = SHAPES[shape]
    return load_iris().data if shape == "S" else gaussian_rows(n, d, k, separation=separation)


def start(X: np.ndarray, k: int, covariance_type: str) -> dict[str, np.ndarray]:
    """Parameters after two iterations from a k-means++ start: the middle of a fit."""
    model = GaussianMixture(
        k,
        covariance_type=covariance_type,
        init_params="k-means++",
        max_iter=2,
        tol=0,
        random_state=0,
    ).fit(X)
    return {
        "weights_init": model.weights_,
        "means_init": model.means_,
        "precisions_init": model.precisions_,
    }


def fit(library: str, X: np.ndarray, k: int, covariance_type: str, n_iter: int, given: dict):
    """Fit with exactly `n_iter` iterations; return the model and the seconds."""
    model = LIBRARIES[library](
        k,
        covariance_type=covariance_type,
        max_iter=n_iter,
        tol=0.0,
        reg_covar=1e-6,
        random_state=0,
        **given,
    )
    began = time.perf_counter()
    model.fit(X)
    return model, time.perf_counter() - began


def seconds(shape: str, covariance_type: str, separation: float, repeats: int) -> dict[str, object]:
    """Time both libraries in turns on one shape."""
    n, d, k, n_iter = SHAPES[shape]
    X = data(shape, separation)
    given = start(X, k, covariance_type)
    each: dict[str, list[float]] = {name: [] for name in LIBRARIES}
    scores = {}
    for _ in range(repeats):
        for name in LIBRARIES:
            _, short = fit(name, X, k, covariance_type, 1, given)
            model, long = fit(name, X, k, covariance_type, n_iter, given)
            each[name].append((long - short) / (n_iter - 1))
            scores[name] = float(model.score_samples(X[:20_000]).mean())
    ratios = [b / a for a, b in zip(each["gaussmix"], each["scikit-learn"], strict=True)]
    return {
        "shape": shape,
        "n": n,
        "d": d,
        "k": k,
        "separation": separation,
        "covariance_type": covariance_type,
        "seconds": {name: float(np.median(times)) for name, times in each.items()},
        "ratio": float(np.median(ratios)),
        "ratio_range": [min(ratios), max(ratios)],
        "log_likelihood_a_row": scores,
    }


def peak_memory(library: str, shape: str, covariance_type: str) -> float:
    """MiB that a fit adds to the peak of a fresh process."""
    command = [sys.executable, __file__, "--memory-of", library, shape, covariance_type]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout))


def measure_memory(library: str, shape: str, covariance_type: str) -> None:
    """Run one fit and print the growth of the peak resident size, in MiB."""
    k = SHAPES[shape][2]
    X = data(shape, separation=3.0)
    # A small fit first: libraries, thread pools and code are then loaded.
    some = X[: min(len(X), 2000)]
    fit(library, some, k, covariance_type, 1, start(some, k, covariance_type))
    rng = np.random.default_rng(0)
    base = np.cov(X[:2000].T)
    precisions = np.linalg.inv(base + 1e-3 * np.eye(X.shape[1]))
    given = {
        "weights_init": np.full(k, 1.0 / k),
        "means_init": X[rng.choice(len(X), k, replace=False)],
        "precisions_init": np.repeat(precisions[None], k, axis=0)
        if covariance_type == "full"
        else np.repeat(np.diag(precisions)[None], k, axis=0),
    }
    # The peak so far may be above what is in use now: fill the gap before the fit.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    in_use = pages * resource.getpagesize() // 1024
    ballast = np.ones(max(0, peak - in_use) * 128)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fit(library, X, k, covariance_type, 2, given)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert ballast.size >= 0
    print(json.dumps((after - before) / 1024))


def table(rows: list[dict]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| shape | n × d, K | separation | covariance | gaussmix s | scikit-learn s "
        "| ratio (range) | goal | log-likelihood a row, both | extra MiB, both |",
        "|---|---|---:|---|---:|---:|---:|---:|---|---|",
    ]
    for row in rows:
        low, high = row["ratio_range"]
        goal = f"{GOALS[row['shape']]:g}" if row["covariance_type"] == "full" else ""
        ours, theirs = (row["seconds"][name] for name in LIBRARIES)
        scores = " / ".join(f"{row['log_likelihood_a_row'][name]:.6f}" for name in LIBRARIES)
        memory = " / ".join(f"{row['extra_mib'][name]:.0f}" for name in LIBRARIES)
        lines.append(
            f"| {row['shape']} | {row['n']:,} × {row['d']}, {row['k']} "
            f"| {'' if row['shape'] == 'S' else row['separation']} | {row['covariance_type']} "
            f"| {ours:.5f} | {theirs:.5f} | **{row['ratio']:.1f}** ({low:.1f}-{high:.1f}) "
            f"| {goal} | {scores} | {memory} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--types", nargs="+", default=["full", "diag"])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--separation",
        nargs="+",
        type=float,
        default=[3.0, 1.5],
        help="deviation of the components' means, whose own deviations are 0.5 to 1.5",
    )
    parser.add_argument("--no-save", action="store_true")
    parser.add_argument("--memory-of", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    if options.memory_of:
        measure_memory(*options.memory_of)
        return
    rows = []
    for shape in options.shapes:
        for covariance_type in options.types:
            memory = {name: peak_memory(name, shape, covariance_type) for name in LIBRARIES}
            # The second separation is for full covariances, where it matters most.
            several = shape != "S" and covariance_type == "full"
            for separation in options.separation[: None if several else 1]:
                row = seconds(shape, covariance_type, separation, options.repeats)
                rows.append({**row, "extra_mib": memory})
                print(table(rows[-1:]).splitlines()[-1], flush=True)
    print(table(rows))
    if not options.no_save:
        save("iteration", table(rows), rows)


if __name__ == "__main__":
    main()
