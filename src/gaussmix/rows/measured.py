"""Rows that carry how they were measured in columns of their own, beside their values."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from .drowned import Depths
from .folds import Fold, Index, Mergeable, Workspace
from .memory import MemorySource
from .partitions import attached, detached
from .source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from .._typing import AnyArray, Array
    from .measurement import Measurement
    from .source import BlockFunction, Output

__all__ = ["JoinedRows", "MeasuredSource", "as_measured"]

Value = TypeVar("Value", bound=Mergeable)
# Rows on which it is found how large errors are beside the data.
_LOOKED_AT = 20_000
#: Makes values (B, d) of whole rows (B, D).
Values: TypeAlias = "Callable[[AnyArray], Array]"


class JoinedRows:
    """Arrays (n, ...) side by side: sliced without a copy, an array when NumPy asks for one.

    Parameters
    ----------
    parts : sequence of array-like (n, m) or (n, e, e)
        Of matrices the lower triangles are what is joined, row by row.
    """

    def __init__(self, parts: Sequence[Any]) -> None:
        self._parts = parts
        self._widths = [_width(part.shape) for part in parts]
        self.dtype = np.dtype(np.float64)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self), sum(self._widths)

    def __len__(self) -> int:
        return len(self._parts[0])

    def __getitem__(self, rows: slice | AnyArray) -> JoinedRows | AnyArray:
        found = JoinedRows([part[rows] for part in self._parts])
        return found if isinstance(rows, slice) else found.__array__()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        out: AnyArray = np.empty(self.shape, dtype=dtype or np.float64)
        first = 0
        for part, width in zip(self._parts, self._widths, strict=True):
            values = np.asarray(part)
            if values.ndim == 3:
                values = values[(slice(None), *np.tril_indices(values.shape[1]))]
            out[:, first : first + width] = values
            first += width
        return out


def _width(shape: tuple[int, ...]) -> int:
    return shape[1] if len(shape) == 2 else shape[1] * (shape[1] + 1) // 2


class MeasuredSource(Source):
    """The values of rows that another source gives together with their measurement errors.

    Folds and maps that know of measurement errors (`Fold.measured`) are given whole rows of that
    source; others the values alone, as if there were no errors.
    """

    measurement: Measurement

    def __init__(
        self,
        inner: Source,
        measurement: Measurement,
        names: tuple[str, ...] | None,
        values: Values | None = None,
    ) -> None:
        self.inner, self.measurement = inner, measurement
        self._values = values or measurement.seen
        self.n_features, self.feature_names = measurement.n_features, names
        self.n_threads, self.dtype = inner.n_threads, inner.dtype
        self.has_zero_weights = inner.has_zero_weights
        self.like(inner)

    @property
    def n_rows(self) -> int:  # type: ignore[override]
        return self.inner.n_rows

    @property
    def rows_if_known(self) -> int | None:
        return self.inner.rows_if_known

    @property
    def rows_drawn_from(self) -> int | None:
        return self.inner.rows_drawn_from

    @property
    def portable(self) -> bool:  # type: ignore[override]
        return self.inner.portable

    @property
    def places_are_known(self) -> bool:  # type: ignore[override]
        return self.inner.places_are_known

    @property
    def watcher(self) -> Callable[[int], None] | None:
        return self.inner.watcher

    @watcher.setter
    def watcher(self, watcher: Callable[[int], None] | None) -> None:
        self.inner.watcher = watcher

    def reduce(self, fold: Fold[Value]) -> Value:
        return self.inner.reduce(fold if fold.measured else _OfValues(fold, self))

    def map(self, function: BlockFunction, output: Output) -> Any:
        return self.inner.map(function, output)

    def stream(self, function: BlockFunction, output: Output) -> Generator[Any, None, None]:
        yield from self.inner.stream(function, output)

    def without(self, left_out: AnyArray) -> MeasuredSource:
        return self._of(self.inner.without(left_out))

    def take(self, rows: AnyArray | slice) -> MeasuredSource:
        """Return some of the rows, by position, of a source that is in memory."""
        assert isinstance(self.inner, MemorySource)
        return self._of(self.inner.take(rows))

    def without_incomplete(self, places: AnyArray) -> MeasuredSource:
        return self._of(self.inner.without_incomplete(places))

    def only(self, chosen: AnyArray) -> MeasuredSource:
        return self._of(self.inner.only(chosen))

    def _of(self, inner: Source) -> MeasuredSource:
        given = self.measurement, self.feature_names, self._values
        return MeasuredSource(inner, *given).like(self)

    def standing_in(self, values: Values) -> MeasuredSource:
        """Return the same rows, for which folds that know nothing of errors are given others."""
        return MeasuredSource(self.inner, self.measurement, self.feature_names, values).like(self)

    def some(self, n_rows: int, rng: np.random.Generator) -> MeasuredSource:
        """Draw at most so many rows of positive weight, with their errors, into memory."""
        rows, weights = self.inner.sample(n_rows, rng)
        unit = None if (weights == 1.0).all() else weights
        inner = MemorySource(
            rows, unit, n_jobs=self.n_threads, drawn_from=self.inner.rows_drawn_from
        )
        return self._of(inner)

    def sample(self, n_rows: int, rng: np.random.Generator) -> tuple[Array, Array]:
        rows, weights = self.inner.sample(n_rows, rng)
        return self._values(rows), weights

    def draw(self, n_rows: int, n_least: int, rng: np.random.Generator) -> tuple[Array, Array]:
        rows, weights = self.inner.sample(n_rows, rng)
        values = self._values(rows)
        if self.measurement.projects:  # what stands in for rows is where the others are
            return values, weights
        hidden = self.depths.drowned(self.measurement.read(rows))
        some = ~(hidden | np.isnan(values)).all(axis=1)
        if some.sum() < n_least:
            return values, weights
        if hidden.any():
            values = np.where(hidden, np.nan, values)[some]
            weights = weights[some]
        return values, weights

    @cached_property
    def depths(self) -> Depths:
        """Beyond which errors values tell next to nothing, as found on a sample."""
        rows, weights = self.inner.sample(_LOOKED_AT, np.random.default_rng(0))
        return Depths.of(self.measurement.read(rows), weights)

    @property
    def described(self) -> str:
        """Say how rows were measured, on the whole: what a fit that goes on must find again."""
        found = self.reduce(_SumsFold(self.measurement))
        return ", ".join(f"{value:.8g}" for value in found.sums / max(1, found.n_rows))


def as_measured(source: Source) -> Source:
    """Return a source of values as they were measured, whatever they are projections of."""
    if not isinstance(source, MeasuredSource) or not source.measurement.projects:
        return source
    own = replace(source.measurement, n_features=source.measurement.n_values)
    return MeasuredSource(source.inner, own, None).like(source)


class _Sums:
    """Sums over rows of errors and of projections, where they are finite."""

    def __init__(self, n_rows: int, sums: Array) -> None:
        self.n_rows, self.sums = n_rows, sums

    def merge(self, other: _Sums) -> _Sums:
        return _Sums(self.n_rows + other.n_rows, self.sums + other.sums)


class _SumsFold(Fold[_Sums]):
    measured = True

    def __init__(self, measurement: Measurement) -> None:
        self.measurement = measurement
        self.bytes_per_row = 8 * 2 * measurement.width

    def open(self) -> list[_Sums]:
        return []

    def add(
        self,
        state: list[_Sums],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        _, errors, projections = self.measurement.read(rows)
        each = [np.broadcast_to(errors, (len(rows), errors.shape[1]))]
        if projections is not None:
            flat = projections.reshape(len(projections), -1)
            each.append(np.broadcast_to(flat, (len(rows), flat.shape[1])))
        values = np.hstack(each)
        block = _Sums(len(rows), np.where(np.isfinite(values), values, 0.0).sum(axis=0))
        state[:] = [state[0].merge(block)] if state else [block]

    def close(self, state: list[_Sums]) -> _Sums:
        return state[0] if state else _Sums(0, np.zeros(1))


class _OfValues(Fold[Value]):
    """Another fold, over the values of rows alone."""

    def __init__(self, fold: Fold[Value], source: MeasuredSource) -> None:
        self.fold, held = detached(fold)
        self.values = source._values
        self.bytes_per_row = fold.bytes_per_row + 8 * source.measurement.width
        self.by_row = tuple(held)  # type: ignore[misc]
        for name, array in held.items():
            setattr(self, name, array)

    def open(self) -> Any:
        return self.fold.open()

    def add(
        self,
        state: Any,
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        fold = attached(self.fold, {name: getattr(self, name) for name in self.by_row})
        fold.add(state, self.values(rows), weights, index, workspace)

    def close(self, state: Any) -> Value:
        return self.fold.close(state)
