"""Seconds an EM iteration takes on a Dask cluster of 1 and 2 workers, beside the same in memory.

All fits begin with the same parameters and do the same plain EM iterations, so the
log-likelihoods must agree.  A worker is a process with one thread; the data are persisted.
An iteration's time is the median over a fit, whose first pass is left out.

    python benchmarks/dask_scaling.py                       # 4 million rows: some minutes
    python benchmarks/dask_scaling.py --rows 100000 --no-save
"""

from __future__ import annotations

import argparse
import pickle

import dask.array as da
import numpy as np
from common import gaussian_rows, save
from dask.distributed import Client, LocalCluster

from gaussmix import GaussianMixture, Mixture
from gaussmix.estep import Expectation, Posterior, choose_form
from gaussmix.rows import MemorySource
from gaussmix.rows.partitions import fold_partition
from gaussmix.rows.summary import SummaryFold

# Rows, cores and rows in a partition of the estimates.
PAPER = [(10**9, 100, 10**6), (10**12, 10_000, 10**7)]
# What a task costs Dask's scheduler by its own documentation, about.
SCHEDULER_SECONDS = 1e-3


def start(X: np.ndarray, k: int) -> Mixture:
    """Parameters in the middle of a fit."""
    model = GaussianMixture(k, init_params="k-means++", max_iter=2, tol=0, random_state=0)
    return model.fit(X[:100_000]).mixture_


def measure(data: object, mixture: Mixture, n_iter: int, n_jobs: int | None) -> dict[str, object]:
    """Fit with `n_iter` iterations; return the seconds of one, and where the fit ended."""
    model = GaussianMixture(
        mixture.n_components,
        init_params=mixture,
        max_iter=n_iter,
        tol=0.0,
        accelerate=False,
        n_jobs=n_jobs,
    ).fit(data)
    return {
        "seconds": float(np.median(np.diff(model.history_.seconds))),
        "log_likelihood_a_row": model.lower_bound_,
    }


def sizes(X: np.ndarray, mixture: Mixture) -> dict[str, int]:
    """Bytes of a pass: the fold that goes to each worker, and what each partition returns."""
    source = MemorySource(X[:10_000])
    summary = source.reduce(SummaryFold(mixture.covariances.moment, X.shape[1]))
    parameters = mixture.parameters
    form = choose_form(
        parameters, mixture.covariances.moment, False, summary.center, summary.extent
    )
    fold = Expectation(form, Posterior.of([parameters]))
    part = fold_partition(fold, 0, [(X[:10_000], None)])
    return {"bytes_out": len(pickle.dumps(fold)), "bytes_back": len(pickle.dumps(part))}


def on_cluster(X: np.ndarray, mixture: Mixture, n_workers: int, n_parts: int, n_iter: int):
    """Measure a cluster of so many processes."""
    with (
        LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        data = da.from_array(X, chunks=(-(-len(X) // n_parts), X.shape[1])).persist()
        return measure(data, mixture, n_iter, None)


def table(rows: list[dict]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| rows | where | cores | seconds an iteration | rows a second "
        "| against memory, same cores | log-likelihood a row |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    lines += [
        f"| {row['n']:,} × {row['d']}, K = {row['k']} | {row['where']} | {row['cores']} "
        f"| {row['seconds']:.4f} | {row['rows_a_second']:,.0f} | {row['against_memory']:.2f} "
        f"| {row['log_likelihood_a_row']:.9f} |"
        for row in rows
    ]
    sent = rows[0]
    lines += [
        "",
        f"A pass sends {sent['bytes_out']:,} bytes to each worker and brings back "
        f"{sent['bytes_back']:,} bytes from each partition, whatever the number of rows.",
        "",
        *on_paper(rows[-1]),
    ]
    return "\n".join(lines)


def on_paper(row: dict) -> list[str]:
    """Return what larger clusters would need for an iteration: estimates, nothing measured."""
    lines = [
        "Estimates, not measurements: seconds = rows / (cores × rows a second of a core, from the "
        "last line above) + partitions × 1 ms of Dask's scheduler; rows in the workers' memory.",
        "",
        "| rows | data | cores | partitions | computing, s | scheduler, s | parameters out, in all "
        "| statistics back, in all |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for n, cores, rows_a_part in PAPER:
        parts = n // rows_a_part
        lines.append(
            f"| {n:.0e} × {row['d']}, K = {row['k']} | {8 * n * row['d'] / 1e9:,.0f} GB "
            f"| {cores:,} | {parts:,} | {n * row['cores'] / row['rows_a_second'] / cores:,.1f} "
            f"| {parts * SCHEDULER_SECONDS:,.1f} | {cores * row['bytes_out'] / 1e6:,.0f} MB "
            f"| {parts * row['bytes_back'] / 1e6:,.0f} MB |"
        )
    return lines


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--features", type=int, default=8)
    parser.add_argument("--components", type=int, default=16)
    parser.add_argument("--partitions", type=int, default=16)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()

    X = gaussian_rows(options.rows, options.features, options.components)
    mixture = start(X, options.components)
    about = {"n": len(X), "d": X.shape[1], "k": options.components, **sizes(X, mixture)}
    rows = []
    for cores in options.workers:
        memory = measure(X, mixture, options.iterations, cores)
        cluster = on_cluster(X, mixture, cores, options.partitions, options.iterations)
        for where, found in (("memory", memory), ("Dask cluster", cluster)):
            rows.append(
                {
                    **about,
                    "where": where,
                    "cores": cores,
                    "partitions": options.partitions,
                    **found,
                    "rows_a_second": len(X) / found["seconds"],
                    "against_memory": found["seconds"] / memory["seconds"],
                }
            )
    print(table(rows))
    if not options.no_save:
        save("dask_scaling", table(rows), rows)


if __name__ == "__main__":
    main()
