"""Options that several commands share."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..components.codes import family_of_code
from ..components.densities import NORMAL, kind_of_density, student_of
from ..components.families import get_family, list_families
from ..exceptions import ParameterError
from ..numerics.arguments import check_number

if TYPE_CHECKING:
    from ..components.densities import Density
    from ..components.families import Family

__all__ = [
    "DENSITY_HELP",
    "ColumnsOption",
    "ComponentsOption",
    "CovarianceOption",
    "DensityOption",
    "DeviationsOption",
    "DofOption",
    "ErrorsOption",
    "JobsOption",
    "JsonOption",
    "ModelArgument",
    "NoiseOption",
    "PriorOption",
    "ResamplesOption",
    "SeedOption",
    "SizesOption",
    "TableOption",
    "WeightsOption",
    "as_dof",
    "as_kind",
    "as_share",
    "split_names",
]

ModelArgument = Annotated[
    Path, typer.Argument(metavar="MODEL", help="Model file written by `gaussmix fit`.")
]
ComponentsOption = Annotated[
    int, typer.Option("--components", "-k", help="Number of Gaussian components.")
]
CovarianceOption = Annotated[
    str,
    typer.Option(
        "--covariance",
        "-c",
        help=f"Covariance family: {', '.join(map(repr, list_families()))}.",
    ),
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(
        help="Columns to use, separated by commas (positions for arrays). "
        "Default: all that are numeric, or those the model was fitted to."
    ),
]
ErrorsOption = Annotated[
    str | None,
    typer.Option(
        "--errors",
        help="Columns of measurement errors: variances, one for each of the other columns in "
        "their order; or lower triangles of covariances, row by row.",
    ),
]
DeviationsOption = Annotated[
    str | None,
    typer.Option("--deviations", help="Columns of measurement errors as standard deviations."),
]
ResamplesOption = Annotated[
    int, typer.Option("--resamples", "-B", help="Replicates of the data that are fitted.")
]
SizesOption = Annotated[
    str,
    typer.Option("--components", "-k", help="Numbers of components: 3, 1-9, 2,4,6; by BIC."),
]
WeightsOption = Annotated[str | None, typer.Option(help="Column of sample weights.")]
NoiseOption = Annotated[
    float | None, typer.Option(help="A uniform background, as of gaussmix fit.")
]
PriorOption = Annotated[
    bool, typer.Option("--prior", help="mclust's conjugate prior, against collapse.")
]
JobsOption = Annotated[int | None, typer.Option(help="Processes; -1: as many as cores.")]
TableOption = Annotated[
    Path | None, typer.Option("--out", "-o", help="Table to write: .csv, .parquet, ...")
]
SeedOption = Annotated[int, typer.Option(min=0, help="Seed of the random starts.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


DENSITY_HELP = "Components: normal, or student (Student's t, robust to outliers)"
DensityOption = Annotated[str, typer.Option(help=f"{DENSITY_HELP}.")]
DofOption = Annotated[
    str | None,
    typer.Option(help="Degrees of freedom of --density student: free, equal, or a number."),
]


def as_share(option: str, value: float) -> float:
    """Return a share, or raise ParameterError."""
    share = check_number(option, value)
    if not 0.0 < share < 1.0:
        raise ParameterError(f"{option}: expected a share between 0 and 1, got {share:g}")
    return share


def as_dof(word: str) -> str | float:
    """Return how degrees of freedom are found, or their number, as it is written."""
    try:
        return float(word)
    except ValueError:
        return word


def split_names(option: str, value: str | None) -> list[str] | None:
    """Return the names in an option's value; those that hold commas stand in quotes.

    Raises
    ------
    ParameterError
        If there is no name in it, or one twice.
    """
    if value is None:
        return None
    words = next(csv.reader([value], skipinitialspace=True), [])
    names = [word.strip() for word in words if word.strip()]
    if not names:
        raise ParameterError(f"{option}: expected names separated by commas, got {value!r}")
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        raise ParameterError(f"{option}: {', '.join(map(repr, repeated))} given more than once")
    return names


def as_kind(covariance: str, density: str, dof: str | None) -> tuple[Family, Density]:
    """Return family and density; a code says both."""
    plain = kind_of_density(density, "--density").plain
    found = None if plain else family_of_code(covariance)
    if dof is not None and (plain or found is not None):
        raise ParameterError(
            f"--dof: only with --density student, got {density}"
            if plain
            else f"--dof: the code {covariance} of --covariance says it already; leave it out"
        )
    if plain:
        return get_family(covariance), NORMAL
    if found is not None:
        return found[0], student_of(found[1])
    return get_family(covariance), student_of(as_dof(dof or "free"), "--dof")
