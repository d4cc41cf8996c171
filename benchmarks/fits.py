"""Whole fits of a problem by each method, in a process that can be stopped.

scikit-learn cannot be told to stop after some seconds, so fits are made in a process of
their own (always the same, until one fit is stopped), which answers each order.  All
methods share it and take turns.
"""

from __future__ import annotations

import multiprocessing
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection

import numpy as np
from common import Row, gaussian_rows, log_likelihood_a_row
from problems import PROBLEMS
from scipy.linalg import eigvalsh
from sklearn.mixture import GaussianMixture as ScikitLearn

from gaussmix import GaussianMixture

OURS = "gaussmix"
DEFAULT = "scikit-learn"
TEN = "scikit-learn, n_init=10"
METHODS: dict[str, Callable] = {
    OURS: lambda k, seed: GaussianMixture(k, select="likelihood", random_state=seed),
    DEFAULT: lambda k, seed: ScikitLearn(k, random_state=seed),
    TEN: lambda k, seed: ScikitLearn(k, n_init=10, random_state=seed),
    f"{TEN}, tol=1e-6": lambda k, seed: ScikitLearn(
        k, n_init=10, tol=1e-6, max_iter=1000, random_state=seed
    ),
}
# Short fits are repeated for this many seconds, at most so many times.
ENOUGH, MOST_REPEATS = 0.3, 5


class Fits:
    """Makes fits in another process, and stops those that take too long.

    Parameters
    ----------
    limit : float
        Seconds one fit may take.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.process: multiprocessing.process.BaseProcess | None = None

    def measure(self, problem: str, seed: int, method: str) -> Row:
        """Fit once and return the optimum, or a row that says the fit was stopped."""
        if self.process is None:
            self._begin()
        self.orders.send((problem, seed, method))
        row = self.orders.recv()  # what is known before: sizes
        if not self.orders.poll(self.limit):
            self.close()
            return {**row, "stopped": True, "seconds": self.limit}
        seconds = self.orders.recv()
        return {**row, "stopped": False, "seconds": seconds, **self.orders.recv()}

    def _begin(self) -> None:
        # Not forked: what threads of this process hold would be held there for ever.
        context = multiprocessing.get_context("spawn")
        self.orders, theirs = context.Pipe()
        self.process = context.Process(target=answer, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.orders.recv()  # warm

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.orders.close()
            self.process = None


# -- the other side ----------------------------------------------------------------------


def answer(orders: Connection) -> None:
    """Fit what is asked for until the process is ended."""
    warnings.simplefilter("ignore")
    warm_up()
    orders.send("warm")
    problems = {problem.name: problem for problem in PROBLEMS}
    name, X = "", np.empty((0, 0))
    while True:
        try:
            wanted, seed, method = orders.recv()
        except EOFError:
            return
        if wanted != name:
            name, X = wanted, problems[wanted].rows()
        k = problems[name].n_components
        what = {"set": name, "n": len(X), "d": X.shape[1], "k": k, "seed": seed, "method": method}
        orders.send(what)
        model, seconds = timed(METHODS[method], X, k, seed)
        orders.send(seconds)
        orders.send(described(model, X))


def warm_up() -> None:
    """Load code and thread pools before anything is timed.

    gaussmix loads some code only where rows are many.
    """
    X = gaussian_rows(120_000, 3, 2, separation=6.0)
    METHODS[OURS](2, 0).fit(X)
    for make in METHODS.values():
        make(2, 0).fit(X[:500])


def timed(make: Callable, X: np.ndarray, k: int, seed: int):
    """Fit; return the model and the median of seconds, of several fits if they are short."""
    times: list[float] = []
    while not times or (sum(times) < ENOUGH and len(times) < MOST_REPEATS):
        model = make(k, seed)
        began = time.perf_counter()
        model.fit(X)
        times.append(time.perf_counter() - began)
    return model, float(np.median(times))


def described(model, X: np.ndarray) -> Row:
    """Return what a fit reached."""
    n, d = X.shape
    covariances = model.covariances_
    scale = np.cov(X, rowvar=False).reshape(d, d)
    return {
        "log_likelihood_a_row": log_likelihood_a_row(X, model.weights_, model.means_, covariances),
        "iterations": int(model.n_iter_),
        "converged": bool(model.converged_),
        "smallest_component_rows": float(n * model.weights_.min()),
        "smallest_relative_eigenvalue": float(min(eigvalsh(c, scale)[0] for c in covariances)),
    }
