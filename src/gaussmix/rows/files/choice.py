"""Which columns of a table are numbers, and what to say of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...exceptions import DataError
from ..bookkeeping import index_columns
from .layout import number_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .base import Columns

__all__ = ["Choice", "choose", "is_numeric"]


@dataclass(frozen=True)
class Choice:
    """Columns that will be read.

    Attributes
    ----------
    names : tuple of str
        Of the features.
    weight : str or None
        The column of weights.
    left_out : tuple of str
        The other columns, described.
    """

    names: tuple[str, ...]
    weight: str | None = None
    left_out: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return self.names if self.weight is None else (*self.names, self.weight)


def choose(
    some: Any,
    path: Path,
    columns: Columns | None,
    weight: str | None,
    decimal: str = ".",
    keys: Sequence[str] = (),
) -> Choice:
    """Choose among the columns of an Arrow table, the first rows of a file.

    `keys` are what folders' names say of files: they are read where they are asked for,
    and so are columns that only repeat them, and an index that pandas has saved.

    Raises
    ------
    DataError
        For an unknown column, a column asked for that is not numeric, or a column of
        numbers with some text in it.
    """
    names = some.column_names
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise DataError(f"{path}: several columns are called {', '.join(map(repr, repeated))}")
    wanted = None if columns is None else [str(name) for name in columns if name != weight]
    _refuse_unknown([*(wanted or ()), *([weight] if weight else ())], [*names, *keys], path)
    numeric = {f.name for f in some.schema if f.name and is_numeric(f.type)}
    numeric |= set(keys) - set(names)
    asked = None if wanted is None else {*wanted, weight}
    others = [
        j
        for j, name in enumerate(names)
        if name not in numeric and (asked is None or name in asked)
    ]
    _refuse_text_among_numbers(some.select(others), path, decimal)
    described = tuple(_describe(some.field(j), some.column(j)) for j in others)
    if others and (asked is not None or weight in {names[j] for j in others}):
        raise DataError(f"{path}: not numeric: {', '.join(described)}; choose other columns")
    index = [name for name in index_columns(some.schema) if name in numeric and name != weight]
    aside = {weight, *keys, *index}
    measured = [name for name in names if name in numeric and name not in aside]
    kept = measured if wanted is None else wanted
    if not kept:
        beside = f" besides {weight!r}" if weight else ""
        known = (*described, *(f"{name!r} (an index, says pandas)" for name in index))
        has = f"; it has {', '.join(known)}" if known else ""
        raise DataError(f"{path}: no numeric columns{beside}{has}")
    told = tuple(f"{key!r} (from the names of folders)" for key in keys if key in numeric)
    told += tuple(f"{name!r} (an index, says pandas)" for name in index if name not in keys)
    return Choice(tuple(kept), weight, described + (told if columns is None else ()))


def is_numeric(kind: Any) -> bool:
    """Whether an Arrow type is one of numbers."""
    from pyarrow import types

    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)
    return any(test(kind) for test in tests)


def _refuse_unknown(wanted: list[str], names: list[str], path: Path) -> None:
    missing = [name for name in wanted if name not in names]
    if missing:
        raise DataError(
            f"{path}: no column {', '.join(map(repr, missing))}; it has "
            f"{', '.join(map(repr, names))}"
        )


def _refuse_text_among_numbers(table: Any, path: Path, decimal: str) -> None:
    """Raise DataError if a text column is one of numbers, but for a few values."""
    from pyarrow import compute

    found = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        values = _text(column)
        if values is None:
            continue
        numbers = compute.match_substring_regex(values, number_pattern(decimal))
        n_numbers = compute.sum(numbers).as_py() or 0
        n_others = len(values) - n_numbers
        if 0 < n_others < n_numbers:
            example = values.filter(compute.invert(numbers))[0].as_py()
            found.append(
                f"{n_others} of the {len(values)} values of column {name!r} "
                f"{'is not a number' if n_others == 1 else 'are not numbers'}, such as {example!r}"
            )
    if found:
        raise DataError(
            f"{path}: {'; '.join(found)}. Correct them (an empty cell means missing), or choose "
            "other columns with --columns"
        )


def _text(column: Any) -> Any:
    """Return the text values of a column that are not missing; None if it is not text."""
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (types.is_string(column.type) or types.is_large_string(column.type)):
        return None
    return column.drop_null()


def _describe(field: Any, column: Any) -> str:
    if not field.name:
        return "a column without a name"
    example = next((value.as_py() for value in column if value.is_valid), None)
    if example is None:
        return f"{field.name!r} (without values)"
    shown = repr(example) if isinstance(example, str) else str(example)
    return f"{field.name!r} ({field.type}, such as {shown})"
