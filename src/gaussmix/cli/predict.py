"""gaussmix predict: labels and responsibilities of rows under a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from ..exceptions import ParameterError
from ..interchange.model import load_model
from ..rows.files.carried import Carried
from ..rows.incomplete import INCOMPLETE
from .console import notes, print_json
from .data import columns_for, errors_in, open_for
from .options import (
    ColumnsOption,
    DeviationsOption,
    ErrorsOption,
    JsonOption,
    ModelArgument,
    split_names,
)
from .output import check_out
from .reading import Data, reads_files
from .report import feature_names, plural
from .tables import check_any_type, check_ending, writing_answers

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..mixture.mixture import Mixture


@reads_files
def command(
    model: ModelArgument,
    data: Data,
    columns: ColumnsOption = None,
    errors: ErrorsOption = None,
    deviations: DeviationsOption = None,
    denoise: Annotated[
        bool,
        typer.Option(
            "--denoise",
            help="With --errors: add what each true value is expected to be, and its variance.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Table to write: .parquet, .csv, .tsv, .arrow, .feather or .npy. "
            "Default: CSV on standard output.",
        ),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            help="Columns of the data, of any type, that stand first in the table, as they are: "
            "names separated by commas."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Label rows: the most probable component, log-density, and all responsibilities."""
    chosen = split_names("--columns", columns)
    if out is not None:
        check_ending(out)
        check_out(out, model, *data.files)
    mixture, given = load_model(model).mixture, errors_in(errors, deviations)
    if denoise and not given.are_given:
        raise ParameterError("--denoise: takes measurement errors; give --errors or --deviations")
    kept = split_names("--keep", keep)
    assigned = _Assigned(mixture, denoised=denoise)
    if kept is not None:
        _check_kept(kept, assigned.names, out)
    carried = None
    if kept is not None:  # an unknown column is told before a pass over the data
        carried = Carried(data.scan(columns_for(mixture, data, chosen)).reader(), kept)
    source = open_for(mixture, data, chosen, given)
    with writing_answers(out, quiet=json) as write:
        for part in mixture.evaluator(source).stream(denoised=denoise):
            beside = {} if carried is None else carried.take(len(part[0]))
            write({**beside, **assigned.columns(*part)})
        if carried is not None:
            carried.finish()
    if json:
        print_json({**assigned.figures(), "out": None if out is None else str(out)})
    if out is not None:
        notes().print(f"{assigned.n_rows} rows labelled in {out}", markup=False)
    if assigned.n_incomplete:
        told = f"{plural(assigned.n_incomplete, 'row')} with a missing value: label {INCOMPLETE}"
        notes().print(told, markup=False)


def _check_kept(kept: list[str], answers: list[str], out: Path | None) -> None:
    """Raise ParameterError if columns cannot stand beside the answers."""
    if taken := [name for name in kept if name in answers]:
        raise ParameterError(
            f"--keep: the table has an answer called {', '.join(map(repr, taken))} already; rename "
            "the column, or leave it out"
        )
    if out is not None:
        check_any_type(out, "--keep")


class _Assigned:
    """Makes columns of what is known of rows, and adds up what is told at the end."""

    def __init__(self, mixture: Mixture, *, denoised: bool) -> None:
        which = [str(k) for k in range(mixture.n_components)]
        which += [] if mixture.noise is None else ["noise"]
        #: What the columns are called.
        self.names = ["label", "log_density", *(f"responsibility_{name}" for name in which)]
        d, features = mixture.n_features, feature_names(mixture)
        own = [*(f"true_{name}" for name in features), *(f"variance_{name}" for name in features)]
        self.names += own if denoised else []
        # Of means and lower triangles those that are told.
        told = [*range(d), *(d + np.cumsum(np.arange(1, d + 1)) - 1).tolist()]
        self._told = told if denoised else []
        self.n_rows = self.n_incomplete = 0
        self._counts = np.zeros(1 + mixture.n_components, dtype=int)  # noise, -1, first
        self._log_density = 0.0

    def columns(
        self, labels: AnyArray, log_density: Array, responsibilities: Array, true: Array
    ) -> dict[str, AnyArray]:
        self.n_rows += len(labels)
        whole = labels != INCOMPLETE
        self.n_incomplete += len(labels) - int(whole.sum())
        self._counts += np.bincount(1 + labels[whole], minlength=len(self._counts))
        self._log_density += float(log_density[whole].sum())
        columns = [labels, log_density.copy(), *(column.copy() for column in responsibilities.T)]
        columns += [true[:, place].copy() for place in self._told]
        return dict(zip(self.names, columns, strict=True))

    def figures(self) -> dict[str, object]:
        return {
            "rows": self.n_rows,
            "counts": self._counts[1:].tolist(),
            "noise": int(self._counts[0]),
            "incomplete": self.n_incomplete,
            "mean_log_density": self._mean(),
        }

    def _mean(self) -> float | None:
        whole = self.n_rows - self.n_incomplete
        return self._log_density / whole if whole else None
