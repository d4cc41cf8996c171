"""gaussmix predict: labels and responsibilities of rows under a saved model."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from ..interchange.model import load_model
from .console import notes, print_json
from .data import open_for
from .options import ColumnsOption, JsonOption, ModelArgument, split_names
from .output import check_out
from .reading import Data, reads_files
from .tables import check_ending, printing_table, writing_table

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..mixture.mixture import Mixture


@reads_files
def command(
    model: ModelArgument,
    data: Data,
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
        check_out(out, model, *data.files)
    mixture = load_model(model).mixture
    source = open_for(mixture, data, chosen)
    assigned = _Assigned(mixture)
    with _writing(out, quiet=json) as write:
        for part in mixture.evaluator(source).stream():
            write(assigned.columns(*part))
    if json:
        print_json({**assigned.figures(), "out": None if out is None else str(out)})
    if out is not None:
        notes().print(f"{assigned.n_rows} rows labelled in {out}", markup=False)


class _Assigned:
    """Makes columns of what is known of rows, and adds up what is told at the end."""

    def __init__(self, mixture: Mixture) -> None:
        self._names = [str(k) for k in range(mixture.n_components)]
        self._names += [] if mixture.noise is None else ["noise"]
        self.n_rows = 0
        self._counts = np.zeros(1 + mixture.n_components, dtype=int)  # noise, -1, first
        self._log_density = 0.0

    def columns(
        self, labels: AnyArray, log_density: Array, responsibilities: Array
    ) -> dict[str, AnyArray]:
        self.n_rows += len(labels)
        self._counts += np.bincount(1 + labels, minlength=len(self._counts))
        self._log_density += float(log_density.sum())
        columns = {"label": labels, "log_density": log_density.copy()}
        for name, column in zip(self._names, responsibilities.T, strict=True):
            columns[f"responsibility_{name}"] = column.copy()
        return columns

    def figures(self) -> dict[str, object]:
        return {
            "rows": self.n_rows,
            "counts": self._counts[1:].tolist(),
            "noise": int(self._counts[0]),
            "mean_log_density": self._log_density / self.n_rows,
        }


@contextmanager
def _writing(out: Path | None, *, quiet: bool) -> Iterator[Callable[[dict[str, AnyArray]], None]]:
    """Yield what takes columns part by part: a file, CSV on standard output, or nothing."""
    if out is not None:
        with writing_table(out) as write:
            yield write
    elif quiet:
        yield lambda columns: None
    else:
        with printing_table(sys.stdout.buffer) as write:
            yield write
