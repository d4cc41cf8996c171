"""Sufficient statistics in files and Arrow tables: numbers only, no code is loaded."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import StatisticsFileError
from ..numerics.encoding import WRONG_FIELDS, load_values, save_values
from ..numerics.extras import imported
from .moments import MOMENTS
from .statistics import SufficientStatistics

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

__all__ = ["from_arrow", "load_statistics", "save_statistics", "to_arrow"]

_KIND = "gaussmix-statistics"
_VERSION = 1
# What statistics of a density that is not normal have besides.
_OF_DENSITY = ("masses", "tally")


def save_statistics(statistics: SufficientStatistics, path: str | os.PathLike[str]) -> None:
    """Write statistics, whole or not at all."""
    save_values(path, _KIND, _VERSION, {"statistics": statistics})


def load_statistics(path: str | os.PathLike[str]) -> SufficientStatistics:
    """Read statistics; raise StatisticsFileError if the file does not hold such."""
    held = load_values(path, _KIND, _VERSION, StatisticsFileError).get("statistics")
    if not isinstance(held, SufficientStatistics):
        raise StatisticsFileError(f"{path}: damaged {_KIND} file: there are none in it")
    return held


def to_arrow(statistics: SufficientStatistics) -> Any:
    """Return statistics as an Arrow RecordBatch of one row; arrays are flat lists."""
    pa = _pyarrow()
    fields = statistics.to_fields()
    row = {name: np.ravel(v) if isinstance(v, np.ndarray) else v for name, v in fields.items()}
    row["version"] = _VERSION
    row["n_components"], row["n_features"] = statistics.means.shape
    schema = _schema(pa, [name for name in _OF_DENSITY if name in fields])
    return pa.RecordBatch.from_arrays(
        [pa.array([row[field.name]], field.type) for field in schema], schema=schema
    )


def from_arrow(table: Any) -> SufficientStatistics:
    """Return the statistics of an Arrow RecordBatch or Table, all its rows merged.

    Raises
    ------
    StatisticsFileError
        If it does not hold statistics, or such as do not fit together.
    """
    pa = _pyarrow()
    if not isinstance(table, pa.RecordBatch | pa.Table):
        raise StatisticsFileError(
            f"table: expected an Arrow RecordBatch or Table, got {type(table).__name__}"
        )
    wanted = _schema(pa).names
    missing = [name for name in wanted if name not in table.schema.names]
    if missing:
        raise StatisticsFileError(f"table: no column {', '.join(missing)}; to_arrow writes them")
    more = [name for name in _OF_DENSITY if name in table.schema.names]
    rows = table.select([*wanted, *more]).to_pylist()
    if not rows:
        raise StatisticsFileError("table: has no rows")
    found = [_from_row(row, number) for number, row in enumerate(rows)]
    try:
        return reduce(SufficientStatistics.merge, found)
    except ValueError as error:
        raise StatisticsFileError(f"table: its rows do not fit together: {error}") from None


def _from_row(row: dict[str, Any], number: int) -> SufficientStatistics:
    version = row.pop("version")
    if version != _VERSION:
        raise StatisticsFileError(
            f"table: row {number} has format version {version!r}, this gaussmix reads {_VERSION}"
        )
    try:
        n_components, d = row.pop("n_components"), row.pop("n_features")
        shape = MOMENTS[row["moment"]].shape(d)
        row["counts"] = np.array(row["counts"], dtype=np.float64).reshape(n_components)
        row["means"] = np.array(row["means"], dtype=np.float64).reshape(n_components, d)
        row["scatters"] = np.array(row["scatters"], dtype=np.float64).reshape(-1, *shape)
        for name in _OF_DENSITY:
            if name in row:
                row[name] = np.array(row[name], dtype=np.float64).reshape(n_components, -1)
        if "masses" in row:
            row["masses"] = row["masses"][:, 0]
        return SufficientStatistics.from_fields(row)
    except WRONG_FIELDS as error:
        what = f"unknown moment {error}" if isinstance(error, KeyError) else error
        raise StatisticsFileError(f"table: row {number} is damaged: {what}") from None


def _pyarrow() -> Any:
    return imported("pyarrow", None, "statistics in Arrow tables")


def _schema(pa: Any, more: Sequence[str] = ()) -> Any:
    numbers = pa.list_(pa.float64())
    return pa.schema(
        [
            ("version", pa.int32()),
            ("moment", pa.string()),
            ("n_components", pa.int32()),
            ("n_features", pa.int32()),
            ("counts", numbers),
            ("means", numbers),
            ("scatters", numbers),
            ("log_likelihood", pa.float64()),
            ("noise", pa.float64()),
            ("n_rows", pa.int64()),
            *((name, numbers) for name in more),
        ]
    )
