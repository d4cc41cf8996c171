"""Many data sets, as users give them: arrays, lists, mappings, groups of a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..exceptions import DataError, ParameterError
from ..numerics.arguments import as_row_weights, require_weight
from ..rows.door import as_frame, as_rows, as_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array

__all__ = ["Portion", "data_sets", "require_arrays"]


class DataSets(NamedTuple):
    """Data sets in memory.

    Attributes
    ----------
    keys : list
    rows : list of ndarray (n_g, d)
    names : tuple of str or None
        Of the features.
    weights : list of ndarray (n_g,) or None
        None where all rows count once.
    """

    keys: list[Any]
    rows: list[Array]
    names: tuple[str, ...] | None
    weights: list[Array | None]


@dataclass
class Portion:
    """Some data sets, one after the other, as `fit_many` takes them.

    Attributes
    ----------
    keys : list
    sets : list of ndarray
    weights : list of ndarray or None
    names : tuple of str or None
        Of the features.
    """

    keys: list[Any] = field(default_factory=list)
    sets: list[Any] = field(default_factory=list)
    weights: list[Array] | None = None
    names: tuple[str, ...] | None = None


def data_sets(data: Any, by: Any, sample_weight: Any) -> DataSets:
    """Return data sets and weights, as users of `fit_many` give them."""
    names: tuple[str, ...] | None = None
    if by is None and _is_stack(data):
        stack = list(np.ascontiguousarray(data, dtype=np.float64))
        return DataSets(list(range(len(data))), stack, None, _weights_of(sample_weight, stack))
    if isinstance(data, Portion):
        keys, found, names, sample_weight = data.keys, data.sets, data.names, data.weights
    elif by is not None:
        keys, found, names, sample_weight = _grouped(data, by, sample_weight)
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
    return DataSets(keys, sets, names, _weights_of(sample_weight, sets))


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


def _grouped(
    data: Any, by: Any, sample_weight: Any
) -> tuple[list[Any], list[Array], tuple[str, ...], Any]:
    """Return keys, rows, names, and weights of the groups that a column of a frame makes."""
    frame = as_frame(as_table(data))
    if frame is None:
        raise ParameterError("by: is for a dataframe or an Arrow table")
    weight = sample_weight if isinstance(sample_weight, str) else None
    for argument, column in (("by", by), ("sample_weight", weight)):
        if column is not None and column not in frame.columns:
            raise ParameterError(
                f"{argument}: no column {column!r}; there are {', '.join(map(str, frame.columns))}"
            )
    names = [name for name in frame.columns if name not in (by, weight)]
    rows = as_rows(frame.select(names).to_native(), len(names), names)
    n_unknown = _n_unknown(frame[by])
    if n_unknown:
        raise DataError(
            f"by: rows without a value in {by!r}: {n_unknown}; leave them out, or fill it"
        )
    keys, places = _keys(frame[by].to_numpy())
    order = np.argsort(places, kind="stable")
    ends = np.cumsum(np.bincount(places))[:-1]
    if weight is not None:
        sample_weight = np.split(frame[weight].to_numpy()[order], ends)
    return keys, np.split(rows[order], ends), tuple(map(str, names)), sample_weight


def _n_unknown(column: Any) -> int:
    unknown = column.is_null()
    if column.dtype.is_float():
        unknown = unknown | column.is_nan()
    return int(unknown.sum())


def _keys(values: AnyArray) -> tuple[list[Any], AnyArray]:
    """Return the different values of a column in order, and the place of each row's among them."""
    try:
        keys, places = np.unique(values, return_inverse=True)
    except TypeError:  # values of several kinds have no order but that of their first rows
        codes: dict[Any, int] = {}
        found = [codes.setdefault(value, len(codes)) for value in values.tolist()]
        return list(codes), np.array(found)
    return keys.tolist(), places


def require_arrays(sample_weight: Any) -> None:
    """Raise ParameterError if weights are a column's name where there are no columns."""
    if isinstance(sample_weight, str):
        raise ParameterError(
            f"sample_weight: {sample_weight!r} is the name of a column, and only dataframes and "
            "files with by= have one; give an array for each data set"
        )


def _weights_of(given: Any, sets: Sequence[Array]) -> list[Array | None]:
    """Return the weights (n_g,) of each data set, None where all rows count once."""
    if given is None:
        return [None] * len(sets)
    require_arrays(given)
    if len(given) != len(sets):
        raise ParameterError(
            f"sample_weight: expected {len(sets)} arrays, one a data set, got {len(given)}"
        )
    return [_of_set(own, len(rows)) for own, rows in zip(given, sets, strict=True)]


def _of_set(given: Any, n_rows: int) -> Array | None:
    """Return the weights of a data set; where all are 0 that one alone cannot be fitted."""
    if given is None:
        return None
    weights = as_row_weights(given, n_rows)
    if weights.any():
        require_weight(float(weights.max()))
    return weights
