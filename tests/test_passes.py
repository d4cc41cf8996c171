"""A pass over parts of any lengths gives all rows, in order, in the same chunks."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaussmix import DataError
from gaussmix.rows.chunks import Chunks
from gaussmix.rows.files import Part, Reader
from gaussmix.rows.files.passes import Pass


class Parts(Reader):
    """Rows in parts of given lengths; of some it is not known before they are read."""

    files = (Path("rows"),)
    n_features = 2
    dtype = np.float64
    selection = ""
    known_rows = None

    def __init__(self, lengths, known, columnar, batch):
        self.lengths, self.known, self.columnar, self.batch = lengths, known, columnar, batch
        self.rows = np.arange(2.0 * sum(lengths)).reshape(-1, 2)
        self.complete = None

    def count_rows(self):
        return len(self.rows)

    def parts(self, n_threads=1):
        first = 0
        for length, known in zip(self.lengths, self.known, strict=True):
            yield Part(Path("rows"), length if known else None, self.reading(first, first + length))
            first += length

    def reading(self, first, last):
        def read():
            for i in range(first, last, self.batch):
                batch = self.rows[i : min(i + self.batch, last)]
                yield list(batch.T) if self.columnar else batch

        return read

    def done(self, *, complete):
        self.complete = complete


@st.composite
def passes(draw):
    lengths = draw(st.lists(st.integers(0, 60), min_size=1, max_size=8))
    known = draw(st.lists(st.booleans(), min_size=len(lengths), max_size=len(lengths)))
    reader = Parts(lengths, known, draw(st.booleans()), draw(st.integers(1, 40)))
    n_rows = sum(lengths) if draw(st.booleans()) else None
    chunks = Chunks(n_rows, draw(st.integers(1, 30)), draw(st.integers(1, 60)))
    ahead = draw(st.sampled_from([None, 1, 3]))
    return reader, chunks, draw(st.integers(1, 5)), ahead


@given(passes())
def test_all_rows_come_once_and_in_order(drawn):
    reader, chunks, n_threads, ahead = drawn
    found, row = [], 0
    for first, rows in Pass(
        reader, chunks, lambda c: (c.first, c.rows.copy()), n_threads, ahead
    ).results():
        number = chunks.holding(first)
        assert first == row == chunks.bounds(number)[0]
        found.append(rows)
        row += len(rows)
    np.testing.assert_array_equal(np.concatenate([np.empty((0, 2)), *found]), reader.rows)
    assert reader.complete


@given(passes(), st.integers(0, 2))
def test_a_pass_may_be_left_at_any_time(drawn, taken):
    reader, chunks, n_threads, ahead = drawn
    with closing(Pass(reader, chunks, lambda c: len(c.rows), n_threads, ahead).results()) as left:
        for _ in range(taken):
            next(left, None)
    again = Pass(reader, chunks, lambda c: len(c.rows), n_threads, ahead).results()
    assert sum(again) == len(reader.rows)


@pytest.mark.parametrize("change", [-1, 1])
@pytest.mark.parametrize("which", [0, 50])
def test_a_part_that_has_other_rows_than_it_said_is_refused(which, change):
    reader = Parts([50, 50], [True, True], columnar=True, batch=20)
    reader.rows = np.vstack([reader.rows, reader.rows])
    read = reader.reading
    reader.reading = lambda first, last: read(first, last + change * (first == which))
    with pytest.raises(DataError, match=rf"rows: has {50 + change} rows where 50 were expected"):
        list(Pass(reader, Chunks(100, 10, 30), lambda c: len(c.rows), 2).results())
    assert not reader.complete
