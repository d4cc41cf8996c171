"""Measurement errors: what an iteration costs, beside other implementations of the same step.

    python benchmarks/deconvolution.py
    python benchmarks/deconvolution.py --peers

Seconds of processor time an iteration, one thread, the mean of some. With --peers astroML's XDGMM
and pygmmis, where they are installed, take the same step from the same mixture in the same process,
on so many of the rows as --peer-rows says: their times are for as many rows as ours, in proportion.
What they reach is compared with what we reach on those rows.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from common import Row, gaussian_rows, save

from gaussmix import GaussianMixture, Mixture

FEATURES, COMPONENTS = 6, 10


def processor() -> float:
    """Return processor seconds so far, those of other processes that were started too."""
    return sum(os.times()[:4])


def measured(n: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and their errors: variances, or matrices of which each has its own."""
    rng = np.random.default_rng(1)
    X = gaussian_rows(n, FEATURES, COMPONENTS)
    errors = rng.uniform(0.05, 1.0, size=(n, FEATURES))
    if kind == "full":
        factors = rng.standard_normal((n, FEATURES, FEATURES)) / 4
        errors = errors[:, :, None] * np.eye(FEATURES) + factors @ factors.swapaxes(1, 2)
        X = X + np.einsum("nij,nj->ni", np.linalg.cholesky(errors), rng.standard_normal(X.shape))
        return X, errors
    return X + np.sqrt(errors) * rng.standard_normal(X.shape), errors


def ours(X: np.ndarray, errors: np.ndarray, start: Mixture, steps: int) -> tuple[float, Mixture]:
    """Return processor seconds an iteration, and the mixture after the first one."""
    one = GaussianMixture(
        start.n_components, init_params=start, max_iter=1, tol=0, accelerate=False, n_jobs=1
    )
    first = one.fit(X, Xerr=errors).mixture_
    marks: list[float] = []
    one.set_params(max_iter=steps, callback=lambda _: marks.append(processor()))
    one.fit(X, Xerr=errors)
    return float(np.diff(marks)[1:].mean()), first


def plain(X: np.ndarray, start: Mixture, steps: int) -> float:
    """Return processor seconds of an iteration without errors."""
    marks: list[float] = []
    GaussianMixture(
        start.n_components,
        init_params=start,
        max_iter=steps,
        tol=0,
        accelerate=False,
        n_jobs=1,
        callback=lambda _: marks.append(processor()),
    ).fit(X)
    return float(np.diff(marks)[1:].mean())


def astroml(X: np.ndarray, errors: np.ndarray, start: Mixture) -> tuple[float, Mixture]:
    """Return what astroML's XDGMM takes, and reaches."""
    from astroML.density_estimation import XDGMM

    model = XDGMM(start.n_components)
    model.alpha, model.mu = start.weights.copy(), start.means.copy()
    model.V = start.covariances.to_dense().copy()
    began = processor()
    model._EMstep(X, errors)
    model.logL(X, errors)  # as its fit does
    seconds = processor() - began
    return seconds, Mixture(model.alpha, model.mu, model.V)


def pygmmis(X: np.ndarray, errors: np.ndarray, start: Mixture) -> tuple[float, Mixture]:
    """Return what pygmmis takes, and reaches: the time of three iterations less that of one."""
    import pygmmis as library

    def run(steps: int) -> tuple[float, Mixture]:
        gmm = library.GMM(K=start.n_components, D=X.shape[1])
        gmm.amp[:], gmm.mean[:] = start.weights, start.means
        gmm.covar[:] = start.covariances.to_dense()
        began = processor()
        library.fit(gmm, X, covar=errors, init_method="none", maxiter=steps, tol=0)
        seconds = processor() - began
        return seconds, Mixture(gmm.amp / gmm.amp.sum(), gmm.mean.copy(), gmm.covar.copy())

    first, reached = run(1)
    return (run(3)[0] - first) / 2, reached


PEERS: dict[str, Callable[..., tuple[float, Mixture]]] = {"astroML": astroml, "pygmmis": pygmmis}


def main() -> None:
    """Measure, print, and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--peer-rows", type=int, default=5_000)
    parser.add_argument("--no-save", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    lines = ["| errors | library | an iteration | times ours |", "|---|---|---|---|"]
    found: list[Row] = []
    for kind in ("variances", "full"):
        X, errors = measured(given.rows, kind)
        start = GaussianMixture(COMPONENTS, random_state=0, max_iter=5).fit(X[:20_000]).mixture_
        seconds, _ = ours(X, errors, start, given.steps)
        share = min(given.rows, given.peer_rows)
        _, first = ours(X[:share], errors[:share], start, 3)
        complete = plain(X, start, given.steps)
        own: list[tuple[str, float, float]] = [
            ("gaussmix", seconds, 0.0),
            ("gaussmix, without errors", complete, 0.0),
        ]
        matrices = errors if errors.ndim == 3 else errors[:, :, None] * np.eye(FEATURES)
        for name, peer in PEERS.items() if given.peers else ():
            if find_spec(name) is None:
                print(f"{name}: not installed", flush=True)
                continue
            taken, reached = peer(X[:share], matrices[:share], start)
            taken *= given.rows / share
            apart = float(np.abs(reached.means - first.means).max())
            own.append((name, taken, apart))
        for name, taken, apart in own:
            found.append(
                {
                    "errors": kind,
                    "library": name,
                    "rows": given.rows,
                    "peer_rows": share,
                    "seconds": taken,
                    "means_apart": apart,
                }
            )
            ratio = taken / seconds
            lines.append(f"| {kind} | {name} | {1e3 * taken:,.0f} ms | {ratio:.1f} |")
            print(lines[-1], f"means apart {apart:.1e}", flush=True)
    if not given.no_save:
        name = "deconvolution_peers" if given.peers else "deconvolution"
        save(name, "\n".join(lines), found, ("astroML", "pygmmis", "numba"))


if __name__ == "__main__":
    main()
