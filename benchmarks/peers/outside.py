"""Peers outside of Python: Armadillo (C++) and mclust (R).  Data go by files."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from scipy.stats import multivariate_normal

from .base import Case, Outcome, Parameters, Peer, UnsupportedError, held

HERE = Path(__file__).parent


def _call(*command: object) -> str:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UnsupportedError(f"failed: {' '.join((done.stderr or done.stdout).split())[:200]}")
    return done.stdout


class Armadillo(Peer):
    """Armadillo's gmm_full and gmm_diag, compiled on the spot with OpenMP.

    seed_mode keep_existing starts from the parameters that were set, and there is no
    floor of variances.  It stops when the mean log-likelihood does not change at all,
    which the sizes here do not reach.
    """

    name = "Armadillo"
    types: ClassVar = {"full": "gmm_full", "diag": "gmm_diag"}
    warms = False

    def version(self) -> str:
        """Return Debian's version of the library."""
        return f"libarmadillo {_call('dpkg-query', '-Wf${Version}', 'libarmadillo-dev')}"

    def check(self, covariance_type: str, dtype: str) -> None:
        super().check(covariance_type, dtype)
        if shutil.which("g++") is None or not Path("/usr/include/armadillo").exists():
            raise UnsupportedError("needs g++ and libarmadillo-dev")

    def predictor(self, case: Case) -> dict[str, Callable[[], np.ndarray]]:
        raise UnsupportedError("no responsibilities (assign and log_p only)")

    def fitter(self, case: Case) -> Callable[[int], Outcome]:
        program = _compiled(case.covariance_type, case.dtype.name)
        start = case.start_as(case.dtype)
        covariances = held(start.covariances, case.covariance_type)
        folder = tempfile.TemporaryDirectory(prefix="gaussmix-armadillo-")
        _write(
            folder.name,
            rows=case.X,
            weights=start.weights,
            means=start.means,
            covariances=covariances,
        )

        def run(n_iter: int) -> Outcome:
            n, d = case.X.shape
            seconds, kib = _call(program, folder.name, n, d, case.k, n_iter).split()
            weights, means, reached = (
                np.fromfile(f"{folder.name}/{name}.out", case.dtype).astype(float)
                for name in ("weights", "means", "covariances")
            )
            reached = reached.reshape(covariances.shape)
            if reached.ndim == 2:
                reached = reached[:, :, None] * np.eye(d)
            return Outcome(
                float(seconds),
                n_iter,
                Parameters(weights, means.reshape(case.k, d), reached),
                float(kib) / 1024,
            )

        return run


@cache
def _compiled(covariance_type: str, dtype: str) -> Path:
    prefix = "f" if dtype == "float32" else ""
    program = Path(tempfile.mkdtemp(prefix="gaussmix-armadillo-")) / "armadillo"
    _call(
        "g++", "-O3", "-march=native", "-fopenmp", "-DARMA_NO_DEBUG",
        f"-DMODEL={prefix}{Armadillo.types[covariance_type]}",
        f"-DNUMBER={'float' if prefix else 'double'}",
        *(["-DDIAGONAL"] if covariance_type == "diag" else []),
        HERE / "armadillo.cpp", "-o", program, "-larmadillo",
    )  # fmt: skip
    return program


class Mclust(Peer):
    """R's mclust: me() from the start's responsibilities, tol=0; it has float64 only.

    me() begins with an M-step, so n of its iterations from those responsibilities are n
    of everybody else's from the parameters.
    """

    name = "mclust"
    types: ClassVar = {"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII"}
    dtypes = ("float64",)
    warms = False

    def version(self) -> str:
        """Return the versions of mclust and R."""
        code = 'cat("mclust", format(packageVersion("mclust")), "R", format(getRversion()))'
        return _call("Rscript", "-e", code)

    def check(self, covariance_type: str, dtype: str) -> None:
        super().check(covariance_type, dtype)
        if shutil.which("Rscript") is None:
            raise UnsupportedError("needs Rscript and the package mclust")

    def predictor(self, case: Case) -> dict[str, Callable[[], np.ndarray]]:
        raise UnsupportedError("no adapter: rows would go to R by files for every call")

    def fitter(self, case: Case) -> Callable[[int], Outcome]:
        folder = tempfile.TemporaryDirectory(prefix="gaussmix-mclust-")
        _write(folder.name, rows=case.X, responsibilities=_responsibilities(case))

        def run(n_iter: int) -> Outcome:
            n, d = case.X.shape
            model = self.types[case.covariance_type]
            printed = _call("Rscript", HERE / "mclust.R", folder.name, n, d, case.k, model, n_iter)
            seconds, iterations, kib = printed.split()
            weights, means, reached = (
                np.fromfile(f"{folder.name}/{name}.out")
                for name in ("weights", "means", "covariances")
            )
            # R's arrays are in Fortran order: d x k and d x d x k.
            return Outcome(
                float(seconds),
                int(iterations),
                Parameters(weights, means.reshape(case.k, d), reached.reshape(case.k, d, d)),
                float(kib) / 1024,
            )

        return run


def _responsibilities(case: Case) -> np.ndarray:
    joint = np.column_stack(
        [
            np.log(weight) + multivariate_normal.logpdf(case.X, mean, covariance)
            for weight, mean, covariance in zip(*case.start, strict=True)
        ]
    )
    joint -= joint.max(axis=1, keepdims=True)
    np.exp(joint, out=joint)
    return joint / joint.sum(axis=1, keepdims=True)


def _write(folder: str, **arrays: np.ndarray) -> None:
    for name, array in arrays.items():
        np.ascontiguousarray(array).tofile(f"{folder}/{name}")
