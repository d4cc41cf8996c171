"""Processor seconds an EM iteration of Student's t takes, beside the Gaussian one and peers.

Shapes A, B and C of iteration.py, with a share of their rows; full covariances, degrees of freedom
of each component, one thread.  Ours begin at the same parameters, peers at k-means of their own:
what an iteration costs does not depend on it.  It is the difference between a long and a short fit,
by the difference in iterations, the least of --repeats.

Peers are measured where they are installed: tgmm (PyTorch) and studenttmixture.

    python benchmarks/student.py --no-save
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np
from common import Row, gaussian_rows, save
from threadpoolctl import threadpool_limits

from gaussmix import GaussianMixture, Mixture, StudentMixture

# Rows, features, components, and iterations of the long fit; the short one does 1.
SHAPES = {"A": (1_000_000, 2, 3, 9), "B": (200_000, 8, 16, 6), "C": (40_000, 32, 32, 6)}
# How many times the Gaussian iteration ours is meant to take at most.
GOALS = {"A": 2.5, "B": 1.5, "C": 1.5}
SEPARATION = 3.0
# Rows that peers get: what an iteration costs is in proportion to them.
PEER_ITERATIONS = 21
PEER_ROWS = {"A": 100_000, "B": 20_000, "C": 10_000}

Fit = Callable[[np.ndarray, int, int, Mixture], object]


def ours(kind: type, dtype: str) -> Fit:
    """Return a fit of one of our estimators."""

    def fit(X: np.ndarray, k: int, iterations: int, start: Mixture) -> object:
        model = kind(
            k,
            init_params=start,
            max_iter=iterations,
            tol=0,
            accelerate=False,
            n_jobs=1,
            dtype=dtype,
        )
        return model.fit(X)

    return fit


def with_tgmm(X: np.ndarray, k: int, iterations: int, start: Mixture) -> object:
    """Fit with tgmm."""
    import torch
    from tgmm import StudentTMixture

    torch.set_num_threads(1)
    model = StudentTMixture(k, X.shape[1], max_iter=iterations, tol=-1.0, random_state=0)
    return model.fit(torch.as_tensor(X))


def with_studenttmixture(X: np.ndarray, k: int, iterations: int, start: Mixture) -> object:
    """Fit with studenttmixture."""
    from studenttmixture import EMStudentMixture

    return EMStudentMixture(k, max_iter=iterations, tol=1e-300, fixed_df=False, random_state=0).fit(
        X
    )


FITS: dict[str, tuple[str | None, Fit]] = {
    "Gaussian": (None, ours(GaussianMixture, "float64")),
    "Student's t": (None, ours(StudentMixture, "float64")),
    "Gaussian, float32": (None, ours(GaussianMixture, "float32")),
    "Student's t, float32": (None, ours(StudentMixture, "float32")),
    "tgmm": ("tgmm", with_tgmm),
    "studenttmixture": ("studenttmixture", with_studenttmixture),
}


def seconds(fit: Fit, X: np.ndarray, k: int, long: int, start: Mixture, repeats: int) -> float:
    """Return processor seconds an iteration."""
    found = []
    fit(X, k, 1, start)  # what is loaded or compiled once
    for _ in range(repeats):
        times = []
        for iterations in (1, long):
            begin = time.process_time()
            fit(X, k, iterations, start)
            times.append(time.process_time() - begin)
        found.append((times[1] - times[0]) / (long - 1))
    return min(found)


def measure(shape: str, repeats: int) -> list[Row]:
    """Measure all on one shape."""
    n, d, k, long = SHAPES[shape]
    X = gaussian_rows(n, d, k, separation=SEPARATION)
    start = GaussianMixture(k, init_params="k-means++", max_iter=2, tol=0, random_state=0)
    begun = start.fit(X).mixture_
    rows: list[Row] = []
    for name, (package, fit) in FITS.items():
        if package is not None and find_spec(package) is None:
            continue
        own = X if package is None else X[: PEER_ROWS[shape]]
        times, most = (1, PEER_ITERATIONS) if package else (repeats, long)
        took = seconds(fit, own, k, most, begun, times) * n / len(own)
        rows.append({"shape": shape, "fit": name, "seconds": took, "rows": len(own)})
        print(shape, name, f"{took * 1e3:.1f} ms", flush=True)
    return rows


def report(rows: list[Row]) -> str:
    """Return the table people read."""
    lines = [
        "| shape | rows | features | components | fit | ms an iteration | by the Gaussian's |",
        "|---|---:|---:|---:|---|---:|---:|",
    ]
    base = {row["shape"]: row["seconds"] for row in rows if row["fit"] == "Gaussian"}
    for row in rows:
        n, d, k, _ = SHAPES[str(row["shape"])]
        ratio = row["seconds"] / base[row["shape"]]
        lines.append(
            f"| {row['shape']} | {n} | {d} | {k} | {row['fit']} | {row['seconds'] * 1e3:.1f} "
            f"| {ratio:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        rows = [row for shape in options.shapes for row in measure(shape, options.repeats)]
    print(report(rows))
    if not options.no_save:
        peers = {package for package, _ in FITS.values() if package and find_spec(package)}
        save("student", report(rows), rows, peers={name: version(name) for name in sorted(peers)})


if __name__ == "__main__":
    main()
