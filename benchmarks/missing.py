"""Missing values: what an iteration costs beside one of complete rows, and errors of imputation.

    python benchmarks/missing.py speed
    python benchmarks/missing.py imputation
    python benchmarks/missing.py peers

`speed`: an iteration of the same rows, complete and with values missing completely at random, one
after the other in one process and on one thread: seconds of the processor, the shortest of some.
`imputation`: the root mean square error, in standard deviations of the columns, of what
scikit-learn's imputers and `MixtureImputer` put in place of values that were taken out.
`peers`: the same iteration by tgmm (missing="em"), from the same mixture, on one thread, in float64
and in float32, its default; the time of some iterations less that of one.  What both reach is
compared.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np
from common import Row, gaussian_rows, save
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer

from gaussmix import GaussianMixture, GaussianMixtureIC, Mixture, MixtureImputer

# Rows, features, components, share of the values that is missing.
SIZES = [(200_000, 8, 8, 0.05), (200_000, 8, 8, 0.2), (50_000, 30, 8, 0.1)]
SHARES = (0.1, 0.3)
SEEDS = 5
SETS = {"iris": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer}
# Of breast cancer: the ten means.
MOST_COLUMNS = 13
IMPUTERS: dict[str, Callable[[], object]] = {
    "SimpleImputer": SimpleImputer,
    "KNNImputer": KNNImputer,
    "IterativeImputer": lambda: IterativeImputer(max_iter=50, random_state=0),
    "MixtureImputer, one component": MixtureImputer,
    "MixtureImputer, BIC of 1 to 4": lambda: MixtureImputer(
        GaussianMixtureIC(range(1, 5), families=["EEE", "VVV", "VVI", "EII"], random_state=0)
    ),
}


def with_holes(X: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Return rows with values missing completely at random; something of each is seen."""
    rng = np.random.default_rng(seed)
    missing = rng.uniform(size=X.shape) < share
    missing[missing.all(axis=1), 0] = False
    return np.where(missing, np.nan, X)


# -- speed -----------------------------------------------------------------------------------


def seconds_an_iteration(X: np.ndarray, start: Mixture, iterations: int) -> float:
    """Return the processor's shortest time of an iteration of a fit, its first one left out."""
    times: list[float] = []
    model = GaussianMixture(
        start.n_components,
        init_params=start,
        missing="em",
        tol=0.0,
        max_iter=iterations,
        accelerate=False,
        n_jobs=1,
        callback=lambda iteration: times.append(time.process_time()),
    )
    model.fit(X)
    return float(np.diff(times)[1:].min())


def speed(iterations: int) -> tuple[list[str], list[Row]]:
    """Return the lines of a table, and a row for each size."""
    lines, found = ["| rows | missing | complete | missing | ratio |", "|---|---|---|---|---|"], []
    for n, d, k, share in SIZES:
        X = gaussian_rows(n, d, k)
        start = GaussianMixture(k, random_state=0, max_iter=5).fit(X[:20_000]).mixture_
        Y = with_holes(X, share, 0)
        whole = seconds_an_iteration(X, start, iterations)
        partly = seconds_an_iteration(Y, start, iterations)
        n_patterns = len(np.unique(np.packbits(np.isnan(Y), axis=1), axis=0))
        found.append(
            {
                "rows": n,
                "features": d,
                "components": k,
                "missing": share,
                "patterns": n_patterns,
                "complete_seconds": whole,
                "missing_seconds": partly,
            }
        )
        lines.append(
            f"| {n:,} x {d}, K = {k} | {share:.0%}, {n_patterns:,} patterns | {1e3 * whole:.0f} ms "
            f"| {1e3 * partly:.0f} ms | **{partly / whole:.1f}** |"
        )
        print(lines[-1], flush=True)
    return lines, found


# -- imputation ------------------------------------------------------------------------------


def error(name: str, X: np.ndarray, Y: np.ndarray) -> float:
    """Return the root mean square error of what an imputer puts in, in deviations of columns."""
    scale = np.nanstd(Y, axis=0)
    found = IMPUTERS[name]().fit_transform(Y / scale)
    holes = np.isnan(Y)
    return float(np.sqrt(np.mean((found - X / scale)[holes] ** 2)))


def imputation(seeds: int) -> tuple[list[str], list[Row]]:
    """Return the lines of a table, and a row for each set, share and imputer."""
    found: list[Row] = []
    lines = [f"| set, missing | {' | '.join(IMPUTERS)} |", "|---" * (len(IMPUTERS) + 1) + "|"]
    for title, load in SETS.items():
        X = load().data[:, :MOST_COLUMNS]
        X = X[:, :10] if title == "breast cancer" else X
        for share in SHARES:
            means = {}
            for name in IMPUTERS:
                errors = [error(name, X, with_holes(X, share, seed)) for seed in range(seeds)]
                means[name] = float(np.mean(errors))
                row = {"set": title, "missing": share, "imputer": name, "errors": errors}
                found.append(row)
            best = min(means.values())
            cells = [f"**{v:.3f}**" if v == best else f"{v:.3f}" for v in means.values()]
            lines.append(f"| {title}, {share:.0%} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    return lines, found


# -- peers -----------------------------------------------------------------------------------

# Rows, features, components, share missing: what a peer is timed on.
PEER_SIZES = [(200_000, 8, 8, 0.05), (200_000, 8, 8, 0.2), (5_000, 30, 8, 0.1)]
PEER_STEPS = 4


def tgmm_fit(Y: np.ndarray, start: Mixture, steps: int, dtype: str) -> tuple[float, np.ndarray]:
    """Return processor seconds of a fit of tgmm, and the means that it reaches."""
    import tgmm
    import torch

    torch.set_num_threads(1)

    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.tensor(values, dtype=getattr(torch, dtype))

    model = tgmm.GaussianMixture(
        start.n_components,
        n_features=Y.shape[1],
        missing="em",
        max_iter=steps,
        tol=1e-30,
        reg_covar=1e-12,
        init_weights=tensor(start.weights),
        init_means=tensor(start.means),
        init_covariances=tensor(start.covariances.to_dense()),
    )
    rows = tensor(Y)
    began = time.process_time()
    model.fit(rows)
    return time.process_time() - began, model.means_.cpu().numpy()


def peers(iterations: int) -> tuple[list[str], list[Row]]:
    """Return the lines of a table, and a row for each size and type of numbers."""
    lines = ["| rows | missing | gaussmix | tgmm | times ours |", "|---|---|---|---|---|"]
    found: list[Row] = []
    for n, d, k, share in PEER_SIZES:
        X = gaussian_rows(n, d, k)
        start = GaussianMixture(k, random_state=0, max_iter=5).fit(X[:20_000]).mixture_
        Y = with_holes(X, share, 0)
        own = seconds_an_iteration(Y, start, iterations)
        settings = {"init_params": start, "missing": "em", "tol": 0, "accelerate": False}
        reached = GaussianMixture(k, max_iter=PEER_STEPS, n_jobs=1, **settings).fit(Y).means_
        for dtype in ("float64", "float32"):
            tgmm_fit(Y[:2000], start, 1, dtype)  # loads what it needs
            first, _ = tgmm_fit(Y, start, 1, dtype)
            whole, means = tgmm_fit(Y, start, PEER_STEPS, dtype)
            taken = (whole - first) / (PEER_STEPS - 1)
            apart = float(np.abs(means - reached).max())
            row = {"rows": n, "features": d, "components": k, "missing": share, "dtype": dtype}
            found.append(row | {"seconds": own, "tgmm_seconds": taken, "means_apart": apart})
            lines.append(
                f"| {n:,} x {d}, K = {k} | {share:.0%} | {1e3 * own:.1f} ms | "
                f"{1e3 * taken:,.0f} ms ({dtype}) | **{taken / own:.0f}** |"
            )
            print(lines[-1], f"means apart {apart:.1e}", flush=True)
    return lines, found


def main() -> None:
    """Measure, print, and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["speed", "imputation", "peers"])
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--no-save", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.what == "speed":
        lines, rows = speed(given.iterations)
    elif given.what == "peers":
        lines, rows = peers(given.iterations)
    else:
        lines, rows = imputation(given.seeds)
    if not given.no_save:
        save(f"missing_{given.what}", "\n".join(lines), rows)


if __name__ == "__main__":
    main()
