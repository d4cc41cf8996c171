"""A process of its own for each peer, so that none disturbs another's threads or memory.

The process is given a case as a file; then it reads orders from its input, a line of
JSON each, and answers each with a line.  A peer that crashes or takes too long ends
its own process only.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from select import select
from typing import Any

import numpy as np
from common import log_likelihood_a_row
from memory import with_peak
from peers import PEERS, Case, Parameters, UnsupportedError

# Rows on which likelihoods are compared.
SCORED = 20_000
# Seconds more that loading and compiling may take.
GETTING_READY = 120.0
PREDICTIONS = ("predict", "predict_proba", "score_samples")


def write_case(path: Path, X: np.ndarray, covariance_type: str, start: Parameters) -> None:
    """Write a case for workers; rows are converted to their type by the worker."""
    np.savez(path, X=X, covariance_type=covariance_type, **start._asdict())


def read_case(path: Path, dtype: str) -> tuple[Case, np.ndarray]:
    """Read a case, and the float64 rows to compare likelihoods on."""
    with np.load(path) as stored:
        start = Parameters(*(stored[field] for field in Parameters._fields))
        X = stored["X"]
        case = Case(X.astype(dtype), str(stored["covariance_type"]), start)
    return case, X[:SCORED].copy()


class Worker:
    """The parent's side: sends orders, waits for answers.

    Parameters
    ----------
    peer : str
    path : Path
        The case.
    dtype : str
    patience : float
        Seconds to wait for one answer.
    """

    def __init__(self, peer: str, path: Path, dtype: str, patience: float) -> None:
        self.peer = peer
        self.patience = patience
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self.folder = tempfile.TemporaryDirectory(prefix="gaussmix-benchmark-")
        self.process = subprocess.Popen(
            [sys.executable, __file__, peer, str(path), dtype],
            env={**os.environ, "TMPDIR": self.folder.name},
            start_new_session=True,  # so that what it starts ends with it
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )

    def ask(self, task: str, **details: Any) -> dict[str, Any]:
        """Return the answer to an order; UnsupportedError says why there is none."""
        patience = self.patience + (GETTING_READY if task.startswith("prepare") else 0.0)
        try:
            self.process.stdin.write(json.dumps({"task": task, **details}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise UnsupportedError(self._last_words()) from None
        ready, _, _ = select([self.process.stdout], [], [], patience)
        if not ready:
            self.close()
            raise UnsupportedError(f"over {patience:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            raise UnsupportedError(self._last_words())
        answer = json.loads(line)
        if "unsupported" in answer:
            raise UnsupportedError(answer["unsupported"])
        return answer

    def _last_words(self) -> str:
        code = self.process.wait()
        self.errors.seek(0)
        words = self.errors.read().strip().splitlines()
        return words[-1][:120] if words else f"ended with code {code}"

    def close(self) -> None:
        """End the process, what it started, and what it left on the disk."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        self.errors.close()
        self.folder.cleanup()


# -- the worker's side -------------------------------------------------------------------


def main() -> None:
    """Answer orders until the input ends."""
    peer_name, path, dtype = sys.argv[1:]
    # What libraries print must not be taken for answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    desk = Desk(peer_name, Path(path), dtype)
    for line in sys.stdin:
        try:
            answer = desk.answer(**json.loads(line))
        except UnsupportedError as why:
            answer = {"unsupported": str(why)}
        except ImportError as missing:
            answer = {"unsupported": f"not installed: {missing.name}"}
        except Exception as failure:  # whatever a peer raises becomes its row
            words = " ".join(str(failure).split())
            answer = {"unsupported": f"{type(failure).__name__}: {words}"[:200]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


class Desk:
    """Holds the case, and what the peer made of it."""

    def __init__(self, peer_name: str, path: Path, dtype: str) -> None:
        self.peer = PEERS[peer_name]
        self.path = path
        self.dtype = dtype
        self.run: Callable | None = None
        self.calls: dict[str, Callable] = {}

    def answer(self, task: str, **details: Any) -> dict[str, Any]:
        """Do what is asked."""
        return getattr(self, f"do_{task}")(**details)

    def do_prepare(self) -> dict[str, Any]:
        """Load the case and the library, and run it once on a few rows."""
        self.case, self.scored = read_case(self.path, self.dtype)
        self.peer.check(self.case.covariance_type, self.dtype)
        if self.peer.warms:
            self.peer.fitter(few_rows(self.case))(1)
        self.run = self.peer.fitter(self.case)
        return {"version": self.peer.version()}

    def do_warm(self, n_iter: int) -> dict[str, Any]:
        """Run what has to be compiled first."""
        if self.peer.compiles:
            self.run(n_iter)
        return {}

    def do_fit(self, n_iter: int) -> dict[str, Any]:
        """Run so many iterations from the start."""
        outcome, mib = with_peak(lambda: self.run(n_iter))
        return {
            "seconds": outcome.seconds,
            "iterations": outcome.iterations,
            "extra_mib": mib if outcome.extra_mib is None else outcome.extra_mib,
            "log_likelihood_a_row": log_likelihood_a_row(self.scored, *outcome.parameters),
        }

    def do_prepare_predictions(self) -> dict[str, Any]:
        """Load the case and a mixture of the start's parameters; warm each method up."""
        self.case, self.scored = read_case(self.path, self.dtype)
        self.peer.check(self.case.covariance_type, self.dtype)
        for call in self.peer.predictor(few_rows(self.case)).values():
            call()
        self.calls = self.peer.predictor(self.case)
        return {"version": self.peer.version()}

    def do_predict(self, method: str) -> dict[str, Any]:
        """Call one method on all rows; return its seconds and a digest of the answer."""
        from peers.base import timed

        if self.peer.compiles:
            self.calls[method]()
        (result, seconds), mib = with_peak(lambda: timed(self.calls[method]))
        return {"seconds": seconds, "extra_mib": mib, "digest": digest(np.asarray(result))}


def few_rows(case: Case) -> Case:
    """Return a case of the same start, to load code by.

    Enough rows for no collapse, and for what is only loaded where rows are many.
    """
    some = max(2_000, 4 * case.k * case.X.shape[1], 200_000 // case.k + 1)
    return replace(case, X=case.X[:some].copy())


def digest(result: np.ndarray) -> list[float]:
    """Return a few numbers in which equal predictions are equal: weighted sums."""
    values = result.astype(float).ravel()
    places = np.cos(np.arange(len(values)))
    return [float(values @ values) / len(values), float(values @ places) / len(values)]


if __name__ == "__main__":
    main()
