"""Rows in partitions on other machines: what is done to one, and how the results come together.

A pass sends a fold out and brings back one value; rows stay where they are.  Values merge
in the order of the partitions, so the result does not depend on which was done first.
"""

from __future__ import annotations

from abc import abstractmethod
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Self, TypeAlias, TypeVar

import numpy as np

from ..exceptions import DataError
from ..numerics.arguments import require_weight, require_weights
from .blas import single_threaded_blas
from .folds import Fold, Index, Mergeable, Workspace, add_rows, rows_of_a_block
from .incomplete import CompleteBlocks
from .source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .._typing import AnyArray, Array

__all__ = [
    "Blocks",
    "CountFold",
    "Outcome",
    "PartitionedSource",
    "Window",
    "attached",
    "detached",
    "even_slices",
    "fold_partition",
    "merged",
    "pick_rows",
]

Value = TypeVar("Value", bound=Mergeable)

#: Rows (B, d) of one partition in their order, with weights (B,) or None.
Blocks: TypeAlias = "Iterable[tuple[AnyArray, Array | None]]"


@dataclass(frozen=True, eq=False)
class Outcome(Generic[Value]):
    """What a fold found in one partition, or in several.

    Attributes
    ----------
    value : Mergeable
    n_rows, n_used : dict of int
        Rows, and rows of positive weight, by number of the partition.
    largest_weight : float
    """

    value: Value
    n_rows: dict[int, int]
    n_used: dict[int, int]
    largest_weight: float

    def merge(self, other: Outcome[Value]) -> Outcome[Value]:
        return Outcome(
            self.value.merge(other.value),
            self.n_rows | other.n_rows,
            self.n_used | other.n_used,
            max(self.largest_weight, other.largest_weight),
        )


class PartitionedSource(Source):
    """What sources of partitions share: counts of rows, and the rows that starts look at."""

    # The cluster has the cores; other processes have no connection to it.
    portable = False
    places_are_known = False
    #: Rows, and rows of positive weight, by partition, once they are known.
    _lengths: dict[int, int] | None = None
    _n_used: dict[int, int] | None = None
    # Whether weights are the user's own: those of `without` may all be 0.
    _own_weights: bool = True

    @abstractmethod
    def _run(self, fold: Fold[Value]) -> Outcome[Value]:
        """Run a fold over all partitions."""

    @abstractmethod
    def _let_in(self, wrapped: type[CompleteBlocks]) -> None:
        """Let what reads the partitions be wrapped so."""

    @abstractmethod
    def _pick(self, wanted: dict[int, AnyArray]) -> list[tuple[Array, Array]]:
        """Return the rows at the places `wanted` among those of positive weight, by partition."""

    def reduce(self, fold: Fold[Value]) -> Value:
        part = self._run(fold)
        self._note(part)
        return part.value

    def _note(self, part: Outcome[Any]) -> None:
        """Remember the numbers of rows, which must not change from pass to pass."""
        n_rows = sum(part.n_rows.values())
        if n_rows == 0:
            raise DataError("X: has no rows")
        if self._own_weights:
            require_weight(part.largest_weight)
        if self._lengths is not None and n_rows != self.n_rows:
            raise changed(f"{self.n_rows} rows before, {n_rows} now")
        self._lengths, self._n_used = part.n_rows, part.n_used
        self.has_zero_weights = n_rows > sum(part.n_used.values())

    @cached_property
    def n_rows(self) -> int:  # type: ignore[override]
        """Number of rows; a pass over the data unless one has been made."""
        return sum(self._counted().values())

    def _counted(self) -> dict[int, int]:
        """Return the number of rows by partition."""
        if self._lengths is None:
            self.reduce(CountFold())
        assert self._lengths is not None
        return self._lengths

    def without_incomplete(self, places: AnyArray) -> Self:
        other = copy(self)
        other._let_in(CompleteBlocks)
        other._n_used, other._own_weights = None, False
        return other

    def sample(self, n_rows: int, rng: np.random.Generator) -> tuple[Array, Array]:
        if self._n_used is None:
            self.reduce(CountFold())
        assert self._n_used is not None
        numbers = sorted(self._n_used)
        edges = np.cumsum([0, *(self._n_used[number] for number in numbers)])
        # The draw is that of rows in memory: a fit then starts where it would start there.
        total = int(edges[-1])
        places = (
            np.arange(total)
            if total <= n_rows
            else np.sort(rng.choice(total, n_rows, replace=False, shuffle=False))
        )
        cuts = np.searchsorted(places, edges)
        wanted = {
            number: places[cuts[i] : cuts[i + 1]] - edges[i]
            for i, number in enumerate(numbers)
            if cuts[i] < cuts[i + 1]
        }
        picked = self._pick(wanted)
        rows = np.concatenate([rows for rows, _ in picked])
        if len(rows) != len(places):
            raise changed("partitions have other rows than before")
        return rows, np.concatenate([weights for _, weights in picked])


def changed(what: str) -> DataError:
    """Return the error for data that are not the same in every pass."""
    return DataError(
        f"X: changes from pass to pass ({what}); persist or write it first, so that every pass "
        "sees the same rows"
    )


# -- on the machines that have the rows --------------------------------------------------


def fold_partition(
    fold: Fold[Value], number: int, blocks: Blocks, offset: int = 0
) -> Outcome[Value]:
    """Run a fold over one partition, whose first row is row `offset` of the data.

    Needs memory for one block, whatever the size of the partition.
    """
    state, workspace = fold.open(), Workspace()
    n_rows = n_used = 0
    largest = 0.0
    with single_threaded_blas():
        for rows, weights in blocks:
            if weights is None:
                used, largest = len(rows), 1.0
            else:
                require_weights(weights)
                used = int(np.count_nonzero(weights))
                largest = max(largest, float(weights.max(initial=0.0)))
            for own in even_slices(len(rows), rows_of_a_block(fold.bytes_per_row)):
                some = None if weights is None else weights[own]
                start = offset + n_rows + own.start
                add_rows(fold, state, rows[own], some, start, workspace)
            n_rows += len(rows)
            n_used += used
        value = fold.close(state)
    return Outcome(value, {number: n_rows}, {number: n_used}, largest)


def pick_rows(blocks: Blocks, wanted: AnyArray, n_features: int) -> tuple[Array, Array]:
    """Return float64 rows (m, d) and weights (m,) at places among those of positive weight."""
    found, found_weights = [np.empty((0, n_features))], [np.empty(0)]
    seen = 0
    for rows, weights in blocks:
        used = np.arange(len(rows)) if weights is None else np.flatnonzero(weights > 0)
        own = wanted[slice(*np.searchsorted(wanted, [seen, seen + len(used)]))] - seen
        found.append(rows[used[own]].astype(np.float64))
        found_weights.append(np.ones(len(own)) if weights is None else weights[used[own]])
        seen += len(used)
    return np.concatenate(found), np.concatenate(found_weights)


def even_slices(n_rows: int, most: int) -> Iterator[slice]:
    """Cut rows into as few slices of at most `most` as possible, of about the same size."""
    if n_rows == 0:
        return
    size = -(-n_rows // -(-n_rows // most))
    for first in range(0, n_rows, size):
        yield slice(first, min(first + size, n_rows))


def merged(parts: Sequence[Mergeable]) -> Any:
    """Merge values in their order."""
    value, *others = parts
    for other in others:
        value = value.merge(other)
    return value


# -- what is known of every row ------------------------------------------------------------


class Window:
    """Some consecutive entries of an array that has one for each row of the data.

    It is indexed as the whole array would be.
    """

    def __init__(self, array: AnyArray, first: int) -> None:
        self.array, self.first = array, first

    def __getitem__(self, index: Index) -> AnyArray:
        if isinstance(index, slice):
            return self.array[index.start - self.first : index.stop - self.first]
        return self.array[index - self.first]


def detached(fold: Fold[Value]) -> tuple[Fold[Value], dict[str, AnyArray]]:
    """Return a fold without what it holds of every row, and that (see ``Fold.by_row``)."""
    held = {name: getattr(fold, name) for name in fold.by_row}
    held = {name: array for name, array in held.items() if array is not None}
    return attached(fold, dict.fromkeys(held)), held


def attached(fold: Fold[Value], held: dict[str, Any]) -> Fold[Value]:
    """Return a copy of the fold that holds something of every row."""
    if held:
        fold = copy(fold)
        for name, value in held.items():
            setattr(fold, name, value)
    return fold


class _Nothing:
    def merge(self, other: _Nothing) -> _Nothing:
        return self


class CountFold(Fold[_Nothing]):
    """Looks at nothing: for passes that only count rows."""

    bytes_per_row = 8

    def open(self) -> None:
        return None

    def add(
        self,
        state: None,
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        pass

    def close(self, state: None) -> _Nothing:
        return _Nothing()
