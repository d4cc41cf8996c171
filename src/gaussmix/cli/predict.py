"""gaussmix predict: labels and responsibilities of rows under a saved model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from ..exceptions import DataError
from ..io.model_file import load_model
from ..io.tables import Table, read_table, write_table
from ..sources import MemorySource
from .console import notes, print_json
from .options import ColumnsOption, DataArgument, JsonOption, ModelArgument, split_names

if TYPE_CHECKING:
    from .._typing import AnyArray
    from ..mixture import Mixture

__all__ = ["command", "read_for"]


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
    mixture = load_model(model).mixture
    table = read_for(mixture, data, split_names(columns))
    source = MemorySource(table.rows, feature_names=mixture.feature_names)
    evaluator = mixture.evaluator(source)
    responsibilities = evaluator.responsibilities()
    labels = responsibilities.argmax(axis=1)
    answer: dict[str, AnyArray] = {"label": labels, "log_density": evaluator.log_density()}
    for k in range(mixture.n_components):
        answer[f"responsibility_{k}"] = np.ascontiguousarray(responsibilities[:, k])
    if out is not None:
        write_table(out, answer)
    if json:
        counts = np.bincount(labels, minlength=mixture.n_components)
        print_json(
            {
                "rows": len(labels),
                "counts": counts.tolist(),
                "mean_log_density": float(answer["log_density"].mean()),
                "out": None if out is None else str(out),
            }
        )
    elif out is None:
        _print_csv(answer)
    if out is not None:
        notes().print(f"{len(labels)} rows labelled in {out}", markup=False)


def read_for(mixture: Mixture, data: Path, columns: list[str] | None) -> Table:
    """Read the columns that a model was fitted to; DataError if the data have others."""
    wanted = columns or (None if mixture.feature_names is None else list(mixture.feature_names))
    if data.suffix.lower() == ".npy" and columns is None:
        wanted = None
    table = read_table(data, wanted)
    if table.rows.shape[1] != mixture.n_features:
        raise DataError(
            f"{data}: has {table.rows.shape[1]} numeric columns, but the model was fitted to "
            f"{mixture.n_features}; choose them with --columns"
        )
    return table


def _print_csv(columns: dict[str, AnyArray]) -> None:
    from pyarrow import csv, table

    csv.write_csv(table(columns), sys.stdout.buffer)
