"""What benchmarks of classifiers, regressors and detectors share: fits and answers in turns."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

from common import Row

Contenders = dict[str, Callable[[], Any]]


def in_turns(
    contenders: Contenders,
    train: tuple[Any, ...],
    answer: Callable[[Any], Any],
    judge: Callable[[Any], Row],
    repeats: int,
) -> list[Row]:
    """Fit and ask all contenders in turns; return a row for each, times by their medians.

    Parameters
    ----------
    contenders : dict
        By name, what makes an unfitted model.
    train : tuple
        What `fit` takes.
    answer : callable
        Asks a fitted model for what is timed.
    judge : callable
        Says, of a fitted model, how good it is.
    """
    fits: dict[str, list[float]] = {name: [] for name in contenders}
    asked: dict[str, list[float]] = {name: [] for name in contenders}
    quality: dict[str, Row] = {}
    failed: dict[str, str] = {}
    for turn in range(repeats + 1):  # the first loads code and starts threads
        for name, make in contenders.items():
            if name in failed:
                continue
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    began = time.perf_counter()
                    model = make().fit(*train)
                    fitted = time.perf_counter()
                    answer(model)
                    done = time.perf_counter()
                    quality.setdefault(name, judge(model))
            except Exception as error:
                failed[name] = f"{type(error).__name__}: {error}".splitlines()[0][:90]
                continue
            if turn > 0:
                fits[name].append(fitted - began)
                asked[name].append(done - fitted)
    return [
        {"model": name, "reason": failed[name]}
        if name in failed
        else {
            "model": name,
            "fit": statistics.median(fits[name]),
            "answer": statistics.median(asked[name]),
            **quality[name],
            "reason": "",
        }
        for name in contenders
    ]


def ratios(rows: list[Row], first: str) -> list[Row]:
    """Add, to rows measured in turns, their times over those of one of them."""
    own = next(row for row in rows if row["model"] == first)
    return [
        row
        if row["reason"]
        else {
            **row,
            "fit_ratio": row["fit"] / own["fit"],
            "answer_ratio": row["answer"] / own["answer"],
        }
        for row in rows
    ]


def table(rows: list[Row], judged: dict[str, str], answered: str) -> str:
    """Return rows as Markdown; `judged` names the fields that say how good a model is."""
    heads = ["data", "model", *judged, "fit, s", "over gaussmix's", answered, "over gaussmix's", ""]
    lines = [f"| {' | '.join(heads)} |", "|---|---|" + "---:|" * (len(heads) - 3) + "---|"]
    for row in rows:
        cells = [row["data"], row["model"]]
        if row["reason"]:
            cells += [""] * (len(heads) - 3) + [row["reason"]]
        else:
            cells += [_shown(row.get(field)) for field in judged.values()]
            cells += [_shown(row["fit"]), f"{row['fit_ratio']:.2f}"]
            cells += [_shown(row["answer"]), f"{row['answer_ratio']:.2f}", ""]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
