"""Many small fits: one model for each of many data sets, bootstrap replicates, ratio tests.

`fit_many` beside a loop over scikit-learn's default fits; the bootstrap and the likelihood ratio
test beside mclust's, where R has it.  All take turns within a run.  Seconds are processor time of
one thread, which other work on the machine changes least; seconds by the clock with all cores stand
beside them.  mclust's replicates begin at the fit, as ours do; its test begins each fit at its own
hierarchy.

    python benchmarks/many.py                          # all: some ten minutes
    python benchmarks/many.py --parts sets --count 2000 --no-save
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import Row, save
from problems import reference
from sklearn.mixture import GaussianMixture as ScikitLearn
from threadpoolctl import threadpool_limits

import gaussmix
from gaussmix import GaussianMixture, inference

# scikit-learn fits so many of the data sets; its time for all follows.
LOOPED = 300


def values(count: int, n: int, apart: tuple[float, float]) -> np.ndarray:
    """Data sets (count, n, 1) of two clusters, their centres some deviations apart."""
    rng = np.random.default_rng(0)
    second = rng.random((count, n)) < rng.uniform(0.2, 0.8, (count, 1))
    return (rng.standard_normal((count, n)) + second * rng.uniform(*apart, (count, 1)))[:, :, None]


def planes(count: int, n: int) -> np.ndarray:
    """Data sets (count, n, 4) of three clusters."""
    rng = np.random.default_rng(0)
    centres = 4.0 * rng.standard_normal((count, 3, 4))
    labels = rng.integers(3, size=(count, n))
    return rng.standard_normal((count, n, 4)) + centres[np.arange(count)[:, None], labels]


def times(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds of processor time, and by the clock."""
    cpu, clock = time.process_time(), time.perf_counter()
    call()
    return time.process_time() - cpu, time.perf_counter() - clock


# -- many data sets ------------------------------------------------------------------------


def sets(count: int, repeats: int) -> list[Row]:
    """`fit_many` beside a loop."""
    cases = {
        "500 × 1, K = 2, 3 to 6 deviations apart": (2, values(count, 500, (3.0, 6.0))),
        "500 × 1, K = 2, 1 to 5 deviations apart": (2, values(count, 500, (1.0, 5.0))),
        "150 × 4, K = 3": (3, planes(count // 4, 150)),
    }
    rows = []
    for name, (k, data) in cases.items():
        gaussmix.fit_many(data, k, max_iter=2, random_state=0)  # loads the loops
        chosen = np.linspace(0, len(data) - 1, min(LOOPED, len(data))).astype(int)
        found: list[tuple[float, ...]] = []
        for _ in range(repeats):
            looped: list[ScikitLearn] = []
            with threadpool_limits(1):
                theirs = times(lambda d=data, k=k, c=chosen, out=looped: out.extend(loop(d[c], k)))
                ours = times(lambda d=data, k=k: gaussmix.fit_many(d, k, random_state=0, n_jobs=1))
            fits: list = []
            both = times(
                lambda d=data, k=k, out=fits: out.append(gaussmix.fit_many(d, k, random_state=0))
            )
            each = np.array([theirs[0], theirs[1]]) / len(chosen)
            found.append((*each, ours[0] / len(data), both[1] / len(data)))
        theirs_cpu, theirs_clock, ours_cpu, ours_clock = np.median(found, axis=0).tolist()
        scores = np.array([m.score(data[g]) for m, g in zip(looped, chosen, strict=True)])
        own = fits[0].log_likelihood[chosen] / data.shape[1]
        rows.append(
            {
                "case": f"{len(data):,} of {name}",
                "theirs": theirs_cpu,
                "ours": ours_cpu,
                "ratio": theirs_cpu / ours_cpu,
                "ratio by the clock": theirs_clock / ours_clock,
                "higher": float((own > scores + 1e-6).mean()),
                "lower": float((own < scores - 1e-6).mean()),
                "gain": float((own - scores).mean()),
            }
        )
    return rows


def loop(data: np.ndarray, k: int) -> list[ScikitLearn]:
    """Default fits of scikit-learn."""
    return [ScikitLearn(k, random_state=0).fit(rows) for rows in data]


def table_of_sets(rows: list[Row]) -> str:
    """The table."""
    lines = [
        "| data sets | scikit-learn, ms a fit | gaussmix | times as fast, one thread "
        "| by the clock, all cores | higher / lower by 1e-6 nats a row | nats a row above |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row['case']} | {1e3 * row['theirs']:.2f} | {1e3 * row['ours']:.3f} "
        f"| **{row['ratio']:.1f}** | {row['ratio by the clock']:.1f} "
        f"| {row['higher']:.0%} / {row['lower']:.0%} | {row['gain']:.2g} |"
        for row in rows
    ]
    return "\n".join(lines)


# -- beside mclust -------------------------------------------------------------------------

R_CODE = """
suppressMessages(library(mclust))
arguments <- commandArgs(trailingOnly = TRUE)
x <- as.matrix(read.table(arguments[1]))
{before}
took <- system.time({call})
cat(took[["user.self"]] + took[["sys.self"]], took[["elapsed"]], "\\n")
"""
BOOTSTRAP = (
    'fit <- Mclust(x, G = 3, modelNames = "VVV", verbose = FALSE)',
    "MclustBootstrap(fit, nboot = {count}, type = 'bs', verbose = FALSE)",
)
RATIO_TEST = (
    "",
    "mclustBootstrapLRT(x, modelName = 'VVV', nboot = {count}, level = 1, maxG = 2, "
    "verbose = FALSE)",
)


def by_r(code: tuple[str, str], x: np.ndarray, count: int) -> tuple[float, float] | None:
    """Seconds of a call in R with mclust; None where they are not installed."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        rows, script = Path(folder) / "rows.txt", Path(folder) / "code.R"
        np.savetxt(rows, x, fmt="%.17g")
        before, call = code
        call = call.replace("{count}", str(count))
        script.write_text(R_CODE.replace("{before}", before).replace("{call}", call))
        command = ["Rscript", str(script), str(rows)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    cpu, elapsed = map(float, done.stdout.split()[-2:])
    return cpu, elapsed


def replicates(count: int, repeats: int) -> list[Row]:
    """The bootstrap and the ratio test beside mclust's."""
    iris, faithful = reference("iris"), reference("faithful")
    model = GaussianMixture(3, random_state=0).fit(iris)
    cases = [
        *(
            (
                f"bootstrap, {many:,} replicates of iris VVV,3",
                lambda n_jobs, many=many: inference.bootstrap(
                    model, iris, n_resamples=many, random_state=0, n_jobs=n_jobs
                ),
                lambda many=many: by_r(BOOTSTRAP, iris, many),
            )
            for many in (count, 10 * count)
        ),
        (
            f"ratio tests of 1 against 2 and 2 against 3, {count} replicates of faithful VVV",
            lambda n_jobs: inference.likelihood_ratio_test(
                faithful, "VVV", 3, count, level=1.0, random_state=0, n_jobs=n_jobs
            ),
            lambda: by_r(RATIO_TEST, faithful, count),
        ),
    ]
    rows: list[Row] = []
    for name, ours, theirs in cases:
        found, beside = [], []
        for _ in range(repeats):
            with threadpool_limits(1):
                found.append(times(lambda call=ours: call(None)))
            beside.append(theirs())
        cpu, clock = np.median(found, axis=0).tolist()
        row: Row = {"case": name, "ours": cpu, "ours by the clock": clock}
        measured = [one for one in beside if one is not None]
        if measured:
            row["mclust"], row["mclust by the clock"] = np.median(measured, axis=0).tolist()
        rows.append(row)
    return rows


def table_of_replicates(rows: list[Row]) -> str:
    """The table."""
    lines = [
        "| | mclust s | gaussmix | times as fast, processor time | by the clock |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        cells = ["not installed", f"{row['ours']:.2f}", "", ""]
        if "mclust" in row:
            ratio, clock = (row[f"mclust{c}"] / row[f"ours{c}"] for c in ("", " by the clock"))
            cells = [f"{row['mclust']:.2f}", cells[1], f"**{ratio:.1f}**", f"{clock:.1f}"]
        lines.append(f"| {row['case']} | {' | '.join(cells)} |")
    return "\n".join(lines)


# -- all -----------------------------------------------------------------------------------

PARTS = {"sets": table_of_sets, "replicates": table_of_replicates}


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--count", type=int, default=20_000, help="data sets")
    parser.add_argument("--replicates", type=int, default=999)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    measured: dict[str, list[Row]] = {}
    for part in options.parts:
        if part == "sets":
            measured[part] = sets(options.count, options.repeats)
        else:
            measured[part] = replicates(options.replicates, options.repeats)
        print("\n" + PARTS[part](measured[part]) + "\n", flush=True)
    if not options.no_save:
        text = "\n\n".join(PARTS[part](rows) for part, rows in measured.items())
        save("many", text, [{"part": part, **r} for part, rows in measured.items() for r in rows])


if __name__ == "__main__":
    main()
