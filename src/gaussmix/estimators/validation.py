"""The error of a classifier on rows that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing

from ..exceptions import DataError, ParameterError
from ..numerics.arguments import as_generator, check_integer, check_sample_weight
from .targets import as_codes, as_labels, labels_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array

__all__ = ["CrossValidated", "cross_validated"]


@dataclass(frozen=True, eq=False)
class CrossValidated:
    """Errors on held-out rows.

    Attributes
    ----------
    error : float
        Share of rows whose class was not the predicted one.
    error_se : float
        Its standard error over folds: folds count by their rows, as in mclust.
    brier, brier_se : float
        Half the squared error of probabilities, and its standard error.
    predictions : ndarray (n,)
        Of each row when it was held out.  Where it never was, the first class.
    probabilities : ndarray (n, C)
        NaN where a row was never held out.
    folds : ndarray of int (n,)
        The fold each row was held out in, -1 where in none.
    """

    error: float
    error_se: float
    brier: float
    brier_se: float
    predictions: AnyArray
    probabilities: Array
    folds: AnyArray

    def __str__(self) -> str:
        return (
            f"error {self.error:.4f} (standard error {self.error_se:.4f}), "
            f"Brier score {self.brier:.4f} ({self.brier_se:.4f}), {self.folds.max() + 1} folds"
        )


def cross_validated(model: Any, X: Any, y: Any, cv: Any, sample_weight: Any) -> CrossValidated:
    """Fit a classifier to all folds but one, in turn, and judge the rows of that one."""
    try:
        n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    except (TypeError, ValueError):
        raise DataError("X: cross-validation needs rows in memory") from None
    labels, known = labels_of(y, n_rows, model.unlabelled)
    classes, codes = as_codes(labels, known)
    weights = check_sample_weight(sample_weight, n_rows)
    probabilities = np.full((n_rows, len(classes)), np.nan)
    folds = np.full(n_rows, -1)
    marked = as_labels(y)
    for number, (fitted, held_out) in enumerate(_splits(cv, codes, model)):
        own = None if weights is None else weights[fitted]
        fold = clone(model).fit(_safe_indexing(X, fitted), marked[fitted], sample_weight=own)
        places = np.searchsorted(classes, fold.classes_)
        found = np.zeros((len(held_out), len(classes)))
        found[:, places] = fold.predict_proba(_safe_indexing(X, held_out))
        probabilities[held_out], folds[held_out] = found, number
    seen = np.flatnonzero(folds >= 0)
    right = np.eye(len(classes))[codes[seen]]
    predicted = np.argmax(np.nan_to_num(probabilities), axis=1)
    wrong = (predicted[seen] != codes[seen]).astype(float)
    squares = np.square(probabilities[seen] - right).sum(axis=1) / 2.0
    counts = np.ones(len(seen)) if weights is None else weights[seen]
    error, error_se = _over_folds(wrong, counts, folds[seen])
    brier, brier_se = _over_folds(squares, counts, folds[seen])
    return CrossValidated(
        error, error_se, brier, brier_se, classes[predicted], probabilities, folds
    )


def _splits(cv: Any, codes: AnyArray, model: Any) -> Sequence[tuple[AnyArray, AnyArray]]:
    """Return the rows that are fitted and those that are held out, in turn.

    Rows without a label are fitted always; splitters do not see them, but places that are
    given are of all rows.
    """
    from sklearn.model_selection import StratifiedKFold, check_cv

    if cv is None or isinstance(cv, int | np.integer):
        n_folds = 10 if cv is None else check_integer("cv", cv, minimum=2)
        seed = int(as_generator(model.random_state).integers(2**31))
        cv = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    labelled, others = np.flatnonzero(codes >= 0), np.flatnonzero(codes < 0)
    own = codes[labelled]
    try:
        splits = check_cv(cv).split(np.arange(len(own)), own)
        if not hasattr(cv, "split"):
            return [_of_all(part, codes) for part in splits]
        return [(np.union1d(labelled[train], others), labelled[test]) for train, test in splits]
    except (TypeError, ValueError, IndexError) as error:
        raise ParameterError(f"cv: {error}") from None


def _of_all(split: Any, codes: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return the places of a split that was given, held out those that have a label."""
    every = np.arange(len(codes))
    train, test = (every[np.asarray(part)] for part in split)
    return np.union1d(train, np.flatnonzero(codes < 0)), test[codes[test] >= 0]


def _over_folds(values: Array, counts: Array, folds: AnyArray) -> tuple[float, float]:
    """Return the mean over rows, and its standard error from how folds differ."""
    sizes = np.bincount(folds, counts)
    used = sizes > 0
    means = np.bincount(folds, counts * values)[used] / sizes[used]
    shares = sizes[used] / sizes.sum()
    mean = float(shares @ means)
    between = float(shares @ np.square(means - mean))
    return mean, float(np.sqrt(between / max(int(used.sum()) - 1, 1)))
