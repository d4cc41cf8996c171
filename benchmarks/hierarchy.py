"""Seconds of hierarchical clustering, beside mclust's compiled `hc`.

Both get the same rows, already transformed; R is timed inside R.  Without R and mclust
the column is left empty.

    python benchmarks/hierarchy.py
    python benchmarks/hierarchy.py --criteria VVV --sizes 2000x5 --repeats 1
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from common import gaussian_rows, save

from gaussmix.starts.hierarchy import agglomerate
from gaussmix.starts.hierarchy.transforms import get_transform

SIZES = ["500x5", "2000x5", "2000x2", "1000x10"]
CRITERIA = ["VVV", "EEE", "VII", "EII"]
# mclust's EEE takes minutes beyond this.
R_ROWS = {"EEE": 500}
R_CODE = """
suppressMessages(library(mclust))
arguments <- commandArgs(trailingOnly = TRUE)
data <- as.matrix(read.csv(arguments[1], header = FALSE))
times <- sapply(seq_len(as.integer(arguments[3])), function(i)
  system.time(tree <<- hc(data, modelName = arguments[2], use = "VARS"))[["elapsed"]])
cat(median(times), "\\n")
cat(hclass(tree, 5), "\\n")
"""


def ours(Z: np.ndarray, criterion: str, repeats: int) -> tuple[float, np.ndarray]:
    """Median seconds, and the labels of 5 clusters."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        tree = agglomerate(Z, criterion, "VARS")
        times.append(time.perf_counter() - began)
    return float(np.median(times)), tree.labels(5)


def mclust(Z: np.ndarray, criterion: str, repeats: int) -> tuple[float, np.ndarray] | None:
    """As `ours`, by R; None if it is not installed."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        rows, code = Path(folder) / "rows.csv", Path(folder) / "code.R"
        np.savetxt(rows, Z, delimiter=",", fmt="%.17g")
        code.write_text(R_CODE)
        command = ["Rscript", str(code), str(rows), criterion, str(repeats)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    seconds, labels = done.stdout.strip().splitlines()
    return float(seconds), np.array(labels.split(), dtype=int) - 1


def table(rows: list[dict]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| criterion | n × d | gaussmix s | mclust s | ratio | same 5 clusters |",
        "|---|---|---:|---:|---:|---|",
    ]
    for row in rows:
        theirs, ratio = row["mclust"], row["ratio"]
        lines.append(
            f"| {row['criterion']} | {row['n']} × {row['d']} | {row['gaussmix']:.2f} "
            f"| {'' if theirs is None else f'{theirs:.2f}'} "
            f"| {'' if ratio is None else f'**{ratio:.1f}**'} "
            f"| {'' if row['same'] is None else 'yes' if row['same'] else 'no'} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--criteria", nargs="+", default=CRITERIA)
    parser.add_argument("--sizes", nargs="+", default=SIZES)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-r", action="store_true")
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    rows = []
    for size in options.sizes:
        n, d = map(int, size.split("x"))
        Z = get_transform("SVD")(gaussian_rows(n, d, 5))
        for criterion in options.criteria:
            seconds, labels = ours(Z, criterion, options.repeats)
            with_r = not options.no_r and n <= R_ROWS.get(criterion, n)
            theirs = mclust(Z, criterion, options.repeats) if with_r else None
            rows.append(
                {
                    "criterion": criterion,
                    "n": n,
                    "d": d,
                    "gaussmix": seconds,
                    "mclust": theirs and theirs[0],
                    "ratio": theirs and theirs[0] / seconds,
                    "same": theirs and bool((theirs[1] == labels).all()),
                }
            )
            print(table(rows[-1:]).splitlines()[-1], flush=True)
    print(table(rows))
    if not options.no_save:
        save("hierarchy", table(rows), rows)


if __name__ == "__main__":
    main()
