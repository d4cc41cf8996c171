"""gaussmix bootstrap: a mixture for the user's own data, and how sure its parameters are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from ..components.prior import get_prior
from ..em.model import Model
from ..em.options import Options
from ..exceptions import ParameterError
from ..fitting.fit import fit_mixture
from ..inference import bootstrap, information
from ..inference.given import checked_level
from ..inference.resampling import list_kinds
from ..numerics.arguments import check_integer
from ..starts import get_start
from .console import counting, notes, print_json, progress, results, warn
from .data import open_data
from .folded import Column, FoldedTable
from .options import (
    ColumnsOption,
    ComponentsOption,
    CovarianceOption,
    DensityOption,
    DofOption,
    JobsOption,
    JsonOption,
    NoiseOption,
    PriorOption,
    ResamplesOption,
    SeedOption,
    TableOption,
    WeightsOption,
    as_kind,
    as_share,
    split_names,
)
from .output import check_out
from .reading import Data, reads_files
from .tables import check_any_type, check_ending, writing_table

if TYPE_CHECKING:
    from ..em.result import FitResult
    from ..inference import Uncertainty
    from ..rows import Source

_INFORMATION = "information"
# Fits end at their tops, as those of replicates do.
_TOL = 1e-8


@reads_files
def command(
    data: Data,
    components: ComponentsOption = 1,
    covariance: CovarianceOption = "full",
    kind: Annotated[
        str,
        typer.Option(
            help=f"{', '.join(list_kinds())}; or {_INFORMATION}: one pass, no replicates."
        ),
    ] = "nonparametric",
    resamples: ResamplesOption = 999,
    level: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    columns: ColumnsOption = None,
    weights: WeightsOption = None,
    noise: NoiseOption = None,
    density: DensityOption = "normal",
    dof: DofOption = None,
    prior: PriorOption = False,
    seed: SeedOption = 0,
    jobs: JobsOption = None,
    out: TableOption = None,
    json: JsonOption = False,
) -> None:
    """Fit a mixture, and find standard errors and intervals of its parameters by replicates."""
    kinds = [*list_kinds(), _INFORMATION]
    if kind not in kinds:
        raise ParameterError(f"--kind: expected one of {', '.join(kinds)}, got {kind!r}")
    level, count = checked_level(level), check_integer("--resamples", resamples, minimum=2)
    if out is not None:
        check_ending(out)
        check_any_type(out, "--out")
        check_out(out, *data.files)
    model = Model(
        check_integer("--components", components, minimum=1),
        *as_kind(covariance, density, dof),
        background=noise is not None,
        prior=get_prior("conjugate" if prior else None),
    )
    share = None if noise is None else as_share("--noise", noise)
    source = open_data(data, split_names("--columns", columns), weights)
    with progress(data.title, quiet=json) as callback:
        result = fit_mixture(
            source,
            model,
            get_start("race"),
            Options(tol=_TOL),
            rng=np.random.default_rng(seed),
            callback=callback,
            noise=share,
        )
    for message in result.warnings():
        warn(message)
    sure, is_whole = _sure(result, source, kind, count, level, seed, jobs, data.title, quiet=json)
    if json:
        print_json(_as_json(sure))
    else:
        results().print(_table(sure))
        results().print(_told(sure), markup=False, highlight=False)
    if out is not None:
        rows = sure.rows()
        with writing_table(out) as write:
            write({name: np.array([row[name] for row in rows]) for name in rows[0]})
        notes().print(f"\nTable written to {out}.", markup=False)
    if not is_whole:
        raise typer.Exit(130)


def _sure(
    result: FitResult,
    source: Source,
    kind: str,
    count: int,
    level: float,
    seed: int,
    jobs: int | None,
    title: str,
    *,
    quiet: bool,
) -> tuple[Uncertainty, bool]:
    """Return what is known of a fit's parameters, and whether it is of all replicates."""
    if kind == _INFORMATION:
        return information(result, source, level=level), True
    totals: list[int] = []
    with counting(title, quiet=quiet) as tell:

        def told(done: int, total: int) -> None:
            totals.append(total)
            tell(done, total, f"{kind} replicates")

        sure = bootstrap(
            result,
            source,
            kind,
            count,
            level=level,
            random_state=seed,
            n_jobs=jobs,
            callback=told,
        )
    return sure, sure.n_resamples == totals[-1]


def _told(sure: Uncertainty) -> str:
    if not sure.n_resamples:
        return f"Intervals of {sure.level:.0%}, from the information in the rows."
    left = f"; {sure.n_failed} of them collapsed and are left out" if sure.n_failed else ""
    return f"Intervals of {sure.level:.0%}, from {sure.n_resamples} {sure.kind} replicates{left}."


def _table(sure: Uncertainty) -> FoldedTable:
    rows = sure.rows()

    def figures(name: str) -> Column:
        return Column(name.replace("_", " "), [f"{row[name]:.4g}" for row in rows])

    entries = sure.entries()
    # A column for each of the two features of a covariance: together they were cut to neither.
    features = [(*entry.features, "", "")[:2] for entry in entries]
    first = [
        Column("", [entry.parameter.removesuffix("s") for entry in entries]),
        Column("component", ["all" if e.component < 0 else str(e.component) for e in entries]),
        Column("feature", [one for one, _ in features]),
        Column("with", [other for _, other in features]),
    ]
    first = [column for column in first if any(column.cells)]
    parts = [figures(name) for name in ("estimate", "standard_error", "lower", "upper")]
    return FoldedTable(first, [parts[:2], parts[2:]])


def _as_json(sure: Uncertainty) -> dict[str, Any]:
    return {
        "kind": sure.kind,
        "level": sure.level,
        "replicates": sure.n_resamples,
        "left_out": sure.n_failed,
        "parameters": sure.rows(),
    }
