"""gaussmix fit: a mixture for the user's own data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape

from ..em import EMOptions, FitResult
from ..exceptions import DataError, FitInterrupted
from ..families import get_family
from ..fitting import fit_mixture
from ..init import get_start
from ..io.model_file import model_from_result, save_model, to_json
from ..io.tables import Table, read_table
from ..report import component_tables, fit_table
from ..sources import MemorySource
from ..validation import check_integer, check_number, check_sample_weight
from .console import notes, print_json, progress, results
from .options import (
    ColumnsOption,
    ComponentsOption,
    CovarianceOption,
    DataArgument,
    JsonOption,
    SeedOption,
    split_names,
)


def command(
    data: DataArgument,
    components: ComponentsOption = 1,
    covariance: CovarianceOption = "full",
    columns: ColumnsOption = None,
    weights: Annotated[
        str | None, typer.Option(help="Column of sample weights (counts of a histogram, ...).")
    ] = None,
    starts: Annotated[int, typer.Option(help="Number of starts; the best is kept.")] = 1,
    init: Annotated[
        str, typer.Option(help="Start: kmeans, k-means++, random or random_from_data.")
    ] = "kmeans",
    tol: Annotated[
        float, typer.Option(help="Stop when the log-likelihood still to come is below this a row.")
    ] = 1e-6,
    max_iter: Annotated[int, typer.Option(help="Most iterations.")] = 1000,
    reg_covar: Annotated[
        float, typer.Option(help="Added to the variances, for nearly singular data.")
    ] = 0.0,
    seed: SeedOption = 0,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Model file to write.")] = None,
    json: JsonOption = False,
) -> None:
    """Fit a mixture to a table and save it as a model file."""
    table, sample_weight = _read(data, split_names(columns), weights)
    source = MemorySource(
        table.rows,
        check_sample_weight(sample_weight, len(table.rows)),
        feature_names=table.names,
    )
    options = EMOptions(
        tol=check_number("--tol", tol),
        max_iter=check_integer("--max-iter", max_iter, minimum=1),
        reg_covar=check_number("--reg-covar", reg_covar),
    )
    if out is not None:  # better now than after a long fit
        out.parent.mkdir(parents=True, exist_ok=True)
    n_components = check_integer("--components", components, minimum=1)
    n_init = check_integer("--starts", starts, minimum=1)
    try:
        with progress(f"fitting {data.name}", max_iter, quiet=json) as callback:
            result = fit_mixture(
                source,
                n_components,
                get_family(covariance),
                get_start(init),
                options,
                n_init=n_init,
                rng=np.random.default_rng(seed),
                callback=callback,
            )
    except FitInterrupted as interrupted:
        _save_interrupted(interrupted.result, out)
        raise typer.Exit(130) from None
    for message in result.warnings():
        notes().print(f"[bold yellow]warning:[/bold yellow] {escape(message)}")
    _report(result, out, as_json=json)


def _read(data: Path, columns: list[str] | None, weights: str | None) -> tuple[Table, Any]:
    """Read the table, and take the column of weights out of it."""
    if weights is not None and columns is not None and weights not in columns:
        columns = [*columns, weights]
    table = read_table(data, columns)
    if table.left_out:
        notes().print(f"left out, not numeric: {', '.join(table.left_out)}", markup=False)
    if weights is None:
        return table, None
    if table.names is None or weights not in table.names:
        raise DataError(f"--weights: {data} has no numeric column {weights!r}")
    position = table.names.index(weights)
    kept = [j for j in range(len(table.names)) if j != position]
    if not kept:
        raise DataError(f"--weights: {data} has no column besides {weights!r} to fit")
    names = tuple(table.names[j] for j in kept)
    return Table(table.rows[:, kept], names, table.left_out), table.rows[:, position]


def _report(result: FitResult, out: Path | None, *, as_json: bool) -> None:
    model = model_from_result(result)
    if out is not None:
        save_model(model, out)
    if as_json:
        print_json(to_json(model))
        return
    console = results()
    for table in component_tables(model.mixture):
        console.print(table)
    console.print(fit_table(model))
    if out is not None:
        notes().print(f"\nModel saved to {out}. Next: gaussmix predict {out} DATA", markup=False)


def _save_interrupted(result: FitResult, out: Path | None) -> None:
    if not result.history.log_likelihood:
        notes().print("[bold red]interrupted[/bold red] before the first iteration")
        return
    path = out or Path("gaussmix-interrupted.json")
    save_model(model_from_result(result), path)
    notes().print(
        f"[bold red]interrupted[/bold red] after {result.n_iter} iterations at log-likelihood "
        f"{result.log_likelihood:.6g}; the best mixture so far is saved in {escape(str(path))}"
    )
