"""Which columns of a table are read, and what to say of the others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...exceptions import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .base import Columns

__all__ = ["Choice", "Column", "choose", "not_numbers"]

# Columns that a message names.
_NAMED = 20


@dataclass(frozen=True)
class Column:
    """What a format says of a column.

    Attributes
    ----------
    name : str
    is_numeric : bool
        Whether it can be read as numbers.
    described : str
        How people are told of it, if it is left out.
    fault : str
        Why it must not be left out in silence, although it is not numeric.
    """

    name: str
    is_numeric: bool
    described: str = ""
    fault: str = ""


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
    table: Sequence[Column],
    path: Path,
    columns: Columns | None,
    weight: str | None,
    keys: Sequence[str] = (),
    index: Sequence[str] = (),
) -> Choice:
    """Choose among the columns of a table.

    `keys` are what folders' names say of files: they are read where they are asked for,
    and so are columns that only repeat them, and those of an `index` that pandas has saved.

    Raises
    ------
    DataError
        For an unknown column, a column asked for that is not numeric, or a column of
        numbers with some text in it.
    """
    names = [column.name for column in table]
    repeated = sorted(name for name, count in Counter(names).items() if name and count > 1)
    if repeated:
        raise DataError(f"{path}: several columns are called {', '.join(map(repr, repeated))}")
    wanted = None if columns is None else [str(name) for name in columns if name != weight]
    known = list(dict.fromkeys([*names, *keys]))
    _refuse_unknown([*(wanted or ()), *([weight] if weight else ())], known, path)
    numeric = {column.name for column in table if column.name and column.is_numeric}
    numeric |= set(keys) - set(names)
    asked = None if wanted is None else {*wanted, weight}
    others = [
        column
        for column in table
        if column.name not in numeric and (asked is None or column.name in asked)
    ]
    _refuse_text_among_numbers(others, path)
    described = tuple(_told(column) for column in others)
    if others and (asked is not None or weight in {column.name for column in others}):
        raise DataError(f"{path}: not numeric: {', '.join(described)}; choose other columns")
    index = [name for name in index if name in numeric and name != weight]
    aside = {weight, *keys, *index}
    measured = [name for name in names if name in numeric and name not in aside]
    kept = measured if wanted is None else wanted
    if not kept:
        beside = f" besides {weight!r}" if weight else ""
        others_told = (*described, *(f"{name!r} (an index, says pandas)" for name in index))
        has = f"; it has {_few(others_told)}" if others_told else ""
        raise DataError(f"{path}: no numeric columns{beside}{has}")
    told = tuple(f"{key!r} (from the names of folders)" for key in keys if key in numeric)
    told += tuple(f"{name!r} (an index, says pandas)" for name in index if name not in keys)
    return Choice(tuple(kept), weight, described + (told if columns is None else ()))


def not_numbers(name: str, n_others: int, n_values: int) -> str:
    """Return what is told of a column of numbers in which some values are none."""
    are = "is not a number" if n_others == 1 else "are not numbers"
    return f"{n_others} of the {n_values} values of column {name!r} {are}"


def _told(column: Column) -> str:
    return column.described if column.name else "a column without a name"


def _few(known: Sequence[str]) -> str:
    more = f", and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return ", ".join(known[:_NAMED]) + more


def _refuse_unknown(wanted: list[str], names: list[str], path: Path) -> None:
    known = set(names)
    missing = [name for name in wanted if name not in known]
    if missing:
        raise DataError(
            f"{path}: no column {', '.join(map(repr, missing))}; it has "
            f"{_few([repr(name) for name in names])}"
        )


def _refuse_text_among_numbers(table: Sequence[Column], path: Path) -> None:
    """Raise DataError if a column that would be left out is one of numbers, for the most part."""
    found = [column.fault for column in table if column.fault]
    if found:
        told = "; ".join(found[:_NAMED])
        more = f"; and {len(found) - _NAMED} more columns" if len(found) > _NAMED else ""
        raise DataError(
            f"{path}: {told}{more}. Correct them (an empty cell means missing, "
            "and what missing_values names), or choose other columns with --columns"
        )
