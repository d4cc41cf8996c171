"""Passes over the data with and without leaps (`accelerate`), from the same starts.

For every fit that the tests compare with mclust, from its labels and at the same tight
tolerance: the sum of passes, those whose leap was taken back included, and how many fits
end higher or lower.  No time is measured: passes are the same on every machine.

    python benchmarks/leaps.py
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from common import Row, save

from gaussmix import GaussianMixture

MCLUST = Path(__file__).parents[1] / "tests" / "data" / "mclust.json"
TOLERANCE = 1e-9
# Log-likelihoods that differ by less are the same optimum.
SAME = 1e-4


def fit(rows: np.ndarray, case: dict, labels: np.ndarray, *, accelerate: bool) -> dict:
    """Fit from labels; return passes, log-likelihood, and whether a covariance collapsed."""
    model = GaussianMixture(
        case["G"],
        covariance_type=case["model"],
        init_params=labels,
        tol=TOLERANCE,
        max_iter=20_000,
        accelerate=accelerate,
    )
    result = model.fit(rows).result_
    return {
        "passes": result.n_iter + result.history.rejected,
        "rejected": result.history.rejected,
        "log_likelihood": result.log_likelihood,
        "collapsed": bool(result.collapsed),
    }


def measure(name: str, data: dict) -> list[Row]:
    """Return both fits of each case of a set."""
    rows = np.array(data["rows"])
    found = []
    for case in data["fits"]:
        labels = np.array(data["starts"][str(case["G"])]) - 1
        both = {
            key: fit(rows, case, labels, accelerate=accelerate)
            for key, accelerate in (("plain", False), ("leaps", True))
        }
        found.append({"set": name, "family": case["model"], "G": case["G"], **both})
    return found


def outcome(row: Row) -> str:
    """Say where the fit with leaps ended, beside the one without."""
    if row["plain"]["collapsed"] or row["leaps"]["collapsed"]:
        return "collapsed"
    gain = row["leaps"]["log_likelihood"] - row["plain"]["log_likelihood"]
    return "higher" if gain > SAME else "lower" if gain < -SAME else "same"


def line(label: str, rows: list[Row]) -> str:
    """Return a line of the table."""
    plain, leaps = (sum(row[key]["passes"] for row in rows) for key in ("plain", "leaps"))
    rejected = sum(row["leaps"]["rejected"] for row in rows)
    where = Counter(map(outcome, rows))
    cells = [f"{where[key]}" for key in ("same", "higher", "lower", "collapsed")]
    return (
        f"| {label} | {len(rows)} | {plain} | {leaps} ({rejected}) | **{plain / leaps:.1f}** "
        f"| {' | '.join(cells)} |"
    )


def report(rows: list[Row]) -> str:
    """Return the table people read."""
    lines = [
        "| fits | number | passes without leaps | with leaps (taken back) | ratio "
        "| same optimum | higher | lower | collapsed |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    slow = [row for row in rows if row["plain"]["passes"] >= 100]
    names = dict.fromkeys(row["set"] for row in rows)
    lines += [line(name, [row for row in rows if row["set"] == name]) for name in names]
    lines.append(line("of 100 passes and more without leaps", slow))
    lines.append(line("**all**", rows))
    return "\n".join(lines)


def main() -> None:
    """Count, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    sets = json.loads(MCLUST.read_text())
    rows = [row for name, data in sets.items() for row in measure(name, data)]
    print(report(rows))
    if not options.no_save:
        save("leaps", report(rows), rows)


if __name__ == "__main__":
    main()
