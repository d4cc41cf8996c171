"""Rows beside a column that is not one of theirs: a class, a target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..exceptions import DataError, ParameterError
from ..rows import MemorySource
from ..rows.files.carried import Carried
from .data import open_data

if TYPE_CHECKING:
    from .reading import Data

__all__ = ["open_beside"]

# Cells of text without a value.
_NOTHING = frozenset(["", "NA", "NaN", "nan", "null"])


def open_beside(
    data: Data, name: str, columns: list[str] | None, option: str
) -> tuple[MemorySource, list[Any]]:
    """Return rows in memory, and a column of any type (n,), None where it has no value.

    The columns of the rows are those asked for, or all others that are numeric.
    """
    if columns is not None and name in columns:
        raise ParameterError(f"--columns: {name!r} is the column of {option}; leave it out")
    if columns is None:
        numeric = data.scan(None).reader().names or ()
        columns = [own for own in numeric if own != name]
        if not columns:
            raise DataError(f"{data.title}: has no numeric column besides {name!r}")
    source = open_data(data, columns)
    if not isinstance(source, MemorySource):
        raise DataError(f"{option}: the data are too large for this; give a part of them")
    values = Carried(data.scan(columns).reader(), [name]).take(source.n_rows)[name].to_pylist()
    return source, [None if _is_nothing(value) else value for value in values]


def _is_nothing(value: Any) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, str) and value in _NOTHING)
