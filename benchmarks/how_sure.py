"""How often intervals hold the truth, and how p values of likelihood ratios lie under the null.

Intervals: data sets are drawn from a mixture and fitted from it; of each, the nominal 95 %
intervals of every kind are made.  A row of the table is the share of them that hold the
parameter they are of, over data sets and the parameters of one sort; in brackets the lowest and
the highest of one parameter.  Of S data sets one share has a standard error of sqrt(.0475 / S).

The null: data sets are drawn from a mixture of K components, and K are tested against K + 1.
Uniform p values are below each level that often; the last column is the p value of a test of
Kolmogorov and Smirnov for that, after ties are spread evenly.  Refused are data sets to which
no mixture of one component more is fitted without one that collapses onto few rows.

    python benchmarks/how_sure.py --part intervals
    python benchmarks/how_sure.py --part null
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Iterator

import numpy as np
from common import RESULTS, Row, save
from scipy.stats import kstest

from gaussmix import GaussianMixture, Mixture
from gaussmix.exceptions import GaussmixError
from gaussmix.inference import bootstrap, information, likelihood_ratio_test

KINDS = ("nonparametric", "weighted", "parametric", "jackknife", "information")
SORTS = ("weights", "means", "covariances")
LEVELS = (0.01, 0.05, 0.1, 0.5)
#: Mixtures to draw from, the family fitted, and rows.
CASES = {
    "separated, 1-d": (Mixture([0.6, 0.4], [[0.0], [5.0]], [1.0, 1.5]), "V", 300),
    "separated, 2-d": (
        Mixture(
            [0.3, 0.3, 0.4],
            [[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]],
            [[[1.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.0, 2.0]], [[2.0, -0.8], [-0.8, 1.0]]],
        ),
        "VVV",
        300,
    ),
    "overlapping, 1-d": (Mixture([0.6, 0.4], [[0.0], [3.0]], [1.0, 1.0]), "V", 300),
    "overlapping, 1-d, more rows": (Mixture([0.6, 0.4], [[0.0], [3.0]], [1.0, 1.0]), "V", 2000),
}
NULLS = {
    "1 component, E": (Mixture([1.0], [[0.0]], [1.0]), "E", 60),
    "1 component, V": (Mixture([1.0], [[0.0]], [1.0]), "V", 100),
    "1 component, VVV": (Mixture([1.0], [[0.0, 0.0]], [[[1.0, 0.6], [0.6, 1.0]]]), "VVV", 100),
    "2 components, V": (Mixture([0.5, 0.5], [[0.0], [5.0]], [1.0, 1.5]), "V", 150),
    "2 components, E": (Mixture([0.5, 0.5], [[0.0], [3.0]], [1.0, 1.0]), "E", 150),
}


def holds(truth: Mixture, sure: object) -> dict[str, np.ndarray]:
    """Return of which parameters the intervals hold the truth, by sort and then one by one."""
    values = (truth.weights, truth.means, truth.covariances.to_dense())
    found = {}
    for sort, value in zip(SORTS, values, strict=True):
        lower, upper = sure.intervals[sort]  # type: ignore[attr-defined]
        own = value.reshape(lower.shape)
        kept = (lower <= own) & (own <= upper)
        if sort == "covariances" and kept.ndim == 3:
            kept = kept[:, *np.triu_indices(kept.shape[1])]
        found[sort] = kept.ravel()
    return found


def intervals(case: str, n_sets: int, n_resamples: int) -> Iterator[Row]:
    """Measure one case; yield a row for each kind and sort."""
    truth, family, n = CASES[case]
    dense = truth.covariances.to_dense()
    truth = Mixture(truth.weights, truth.means, dense if family == "VVV" else dense[:, 0, 0])
    hits: dict[str, dict[str, list[np.ndarray]]] = {
        kind: {sort: [] for sort in SORTS} for kind in KINDS
    }
    refused, left_out = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    for seed in range(n_sets):
        X, _ = truth.sample(n, random_state=seed)
        model = GaussianMixture(
            truth.n_components, covariance_type=family, init_params=truth, tol=1e-8
        ).fit(X)
        for kind in KINDS:
            if kind == "jackknife" and n > 300:
                continue
            try:
                if kind == "information":
                    sure = information(model, X)
                else:
                    sure = bootstrap(model, X, kind, n_resamples, random_state=seed)
            except GaussmixError:
                refused[kind] += 1
                continue
            left_out[kind] += sure.n_failed
            for sort, kept in holds(truth, sure).items():
                hits[kind][sort].append(kept)
    for kind in KINDS:
        for sort in SORTS:
            if hits[kind][sort]:
                shares = np.mean(hits[kind][sort], axis=0)
                yield {
                    "case": case,
                    "rows": n,
                    "kind": kind,
                    "sort": sort,
                    "data_sets": n_sets,
                    "refused": refused[kind],
                    "replicates_left_out": left_out[kind],
                    "coverage": float(shares.mean()),
                    "lowest": float(shares.min()),
                    "highest": float(shares.max()),
                }


def null(case: str, n_sets: int) -> Row:
    """Return how the p values of one case lie."""
    truth, family, n = NULLS[case]
    k = truth.n_components
    found = []
    for seed in range(n_sets):
        X, _ = truth.sample(n, random_state=seed)
        try:
            test = likelihood_ratio_test(
                X, family, k + 1, n_resamples=99, min_components=k, random_state=seed
            )
        except GaussmixError:  # all fits of one component more collapse
            continue
        found.append(float(test.p_values[0]))
    p = np.array(found)
    spread = np.random.default_rng(0).uniform(0, 0.01, len(p))
    return {
        "case": case,
        "rows": n,
        "data_sets": n_sets,
        "refused": n_sets - len(p),
        "below": {str(level): float((p <= level).mean()) for level in LEVELS},
        "ks_p_value": float(kstest(p - spread, "uniform").pvalue),
        "p_values": found,
    }


def coverage_table(rows: list[Row]) -> str:
    """Return the table of intervals."""
    lines = [f"| mixture | rows | parameter | {' | '.join(KINDS)} |", "|---|" + "---|" * 7]
    for case in CASES:
        for sort in SORTS:
            own = {r["kind"]: r for r in rows if (r["case"], r["sort"]) == (case, sort)}
            if not own:
                continue
            cells = [_share(own[kind]) if kind in own else "–" for kind in KINDS]
            lines.append(f"| {case} | {CASES[case][2]} | {sort} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _share(row: Row) -> str:
    told = f"{row['coverage']:.1%} ({row['lowest']:.0%}–{row['highest']:.0%})"
    inside = 0.93 <= float(row["coverage"]) <= 0.97  # type: ignore[arg-type]
    return told if inside else f"**{told}**"


def null_table(rows: list[Row]) -> str:
    """Return the table of p values."""
    heads = " | ".join(f"p ≤ {level:g}" for level in LEVELS)
    lines = [
        f"| null | rows | data sets | refused | {heads} | uniform? |",
        "|---|---|---|---|" + "---|" * (len(LEVELS) + 1),
    ]
    for row in rows:
        below = " | ".join(f"{share:.1%}" for share in row["below"].values())  # type: ignore[attr-defined]
        lines.append(
            f"| {row['case']} | {row['rows']} | {row['data_sets']} | {row['refused']} "
            f"| {below} | {row['ks_p_value']:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure what is asked for, print it and save it after every case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=["intervals", "null"], default="intervals")
    parser.add_argument("--sets", type=int, default=None, help="data sets of a case")
    parser.add_argument("--resamples", type=int, default=99)
    parser.add_argument("--no-save", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    rows: list[Row] = []
    name, table = f"coverage_{given.part}", coverage_table
    if given.part == "null":
        table = null_table
    for case in CASES if given.part == "intervals" else NULLS:
        began = time.process_time()
        if given.part == "intervals":
            rows += intervals(case, given.sets or 100, given.resamples)
        else:
            rows.append(null(case, given.sets or 500))
        print(f"{case}: {time.process_time() - began:.0f} s of the processor", flush=True)
        print(table(rows), flush=True)
        if not given.no_save:
            save(name, table(rows), rows, resamples=given.resamples)
    if not given.no_save:
        print(f"saved to {RESULTS / name}.json", json.dumps(len(rows)))


if __name__ == "__main__":
    main()
