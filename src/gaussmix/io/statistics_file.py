"""Sufficient statistics in files and Arrow tables: numbers only, no code is loaded."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import MissingExtraError, StatisticsFileError
from ..moments import MOMENTS
from ..statistics import SufficientStatistics
from .state_file import load_state, save_state

if TYPE_CHECKING:
    import os

__all__ = ["from_arrow", "load_statistics", "save_statistics", "to_arrow"]

_KIND = "gaussmix-statistics"
_VERSION = 1


def save_statistics(statistics: SufficientStatistics, path: str | os.PathLike[str]) -> None:
    """Write statistics, whole or not at all."""
    save_state(path, _KIND, _VERSION, {"statistics": statistics})


def load_statistics(path: str | os.PathLike[str]) -> SufficientStatistics:
    """Read statistics; raise StatisticsFileError if the file does not hold such."""
    held = load_state(path, _KIND, _VERSION, StatisticsFileError).get("statistics")
    if not isinstance(held, SufficientStatistics):
        raise StatisticsFileError(f"{path}: damaged {_KIND} file: there are none in it")
    return held


def to_arrow(statistics: SufficientStatistics) -> Any:
    """Return statistics as an Arrow RecordBatch of one row; arrays are flat lists."""
    pa = _pyarrow()
    scatters = statistics.scatters
    row = {
        "version": _VERSION,
        "moment": statistics.moment.name,
        "n_components": statistics.n_components,
        "n_features": statistics.n_features,
        "counts": statistics.counts,
        "means": statistics.means.ravel(),
        "scatters": None if scatters is None else scatters.ravel(),
        "log_likelihood": float(statistics.log_likelihood),
        "noise": float(statistics.noise),
        "n_rows": statistics.n_rows,
    }
    schema = _schema(pa)
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
    rows = table.select(wanted).to_pylist()
    if not rows:
        raise StatisticsFileError("table: has no rows")
    found = [_from_row(row, number) for number, row in enumerate(rows)]
    try:
        return reduce(SufficientStatistics.merge, found)
    except ValueError as error:
        raise StatisticsFileError(f"table: its rows do not fit together: {error}") from None


def _from_row(row: dict[str, Any], number: int) -> SufficientStatistics:
    if row["version"] != _VERSION:
        raise StatisticsFileError(
            f"table: row {number} has format version {row['version']!r}, this gaussmix reads "
            f"{_VERSION}"
        )
    try:
        moment, d = MOMENTS[row["moment"]], row["n_features"]
        shape = moment.outer(np.zeros((1, d))).shape[1:]
        scatters = row["scatters"]
        statistics = SufficientStatistics(
            counts=np.array(row["counts"], dtype=np.float64).reshape(row["n_components"]),
            means=np.array(row["means"], dtype=np.float64).reshape(row["n_components"], d),
            scatters=None if scatters is None else np.array(scatters).reshape(-1, *shape),
            moment=moment,
            log_likelihood=row["log_likelihood"],
            n_rows=row["n_rows"],
            noise=row["noise"],
        )
        statistics.require_valid()
    except (KeyError, TypeError, ValueError) as error:
        what = f"unknown moment {error}" if isinstance(error, KeyError) else error
        raise StatisticsFileError(f"table: row {number} is damaged: {what}") from None
    return statistics


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingExtraError("pyarrow", None, "statistics in Arrow tables") from None
    return pa


def _schema(pa: Any) -> Any:
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
        ]
    )
