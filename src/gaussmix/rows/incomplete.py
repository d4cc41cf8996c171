"""Rows in which a value is missing: found, left out, and answered for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .folds import Fold, Index, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._typing import AnyArray, Array
    from .source import BlockFunction, Output, Source

__all__ = ["INCOMPLETE", "CompleteBlocks", "OnComplete", "complete", "incomplete_rows"]

#: The label of a row in which a value is missing, as in scikit-learn's HDBSCAN; -1 is noise.
INCOMPLETE = -3


def complete(source: Source) -> Source:
    """Return a source of the same rows in which those with a missing value have weight 0."""
    found = source.reduce(_IncompleteFold(source.n_features, placed=source.places_are_known))
    if found.count:
        source = source.without_incomplete(found.joined())
    source.n_incomplete, source.n_missing = found.count, found.missing
    return source


def incomplete_rows(rows: AnyArray) -> AnyArray:
    """Return which rows (B, d) have a missing value, (B,)."""
    found: AnyArray = np.any(np.isnan(rows), axis=1)
    return found


class OnComplete:
    """A function of blocks of rows that is asked of complete rows alone.

    Parameters
    ----------
    function : callable
    output : Output
    unknown : float or ndarray (output.width,)
        What it is for the other rows.
    seen : callable, optional
        Returns the values of rows, if these hold more.
    """

    def __init__(
        self,
        function: BlockFunction,
        output: Output,
        unknown: float | Array,
        seen: Callable[[AnyArray], AnyArray] | None = None,
    ) -> None:
        self.function, self.output, self.unknown = function, output, unknown
        self.seen = seen

    def __call__(self, rows: AnyArray, workspace: Workspace) -> AnyArray:
        left_out = incomplete_rows(rows if self.seen is None else self.seen(rows))
        if not left_out.any():
            return self.function(rows, workspace)
        out: AnyArray = np.empty(self.output.shape(len(rows)), self.output.dtype)
        out[left_out] = self.unknown
        if not left_out.all():
            out[~left_out] = self.function(rows[~left_out], workspace)
        return out


class CompleteBlocks:
    """Reads what another reader of partitions does; incomplete rows have weight 0."""

    def __init__(self, reader: Callable[..., Iterator[tuple[AnyArray, Array | None]]]) -> None:
        self.reader = reader

    def __call__(self, *given: Any) -> Iterator[tuple[AnyArray, Array | None]]:
        for rows, weights in self.reader(*given):
            left_out = incomplete_rows(rows)
            if left_out.any():
                weights = np.where(left_out, 0.0, 1.0 if weights is None else weights)
            yield rows, weights

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "reader":  # while it is unpickled
            raise AttributeError(name)
        return getattr(self.reader, name)


@dataclass(frozen=True, eq=False)
class _Incomplete:
    """Rows of positive weight with a missing value: how many, in which columns (d,), and where."""

    missing: AnyArray
    count: int = 0
    places: tuple[AnyArray, ...] = ()

    def merge(self, other: _Incomplete) -> _Incomplete:
        places = (*self.places, *other.places)
        return _Incomplete(self.missing + other.missing, self.count + other.count, places)

    def joined(self) -> AnyArray:
        return np.concatenate([np.empty(0, np.intp), *self.places])


class _IncompleteFold(Fold[_Incomplete]):
    """Count incomplete rows, and note their places if these are known."""

    def __init__(self, n_features: int, *, placed: bool) -> None:
        self.n_features, self.placed = n_features, placed
        self.bytes_per_row = 64 + n_features

    def open(self) -> list[_Incomplete]:
        return []

    def add(
        self,
        state: list[_Incomplete],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        own = np.flatnonzero(incomplete_rows(rows))
        if len(own):
            places = own + index.start if isinstance(index, slice) else index[own]
            missing = np.isnan(rows[own]).sum(axis=0)
            state.append(_Incomplete(missing, len(own), (places,) if self.placed else ()))

    def close(self, state: list[_Incomplete]) -> _Incomplete:
        total = _Incomplete(np.zeros(self.n_features, int))
        for found in state:
            total = total.merge(found)
        return total
