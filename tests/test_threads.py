"""How many threads work: tried where calls are short, and without a trace in the result."""

from __future__ import annotations

import pickle

import numpy as np

from gaussmix.components.moments import PRODUCTS
from gaussmix.rows import MemorySource
from gaussmix.rows.summary import SummaryFold
from gaussmix.rows.threads import Pace


def test_each_count_is_tried_twice_and_then_the_fastest_is_kept():
    pace = Pace(4)
    seconds = {4: [9.0, 2.0], 1: [5.0, 3.0]}  # the first try warms up
    tried = []
    for _ in range(4):
        count = pace.threads("pass")
        tried.append(count)
        pace.note("pass", count, seconds[count][tried.count(count) - 1])
    assert sorted(tried) == [1, 1, 4, 4]
    assert pace.threads("pass") == 4
    pace.note("pass", 4, 100.0)  # one slow pass later on does not count
    assert pace.threads("pass") == 4
    assert pace.threads("another pass") == 4


def test_one_thread_is_kept_where_it_is_faster():
    pace = Pace(2)
    for _ in range(4):
        count = pace.threads("pass")
        pace.note("pass", count, float(count))
    assert pace.threads("pass") == 1


def test_passes_give_the_same_bits_whatever_was_tried():
    rows = np.random.default_rng(0).standard_normal((120_000, 2))
    source = MemorySource(rows, n_jobs=2)
    fold = SummaryFold(PRODUCTS, 2)
    found = [source.reduce(fold).total.scatters for _ in range(6)]
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
    again = pickle.loads(pickle.dumps(source)).reduce(fold).total.scatters
    np.testing.assert_array_equal(again, found[0])
