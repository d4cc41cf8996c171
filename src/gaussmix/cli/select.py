"""gaussmix select: which family, and how many components."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from ..em.model import Model
from ..em.options import Options
from ..em.result import FitResult
from ..exceptions import DataError, ParameterError
from ..interchange.model import model_from_result, to_json
from ..rows.threads import count_threads
from ..selection import Cell, ResultsTable, best_cell, describe_skipped, get_criterion
from ..selection.fitter import Plan
from ..selection.kinds import choose_kinds, search_kinds
from ..selection.profiles import ProfileTable
from ..selection.progress import bar
from ..selection.search import (
    DEFAULT_START,
    choose_sizes,
    row_threads,
    wanted_criteria,
)
from ..starts import get_start
from .console import in_options, notes, print_json, results, say
from .data import errors_in, open_data
from .demo import save_figure
from .folded import Column, FoldedTable
from .options import (
    DENSITY_HELP,
    ColumnsOption,
    DeviationsOption,
    ErrorsOption,
    JsonOption,
    SeedOption,
    as_dof,
    split_names,
)
from .output import check_out, save_and_tell
from .reading import Data, reads_files

# Where the picture and the model go unless the user says otherwise.
_FOLDER = Path("gaussmix-output/select")
_TABLES = ("models", "profiles")


@reads_files
def command(
    data: Data,
    components: Annotated[
        str, typer.Option("--components", "-k", help="Numbers of components: 3, 1-9, 2,4,6.")
    ] = "1-9",
    families: Annotated[
        str, typer.Option("--families", "-c", help="all, or names separated by commas.")
    ] = "all",
    criterion: Annotated[
        str,
        typer.Option(help="What chooses, smaller is better: bic, icl, aic, cv, sabic, caic, ..."),
    ] = "bic",
    columns: ColumnsOption = None,
    errors: ErrorsOption = None,
    deviations: DeviationsOption = None,
    init: Annotated[str, typer.Option(help="Start, as for gaussmix fit.")] = DEFAULT_START,
    density: Annotated[
        str, typer.Option(help=f"{DENSITY_HELP}; or both: normal,student.")
    ] = "normal",
    dof: Annotated[
        str,
        typer.Option(help="Degrees of freedom to try with student, separated by commas."),
    ] = "free,equal",
    seed: SeedOption = 0,
    jobs: Annotated[
        int | None,
        typer.Option(help="Models fitted at a time, a core each; -1: as many as cores."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many of the best models to print.")] = 10,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Model file for the best model. Default: in gaussmix-output/select."
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Picture of the criterion. Default: beside --out, or in gaussmix-output/select."
        ),
    ] = None,
    table: Annotated[
        str,
        typer.Option(
            help="models: the best ones; profiles: as users of latent profile analysis know it."
        ),
    ] = "models",
    json: JsonOption = False,
) -> None:
    """Fit every family with every number of components, and choose by a criterion."""
    _require_table(table)
    chosen_columns = split_names("--columns", columns)
    sizes = choose_sizes(parse_sizes(components))
    criteria = wanted_criteria(get_criterion(criterion))
    name = criteria[-1].name
    picture = plot or _picture(data, out, name)
    kept = out or _FOLDER / f"{data.stem}-{name}.json"
    for path in (picture, kept):  # better now than after a long search
        check_out(path, *data.files)
    if jobs is not None:
        count_threads(jobs)
    given = errors_in(errors, deviations)
    source = open_data(data, chosen_columns, n_jobs=row_threads(jobs), errors=given)
    kinds = choose_kinds(
        families if families == "all" else split_names("--families", families),
        split_names("--density", density),
        [as_dof(word) for word in split_names("--dof", dof) or []],
        source.n_features,
    )
    n_models = len(sizes) * sum(len(own) for _, own in kinds)
    cells: list[Cell] = []
    interrupted = False
    try:
        with _progress(data.title, n_models, quiet=json) as advance:
            plan = Plan(Model(1, kinds[0][1][0]), Options(), seed=seed)
            for cell in search_kinds(
                source, kinds, sizes, get_start(init), criteria, plan, n_jobs=jobs
            ):
                cells.append(cell)
                advance(cell)
    except KeyboardInterrupt:
        interrupted = True
        kept = out or Path("gaussmix-interrupted.json")
        say("interrupted", "bold red", f"after {len(cells)} models")
    best = best_cell(cells, name)
    if best is None or best.result is None:
        if interrupted:
            raise typer.Exit(130)
        raise DataError(f"{data.title}: {describe_skipped(cells)}")
    found = ResultsTable(cells, [criterion.name for criterion in criteria], name)
    for message in best.result.notices():
        say("note:", "bold cyan", message)
    _draw(found, data, picture)
    try:
        if json:
            print_json(_as_json(best.result, found, picture))
        elif table == "profiles":
            results().print(str(ProfileTable.of(cells, source)), markup=False, highlight=False)
        else:
            _print(found, cells, picture, top)
    finally:  # whatever becomes of the output, the best model is not lost
        save_and_tell(model_from_result(best.result), kept, f"Next: gaussmix show {kept}")
    if interrupted:
        raise typer.Exit(130)


def _require_table(table: str) -> None:
    if table not in _TABLES:
        raise ParameterError(f"--table: must be one of {', '.join(_TABLES)}, got {table!r}")


def parse_sizes(text: str) -> list[int]:
    """Return the numbers that "3", "1-9" or "2,4,6-8" stand for."""
    sizes: list[int] = []
    for word in text.split(","):
        first, dash, last = word.partition("-")
        try:
            sizes += range(int(first), int(last if dash else first) + 1)
        except ValueError:
            sizes = []
            break
    if not sizes:
        raise ParameterError(
            f"--components: expected numbers such as 3, 1-9 or 2,4,6, got {text!r}"
        )
    return sizes


def _picture(data: Data, out: Path | None, criterion: str) -> Path:
    if out is not None:
        return out.with_name(f"{out.stem}-{criterion}.png")
    return _FOLDER / f"{data.stem}-{criterion}.png"


@contextmanager
def _progress(title: str, total: int, *, quiet: bool) -> Iterator[Callable[[Cell], None]]:
    """Show how many models are done on a terminal; nothing when stderr is piped or `quiet`."""
    console = notes()
    if quiet or not console.is_terminal:
        yield lambda cell: None
        return
    with bar(total, console, title) as tell:
        yield tell


def _draw(found: ResultsTable, data: Data, picture: Path) -> None:
    from .. import plot
    from ..plot._style import pyplot

    figure, (lines, cells) = pyplot().subplots(
        1, 2, figsize=(13.5, 5.2), width_ratios=(1.25, 1), layout="constrained"
    )
    plot.criterion(found, ax=lines)
    plot.criterion_map(found, ax=cells)
    title = f"{data.title}: {found.criterion.upper()} of {len(found)} models"
    figure.suptitle(title, parse_math=False)
    save_figure(figure, picture)
    pyplot().close("all")


def _print(found: ResultsTable, cells: list[Cell], picture: Path, top: int) -> None:
    console = results()
    console.print(_table(found, top))
    if skipped := describe_skipped(cells):
        console.print(in_options(skipped) + "\n", markup=False, highlight=False, soft_wrap=True)
    console.print(f"Picture: {picture}", markup=False, soft_wrap=True)


def _table(found: ResultsTable, top: int) -> FoldedTable:
    """Return the best models for people."""
    rows = found.best(top)
    values = [row[found.criterion] for row in rows]
    which = [
        Column("", [str(rank) for rank, _ in enumerate(rows, 1)]),
        Column("family", [row["family"] for row in rows]),
        Column("components", [str(row["n_components"]) for row in rows]),
    ]
    how_good = [
        Column(found.criterion.upper(), [f"{value:.3f}" for value in values]),
        Column("difference", [f"{value - values[0]:.3f}" for value in values]),
    ]
    fitted = [
        Column("log-likelihood", [f"{row['log_likelihood']:.3f}" for row in rows]),
        Column("parameters", [str(row["n_parameters"]) for row in rows]),
        Column(
            "iterations",
            [f"{row['n_iter']}{'' if row['converged'] else ' (not converged)'}" for row in rows],
        ),
    ]
    return FoldedTable(which, [how_good, fitted], justify="right", bold=0)


def _as_json(best: FitResult, found: ResultsTable, picture: Path) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return None if isinstance(value, float) and math.isnan(value) else value

    return {
        **to_json(model_from_result(best)),
        "criterion": found.criterion,
        "results": [{name: plain(value) for name, value in row.items()} for row in found],
        "picture": str(picture),
    }
