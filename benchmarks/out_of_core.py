"""Seconds a pass over files takes, and the memory it needs, beside the same rows in memory.

The script writes Parquet of float32 rows drawn from Gaussians, in row groups, and fits
from the same start in each case, every one in a fresh process: rows in memory, Parquet
decoded anew in each pass, and Parquet with a decoded cache.  A pass is an iteration of
plain EM, E-step and M-step, as the fit's own history tells; peak memory is that of the
whole process, libraries included.  scikit-learn is measured at sizes it can hold, and
what it would need for all rows is extrapolated from them along a line.

    python benchmarks/out_of_core.py                     # 100 million rows: an hour or so
    python benchmarks/out_of_core.py --rows 2e5 --scikit-learn-rows 2e4 4e4 --no-save
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
from common import save
from pyarrow import parquet
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as ScikitLearn

from gaussmix import GaussianMixture, Mixture, scan

# What the ratio to memory, and the peak in MiB, are meant to be.
GOAL_RATIO, GOAL_MIB = 1.5, 1024


def truth(d: int, k: int) -> Mixture:
    """The mixture that rows are drawn from: overlapping, with covariances of their own."""
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((k, d, d)) / np.sqrt(d)
    covariances = factors @ np.swapaxes(factors, 1, 2) + 0.3 * np.eye(d)
    return Mixture(rng.dirichlet(np.full(k, 5.0)), 1.5 * rng.standard_normal((k, d)), covariances)


def generate(path: Path, n: int, d: int, k: int, group: int) -> None:
    """Write n rows of float32, row group by row group."""
    mixture = truth(d, k)
    schema = pa.schema([(f"x{j}", pa.float32()) for j in range(d)])
    with parquet.ParquetWriter(path, schema) as writer:
        for number, first in enumerate(range(0, n, group)):
            rows, _ = mixture.sample(min(group, n - first), np.random.default_rng(1 + number))
            columns = [pa.array(column, pa.float32()) for column in rows.T]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=group)


def peak_mib() -> float:
    """Return this process's largest resident size so far, in MiB."""
    try:  # that of getrusage begins with the parent's
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def begin(d: int, k: int) -> Mixture:
    """The start of all fits: the truth, moved a little."""
    mixture = truth(d, k)
    means = mixture.means + 0.2 * np.random.default_rng(2).standard_normal((k, d))
    return Mixture(mixture.weights, means, mixture.covariances)


def read(path: Path) -> np.ndarray:
    """Read all rows into memory, with no second copy of them at any time."""
    file = parquet.ParquetFile(path)
    rows = np.empty((file.metadata.num_rows, file.metadata.num_columns), np.float32)
    first = 0
    for batch in file.iter_batches(1 << 20):
        for j, column in enumerate(batch.columns):
            rows[first : first + batch.num_rows, j] = column.to_numpy()
        first += batch.num_rows
    return rows


SOURCES = {
    "in memory": read,
    "Parquet": scan,
    "Parquet, cached": lambda path: scan(path, cache=path.parent),
}


def measure(kind: str, path: Path, k: int, passes: int) -> dict[str, object]:
    """Fit in this process; return seconds and peak memory."""
    began = time.perf_counter()
    X = SOURCES[kind](path)
    opened = time.perf_counter()
    d = X.shape[1]
    model = GaussianMixture(
        k, init_params=begin(d, k), max_iter=passes, tol=0.0, accelerate=False
    ).fit(X)
    each = np.diff(model.history_.seconds)
    return {
        "source": kind,
        "n": X.shape[0],
        "d": d,
        "k": k,
        "seconds_a_pass": float(np.median(each)),
        "range": [float(each.min()), float(each.max())],
        "seconds_to_open": opened - began,
        "seconds_of_fit": time.perf_counter() - opened,
        "peak_mib": peak_mib(),
        "log_likelihoods": model.lower_bounds_,
    }


def measure_scikit_learn(path: Path, k: int, n: int) -> dict[str, object]:
    """Run two iterations of scikit-learn on the first n rows; return its peak memory."""
    X = np.concatenate(_first_rows(path, n))
    start = begin(X.shape[1], k)
    model = ScikitLearn(
        k,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=np.linalg.inv(start.covariances.to_dense()),
        max_iter=2,
        tol=0.0,
    )
    began = time.perf_counter()
    model.fit(X)
    return {
        "n": n,
        "peak_mib": peak_mib(),
        "seconds_of_fit": time.perf_counter() - began,
    }


def _first_rows(path: Path, n: int) -> list[np.ndarray]:
    batches = []
    for batch in parquet.ParquetFile(path).iter_batches(min(n, 1 << 18)):
        batches.append(np.column_stack([column.to_numpy() for column in batch.columns]))
        if sum(map(len, batches)) >= n:
            break
    batches[-1] = batches[-1][: n - sum(map(len, batches[:-1]))]
    return batches


def fresh(arguments: list[str]) -> dict:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def extrapolated(small: dict, large: dict, n: int) -> float:
    """MiB for n rows along the line through two measurements."""
    slope = (large["peak_mib"] - small["peak_mib"]) / (large["n"] - small["n"])
    return large["peak_mib"] + slope * (n - large["n"])


def table(rows: list[dict], others: list[dict], file_mib: float) -> str:
    """Return the figures as Markdown."""
    n, d, k = (rows[0][name] for name in ("n", "d", "k"))
    lines = [
        f"{n:,} rows × {d} float32, {k} components; the Parquet file has {file_mib:,.0f} MiB",
        "",
        "| | s a pass (range) | ratio | rows a second | peak MiB | log-likelihood a row |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        low, high = row["range"]
        ratio = row["seconds_a_pass"] / rows[0]["seconds_a_pass"]
        lines.append(
            f"| {row['source']} | {row['seconds_a_pass']:.2f} ({low:.2f}-{high:.2f}) "
            f"| {ratio:.2f} | {n / row['seconds_a_pass']:,.0f} | {row['peak_mib']:,.0f} "
            f"| {row['log_likelihoods'][-1]:.9f} |"
        )
    lines += [
        f"| scikit-learn, {other['n']:,} rows | | | | {other['peak_mib']:,.0f} | |"
        for other in others
    ]
    need = extrapolated(others[0], others[-1], n)
    lines.append(f"| scikit-learn, {n:,} rows, extrapolated | | | | about {need:,.0f} | |")
    lines += ["", f"Goals: ratio of Parquet at most {GOAL_RATIO}, its peak below {GOAL_MIB} MiB."]
    return "\n".join(lines)


def main() -> None:
    """Generate, measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, default=1e8)
    parser.add_argument("--features", type=int, default=8)
    parser.add_argument("--components", type=int, default=16)
    parser.add_argument("--row-group", type=float, default=1e6)
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--scikit-learn-rows", type=float, nargs=2, default=[1e6, 2e6])
    parser.add_argument("--folder", type=Path, help="where the data go; temporary by default")
    parser.add_argument("--no-save", action="store_true")
    parser.add_argument("--measure", nargs=2, metavar=("KIND", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    if options.measure:
        kind, path = options.measure
        found = (
            measure(kind, Path(path), options.components, options.passes)
            if kind in SOURCES
            else measure_scikit_learn(Path(path), options.components, int(kind))
        )
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "rows.parquet"
        n, d, k = int(options.rows), options.features, options.components
        generate(path, n, d, k, int(options.row_group))
        common = ["--components", str(k), "--passes", str(options.passes), "--measure"]
        rows = []
        for kind in SOURCES:
            rows.append(fresh([*common, kind, str(path)]))
            print(f"{kind}: {rows[-1]['seconds_a_pass']:.2f} s a pass", flush=True)
        for row in rows[1:]:
            np.testing.assert_allclose(
                row["log_likelihoods"], rows[0]["log_likelihoods"], rtol=1e-9
            )
        others = [fresh([*common, f"{m:.0f}", str(path)]) for m in options.scikit_learn_rows]
        text = table(rows, others, path.stat().st_size / 2**20)
    print(text)
    if not options.no_save:
        save("out_of_core", text, [*rows, *({"source": "scikit-learn", **o} for o in others)])


if __name__ == "__main__":
    main()
