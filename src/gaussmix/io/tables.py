"""Tables on disk: CSV, TSV, Parquet, Arrow/Feather and .npy, read and written by pyarrow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError, MissingExtraError
from .atomic import writing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._typing import AnyArray

__all__ = ["Table", "read_table", "write_table"]


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
    """

    rows: AnyArray
    names: tuple[str, ...] | None
    left_out: tuple[str, ...] = ()


def read_table(path: str | Path, columns: Sequence[str] | None = None) -> Table:
    """Read numeric columns of a file; its ending says what it is.

    Parameters
    ----------
    path : path
        .csv, .tsv, .parquet, .arrow, .feather, .ipc or .npy.
    columns : sequence of str, optional
        Names (or positions, for .npy).  Without it all numeric columns are read
        and the others are described in ``left_out``.

    Raises
    ------
    DataError
        For an unknown ending, an unreadable file, an unknown column, or a column
        asked for that is not numeric.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file")
    if path.suffix.lower() == ".npy":
        return _read_npy(path, columns)
    read = _by_suffix(path, _READERS)
    pa = _pyarrow()
    try:
        table = read(path)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        detail = str(error).splitlines()[0]
        raise DataError(f"{path}: cannot be read as {path.suffix[1:]}: {detail}") from None
    return _from_arrow(table, path, columns)


def write_table(path: str | Path, columns: dict[str, AnyArray]) -> None:
    """Write columns of equal length, whole or not at all; the ending says how."""
    path = Path(path)
    write = _by_suffix(path, _WRITERS)
    table = _pyarrow().table(columns)
    with writing(path) as temporary:
        write(table, temporary)


def _from_arrow(table: Any, path: Path, columns: Sequence[str] | None) -> Table:
    pa = _pyarrow()
    if table.num_rows == 0:
        raise DataError(f"{path}: has no rows")
    repeated = sorted({n for n in table.column_names if table.column_names.count(n) > 1})
    if repeated:
        raise DataError(f"{path}: several columns are called {', '.join(map(repr, repeated))}")
    if columns is not None:
        missing = [name for name in columns if name not in table.column_names]
        if missing:
            raise DataError(
                f"{path}: no column {', '.join(map(repr, missing))}; it has "
                f"{', '.join(table.column_names)}"
            )
        table = table.select(list(columns))

    def numeric(kind: Any) -> bool:
        types = pa.types
        return bool(
            types.is_integer(kind)
            or types.is_floating(kind)
            or types.is_boolean(kind)
            or types.is_decimal(kind)
        )

    other = [field for field in table.schema if not numeric(field.type)]
    described = tuple(_describe(table, field) for field in other)
    if other and columns is not None:
        raise DataError(f"{path}: not numeric: {', '.join(described)}; choose other columns")
    table = table.drop_columns([field.name for field in other])
    if table.num_columns == 0:
        raise DataError(f"{path}: no numeric columns; it has {', '.join(described)}")
    single = all(field.type == pa.float32() for field in table.schema)
    kind = pa.float32() if single else pa.float64()
    rows = np.empty((table.num_rows, table.num_columns), dtype=np.float32 if single else np.float64)
    for j, column in enumerate(table.columns):
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.uint8())
        rows[:, j] = column.cast(kind, safe=False).to_numpy()
    return Table(rows, tuple(table.column_names), described)


def _describe(table: Any, field: Any) -> str:
    example = next((value.as_py() for value in table[field.name] if value.is_valid), None)
    return f"{field.name!r} ({field.type}, such as {example!r})"


def _read_npy(path: Path, columns: Sequence[str] | None) -> Table:
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"{path}: cannot be read as npy: {error}") from None
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


def _read_separated(delimiter: str) -> Callable[[Path], Any]:
    def read(path: Path) -> Any:
        _pyarrow()
        from pyarrow import csv

        return csv.read_csv(path, parse_options=csv.ParseOptions(delimiter=delimiter))

    return read


def _write_separated(delimiter: str) -> Callable[[Any, Path], None]:
    def write(table: Any, path: Path) -> None:
        from pyarrow import csv

        csv.write_csv(table, path, csv.WriteOptions(delimiter=delimiter))

    return write


def _read_parquet(path: Path) -> Any:
    _pyarrow()
    from pyarrow import parquet

    return parquet.read_table(path)


def _write_parquet(table: Any, path: Path) -> None:
    from pyarrow import parquet

    parquet.write_table(table, path)


def _read_feather(path: Path) -> Any:
    _pyarrow()
    from pyarrow import feather

    return feather.read_table(path, memory_map=True)


def _write_feather(table: Any, path: Path) -> None:
    from pyarrow import feather

    feather.write_feather(table, str(path))


def _write_npy(table: Any, path: Path) -> None:
    # Only numbers have a place in an array: labels and responsibilities, one column each.
    np.save(path, np.column_stack([column.to_numpy() for column in table.columns]))


_READERS: dict[str, Callable[[Path], Any]] = {
    ".csv": _read_separated(","),
    ".tsv": _read_separated("\t"),
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
