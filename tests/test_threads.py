"""How many threads work: tried where calls are short, and without a trace in the result."""

from __future__ import annotations

import gc
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from gaussmix.components.moments import PRODUCTS
from gaussmix.rows import MemorySource, blas
from gaussmix.rows.summary import SummaryFold
from gaussmix.rows.threads import Pace, Pool


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


# -- threads that outlive the main one ---------------------------------------------------


OUTLIVES = """
import sys, threading, time, warnings
import numpy as np
from gaussmix import GaussianMixture, scan
warnings.simplefilter("ignore")
rows = np.random.default_rng(0).normal(size=(60_000, 3))
ways = {
    "array": lambda: rows,
    "callable": lambda: lambda: iter(np.split(rows, 6)),
    "files": lambda: scan(sys.argv[2]),
}
if sys.argv[1] == "files":
    np.save(sys.argv[2], rows)
X = ways[sys.argv[1]]()
main = threading.main_thread()
def work():
    main.join()
    time.sleep(0.1)
    model = GaussianMixture(2, random_state=0, max_iter=3, tol=0, n_jobs=2).fit(X)
    print("fitted", model.lower_bound_.hex(), flush=True)
threading.Thread(target=work).start()
"""


@pytest.mark.parametrize("way", ["array", "callable", "files"])
def test_a_fit_goes_on_when_the_main_thread_has_ended(way, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", OUTLIVES, way, tmp_path / "rows.npy"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("fitted"), done.stderr
    assert done.stderr == ""


def test_where_no_thread_can_be_had_the_one_that_asks_does_the_work(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    rows = np.random.default_rng(0).standard_normal((60_000, 2))
    fold = SummaryFold(PRODUCTS, 2)
    expected = MemorySource(rows, n_jobs=2).reduce(fold).total.scatters
    monkeypatch.setattr(threading.Thread, "start", refuse)
    found = MemorySource(rows, n_jobs=2).reduce(fold).total.scatters
    np.testing.assert_array_equal(found, expected)


def test_threads_end_with_their_pool_and_errors_come_back():
    before = set(threading.enumerate())  # those of other pools may end meanwhile
    pool = Pool(3)
    assert list(pool.map(lambda i: i * i, range(20))) == [i * i for i in range(20)]
    own = set(threading.enumerate()) - before
    assert len([thread for thread in own if thread.name.startswith("gaussmix-")]) == 3
    with pytest.raises(ZeroDivisionError):
        list(pool.map(lambda i: 1 / i, [2, 1, 0, 3]))
    assert list(pool.map(str, range(5))) == list("01234")
    del pool
    gc.collect()
    assert wait_until(lambda: not any(thread.is_alive() for thread in own))


# -- the threads of BLAS -----------------------------------------------------------------


def wait_until(true):
    end = time.monotonic() + 10
    while not true() and time.monotonic() < end:
        time.sleep(0.001)
    return true()


def is_free():
    return blas._limit._set is None and not blas._limit._holds


def held():
    with blas.single_threaded_blas():
        assert blas._limit._set is not None
        with blas.single_threaded_blas():
            pass
        assert blas._limit._set is not None


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals of POSIX")
def test_blas_gets_its_threads_back_wherever_a_signal_comes():
    def interrupt(*_):
        raise KeyboardInterrupt

    held()
    rng = np.random.default_rng(0)
    began = time.perf_counter()
    for _ in range(50):
        held()
    longest = (time.perf_counter() - began) / 50
    before = signal.signal(signal.SIGALRM, interrupt)
    n_interrupted = 0
    try:
        for trial in range(1000):
            try:
                try:
                    signal.setitimer(signal.ITIMER_REAL, 1e-6 + rng.random() * longest)
                    held()
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                n_interrupted += 1
            assert wait_until(is_free), trial
    finally:
        signal.signal(signal.SIGALRM, before)
    held()  # goes on as if nothing had been
    assert is_free()
    assert n_interrupted > 50


def test_blas_is_held_until_the_last_of_several_fits_ends():
    inside, go = threading.Semaphore(0), threading.Event()

    def work():
        with blas.single_threaded_blas():
            inside.release()
            go.wait()

    thread = threading.Thread(target=work)
    with blas.single_threaded_blas():
        thread.start()
        inside.acquire()
    assert not is_free()
    go.set()
    thread.join()
    assert is_free()
