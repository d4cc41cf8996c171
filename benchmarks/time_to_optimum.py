"""Best log-likelihood a row, and seconds, of whole default fits beside scikit-learn's.

On twenty data sets (problems.py), for each seed: gaussmix with select="likelihood", and
scikit-learn as it comes, with n_init=10, and with n_init=10 and tol=1e-6.  All get the
same rows in the same run, in turns, and all threads they like.  Likelihoods are
computed for all by the same function (common.py), in float64, from the parameters.

A fit that takes longer than --limit is stopped (fits.py).  In ratios of times it counts
as having taken just so long, so that ratios to scikit-learn's are too high rather than
too low.  It has no likelihood: scikit-learn's best is then the best of its others, and
shares are also given over cases in which no fit was stopped.  Where one of ours is
stopped the case is lost, and its ratio infinite.

A likelihood may be high for the wrong reason: a component on a few rows.  Each fit
therefore records its smallest component, in rows, and the smallest eigenvalue of a
covariance relative to that of all the data; fits with a component of less than
2 (d + 1) rows, or a relative eigenvalue below 1e-5, are marked with a *, and the
shares are also given over cases where no winner is marked.  (scikit-learn adds 1e-6 to
variances, which bounds its likelihood; gaussmix adds nothing and holds a floor of
1e-10 of the data's variances.)

    python benchmarks/time_to_optimum.py                        # all: 27 minutes
    python benchmarks/time_to_optimum.py --sets iris wine --seeds 0 1
    python benchmarks/time_to_optimum.py --sets many --limit 600     # until all are done
    python benchmarks/time_to_optimum.py --report                # the tables again
"""

from __future__ import annotations

import argparse
import math

import matplotlib as mpl
import numpy as np
from common import RESULTS, Results, Row
from fits import DEFAULT, METHODS, OURS, TEN, Fits
from problems import PROBLEMS

mpl.use("agg")

THEIRS = [name for name in METHODS if name != OURS]
# What the median ratio of times is meant to be below.
GOALS = {DEFAULT: 0.1, TEN: 0.01}
# A row's log-likelihood counts as no worse within this.
AS_GOOD = 1e-6
FEW_ROWS = 2.0
FLAT = 1e-5
# Sets below so many rows are also counted apart.
FEW = 2_000
# Columns of the table of ratios, and which numbers of rows belong there.
SIZES = {"all": (0, math.inf), f"< {FEW:,} rows": (0, FEW), f">= {FEW:,} rows": (FEW, math.inf)}


def degenerate(row: Row) -> bool:
    """Say whether a fit has a component on hardly any rows, or a flat one."""
    few = row["smallest_component_rows"] < FEW_ROWS * (row["d"] + 1)
    return few or row["smallest_relative_eigenvalue"] < FLAT


# -- what the rows say -------------------------------------------------------------------


def finished(rows: list[Row]) -> list[Row]:
    """Return the fits that were not stopped."""
    return [row for row in rows if not row["stopped"]]


def best_known(rows: list[Row]) -> float:
    """Return the highest log-likelihood a row of any fit to a set, sound ones if there are."""
    done = finished(rows)
    sound = [row for row in done if not degenerate(row)] or done
    return max((row["log_likelihood_a_row"] for row in sound), default=math.nan)


def cases(rows: list[Row]) -> list[dict[str, Row]]:
    """Return the fits of each set and seed that all methods were run on."""
    found: dict[tuple, dict[str, Row]] = {}
    for row in rows:
        found.setdefault((row["set"], row["seed"]), {})[row["method"]] = row
    return [case for case in found.values() if len(case) == len(METHODS)]


def best_of(case: dict[str, Row], methods: list[str]) -> float:
    """Return the best log-likelihood a row of some methods; -inf where all were stopped."""
    done = finished([case[name] for name in methods])
    return max((row["log_likelihood_a_row"] for row in done), default=-math.inf)


def shortfall(case: dict[str, Row]) -> float:
    """Return how far ours is below the best of scikit-learn's three, a row."""
    ours = best_of(case, [OURS])
    return math.inf if ours == -math.inf else best_of(case, THEIRS) - ours


def ratio(case: dict[str, Row], method: str) -> float:
    """Return our seconds over a method's; what was stopped counts against us."""
    return math.inf if case[OURS]["stopped"] else case[OURS]["seconds"] / case[method]["seconds"]


def winner(case: dict[str, Row]) -> Row:
    """Return the best fit of a case."""
    return max(finished(list(case.values())), key=lambda row: row["log_likelihood_a_row"])


def of_set(rows: list[Row], name: str) -> list[Row]:
    """Return the rows of one set."""
    return [row for row in rows if row["set"] == name]


def table_of(rows: list[Row]) -> str:
    """Return the table of one set: medians over seeds."""
    first, best = rows[0], best_known(rows)
    seeds = len({row["seed"] for row in rows})
    lines = [
        f"**{first['set']}**: {first['n']:,} × {first['d']}, K = {first['k']}; {seeds} seeds; "
        f"best known {best:.6f}",
        "",
        "| method | log-likelihood a row (worst to best) | gap to best known | seconds "
        "| iterations | smallest component, rows | relative eigenvalue |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for method in METHODS:
        fits = [row for row in rows if row["method"] == method]
        if fits:
            lines.append(f"| {method} | {' | '.join(cells(fits, best))} |")
    return "\n".join(lines)


def cells(fits: list[Row], best: float) -> list[str]:
    """Return what one method reached on one set; likelihoods of fits that were not stopped."""
    done = finished(fits)
    stopped = len(fits) - len(done)
    mark = "> " if 2 * stopped >= len(fits) else ""
    seconds = f"{mark}{np.median([row['seconds'] for row in fits]):.4f}"
    if stopped:
        seconds += f" ({stopped} stopped)"
    if not done:
        return ["–", "", seconds, "", "", ""]
    values = [row["log_likelihood_a_row"] for row in done]
    starred = sum(map(degenerate, done))
    return [
        f"{np.median(values):.6f} ({min(values):.6f} to {max(values):.6f})"
        f"{f' *{starred}' if starred else ''}",
        f"{best - np.median(values):.2e}",
        seconds,
        f"{np.median([row['iterations'] for row in done]):.0f}",
        f"{min(row['smallest_component_rows'] for row in done):.1f}",
        f"{min(row['smallest_relative_eigenvalue'] for row in done):.1e}",
    ]


def comparable(rows: list[Row]) -> list[dict[str, Row]]:
    """Return the cases in which at least one fit of scikit-learn was not stopped."""
    return [case for case in cases(rows) if best_of(case, THEIRS) > -math.inf]


def share(chosen: list[dict[str, Row]]) -> dict[str, int]:
    """Return in how many cases ours is at least as good as scikit-learn's best, and better."""
    return {
        "cases": len(chosen),
        "at_least_as_good": sum(shortfall(case) <= AS_GOOD for case in chosen),
        "better": sum(shortfall(case) < -AS_GOOD for case in chosen),
    }


def ratios(chosen: list[dict[str, Row]], method: str) -> dict[str, float]:
    """Return how our times compare with a method's."""
    own = [ratio(case, method) for case in chosen]
    return {
        "cases": len(own),
        "median": float(np.median(own)),
        "lowest": min(own),
        "highest": max(own),
        "stopped": sum(case[method]["stopped"] for case in chosen),
    }


def summary(rows: list[Row]) -> dict[str, object]:
    """Return the figures over all cases."""
    every, compared = cases(rows), comparable(rows)
    by_size = {
        size: [case for case in every if low <= case[OURS]["n"] < high]
        for size, (low, high) in SIZES.items()
    }
    return {
        "sets": len({case[OURS]["set"] for case in every}),
        "all": share(compared),
        "none stopped": share([case for case in compared if not stopped(case)]),
        "sound": share([case for case in compared if not degenerate(winner(case))]),
        "seconds_ratio": {
            name: {size: ratios(chosen, name) for size, chosen in by_size.items() if chosen}
            for name in THEIRS
        },
    }


def stopped(case: dict[str, Row]) -> bool:
    """Say whether any fit of a case was stopped."""
    return any(row["stopped"] for row in case.values())


def report(rows: list[Row]) -> str:
    """Return everything people read: the summary, lost cases, and a table for each set."""
    figures = summary(rows)
    lines = [
        f"{figures['sets']} sets. How many cases (set and seed) gaussmix (default) ends in at "
        "least as good as the best of scikit-learn's three that were not stopped (within 1e-6 a "
        "row):",
        "",
        "| cases | at least as good | better |",
        "|---|---:|---:|",
    ]
    for words, name in (
        ("all", "all"),
        ("in which no fit was stopped", "none stopped"),
        ("in which the best fit has no degenerate component", "sound"),
    ):
        n, good, better = figures[name].values()
        lines.append(f"| {words} | {good} of {n} (**{good / max(n, 1):.0%}**) | {better} |")
    lines += ["", ratio_table(figures["seconds_ratio"]), "", lost(rows), ""]
    lines += ["![time against gap](time_to_optimum.png)", ""]
    lines.append("\\* degenerate fits: a component of less than 2 (d + 1) rows, or flat.")
    for name in dict.fromkeys(row["set"] for row in rows):
        lines += ["", table_of(of_set(rows, name))]
    return "\n".join(lines)


def ratio_table(by_method: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return the table of ratios of times, by the size of sets."""
    lines = [
        "| time of gaussmix / time of | sets | cases | median | lowest | highest "
        "| stopped | median meant to be |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for method, by_size in by_method.items():
        for size, own in by_size.items():
            # What was stopped took longer: ratios are at most those given.
            most = "≤ " if own["stopped"] else ""
            goal = f"< {GOALS[method]:g}" if method in GOALS else ""
            lines.append(
                f"| {method} | {size} | {own['cases']} | **{most}{own['median']:.3f}** "
                f"| {most}{own['lowest']:.4f} | {own['highest']:.3f} | {own['stopped']} "
                f"| {goal} |"
            )
    return "\n".join(lines)


def lost(rows: list[Row]) -> str:
    """Return the table of cases in which scikit-learn's best is above ours."""
    found = [case for case in comparable(rows) if shortfall(case) > AS_GOOD]
    if not found:
        return "No case is lost."
    lines = [
        "| lost: set | seed | ours | scikit-learn's best | short by, a row | by which "
        "| its smallest component, rows | its relative eigenvalue |",
        "|---|---:|---:|---:|---:|---|---:|---:|",
    ]
    for case in found:
        ours, best = best_of(case, [OURS]), winner(case)
        mark = " *" if degenerate(best) else ""
        lines.append(
            f"| {best['set']} | {best['seed']} | {ours:.6f} "
            f"| {best['log_likelihood_a_row']:.6f}{mark} | {shortfall(case):.2e} "
            f"| {best['method']} | {best['smallest_component_rows']:.1f} "
            f"| {best['smallest_relative_eigenvalue']:.1e} |"
        )
    return "\n".join(lines)


def plot(rows: list[Row]) -> None:
    """Draw time against the gap to the best known: a point a method and set.

    Medians over seeds; fits that were stopped have no place.
    """
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for method, marker in zip(METHODS, "osv^", strict=True):
        points = []
        for name in dict.fromkeys(row["set"] for row in rows):
            own = of_set(rows, name)
            fits = finished([row for row in own if row["method"] == method])
            if fits:
                values = [row["log_likelihood_a_row"] for row in fits]
                gap = max(best_known(own) - np.median(values), AS_GOOD)
                points.append((np.median([row["seconds"] for row in fits]), gap))
        if not points:
            continue
        axes.plot(*zip(*points, strict=True), marker, label=method, alpha=0.75)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="seconds of a fit (median over seeds)",
        ylabel="log-likelihood a row below the best known",
    )
    axes.set_title("Down and to the left is better; a point a data set", fontsize=10)
    axes.axhline(AS_GOOD, color="grey", linewidth=0.8)
    axes.text(axes.get_xlim()[0], AS_GOOD, " within 1e-6", va="bottom", fontsize=8, color="grey")
    axes.legend(fontsize=8)
    figure.savefig(RESULTS / "time_to_optimum.png", dpi=130)
    plt.close(figure)


def main() -> None:
    """Measure, print and save."""
    names = [problem.name for problem in PROBLEMS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=names, choices=names, metavar="SET")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--limit", type=float, default=20.0, help="seconds one fit may take")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs")
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    methods = list(METHODS)
    results = Results(
        "time_to_optimum",
        ("set", "seed", "method"),
        lambda row: (names.index(row["set"]), row["seed"], methods.index(row["method"])),
        fresh=options.fresh or options.no_save,
    )
    if not options.report:
        run(results, options)
    print(report(results.rows).split("\n![")[0])
    if not options.no_save:
        plot(results.rows)
        results.save(report, summary=summary(results.rows))


def run(results: Results, options: argparse.Namespace) -> None:
    """Fit by all methods in turns, and keep the rows of each set as soon as they are there."""
    fits = Fits(options.limit)
    for problem in PROBLEMS:
        if problem.name not in options.sets:
            continue
        for seed in options.seeds:
            for method in METHODS:
                results.add(fits.measure(problem.name, seed, method))
        print(table_of(of_set(results.rows, problem.name)), end="\n\n", flush=True)
        if not options.no_save:
            results.save(report, summary=summary(results.rows))
    fits.close()


if __name__ == "__main__":
    main()
