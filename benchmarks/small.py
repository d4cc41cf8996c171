"""Milliseconds of a whole default fit on IRIS, 150 x 4 with 3 components.

Start included, beside scikit-learn as it comes and with n_init=10, in turns, with
another seed each turn.  Processes are warm: what is imported or started once is not
counted.  Spinning BLAS threads cost scikit-learn much on so few rows, so both are also
measured with one thread (OMP_NUM_THREADS=1), in a process of its own.

    python benchmarks/small.py
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import warnings

import numpy as np
from common import Row, log_likelihood_a_row, save
from peers.base import dense
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture as ScikitLearn

from gaussmix import GaussianMixture

METHODS = {
    "gaussmix": lambda t, seed: GaussianMixture(3, covariance_type=t, random_state=seed),
    "scikit-learn": lambda t, seed: ScikitLearn(3, covariance_type=t, random_state=seed),
    "scikit-learn, n_init=10": lambda t, seed: ScikitLearn(
        3, covariance_type=t, n_init=10, random_state=seed
    ),
}
TYPES = ("full", "tied", "diag", "spherical")
THREADS = ("as it comes", "1")


def measure(covariance_type: str, threads: str, repeats: int) -> list[Row]:
    """Time all methods in turns; return a row for each."""
    X = load_iris().data
    seconds: dict[str, list[float]] = {name: [] for name in METHODS}
    reached: dict[str, list[float]] = {name: [] for name in METHODS}
    for seed in range(-2, repeats):
        for name, make in METHODS.items():
            model = make(covariance_type, abs(seed))
            began = time.perf_counter()
            model.fit(X)
            took = time.perf_counter() - began
            if seed < 0:  # code and threads are loaded now
                continue
            covariances = dense(model.covariances_, covariance_type, 3, 4)
            seconds[name].append(took)
            reached[name].append(log_likelihood_a_row(X, model.weights_, model.means_, covariances))
    return [
        {
            "covariance_type": covariance_type,
            "threads": threads,
            "method": name,
            "milliseconds": 1e3 * float(np.median(times)),
            "quartiles": [1e3 * float(q) for q in np.quantile(times, [0.25, 0.75])],
            "log_likelihood_a_row": float(np.median(reached[name])),
            "ratio": float(np.median(np.divide(seconds["gaussmix"], times))),
        }
        for name, times in seconds.items()
    ]


def report(rows: list[Row]) -> str:
    """Return the table people read."""
    lines = [
        "| covariance | threads | method | ms (quartiles) | gaussmix's time / its "
        "| log-likelihood a row (median) |",
        "|---|---|---|---:|---:|---:|",
    ]
    for row in rows:
        low, high = row["quartiles"]
        lines.append(
            f"| {row['covariance_type']} | {row['threads']} | {row['method']} "
            f"| **{row['milliseconds']:.2f}** ({low:.2f}-{high:.2f}) | {row['ratio']:.2f} "
            f"| {row['log_likelihood_a_row']:.6f} |"
        )
    return "\n".join(lines)


def in_process(threads: str, options: argparse.Namespace) -> list[Row]:
    """Measure in a process of its own with so many threads."""
    several = {} if threads == THREADS[0] else {"OMP_NUM_THREADS": threads}
    command = [sys.executable, __file__, "--threads", threads, "--repeats", str(options.repeats)]
    done = subprocess.run(
        [*command, "--types", *options.types],
        env={**os.environ, **several},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--types", nargs="+", default=list(TYPES), choices=TYPES)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--no-save", action="store_true")
    parser.add_argument("--threads", choices=THREADS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.threads:
        rows = [r for t in options.types for r in measure(t, options.threads, options.repeats)]
        print(json.dumps(rows))
        return
    rows = [row for threads in THREADS for row in in_process(threads, options)]
    print(report(rows))
    if not options.no_save:
        save("small", report(rows), rows)


if __name__ == "__main__":
    main()
