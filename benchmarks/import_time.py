"""Seconds that importing takes, in fresh processes, in turns: medians and quartiles.

The goal is below 1.5 times what NumPy and SciPy's linear algebra take by themselves.
`import gaussmix` alone loads next to nothing, so what counts is the line that also
takes the estimator; scikit-learn's mixture module stands beside it.

    python benchmarks/import_time.py
"""

from __future__ import annotations

import argparse
import subprocess
import sys

import numpy as np
from common import Row, save

BASE = "import numpy, scipy.linalg, scipy.special"
GOAL = 1.5
STATEMENTS = {
    "NumPy": "import numpy",
    "NumPy, SciPy (linalg, special)": BASE,
    "import gaussmix": "import gaussmix",
    "Mixture": "from gaussmix import Mixture",
    "GaussianMixture": "from gaussmix import GaussianMixture",
    "GaussianMixture, and a fit of 9 rows": (
        "from gaussmix import GaussianMixture as G; "
        "G(1).fit([[0., 1.], [1., 3.], [2., 2.], [3., 1.], [4., 5.], [1., 1.], [0., 2.], "
        "[5., 1.], [2., 4.]])"
    ),
    "scikit-learn's base classes": "import sklearn.base",
    "scikit-learn's GaussianMixture": "from sklearn.mixture import GaussianMixture",
}
CODE = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"


def seconds(statement: str) -> float:
    """Return the seconds a statement takes in a fresh process."""
    command = [sys.executable, "-c", CODE.format(statement)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure(repeats: int) -> list[Row]:
    """Run all statements in turns."""
    times: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for turn in range(repeats + 1):
        for name, statement in STATEMENTS.items():
            took = seconds(statement)
            if turn:  # the first turn fills the disk's cache
                times[name].append(took)
    base = times["NumPy, SciPy (linalg, special)"]
    return [
        {
            "what": name,
            "seconds": float(np.median(own)),
            "quartiles": [float(q) for q in np.quantile(own, [0.25, 0.75])],
            "ratio": float(np.median(np.divide(own, base))),
        }
        for name, own in times.items()
    ]


def report(rows: list[Row]) -> str:
    """Return the table people read."""
    lines = [
        f"| import | seconds (quartiles) | times NumPy and SciPy (goal < {GOAL} for ours) |",
        "|---|---:|---:|",
    ]
    for row in rows:
        low, high = row["quartiles"]
        lines.append(
            f"| {row['what']} | {row['seconds']:.3f} ({low:.3f}-{high:.3f}) "
            f"| **{row['ratio']:.2f}** |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    rows = measure(options.repeats)
    print(report(rows))
    if not options.no_save:
        save("import_time", report(rows), rows)


if __name__ == "__main__":
    main()
