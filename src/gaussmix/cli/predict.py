"""gaussmix predict: labels and responsibilities of rows under a saved model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from ..io.model_file import load_model
from ..io.tables import check_ending, write_table
from ..sources import MemorySource
from .console import notes, print_json
from .data import read_for
from .options import ColumnsOption, DataArgument, JsonOption, ModelArgument, split_names
from .output import check_out

if TYPE_CHECKING:
    from .._typing import AnyArray


def command(
    model: ModelArgument,
    data: DataArgument,
    columns: ColumnsOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Table to write: .parquet, .csv, .tsv, .arrow, .feather or .npy. "
            "Default: CSV on standard output.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Label rows: the most probable component, log-density, and all responsibilities."""
    chosen = split_names("--columns", columns)
    if out is not None:
        check_ending(out)
        check_out(out, model, data)
    mixture = load_model(model).mixture
    table = read_for(mixture, data, chosen)
    source = MemorySource(table.rows, feature_names=mixture.feature_names)
    evaluator = mixture.evaluator(source)
    responsibilities = evaluator.responsibilities()
    labels = evaluator.labels()
    answer: dict[str, AnyArray] = {"label": labels, "log_density": evaluator.log_density()}
    for k in range(mixture.n_components):
        answer[f"responsibility_{k}"] = np.ascontiguousarray(responsibilities[:, k])
    if mixture.noise is not None:
        answer["responsibility_noise"] = np.ascontiguousarray(responsibilities[:, -1])
    if out is not None:
        write_table(out, answer)
    if json:
        counts = np.bincount(labels[labels >= 0], minlength=mixture.n_components)
        print_json(
            {
                "rows": len(labels),
                "counts": counts.tolist(),
                "noise": int((labels < 0).sum()),
                "mean_log_density": float(answer["log_density"].mean()),
                "out": None if out is None else str(out),
            }
        )
    elif out is None:
        _print_csv(answer)
    if out is not None:
        notes().print(f"{len(labels)} rows labelled in {out}", markup=False)


def _print_csv(columns: dict[str, AnyArray]) -> None:
    from pyarrow import csv, table

    csv.write_csv(table(columns), sys.stdout.buffer)
