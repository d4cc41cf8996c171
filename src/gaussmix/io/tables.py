"""Tables on disk: CSV, TSV, Parquet, Arrow/Feather and .npy, read and written by pyarrow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError, MissingExtraError
from .atomic import writing
from .separated import number_pattern, read_separated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._typing import AnyArray

__all__ = ["Table", "check_ending", "read_table", "write_table"]

# Semicolons and tabs first: beside them, commas may be decimal.
_SEPARATORS = "\t;,"


@dataclass(frozen=True, eq=False)
class Table:
    """Numeric columns of a file.

    Attributes
    ----------
    rows : ndarray (n, d)
        float64 (float32 if all columns are); missing values are NaN.
    names : tuple of str, or None
        None for .npy, which has no names.
    left_out : tuple of str
        Columns that are not numbers, described, when none were asked for.
    notes : tuple of str
        What was guessed about the file, for people.
    """

    rows: AnyArray
    names: tuple[str, ...] | None
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Loaded:
    """An Arrow table as its file holds it, and how the file writes numbers."""

    table: Any
    notes: tuple[str, ...] = ()
    decimal: str = "."


def read_table(path: str | Path, columns: Sequence[str] | None = None) -> Table:
    """Read numeric columns of a file; its ending says what it is.

    Parameters
    ----------
    path : path
        .csv, .tsv, .parquet, .arrow, .feather, .ipc or .npy.  A .csv may also be
        separated by semicolons or tabs; then numbers may have a decimal comma.
    columns : sequence of str, optional
        Names (or positions, for .npy).  Without it all numeric columns are read
        and the others are described in ``left_out``.

    Raises
    ------
    DataError
        For an unknown ending, an unreadable file, an unknown column, a column
        asked for that is not numeric, or a column of numbers with some text in it.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file")
    if path.is_dir():
        raise DataError(f"{path}: is a folder; name a file in it")
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(f"{path}: is empty")
    if path.suffix.lower() == ".npy":
        return _read_npy(path, columns)
    read = _by_suffix(path, _READERS)
    pa = _pyarrow()
    try:
        loaded = read(path)
    except UnicodeError:
        raise DataError(f"{path}: is not text in UTF-8; save it as such") from None
    except (pa.ArrowException, OSError) as error:
        detail = str(error).splitlines()[0]
        raise DataError(f"{path}: cannot be read as {path.suffix[1:]}: {detail}") from None
    return _from_arrow(loaded, path, columns)


def check_ending(path: str | Path) -> None:
    """Raise DataError if `write_table` does not know the ending of a file."""
    _by_suffix(Path(path), _WRITERS)


def write_table(path: str | Path, columns: dict[str, AnyArray]) -> None:
    """Write columns of equal length, whole or not at all; the ending says how."""
    path = Path(path)
    write = _by_suffix(path, _WRITERS)
    table = _pyarrow().table(columns)
    with writing(path) as temporary:
        write(table, temporary)


def _from_arrow(loaded: _Loaded, path: Path, columns: Sequence[str] | None) -> Table:
    table = loaded.table
    if table.num_rows == 0:
        raise DataError(f"{path}: has no rows")
    names = table.column_names
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise DataError(f"{path}: several columns are called {', '.join(map(repr, repeated))}")
    if columns is not None:
        missing = [name for name in columns if name not in names]
        if missing:
            raise DataError(
                f"{path}: no column {', '.join(map(repr, missing))}; it has "
                f"{', '.join(map(repr, names))}"
            )
        table = table.select(list(columns))
    kept = [j for j, field in enumerate(table.schema) if field.name and _is_numeric(field.type)]
    others = [j for j in range(table.num_columns) if j not in kept]
    _refuse_text_among_numbers(table.select(others), path, loaded.decimal)
    described = tuple(_describe(table.field(j), table.column(j)) for j in others)
    if others and columns is not None:
        raise DataError(f"{path}: not numeric: {', '.join(described)}; choose other columns")
    if not kept:
        raise DataError(f"{path}: no numeric columns; it has {', '.join(described)}")
    table = table.select(kept)
    return Table(_values(table), tuple(table.column_names), described, loaded.notes)


def _values(table: Any) -> AnyArray:
    """Return numeric columns as one array (n, d); missing values are NaN."""
    pa = _pyarrow()
    single = all(field.type == pa.float32() for field in table.schema)
    kind = pa.float32() if single else pa.float64()
    rows = np.empty((table.num_rows, table.num_columns), dtype=np.float32 if single else np.float64)
    for j, column in enumerate(table.columns):
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.uint8())
        rows[:, j] = column.cast(kind, safe=False).to_numpy()
    return rows


def _is_numeric(kind: Any) -> bool:
    types = _pyarrow().types
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)
    return any(test(kind) for test in tests)


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
    types = _pyarrow().types
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


def _read_npy(path: Path, columns: Sequence[str] | None) -> Table:
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"{path}: cannot be read as npy: {error}") from None
    if not isinstance(rows, np.ndarray):
        raise DataError(f"{path}: holds several arrays, as .npz does; save one with np.save")
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2 or rows.dtype.kind not in "iufb" or len(rows) == 0:
        raise DataError(
            f"{path}: expected numbers of shape (n_samples, n_features), got {rows.dtype} "
            f"of shape {rows.shape}"
        )
    if columns is not None:
        try:
            wanted = [int(column) for column in columns]
            rows = rows[:, wanted]
        except (ValueError, IndexError):
            raise DataError(
                f"{path}: --columns of .npy are positions from 0 to {rows.shape[1] - 1}, "
                f"got {', '.join(map(str, columns))}"
            ) from None
    return Table(rows if rows.dtype in (np.float32, np.float64) else rows.astype(float), None)


# -- formats ---------------------------------------------------------------------------


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise MissingExtraError("pyarrow", "cli", "reading and writing tables") from None
    return pyarrow


def _read_text(delimiters: str) -> Callable[[Path], _Loaded]:
    def read(path: Path) -> _Loaded:
        table, layout = read_separated(path, delimiters)
        return _Loaded(table, layout.notes(), layout.decimal)

    return read


def _write_separated(delimiter: str) -> Callable[[Any, Path], None]:
    def write(table: Any, path: Path) -> None:
        from pyarrow import csv

        csv.write_csv(table, path, csv.WriteOptions(delimiter=delimiter))

    return write


def _read_parquet(path: Path) -> _Loaded:
    from pyarrow import parquet

    return _Loaded(parquet.read_table(path))


def _write_parquet(table: Any, path: Path) -> None:
    from pyarrow import parquet

    parquet.write_table(table, path)


def _read_feather(path: Path) -> _Loaded:
    from pyarrow import feather

    return _Loaded(feather.read_table(path, memory_map=True))


def _write_feather(table: Any, path: Path) -> None:
    from pyarrow import feather

    feather.write_feather(table, str(path))


def _write_npy(table: Any, path: Path) -> None:
    # Only numbers have a place in an array: labels and responsibilities, one column each.
    np.save(path, np.column_stack([column.to_numpy() for column in table.columns]))


_READERS: dict[str, Callable[[Path], _Loaded]] = {
    ".csv": _read_text(_SEPARATORS),
    ".tsv": _read_text("\t"),
    ".parquet": _read_parquet,
    ".arrow": _read_feather,
    ".feather": _read_feather,
    ".ipc": _read_feather,
}
_WRITERS: dict[str, Callable[[Any, Path], None]] = {
    ".csv": _write_separated(","),
    ".tsv": _write_separated("\t"),
    ".parquet": _write_parquet,
    ".arrow": _write_feather,
    ".feather": _write_feather,
    ".ipc": _write_feather,
    ".npy": _write_npy,
}


def _by_suffix(path: Path, known: dict[str, Any]) -> Any:
    found = known.get(path.suffix.lower())
    if found is None:
        endings = ", ".join(sorted({*known, ".npy"}))
        raise DataError(f"{path}: unknown ending {path.suffix!r}; expected one of {endings}")
    return found
