"""Tables that commands read, with a word on what was guessed or left out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..exceptions import DataError
from ..io.tables import Table, read_table
from .console import notes

if TYPE_CHECKING:
    from ..mixture import Mixture

__all__ = ["read", "read_for"]


def read(data: Path, columns: list[str] | None) -> Table:
    """Read the columns asked for, or all that are numeric; tell what that meant."""
    table = read_table(data, columns)
    for note in table.notes:
        notes().print(f"{data}: {note}", markup=False)
    if table.left_out:
        notes().print(f"left out, not numeric: {', '.join(table.left_out)}", markup=False)
    return table


def read_for(mixture: Mixture, data: Path, columns: list[str] | None) -> Table:
    """Read the columns that a model was fitted to; DataError if the data have others."""
    wanted = columns or (None if mixture.feature_names is None else list(mixture.feature_names))
    if data.suffix.lower() == ".npy" and columns is None:
        wanted = None
    table = read(data, wanted)
    if table.rows.shape[1] != mixture.n_features:
        raise DataError(
            f"{data}: has {table.rows.shape[1]} numeric columns, but the model was fitted to "
            f"{mixture.n_features}; choose them with --columns"
        )
    return table
