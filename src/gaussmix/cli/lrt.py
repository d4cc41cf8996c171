"""gaussmix lrt: how many components, by likelihood ratios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from ..exceptions import DataError
from ..inference import likelihood_ratio_test
from ..rows import MemorySource
from .console import counting, notes, print_json, results
from .data import open_data
from .folded import Column, FoldedTable
from .options import (
    ColumnsOption,
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
from .report import plural
from .tables import check_any_type, check_ending, writing_table

if TYPE_CHECKING:
    from ..inference import RatioTest


@reads_files
def command(
    data: Data,
    covariance: CovarianceOption = "full",
    max_components: Annotated[
        int, typer.Option("--max-components", "-k", help="The largest number that is tested.")
    ] = 9,
    min_components: Annotated[int, typer.Option(help="The first number that is tested.")] = 1,
    resamples: ResamplesOption = 999,
    level: Annotated[float, typer.Option(help="Tests end at the first p above it.")] = 0.05,
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
    """Test 1 component against 2, 2 against 3, ... until the larger number is not needed."""
    if out is not None:
        check_ending(out)
        check_any_type(out, "--out")
        check_out(out, *data.files)
    family, own = as_kind(covariance, density, dof)
    share = None if noise is None else as_share("--noise", noise)
    source = open_data(data, split_names("--columns", columns), weights)
    if not isinstance(source, MemorySource):
        raise DataError(
            f"{data.title}: is too large to be held in memory, which replicates need; choose "
            "--columns, or test a sample of the rows"
        )
    reached = [0, 0]
    with counting(data.title, quiet=json) as tell:

        def told(k: int, done: int, total: int) -> None:
            reached[:] = done, total
            tell(done, total, f"{k} or {k + 1} components")

        test = likelihood_ratio_test(
            np.asarray(source.array),
            family,
            max_components,
            resamples,
            min_components=min_components,
            level=level,
            sample_weight=source.weights,
            noise=share,
            density=own,
            prior="conjugate" if prior else None,
            random_state=seed,
            n_jobs=jobs,
            callback=told,
        )
    if json:
        print_json(_as_json(test))
    else:
        results().print(_table(test))
        chosen = (
            f"{plural(test.n_components, 'component')} of {test.family} at level {test.level:g}"
        )
        results().print(chosen, markup=False, highlight=False)
    if out is not None:
        rows = test.rows()
        with writing_table(out) as write:
            write({name: np.array([row[name] for row in rows]) for name in rows[0]})
        notes().print(f"\nTable written to {out}.", markup=False)
    if reached[0] < reached[1]:
        raise typer.Exit(130)


def _table(test: RatioTest) -> FoldedTable:
    rows = test.rows()
    first = [Column("components", [f"{row['n_components']} or {row['against']}" for row in rows])]
    figures = [
        Column("2 x gain", [f"{row['statistic']:.4f}" for row in rows]),
        Column("p", [f"{row['p_value']:.4g}" for row in rows]),
        Column("replicates", [str(row["n_resamples"]) for row in rows]),
        Column("left out", [str(row["n_failed"]) for row in rows]),
    ]
    return FoldedTable(first, [figures], justify="right")


def _as_json(test: RatioTest) -> dict[str, Any]:
    return {
        "family": test.family,
        "n_components": test.n_components,
        "level": test.level,
        "tests": test.rows(),
    }
