"""gaussmix outliers: which rows are strange, and by which features."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.text import Text

from .console import notes, print_json, results
from .data import open_data
from .folded import Column, FoldedTable
from .options import (
    ColumnsOption,
    CovarianceOption,
    JsonOption,
    SeedOption,
    SizesOption,
    split_names,
)
from .output import check_out
from .reading import Data, reads_files
from .report import facts_table, feature_names, plural
from .select import parse_sizes
from .tables import check_ending, writing_answers

# Rows that are printed.
_MOST = 10


@reads_files
def command(
    data: Data,
    components: SizesOption = "1-9",
    covariance: CovarianceOption = "full",
    columns: ColumnsOption = None,
    false_alarm: Annotated[
        float, typer.Option(help="Probability that a row of the mixture itself is an outlier.")
    ] = 0.01,
    contamination: Annotated[
        float | None, typer.Option(help="Share of the rows that are outliers; wins.")
    ] = None,
    seed: SeedOption = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Table to write: label (-1: outlier), log-density and shares."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Find rows where the density of a mixture is low, and what makes them strange."""
    from ..estimators.outliers import MixtureOutlierDetector

    if out is not None:
        check_ending(out)
        check_out(out, *data.files)
    sizes = parse_sizes(components)
    source = open_data(data, split_names("--columns", columns))
    model = MixtureOutlierDetector(
        sizes[0] if len(sizes) == 1 else sizes,
        families=covariance,
        false_alarm=false_alarm,
        contamination=contamination,
        random_state=seed,
        missing=data.missing.name,
    ).fit(source)
    scores = np.asarray(model.score_samples(source))
    parts = np.asarray(model.explain(source))
    signs = np.where(scores < model.offset_, -1, 1)
    names = feature_names(model.mixture_)
    if out is not None:
        with writing_answers(out) as write:
            surprises = {f"surprise_{own}": parts[:, j].copy() for j, own in enumerate(names)}
            write({"label": signs, "log_density": scores, **surprises})
        notes().print(f"{plural(len(signs), 'row')} judged in {out}", markup=False)
    strange = np.argsort(scores, kind="stable")[: int((signs == -1).sum())]
    if json:
        print_json(
            {
                "components": model.mixture_.n_components,
                "rows": len(signs),
                "outliers": strange.tolist(),
                "threshold": model.offset_,
            }
        )
        return
    facts = [
        ("components", str(model.mixture_.n_components)),
        ("rows", str(len(signs))),
        ("outliers", str(len(strange))),
        ("threshold", f"log-density {model.offset_:.4f}"),
    ]
    results().print(Text("Outliers", style="bold"), facts_table(facts))
    if len(strange):
        results().print("", _table(strange[:_MOST], scores, parts, names))


def _table(rows: Any, scores: Any, parts: Any, names: list[str]) -> FoldedTable:
    most = parts[rows].argmax(axis=1)
    shares = parts[rows].max(axis=1) / np.maximum(parts[rows].sum(axis=1), np.finfo(float).tiny)
    return FoldedTable(
        [Column("row", [str(row) for row in rows])],
        [
            [
                Column("log-density", [f"{scores[row]:.3f}" for row in rows]),
                Column("most strange", [names[j] for j in most]),
                Column("its share", [f"{share:.2f}" for share in shares]),
            ]
        ],
        justify="right",
    )
