"""Blocks of a stream: cut into parts, and put together while they wait."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..exceptions import DataError
from ..rows import MemorySource
from ..rows.measured import MeasuredSource
from ..rows.measurement import Measurement, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._typing import AnyArray, Array
    from ..rows import Source

__all__ = ["Block", "joined"]


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of a stream, all of positive weight.

    Attributes
    ----------
    rows : ndarray (m, d), or (m, D) with how they were measured
    weights : ndarray (m,) or None
    known : ndarray of int (m,) or None
        Components of rows, -1 where unknown.
    measurement : Measurement or None
        How rows were measured, if not exactly.
    """

    rows: AnyArray
    weights: Array | None = None
    known: AnyArray | None = None
    measurement: Measurement | None = None

    @classmethod
    def of(cls, source: Source, known: AnyArray | None = None) -> Block:
        """Return a source's rows of positive weight."""
        inner = source.inner if isinstance(source, MeasuredSource) else source
        assert isinstance(inner, MemorySource)
        rows = inner.array if source.measurement is None else np.asarray(inner.array)
        block = cls(rows, inner.weights, known, source.measurement)
        return block if inner.weights is None else block.take(inner.weights > 0)

    def take(self, rows: slice | AnyArray) -> Block:
        """Return some of the rows."""
        weights, known = (None if a is None else a[rows] for a in (self.weights, self.known))
        return Block(self.rows[rows], weights, known, self.measurement)

    def parts(self, most_rows: int) -> Iterator[Block]:
        """Cut into parts of equal size.

        Neighbours go to different parts: a block sorted by something is no drift.
        """
        n_parts = -(-len(self.rows) // most_rows)
        if n_parts == 1:
            yield self
        else:
            yield from (self.take(slice(i, None, n_parts)) for i in range(n_parts))

    def source(self, n_jobs: int | None, names: tuple[str, ...] | None) -> Source:
        """Return the rows as a source; `names` are those of features."""
        if self.measurement is None:
            return MemorySource(self.rows, self.weights, n_jobs=n_jobs, feature_names=names)
        inner = MemorySource(self.rows, self.weights, n_jobs=n_jobs)
        return MeasuredSource(inner, self.measurement, names)

    def copied(self) -> Block:
        """Return the block with arrays of its own: the caller may reuse theirs."""
        weights, known = (None if a is None else a.copy() for a in (self.weights, self.known))
        return Block(self.rows.copy(), weights, known, self.measurement)


def joined(blocks: Sequence[Block]) -> Block:
    """Return several blocks as one.

    Raises
    ------
    DataError
        If their rows are of different numbers of values.
    """
    if any(block.measurement is not None for block in blocks):
        blocks = _alike(blocks)
    rows = np.concatenate([block.rows for block in blocks])
    weights = known = None
    if any(block.weights is not None for block in blocks):
        every = [np.ones(len(b.rows)) if b.weights is None else b.weights for b in blocks]
        weights = np.concatenate(every)
    if any(block.known is not None for block in blocks):
        all_known = [np.full(len(b.rows), -1) if b.known is None else b.known for b in blocks]
        known = np.concatenate(all_known)
    return Block(rows, weights, known, blocks[0].measurement)


def _alike(blocks: Sequence[Block]) -> list[Block]:
    """Return blocks whose rows say in the same columns how they were measured."""
    own = [b.measurement or _exactly(b.rows.shape[1]) for b in blocks]
    sizes = {(one.n_values, one.n_features) for one in own}
    if len(sizes) > 1:
        told = ", ".join(f"{e} of {d}" for e, d in sorted(sizes))
        raise DataError(
            "projection: the blocks that the first fit waits for have different numbers of values "
            f"and features ({told}); give alike ones until it is made"
        )
    ((e, d),) = sizes
    read = [one.read(block.rows) for one, block in zip(own, blocks, strict=True)]
    diagonal, projects = all(r.diagonal for r in read), any(one.projects for one in own)
    n_errors = e if diagonal else e * (e + 1) // 2
    places = e + np.arange(n_errors)
    turned = e + n_errors + np.arange(e * d) if projects else np.empty(0, dtype=int)
    measurement = Measurement(d, np.arange(e), places, projections=turned)
    found = []
    for block, (values, errors, projections) in zip(blocks, read, strict=True):
        if not diagonal:
            errors = unpacked(errors, e)[(slice(None), *np.tril_indices(e))]
        parts = [values, np.broadcast_to(errors, (len(values), n_errors))]
        if projects:
            given = np.eye(e, d)[None] if projections is None else projections
            parts.append(np.broadcast_to(given, (len(values), e, d)).reshape(len(values), -1))
        found.append(replace(block, rows=np.hstack(parts), measurement=measurement))
    return found


def _exactly(n_features: int) -> Measurement:
    return Measurement(n_features, np.arange(n_features))
