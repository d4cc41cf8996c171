"""Regression by a mixture beside gmr's and linear regression.

R² and the mean log-density of held-out targets, by five folds; the log-density says
whether the spread that is told is the right one.  Times are of fits and of ``predict`` on
all rows, in turns, medians.

    python benchmarks/regress.py
    python benchmarks/regress.py --rows 2000 --no-save
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from common import Row, save
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from side_by_side import in_turns, ratios, table
from sklearn.datasets import load_diabetes, load_linnerud
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold

from gaussmix import MixtureRegressor

JUDGED = {
    "R²": "r2",
    "log-density a row": "log_density",
    "from SciPy's formula": "difference",
    "gmr by the same mixture": "gmr_difference",
}


def waves(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs (n, 1) and a wave whose noise grows along it."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(0, 10, (n, 1))
    return X, np.sin(X[:, 0]) + (0.05 + 0.04 * X[:, 0]) * rng.standard_normal(n)


def large_set(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs (n, 8) from four clusters, each with a line of its own."""
    rng = np.random.default_rng(0)
    own = rng.integers(4, size=n)
    means, slopes = 3 * rng.standard_normal((4, 8)), rng.standard_normal((4, 8))
    X = rng.standard_normal((n, 8)) + means[own]
    y = np.einsum("ij,ij->i", X - means[own], slopes[own]) + own + rng.standard_normal(n) / 2
    return X, y


def sets() -> dict[str, tuple[np.ndarray, np.ndarray, int]]:
    """Return small data sets, and how many components they are given."""
    exercise, body = load_linnerud(return_X_y=True)
    return {
        "waves 400 × 1": (*waves(400), 10),
        "diabetes 442 × 10": (*load_diabetes(return_X_y=True), 2),
        "linnerud 20 × 3, 3 targets": (exercise, body, 1),
    }


def contenders(k: int) -> dict[str, Callable[[], Any]]:
    """Return, by name, what makes each regressor."""
    return {
        "gaussmix": lambda: MixtureRegressor(k, random_state=0),
        "gmr": lambda: _gmr(k),
        "LinearRegression": LinearRegression,
    }


def _gmr(k: int) -> Any:
    from gmr.sklearn import GaussianMixtureRegressor

    return GaussianMixtureRegressor(k, random_state=0)


def judged(make: Callable[[], Any], X: np.ndarray, y: np.ndarray) -> Row:
    """Return R² over five folds, and the log-density of held-out targets, if a model has one."""
    scores, densities = [], []
    for train, test in KFold(5, shuffle=True, random_state=0).split(X):
        model = make().fit(X[train], y[train])
        predicted = np.asarray(model.predict(X[test])).reshape(y[test].shape)
        residual = np.square(y[test] - predicted).sum(axis=0)
        total = np.square(y[test] - y[test].mean(axis=0)).sum(axis=0)
        scores.append(float((1 - residual / total).mean()))
        if isinstance(model, MixtureRegressor):
            densities.append(float(model.logpdf(X[test], y[test]).mean()))
    found: Row = {"r2": float(np.mean(scores))}
    return {**found, "log_density": float(np.mean(densities))} if densities else found


def by_formula(mixture: Any, X: np.ndarray, n_targets: int) -> np.ndarray:
    """Return the means of the last features given the others, by SciPy's densities."""
    d, covariances = X.shape[1], mixture.covariances.to_dense()
    log_weights = np.stack(
        [
            np.log(weight) + multivariate_normal(mean[:d], matrix[:d, :d]).logpdf(X)
            for weight, mean, matrix in zip(
                mixture.weights, mixture.means, covariances, strict=True
            )
        ]
    )
    weights = np.exp(log_weights - logsumexp(log_weights, axis=0))
    found = np.zeros((len(X), n_targets))
    for weight, mean, matrix in zip(weights, mixture.means, covariances, strict=True):
        gain = np.linalg.solve(matrix[:d, :d], matrix[:d, d:])
        found += weight[:, None] * (mean[d:] + (X - mean[:d]) @ gain)
    return found


def same_mixture(model: MixtureRegressor, X: np.ndarray) -> Row:
    """Return how far predictions by a fitted mixture are from SciPy's, over the largest."""
    own, X = model.mixture_, X[:1000]
    right = by_formula(own, X, model.n_outputs_)

    def difference(found: Any) -> float:
        return float(np.abs(np.reshape(found, right.shape) - right).max() / np.abs(right).max())

    row = {"difference": difference(model.predict(X))}
    try:
        from gmr import GMM
    except ImportError:
        return row
    peer = GMM(own.n_components, own.weights, own.means, own.covariances.to_dense())
    return {**row, "gmr_difference": difference(peer.predict(np.arange(X.shape[1]), X))}


def measure(name: str, X: np.ndarray, y: np.ndarray, k: int, repeats: int, few: int) -> list[Row]:
    """Return the rows of one data set; quality is of the first `few` rows."""
    models = contenders(k)

    def judge(model: Any) -> Row:
        return same_mixture(model, X) if isinstance(model, MixtureRegressor) else {}

    found = in_turns(models, (X, y), lambda model: model.predict(X), judge, repeats)
    rows = ratios(found, "gaussmix")
    for row in rows:
        row["data"] = name
        if not row["reason"]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                row.update(judged(models[row["model"]], X[:few], y[:few]))
    return rows


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    rows = []
    for name, (X, y, k) in sets().items():
        rows += measure(name, X, y, k, options.repeats, len(X))
    X, y = large_set(options.rows)
    rows += measure(f"{options.rows:,} × 8", X, y, 4, 1, 20_000)
    text = table(rows, JUDGED, "predict, s")
    print(text)
    if not options.no_save:
        save("regress", text, rows, peers=("gmr",))


if __name__ == "__main__":
    main()
