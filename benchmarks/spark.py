"""Seconds an EM iteration takes on Spark, beside the Gaussian mixture of Spark's own MLlib.

Both get the same rows, cached by Spark in the form each wants (columns, vectors), on the
same executors.  MLlib takes no start: ours begins with its parameters after one iteration
of the same seed, so both go the same way and the log-likelihoods can be compared.  (Only
where densities are far above 2e-16, which MLlib adds to that of each component: with 32
features its log-likelihood is that constant and its responsibilities are all the same.)

An iteration of MLlib is the difference between fits of many and of one, divided by the
difference in iterations; of ours, the median of a fit's trace.  The best of some repeats,
in turns.

    python benchmarks/spark.py                              # some minutes
    python benchmarks/spark.py --rows 100000 --no-save
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from common import gaussian_rows, save
from sklearn.exceptions import ConvergenceWarning

from gaussmix import GaussianMixture, Mixture
from gaussmix.components.covariances import FullCovariances
from gaussmix.rows import open_source
from gaussmix.rows.partitions import CountFold


def session(memory: str):
    """A Spark of two cores in this machine."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    return (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", memory)
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )


def fit_mllib(vectors, k: int, n_iter: int):
    """Fit MLlib's mixture with exactly `n_iter` iterations; return it and its seconds."""
    from pyspark.ml.clustering import GaussianMixture as MLlib

    began = time.perf_counter()
    model = MLlib(k=k, maxIter=n_iter, tol=0.0, seed=1).fit(vectors)
    return model, time.perf_counter() - began


def mllib(vectors, k: int, n_iter: int):
    """Return MLlib's model after `n_iter` iterations, and the seconds of one."""
    short = fit_mllib(vectors, k, 1)[1]
    model, long = fit_mllib(vectors, k, n_iter)
    return model, (long - short) / (n_iter - 1)


def ours(rows, mixture: Mixture, n_iter: int):
    """Return our model after `n_iter` iterations from a mixture, and the seconds of one."""
    model = GaussianMixture(
        mixture.n_components, init_params=mixture, max_iter=n_iter, tol=0.0, accelerate=False
    ).fit(rows)
    return model, float(np.median(np.diff(model.history_.seconds)))


def as_mixture(model) -> Mixture:
    """Return MLlib's parameters."""
    gaussians = model.gaussiansDF.collect()
    means = np.array([row["mean"].toArray() for row in gaussians])
    covariances = np.array([row["cov"].toArray() for row in gaussians])
    weights = np.array(model.weights)
    return Mixture(weights / weights.sum(), means, FullCovariances(covariances, *means.shape))


def measure(spark, shape: list[int], n_iter: int, n_parts: int, repeats: int) -> dict[str, object]:
    """Time both on one shape, in turns."""
    from pyspark.ml.functions import array_to_vector
    from pyspark.sql import functions

    n, d, k = shape
    with tempfile.TemporaryDirectory() as folder:
        X = gaussian_rows(n, d, k)
        path = Path(folder) / "rows.parquet"
        pq.write_table(pa.table({f"x{j}": X[:, j] for j in range(d)}), path)
        del X
        rows = spark.read.parquet(str(path)).repartition(n_parts).persist()
        vectors = rows.select(array_to_vector(functions.array(*rows.columns)).alias("features"))
        vectors.persist()
        assert rows.count() == vectors.count() == n
        mixture = as_mixture(fit_mllib(vectors, k, 1)[0])  # also to warm up
        turns = [
            {"gaussmix": ours(rows, mixture, n_iter), "MLlib": mllib(vectors, k, n_iter)}
            for _ in range(repeats)
        ]
        pieces = parts_of_a_pass(spark, rows)
        rows.unpersist()
        vectors.unpersist()
    seconds = {name: [turn[name][1] for turn in turns] for name in turns[0]}
    best = {name: min(values) for name, values in seconds.items()}
    models = {name: turns[-1][name][0] for name in turns[0]}
    # MLlib's log-likelihood is of the parameters before its last M-step, and ours began with
    # those after its first.
    scores = {
        "gaussmix": models["gaussmix"].lower_bounds_[n_iter - 2],
        "MLlib": models["MLlib"].summary.logLikelihood / n,
    }
    return {
        "n": n,
        "d": d,
        "k": k,
        "partitions": n_parts,
        "seconds": best,
        "all_seconds": seconds,
        "rows_a_second": {name: n / value for name, value in best.items()},
        "ratio": best["MLlib"] / best["gaussmix"],
        "log_likelihood_a_row": scores,
        "parts_of_a_pass": pieces,
        "pyspark": version("pyspark"),
    }


def parts_of_a_pass(spark, rows) -> dict[str, float]:
    """Seconds of passes that only count: over no rows, over columns, over the packed copy."""
    no_rows = spark.range(0, 1, 1, rows.rdd.getNumPartitions()).selectExpr("double(id) AS x")
    pieces = {}
    for name, frame, direct_passes in (
        ("planning", no_rows, 10**6),
        ("columns", rows, 10**6),
        ("packed", rows, 0),
    ):
        source = open_source(frame)
        source.direct_passes = direct_passes
        seconds = []
        for _ in range(4):  # the first packs
            began = time.perf_counter()
            source.reduce(CountFold())
            seconds.append(time.perf_counter() - began)
        pieces[name] = min(seconds[1:])
    return pieces


def table(rows: list[dict]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| n × d, K | gaussmix s an iteration | MLlib s an iteration | ratio "
        "| gaussmix rows a second | log-likelihood a row, both |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        seconds, scores = row["seconds"], row["log_likelihood_a_row"]
        lines.append(
            f"| {row['n']:,} × {row['d']}, {row['k']} | {seconds['gaussmix']:.3f} "
            f"| {seconds['MLlib']:.3f} | **{row['ratio']:.1f}** "
            f"| {row['rows_a_second']['gaussmix']:,.0f} "
            f"| {scores['gaussmix']:.6f} / {scores['MLlib']:.6f} |"
        )
    lines += [
        "",
        "Where ours goes: a pass that only counts rows, in seconds.",
        "",
        "| n × d | no rows: planning | columns handed to Python | packed copy handed to Python |",
        "|---|---:|---:|---:|",
    ]
    for row in rows:
        pieces = row["parts_of_a_pass"]
        lines.append(
            f"| {row['n']:,} × {row['d']} | {pieces['planning']:.3f} | {pieces['columns']:.3f} "
            f"| {pieces['packed']:.3f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, help="instead of each shape's own")
    parser.add_argument(
        "--shapes",
        nargs="+",
        default=["4000000,8,16", "2000000,16,16"],
        help="rows, features and components",
    )
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--iterations", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--memory", default="8g", help="of Spark's Java process")
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.simplefilter("ignore", FutureWarning)
    spark = session(options.memory)
    rows = []
    for text in options.shapes:
        n, d, k = map(int, text.split(","))
        shape = [options.rows or n, d, k]
        rows.append(measure(spark, shape, options.iterations, options.partitions, options.repeats))
        print(table(rows[-1:]).splitlines()[2], flush=True)
    print(table(rows))
    if not options.no_save:
        save("spark", table(rows), rows)
    spark.stop()


if __name__ == "__main__":
    main()
