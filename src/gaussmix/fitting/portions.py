"""Many data sets that are read as they are needed: groups of files, and iterators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..exceptions import DataError, ParameterError
from ..numerics.arguments import require_weights
from ..rows.door import as_frame
from ..rows.files import Scan
from ..rows.files.carried import Carried
from ..rows.files.scanning import rows_of_batch
from .data_sets import Portion, require_arrays

if TYPE_CHECKING:
    from .._typing import AnyArray
    from ..rows.files.base import Reader

__all__ = ["portions_of"]

# Bytes of rows that are in memory at a time, and the most data sets.
_BYTES = 2**28
_MOST_SETS = 20_000


def portions_of(data: Any, by: Any, sample_weight: Any) -> Iterator[Portion] | None:
    """Return what reads many data sets portion by portion; None if they are in memory.

    Parameters
    ----------
    data : object
        As users give it to `fit_many`.
    by : column or None
    sample_weight : str, iterable or None
        A column of files; or weights of each data set.
    """
    if isinstance(data, Scan):
        return _of_scan(data, by, sample_weight)
    held = isinstance(data, Mapping | Sequence | np.ndarray) or as_frame(data) is not None
    if held or not isinstance(data, Iterable) or hasattr(data, "__array__"):
        return None
    if by is not None:
        raise ParameterError("by: is for dataframes, tables and files; an iterator gives data sets")
    require_arrays(sample_weight)
    return _of_iterator(iter(data), None if sample_weight is None else iter(sample_weight))


def _of_iterator(data: Iterator[Any], weights: Iterator[Any] | None) -> Iterator[Portion]:
    """Yield portions of data sets (n_g, d), or pairs of a key and a data set."""
    portion, n_bytes, number = Portion(), 0, 0
    for given in data:
        key, rows = given if _is_pair(given) else (number, given)
        portion.keys.append(key)
        portion.sets.append(rows)
        n_bytes, number = n_bytes + 8 * int(np.size(rows)), number + 1
        if n_bytes > _BYTES or len(portion.sets) == _MOST_SETS:
            yield _weighed(portion, weights)
            portion, n_bytes = Portion(), 0
    if portion.sets:
        yield _weighed(portion, weights)


def _is_pair(given: Any) -> bool:
    return isinstance(given, tuple) and len(given) == 2 and np.ndim(given[0]) == 0


def _weighed(portion: Portion, weights: Iterator[Any] | None) -> Portion:
    if weights is not None:
        portion.weights = list(islice(weights, len(portion.sets)))
    return portion


# -- files ---------------------------------------------------------------------------------


class _Piece(NamedTuple):
    """Some rows, their weights, and the number of the group of each."""

    rows: AnyArray
    weights: AnyArray
    codes: AnyArray

    def of(self, which: AnyArray) -> _Piece:
        return _Piece(self.rows[which], self.weights[which], self.codes[which])


def _of_scan(data: Scan, by: Any, weight: Any) -> Iterator[Portion]:
    if weight is not None and not isinstance(weight, str):
        raise ParameterError("sample_weight: of files it is the name of a column")
    reader = data.besides(by, weight)
    if by is None:
        return _of_row_groups(data, reader)
    return _of_column(reader, by)


def _of_row_groups(data: Scan, reader: Reader) -> Iterator[Portion]:
    """Yield portions of row groups, by their numbers."""
    if not data.has_row_groups:
        raise ParameterError(
            "by: say which column tells data sets apart; only files of Parquet are in row groups"
        )
    waiting: list[_Piece] = []
    n_bytes, first, number = 0, 0, 0
    for number, part in enumerate(reader.parts()):
        if waiting and (n_bytes > _BYTES or number - first == _MOST_SETS):
            yield _portion(waiting, list(range(first, number)), reader)
            waiting, n_bytes, first = [], 0, number
        for batch in part.read():
            rows, weights = rows_of_batch(batch, reader)
            waiting.append(_Piece(rows, weights, np.full(len(rows), number)))
            n_bytes += 8 * rows.size
    reader.done(complete=True)
    if waiting:
        yield _portion(waiting, list(range(first, number + 1)), reader)


def _of_column(reader: Reader, by: str) -> Iterator[Portion]:
    """Yield portions of the rows that have the same value in a column.

    Groups come in the order of their first rows.  Where the rows of each are next to each
    other, one pass reads them all; elsewhere it takes one for each portion.
    """
    groups = _Groups(by)
    for batch in reader.carried([by]):
        groups.add(batch)
    counts = np.array(groups.counts)
    most = max(1, _BYTES // (8 * (reader.n_features + 1)))
    place = np.maximum(counts.cumsum() - counts, 0) // most
    place = np.maximum(place, np.arange(len(counts)) // _MOST_SETS)
    firsts = np.flatnonzero(np.append(True, np.diff(place) > 0))
    ends = np.append(firsts[1:], len(counts))
    if groups.n_runs == len(counts):
        yield from _in_one_pass(reader, by, groups, ends)
        return
    for first, end in zip(firsts, ends, strict=True):
        own = []
        for piece in _pieces(reader, by, groups):
            which = (piece.codes >= first) & (piece.codes < end)
            if which.any():
                own.append(piece.of(which))
        yield _portion(own, groups.keys[first:end], reader)


def _in_one_pass(reader: Reader, by: str, groups: _Groups, ends: AnyArray) -> Iterator[Portion]:
    waiting: list[_Piece] = []
    now, first = 0, 0
    for piece in _pieces(reader, by, groups):
        places = np.searchsorted(ends, piece.codes, side="right")
        while now < places[-1]:
            waiting.append(piece.of(places == now))
            yield _portion(waiting, groups.keys[first : ends[now]], reader)
            waiting, first, now = [], ends[now], now + 1
        waiting.append(piece.of(places == now))
    yield _portion(waiting, groups.keys[first:], reader)


def _portion(pieces: Sequence[_Piece], keys: list[Any], reader: Reader) -> Portion:
    """Return the data sets of pieces whose codes follow each other."""
    rows, weights, codes = (np.concatenate(each) for each in zip(*pieces, strict=True))
    order = np.argsort(codes, kind="stable")
    cuts = np.flatnonzero(np.diff(codes[order])) + 1
    sets = np.split(rows[order].astype(np.float64, copy=False), cuts)
    own = None
    if reader.weighted:
        require_weights(weights)
        own = np.split(weights[order], cuts)
    return Portion(keys, sets, own, reader.names)


def _pieces(reader: Reader, by: str, groups: _Groups) -> Iterator[_Piece]:
    """Yield the rows of a pass, with the numbers of their groups."""
    beside = Carried(reader, [by])
    for part in reader.parts():
        for batch in part.read():
            rows, weights = rows_of_batch(batch, reader)
            if len(rows):
                column = beside.take(len(rows))[by].combine_chunks()
                yield _Piece(rows, weights, groups.codes(column))
    beside.finish()
    reader.done(complete=True)


class _Groups:
    """Values of a column, numbered in the order of their first rows.

    Attributes
    ----------
    keys : list
    counts : list of int
        Rows of each.
    n_runs : int
        How often another value follows; as many as keys if the rows of each are together.
    """

    def __init__(self, by: str) -> None:
        self.by = by
        self.keys: list[Any] = []
        self.counts: list[int] = []
        self.n_runs = 0
        self._numbers: dict[Any, int] = {}
        self._last = -1

    def add(self, batch: Any) -> None:
        """Take the next rows, a record batch of the column."""
        codes = self.codes(batch.column(0))
        if not len(codes):
            return
        self.n_runs += int((np.diff(codes, prepend=self._last) != 0).sum())
        self._last = int(codes[-1])
        found = np.bincount(codes, minlength=len(self.keys))
        self.counts += [0] * (len(self.keys) - len(self.counts))
        for number in np.flatnonzero(found).tolist():
            self.counts[number] += int(found[number])

    def codes(self, column: Any) -> AnyArray:
        """Return the number of each value of Arrow's column."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), None, column)
        if column.null_count:
            raise DataError(
                f"by: {column.null_count} rows or more have no value in {self.by!r}; leave them "
                "out, or fill it"
            )
        encoded = column.dictionary_encode()
        numbers = []
        for value in encoded.dictionary.to_pylist():
            if value not in self._numbers:
                self._numbers[value] = len(self.keys)
                self.keys.append(value)
            numbers.append(self._numbers[value])
        found: AnyArray = np.array(numbers, dtype=np.intp)[encoded.indices.to_numpy()]
        return found
