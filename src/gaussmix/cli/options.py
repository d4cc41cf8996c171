"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "ColumnsOption",
    "ComponentsOption",
    "CovarianceOption",
    "DataArgument",
    "JsonOption",
    "ModelArgument",
    "SeedOption",
    "split_names",
]

DataArgument = Annotated[
    Path, typer.Argument(help="Data: .csv, .tsv, .parquet, .arrow, .feather or .npy.")
]
ModelArgument = Annotated[Path, typer.Argument(help="Model file written by `gaussmix fit`.")]
ComponentsOption = Annotated[
    int, typer.Option("--components", "-k", help="Number of Gaussian components.")
]
CovarianceOption = Annotated[
    str,
    typer.Option(
        "--covariance",
        "-c",
        help="Covariance family: full (VVV), tied (EEE), diag (VVI) or spherical (VII).",
    ),
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(
        help="Columns to use, separated by commas (positions for .npy). "
        "Default: all numeric columns."
    ),
]
SeedOption = Annotated[int, typer.Option(min=0, help="Seed of the random starts.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def split_names(value: str | None) -> list[str] | None:
    """Split a comma-separated option."""
    if value is None:
        return None
    return [name.strip() for name in value.split(",") if name.strip()]
