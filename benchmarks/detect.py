"""Outlier detectors beside PyOD's, scikit-lego's and scikit-learn's.

The area under the ROC curve says how well scores order rows; alarms, among fresh rows of
the kind that is no outlier, say what a threshold is worth: each detector is asked for one
in a hundred.  Times are of fits and of scores of all rows, in turns, medians.

    python benchmarks/detect.py
    python benchmarks/detect.py --rows 100000 --no-save
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from common import Row, save
from side_by_side import in_turns, ratios, table
from sklearn.covariance import EllipticEnvelope
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from gaussmix import MixtureOutlierDetector

JUDGED = {"area": "area", "alarms, asked for 0.01": "alarms"}
RATE = 0.01
# Rows from which on a detector takes hours, or memory that is not there.
MOST = {"EllipticEnvelope": 200_000}


def one_class(load: Callable[..., Any], usual: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return half the rows of a class to learn from, the others, and rows of other classes."""
    X, y = load(return_X_y=True)
    X = X[:, X[y == usual].std(axis=0) > 1e-3]
    own = np.random.default_rng(0).permutation(X[y == usual])
    half = len(own) // 2
    return own[:half], own[half:], X[y != usual]


def large_set(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows (n, 8) of four clusters, fresh ones, and rows spread over a wider box."""
    rng = np.random.default_rng(0)
    means, shapes = 3 * rng.standard_normal((4, 8)), rng.standard_normal((4, 8, 8)) / 2

    def draw(m: int) -> np.ndarray:
        own = rng.integers(4, size=m)
        X = rng.standard_normal((m, 8))
        for k in range(4):
            X[own == k] = X[own == k] @ (np.eye(8) + shapes[k]) + means[k]
        return X

    return draw(n), draw(50_000), rng.uniform(-8, 8, (2000, 8))


def contenders(k: int, families: str) -> dict[str, Callable[[], Any]]:
    """Return, by name, what makes each detector."""
    return {
        "gaussmix": lambda: MixtureOutlierDetector(
            k, families=families, false_alarm=RATE, random_state=0
        ),
        "PyOD, GMM": lambda: _pyod(k),
        "scikit-lego, GMMOutlierDetector": lambda: _lego(k),
        "EllipticEnvelope": lambda: EllipticEnvelope(contamination=RATE, random_state=0),
        "IsolationForest": lambda: IsolationForest(contamination=RATE, random_state=0),
    }


class _Reversed:
    """PyOD's detectors with scikit-learn's signs."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: np.ndarray) -> _Reversed:
        self.model.fit(X)
        return self

    def score_samples(self, X: np.ndarray) -> np.ndarray:
        return -self.model.decision_function(X)

    def predict(self, X: np.ndarray) -> np.ndarray:
        return 1 - 2 * self.model.predict(X)


def _pyod(k: int) -> Any:
    from pyod.models.gmm import GMM

    return _Reversed(GMM(n_components=k, contamination=RATE, random_state=0))


def _lego(k: int) -> Any:
    from sklego.mixture import GMMOutlierDetector

    return GMMOutlierDetector(n_components=k, threshold=1 - RATE, random_state=0)


def measure(
    name: str, data: tuple[np.ndarray, ...], k: int, families: str, repeats: int
) -> list[Row]:
    """Return the rows of one data set."""
    train, fresh, strange = data
    both = np.vstack([fresh, strange])
    is_strange = np.repeat([0, 1], [len(fresh), len(strange)])

    def judge(model: Any) -> Row:
        area = roc_auc_score(is_strange, -model.score_samples(both))
        return {"area": float(area), "alarms": float((model.predict(fresh) == -1).mean())}

    models = contenders(k, families)
    too_slow = [own for own in models if len(train) > MOST.get(own, len(train))]
    left_out = [{"model": own, "reason": "not run: takes hours"} for own in too_slow]
    models = {own: make for own, make in models.items() if own not in too_slow}
    found = in_turns(models, (train,), lambda m: m.score_samples(train), judge, repeats)
    return [{**row, "data": name} for row in [*ratios(found, "gaussmix"), *left_out]]


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    small = {
        "wine, the second kind": (one_class(load_wine, 1), 1, "full"),
        "breast cancer, benign": (one_class(load_breast_cancer, 1), 2, "full"),
        "digits, zeros": (one_class(load_digits, 0), 2, "diag"),
    }
    rows = []
    for name, (data, k, families) in small.items():
        rows += measure(name, data, k, families, options.repeats)
    rows += measure(f"{options.rows:,} × 8", large_set(options.rows), 4, "full", 1)
    text = table(rows, JUDGED, "scores, s")
    print(text)
    if not options.no_save:
        save("detect", text, rows, peers=("pyod", "scikit-lego"))


if __name__ == "__main__":
    main()
