"""One pass over rows that have to be decoded: threads decode, cut into chunks, and work.

Every thread does what is next: work on a chunk that is complete, or else decode the next
part.  So decoding overlaps with the arithmetic, whichever of them takes longer, and there
are never more threads than were asked for.  Results come in the order of the rows.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from ...exceptions import DataError
from ..blas import single_threaded_blas
from ..chunks import Chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from ..._typing import AnyArray
    from ..chunks import Chunks
    from .base import Batch, Part, Reader

__all__ = ["Pass"]

Result = TypeVar("Result")


class Pass(Generic[Result]):
    """Runs `work` on all chunks of what a reader reads.

    Parameters
    ----------
    reader : Reader
    chunks : Chunks
    work : callable
        Takes a `Chunk`; may be called in several threads at once.
    n_threads : int
    ahead : int, optional
        How many chunks may be worked on before the first result that has not been taken;
        None where results are small.
    """

    def __init__(
        self,
        reader: Reader,
        chunks: Chunks,
        work: Callable[[Chunk], Result],
        n_threads: int,
        ahead: int | None = None,
    ) -> None:
        self._reader, self._chunks, self._work = reader, chunks, work
        self._n_threads, self._ahead = n_threads, ahead
        self._dtype = reader.dtype
        self._parts = reader.parts(n_threads)
        self._changed = threading.Condition()
        # All of what follows is guarded by it.
        self._reading = False  # whether some thread asks for the next part
        self._exhausted = False
        self._decoding = 0  # threads that are at a part
        self._next_row = 0  # where the next part begins
        self._filling: dict[int, Chunk] = {}
        self._complete: deque[Chunk] = deque()
        self._results: dict[int, Result] = {}
        self._taken = 0
        self._error: BaseException | None = None
        self._stopped = False

    def results(self) -> Generator[Result, None, None]:
        """Yield the result of each chunk, in order."""
        threads = [
            threading.Thread(target=self._run, name=f"gaussmix-{i}", daemon=True)
            for i in range(self._n_threads)
        ]
        with single_threaded_blas():
            try:
                for thread in threads:
                    thread.start()
                yield from self._in_order()
            finally:
                with self._changed:
                    self._stopped = True
                    self._changed.notify_all()
                for thread in threads:
                    if thread.ident is not None:
                        thread.join()
                self._parts.close()  # type: ignore[attr-defined]
                self._reader.done(complete=self._is_over() and self._error is None)

    def _in_order(self) -> Iterator[Result]:
        while True:
            with self._changed:
                while self._taken not in self._results and self._error is None:
                    if self._is_over():
                        return
                    self._changed.wait()
                if self._error is not None:
                    raise self._error
                result = self._results.pop(self._taken)
                self._taken += 1
                self._changed.notify_all()
            yield result

    def _is_over(self) -> bool:
        """Whether all rows have been worked on, and all results been taken."""
        last = 0 if self._next_row == 0 else self._chunks.holding(self._next_row - 1) + 1
        return self._exhausted and self._decoding == 0 and self._taken >= last

    # -- what the threads do --------------------------------------------------------

    def _run(self) -> None:
        try:
            while (job := self._next_job()) is not None:
                job()
        except BaseException as error:  # raised again where results are taken
            with self._changed:
                self._error = self._error or error
                self._stopped = True
                self._changed.notify_all()

    def _next_job(self) -> Callable[[], None] | None:
        """Wait for something to do and return it; None at the end."""
        with self._changed:
            while True:
                if self._stopped:
                    return None
                if self._complete:
                    chunk = self._complete.popleft()
                    return lambda: self._work_on(chunk)
                if not self._reading and not self._exhausted:
                    self._reading = True
                    self._decoding += 1
                    return self._read
                if self._exhausted and not self._decoding:
                    return None
                self._changed.wait()

    def _read(self) -> None:
        """Read the next part; let others read further ones as soon as it is known where."""
        part = next(self._parts, None)
        with self._changed:
            first = self._next_row
            if part is None:
                self._exhausted, self._reading = True, False
                self._leave()
                return
            if part.n_rows is not None:
                self._next_row += part.n_rows
                self._reading = False
                self._changed.notify_all()
        end = self._place(part, first)
        with self._changed:
            if part.n_rows is None:
                self._next_row, self._reading = end, False
            elif not self._stopped:
                _require_length(part, end - first, at_least=part.n_rows)
            self._leave()

    def _leave(self) -> None:
        self._decoding -= 1
        if self._exhausted and not self._decoding:
            # Rows that end nobody knows where leave a chunk that is not full.
            for number in sorted(self._filling):
                chunk = self._filling.pop(number)
                chunk.cut()
                self._complete.append(chunk)
        self._changed.notify_all()

    def _place(self, part: Part, first: int) -> int:
        """Put the rows of a part into chunks; return the place of the row behind them."""
        begin = first
        for batch in part.read():
            start, last = first, first + len(batch[0] if isinstance(batch, list) else batch)
            _require_length(part, last - begin)
            while first < last:
                number = self._chunks.holding(first)
                upto = min(last, self._chunks.bounds(number)[1])
                self._copy(batch, slice(first - start, upto - start), number, first)
                first = upto
            if self._stopped:
                break
        return first

    def _copy(self, batch: Batch, rows: slice, number: int, first: int) -> None:
        self._wait_for_turn(number)
        begin, end = self._chunks.bounds(number)
        if not isinstance(batch, list) and rows.stop - rows.start == end - begin:
            self._hand_over(self._as_it_is(batch[rows], number, begin))
            return
        with self._changed:
            chunk = self._filling.get(number)
            if chunk is None:
                chunk = self._filling[number] = self._empty(number, begin, end, batch)
        place = slice(first - begin, first - begin + rows.stop - rows.start)
        self._fill(chunk, place, batch, rows)
        with self._changed:
            chunk.filled += place.stop - place.start
            full = chunk.filled == end - begin
            if full:
                del self._filling[number]
        if full:
            self._hand_over(chunk)

    def _empty(self, number: int, begin: int, end: int, batch: Batch) -> Chunk:
        """Return a chunk to be filled, laid out in memory as what fills it."""
        d, m = self._reader.n_features, end - begin
        columns = isinstance(batch, list)
        shape = (d, m) if columns else (m, d)
        rows: AnyArray = np.empty(shape, self._dtype)
        rows = rows.T if columns else rows
        return Chunk(number, begin, rows, np.empty(m) if self._reader.weighted else None)

    def _as_it_is(self, rows: AnyArray, number: int, begin: int) -> Chunk:
        d = self._reader.n_features
        weights = rows[:, d].astype(np.float64) if self._reader.weighted else None
        return Chunk(number, begin, rows[:, :d].astype(self._dtype, copy=False), weights)

    def _fill(self, chunk: Chunk, place: slice, batch: Batch, rows: slice) -> None:
        d = self._reader.n_features
        if isinstance(batch, list):
            for j in range(d):
                chunk.rows[place, j] = batch[j][rows]
            weights = batch[-1][rows]
        else:
            chunk.rows[place] = batch[rows, :d]
            weights = batch[rows, -1]
        if chunk.weights is not None:
            chunk.weights[place] = weights

    def _wait_for_turn(self, number: int) -> None:
        """Work on complete chunks until this one is not too far ahead of what was taken."""
        if self._ahead is None:
            return
        while True:
            with self._changed:
                if self._stopped or number - self._taken < self._ahead:
                    return
                if not self._complete:
                    self._changed.wait()
                    continue
                chunk = self._complete.popleft()
            self._work_on(chunk)

    def _hand_over(self, chunk: Chunk) -> None:
        """Leave a complete chunk to other threads, or work on it if many wait already."""
        with self._changed:
            if len(self._complete) < self._n_threads:
                self._complete.append(chunk)
                self._changed.notify()
                return
        self._work_on(chunk)

    def _work_on(self, chunk: Chunk) -> None:
        if self._stopped:
            return
        result = self._work(chunk)
        with self._changed:
            self._results[chunk.number] = result
            self._changed.notify_all()


def _require_length(part: Part, n_rows: int, at_least: int = 0) -> None:
    """Raise DataError if a part has other rows than it said."""
    if part.n_rows is not None and not at_least <= n_rows <= part.n_rows:
        raise DataError(
            f"{part.path}: has {n_rows} rows where {part.n_rows} were expected; it is damaged, or "
            "changes while it is read"
        )
