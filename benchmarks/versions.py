"""Two versions of the library beside each other: whether a change made anything slower.

Both are loaded into one process, the other one under another name, and take turns, so that
what the machine does meanwhile happens to both.  Told are the median of the ratios of seconds,
the version here over the other, and an interval that holds the true median with a chance of
95 % or more (order statistics).  Memory is the peak of a process of its own for each.

    git worktree add /tmp/before HEAD~10
    python benchmarks/versions.py /tmp/before/src              # some minutes
    python benchmarks/versions.py /tmp/before/src --cases iris table --turns 15
"""

from __future__ import annotations

import argparse
import math
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from common import Row, save

OTHER = "gaussmix_before"
Call = Callable[[], object]


def draws(n: int, d: int, k: int, separation: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows of k Gaussians of different shapes, and their components."""
    rng = np.random.default_rng(0)
    centers = separation * rng.normal(size=(k, d))
    factors = 0.5 * rng.normal(size=(k, d, d)) / np.sqrt(d) + np.eye(d)
    labels = rng.integers(k, size=n)
    deviations = np.einsum("nij,nj->ni", factors[labels], rng.normal(size=(n, d)))
    return centers[labels] + deviations, labels


def iterations(shape: tuple[Any, ...], n_iter: int, **options: Any) -> Callable[[ModuleType], Call]:
    """EM iterations from the true components."""
    X, labels = draws(*shape)
    options = {"init_params": labels, "tol": 0, "accelerate": False, "max_iter": n_iter, **options}
    return lambda library: lambda: library.GaussianMixture(shape[2], **options).fit(X)


def whole(shape: tuple[Any, ...], **options: Any) -> Callable[[ModuleType], Call]:
    """A default fit, race included."""
    (X, _), options = draws(*shape), {"random_state": 0, **options}
    return lambda library: lambda: library.GaussianMixture(shape[2], **options).fit(X)


def prediction(shape: tuple[Any, ...], name: str, **options: Any) -> Callable[[ModuleType], Call]:
    """A method of a fitted mixture."""
    X, labels = draws(*shape)

    def prepared(library: ModuleType) -> Call:
        options_ = {"init_params": labels, "tol": 0, "max_iter": 2, **options}
        model = library.GaussianMixture(shape[2], **options_).fit(X)
        return lambda: getattr(model, name)(X)

    return prepared


def iris(n_times: int, **options: Any) -> Callable[[ModuleType], Call]:
    """Fits to IRIS, so many of them a turn."""

    def prepared(library: ModuleType) -> Call:
        data = library.datasets.iris()
        own = {"init_params": data.classes} if "random_state" not in options else {}
        model = library.GaussianMixture(3, **own, **options)
        return lambda: [model.fit(data.rows) for _ in range(n_times)]

    return prepared


def table(library: ModuleType) -> Call:
    """Fourteen families by one to nine components of IRIS."""
    X = library.datasets.iris().rows
    return lambda: library.GaussianMixtureIC(range(1, 10), random_state=0).fit(X)


def predict_few(library: ModuleType) -> Call:
    """A hundred predictions of IRIS."""
    X = library.datasets.iris().rows
    model = library.GaussianMixture(3, random_state=0).fit(X)
    return lambda: [model.predict(X) for _ in range(100)]


METHODS = ("predict", "predict_proba", "score_samples")
TYPES = ("full", "tied", "diag", "spherical")
A, B = (200_000, 8, 10, 3.0), (50_000, 50, 20, 3.0)
C, D = (20_000, 32, 100, 3.0), (10**6, 2, 3, 3.0)
PLAIN = {"tol": 0, "accelerate": False, "max_iter": 100}
CASES: dict[str, Callable[[], Callable[[ModuleType], Call]]] = {
    "iris default": lambda: iris(2, random_state=0),
    "iris leaps": lambda: iris(3, tol=1e-9, max_iter=300),
    **{f"iris {t}": lambda t=t: iris(1, covariance_type=t, **PLAIN) for t in TYPES},
    "table 14 x 9": lambda: table,
    "predict iris": lambda: predict_few,
    **{f"A {t}": lambda t=t: iterations(A, 4, covariance_type=t) for t in TYPES},
    "A float32": lambda: iterations(A, 4, dtype="float32"),
    "A noise": lambda: iterations(A, 4, noise=0.05),
    "A prior": lambda: iterations(A, 4, prior="conjugate"),
    "B full": lambda: iterations(B, 3),
    "B crowded": lambda: iterations((50_000, 50, 20, 0.6), 3),
    "C full": lambda: iterations(C, 3),
    "D full": lambda: iterations(D, 4),
    "fit 20 000 x 4": lambda: whole((20_000, 4, 5, 1.5)),
    "fit 5 000 x 16": lambda: whole((5_000, 16, 8, 0.7)),
    "fit 100 000 x 8": lambda: whole((100_000, 8, 12, 1.5), max_iter=1, tol=1),
    "fit 2 000 x 90": lambda: whole((2_000, 90, 2, 3.0), max_iter=20, tol=0),
    **{m: lambda m=m: prediction(A, m) for m in METHODS},
    "predict wide": lambda: prediction(B, "predict"),
}


def load(source: Path) -> tuple[ModuleType, ModuleType]:
    """Return this version and another, whose package is copied under another name."""
    folder = Path(tempfile.mkdtemp())
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source / "gaussmix", folder / OTHER, ignore=skipped)
    sys.path.insert(0, str(folder))
    return import_module("gaussmix"), import_module(OTHER)


def interval(ratios: list[float]) -> tuple[float, float]:
    """Return order statistics between which the median is with a chance of at least 95 %."""
    n, left_out = len(ratios), 0
    while 2 * sum(math.comb(n, i) for i in range(left_out + 1)) / 2**n <= 0.05:
        left_out += 1
    ordered = sorted(ratios)
    outer = max(left_out - 1, 0)
    return ordered[outer], ordered[n - 1 - outer]


def seconds(call: Call) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def compare(name: str, versions: tuple[ModuleType, ModuleType], turns: int) -> Row:
    """Return the row of one case."""
    prepare = CASES[name]()
    calls = [prepare(version) for version in versions]
    for call in calls:
        call()
    ratios, best = [], [math.inf, math.inf]
    for turn in range(turns):
        found = [0.0, 0.0]
        for i in (0, 1) if turn % 2 else (1, 0):
            found[i] = seconds(calls[i])
            best[i] = min(best[i], found[i])
        ratios.append(found[0] / found[1])
    low, high = interval(ratios)
    return {
        "case": name,
        "ratio": round(statistics.median(ratios), 3),
        "from": round(low, 3),
        "to": round(high, 3),
        "ms before": round(1e3 * best[1], 2),
        "ms now": round(1e3 * best[0], 2),
    }


def memory(name: str, source: Path) -> float:
    """Return the peak of a process that does a case once, in MiB."""
    code = [sys.executable, __file__, str(source), "--only-memory", name]
    done = subprocess.run(code, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def as_table(rows: list[Row]) -> str:
    """Return rows as a Markdown table."""
    names = list(rows[0])
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    lines += [f"| {' | '.join(str(row[name]) for name in names)} |" for row in rows]
    return "\n".join(lines)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="folder that holds the other gaussmix")
    parser.add_argument("--cases", nargs="+", help="those whose names begin so; all by default")
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--memory", action="store_true", help="peaks of memory too")
    parser.add_argument("--only-memory", metavar="CASE", help=argparse.SUPPRESS)
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.only_memory:
        sys.path.insert(0, str(options.source))
        CASES[options.only_memory]()(import_module("gaussmix"))()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    versions = load(options.source)
    here = Path(versions[0].__file__).parents[1]
    rows = []
    for name in CASES:
        if options.cases and not name.startswith(tuple(options.cases)):
            continue
        row = compare(name, versions, options.turns)
        if options.memory:
            row["memory"] = round(memory(name, here) / memory(name, options.source), 2)
        rows.append(row)
        print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    if not options.no_save:
        save("versions", as_table(rows), rows, turns=options.turns)


if __name__ == "__main__":
    main()
