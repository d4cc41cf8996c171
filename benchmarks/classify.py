"""Classifiers beside scikit-learn's discriminant analyses, naive Bayes and scikit-lego's.

Error and Brier score are by ten-fold cross-validation on the sets that ship with
scikit-learn, the same folds for all; on the large set they are of fresh rows.  Where the
estimates are the same ones, probabilities must agree: the largest difference is printed.
Times are of fits and of ``predict_proba`` on all rows, in turns, medians.

    python benchmarks/classify.py
    python benchmarks/classify.py --rows 100000 --repeats 3 --no-save
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from common import Row, save
from side_by_side import in_turns, ratios, table
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB

from gaussmix import MixtureClassifier

SETS = {
    "iris 150 × 4": load_iris,
    "wine 178 × 13": load_wine,
    "breast cancer 569 × 30": load_breast_cancer,
}
# Ours first, then who must say the same.
PAIRS = {
    "gaussmix, EEE": "LinearDiscriminantAnalysis, lsqr",
    "gaussmix, VVV": "QuadraticDiscriminantAnalysis, eigen",
    "gaussmix, VVI": "GaussianNB",
}
JUDGED = {
    "error": "error",
    "standard error": "error_se",
    "Brier score": "brier",
    "largest difference": "difference",
}


def contenders() -> dict[str, Callable[[], Any]]:
    """Return, by name, what makes each classifier."""
    own = {
        f"gaussmix, {family}": lambda family=family: MixtureClassifier(families=family)
        for family in ("EEE", "VVV", "VVI")
    }
    peers = {
        "LinearDiscriminantAnalysis, lsqr": lambda: LinearDiscriminantAnalysis(solver="lsqr"),
        "QuadraticDiscriminantAnalysis, eigen": lambda: QuadraticDiscriminantAnalysis(
            solver="eigen", tol=1e-20
        ),
        "GaussianNB": lambda: GaussianNB(var_smoothing=0),
    }
    return {
        **own,
        **peers,
        "gaussmix, EDDA": MixtureClassifier,
        "gaussmix, 2 components a class": lambda: MixtureClassifier("mixture", random_state=0),
        "scikit-lego, 2 components a class": _lego,
    }


def _lego() -> Any:
    from sklego.mixture import GMMClassifier

    return GMMClassifier(n_components=2, random_state=0)


def cross_validated(make: Callable[[], Any], X: np.ndarray, y: np.ndarray) -> Row:
    """Return error and Brier score over ten folds, and how they vary."""
    errors, briers = [], []
    for train, test in StratifiedKFold(10, shuffle=True, random_state=0).split(X, y):
        model = make().fit(X[train], y[train])
        proba = model.predict_proba(X[test])
        right = y[test, None] == model.classes_
        errors.append(float((model.classes_[proba.argmax(axis=1)] != y[test]).mean()))
        briers.append(float(np.square(proba - right).sum(axis=1).mean() / 2))
    return {
        "error": float(np.mean(errors)),
        "error_se": float(np.std(errors, ddof=1) / np.sqrt(10)),
        "brier": float(np.mean(briers)),
    }


def large_set(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows (n, 8) of four classes that overlap, each with a covariance of its own."""
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=n)
    means, shapes = rng.standard_normal((4, 8)), rng.standard_normal((4, 8, 8)) / 2
    X = rng.standard_normal((n, 8))
    for k in range(4):
        X[y == k] = X[y == k] @ (np.eye(8) + shapes[k]) + means[k]
    return X, y


def measure(name: str, X: np.ndarray, y: np.ndarray, repeats: int, fresh: Any = None) -> list[Row]:
    """Return the rows of one data set."""
    models = contenders()
    answers: dict[str, np.ndarray] = {}

    def judge(model: Any) -> Row:
        proba = model.predict_proba(X[:20_000])
        answers[str(len(answers))] = proba
        if fresh is None:
            return {"proba": len(answers) - 1}
        rows, labels = fresh
        found = model.predict_proba(rows)
        wrong = float((found.argmax(axis=1) != labels).mean())
        brier = float(np.square(found - np.eye(found.shape[1])[labels]).sum(axis=1).mean() / 2)
        error = float(np.sqrt(wrong * (1 - wrong) / len(labels)))
        return {"proba": len(answers) - 1, "error": wrong, "error_se": error, "brier": brier}

    found = in_turns(models, (X, y), lambda model: model.predict_proba(X), judge, repeats)
    rows = ratios(found, "gaussmix, VVV")
    places = {row["model"]: row.pop("proba") for row in rows if not row["reason"]}
    for row in rows:
        own = row["model"]
        if not row["reason"] and fresh is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    row.update(cross_validated(models[own], X, y))
                except Exception as error:
                    row["note"] = str(error)[:90]
        peer = PAIRS.get(own)
        if peer in places and own in places:
            gap = np.abs(answers[str(places[own])] - answers[str(places[peer])]).max()
            row["difference"] = float(gap)
        row["data"] = name
    return rows


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    rows = []
    for name, load in SETS.items():
        X, y = load(return_X_y=True)
        rows += measure(name, X, y, options.repeats)
    X, y = large_set(options.rows + 50_000)
    fresh = X[options.rows :], y[options.rows :]
    name = f"{options.rows:,} × 8"
    rows += measure(name, X[: options.rows], y[: options.rows], max(2, options.repeats // 2), fresh)
    text = table(rows, JUDGED, "predict_proba, s")
    print(text)
    if not options.no_save:
        save("classify", text, rows, peers=("scikit-lego",))


if __name__ == "__main__":
    main()
