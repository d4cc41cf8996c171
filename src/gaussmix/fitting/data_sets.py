"""Many data sets, as users give them: arrays, lists, mappings, groups of a frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError, ParameterError
from ..numerics.arguments import check_sample_weight
from ..rows.door import as_frame, as_rows, as_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import Array

__all__ = ["data_sets", "weights_of"]


def data_sets(data: Any, by: Any) -> tuple[list[Any], list[Array], tuple[str, ...] | None]:
    """Return keys, arrays (n_g, d), and the names of features, if they have any."""
    names: tuple[str, ...] | None = None
    if by is None and _is_stack(data):
        return list(range(len(data))), list(np.ascontiguousarray(data, dtype=np.float64)), None
    if by is not None:
        keys, found, names = _grouped(data, by)
    elif isinstance(data, Mapping):
        keys, found = list(data), list(data.values())
    else:
        if as_frame(data) is not None:
            raise ParameterError("by: say which column of the frame tells data sets apart")
        keys, found = list(range(len(data))), list(data)
        if isinstance(data, np.ndarray) and data.ndim != 3:
            raise DataError(
                f"data: expected shape (G, n, d), got {data.shape}; or a list of arrays"
            )
    if not found:
        raise DataError("data: there are no data sets")
    sets = [_rows(key, rows) for key, rows in zip(keys, found, strict=True)]
    widths = {rows.shape[1] for rows in sets}
    if len(widths) > 1:
        raise DataError(f"data: data sets have different numbers of features: {sorted(widths)}")
    return keys, sets, names


def _is_stack(data: Any) -> bool:
    """Whether data are numbers of so many sets of one length, none of them empty."""
    return (
        type(data) is np.ndarray and data.ndim == 3 and data.dtype.kind in "fiu" and data.size > 0
    )


def _rows(key: Any, rows: Any) -> Array:
    table = as_table(rows)
    shape = np.shape(table)
    width = int(shape[1]) if len(shape) == 2 else 1
    try:
        return np.ascontiguousarray(as_rows(table, width), dtype=np.float64)
    except DataError as error:
        raise DataError(f"data: of {key!r}: {error}") from None


def _grouped(data: Any, by: Any) -> tuple[list[Any], list[Array], tuple[str, ...]]:
    frame = as_frame(as_table(data))
    if frame is None:
        raise ParameterError("by: is for a dataframe or an Arrow table")
    if by not in frame.columns:
        raise ParameterError(
            f"by: no column {by!r}; there are {', '.join(map(str, frame.columns))}"
        )
    names = [name for name in frame.columns if name != by]
    rows = as_rows(frame.select(names).to_native(), len(names), names)
    values = frame[by].to_numpy()
    keys, places = np.unique(values, return_inverse=True)
    order = np.argsort(places, kind="stable")
    ends = np.cumsum(np.bincount(places))[:-1]
    return keys.tolist(), np.split(rows[order], ends), tuple(map(str, names))


def weights_of(given: Any, sets: Sequence[Array]) -> list[Array | None]:
    """Return the weights (n_g,) of each data set, None where all rows count once."""
    if given is None:
        return [None] * len(sets)
    if len(given) != len(sets):
        raise ParameterError(
            f"sample_weight: expected {len(sets)} arrays, one a data set, got {len(given)}"
        )
    return [check_sample_weight(own, len(rows)) for own, rows in zip(given, sets, strict=True)]
