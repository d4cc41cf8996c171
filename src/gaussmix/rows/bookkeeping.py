"""Columns that tables carry for their own sake: the index that pandas keeps of a frame's rows."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["index_columns", "without_index"]

# Where pandas says in an Arrow schema, hence in Parquet and Feather, how a frame is made again.
_PANDAS = b"pandas"


def index_columns(schema: Any) -> tuple[str, ...]:
    """Return which columns of an Arrow schema are an index, by what pandas says in it.

    A range is said in numbers and has no column; what cannot be understood says nothing.
    """
    try:
        told = json.loads((schema.metadata or {})[_PANDAS])["index_columns"]
        named = {name for name in told if isinstance(name, str)}
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
    return tuple(name for name in schema.names if name in named)


def without_index(table: Any) -> Any:
    """Return an Arrow table without columns that are an index, unless it has no others."""
    index = index_columns(table.schema)
    if not index or len(index) == table.num_columns:
        return table
    return table.drop_columns(list(index))
