"""What users pass as X becomes a source of rows, its columns noted or compared."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from ..exceptions import ParameterError
from ..numerics.arguments import check_sample_weight, shown
from ..rows import MemorySource, open_source
from ..rows.checks import require_columns
from ..rows.door import as_table, require_numeric_columns
from ..rows.errors import NO_ERRORS, Errors
from ..rows.frames import frame_dtype, frame_rows
from ..rows.missing import Missing, get_missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..rows import Source

__all__ = ["Refused", "TakesMissing", "open_rows", "whole_or_unchanged"]


class Refused(Missing):
    """For estimators that have no other way: rows with missing values are an error."""

    summary = "they are an error"
    allowed = False

    def admit(self, source: Source) -> Source:
        return source


class TakesMissing:
    """For estimators of which `missing` is "error" or "em": every row has an answer."""

    missing: str
    #: What an error about them says can be done.
    remedy = "Take them as not seen with missing='em', leave those rows out, or impute the values."

    def _check_missing(self) -> None:
        """Raise ParameterError for another word."""
        if get_missing(self.missing).name not in ("em", "error"):
            raise ParameterError(
                f"missing: expected 'error' or 'em', got {shown(self.missing)}; rows in which a "
                "value is missing can be left out beforehand"
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.allow_nan = self.missing == "em"
        return tags


@contextmanager
def whole_or_unchanged(estimator: Any) -> Iterator[None]:
    """Leave an estimator as it was, names of its columns included, where a fit fails."""
    before = estimator.__dict__.copy()
    try:
        yield
    except BaseException:
        estimator.__dict__.clear()
        estimator.__dict__.update(before)
        raise


def open_rows(
    estimator: Any,
    X: Any,
    sample_weight: Any = None,
    *,
    reset: bool,
    fewest: int = 2,
    missing: str | Missing | None = None,
    errors: Errors = NO_ERRORS,
) -> Source:
    """Return the source of X with weights.

    Parameters
    ----------
    estimator : BaseEstimator
        Notes the columns, and whether they are float32, if `reset`, as scikit-learn's do;
        else they are compared with those that it has noted.
    fewest : int
        Rows that a fit needs.
    missing : str or Missing, optional
        What becomes of missing values, if not what the estimator says.
    errors : Errors
        How rows were measured.

    Raises
    ------
    DataError, ParameterError, ValueError
        If X or the weights cannot be used.
    """
    source = open_source(X, sample_weight, estimator.n_jobs)
    # Of rows that were projected columns are not features: how many, the projection says.
    free = not reset and (errors.projects or getattr(estimator, "_projected", False))
    fitted = getattr(estimator, "mixture_", None)
    n_features = fitted.n_features if free and fitted is not None else None
    in_memory = source is None
    if source is None:
        X, errors = errors.parted(X)
        source = _in_memory(estimator, X, sample_weight, reset=reset, fewest=fewest, free=free)
    elif not reset:
        names, others = _names(estimator), errors.columns
        source = source.narrowed(None if names is None else (*names, *others))
    if errors.are_given or free:
        source = errors.beside(source, n_features)
    if not (in_memory or free):
        _check_columns(estimator, source, reset=reset)
    if reset:
        estimator._fitted_dtype, estimator._projected = source.dtype, errors.projects
    admitted = get_missing(missing or estimator.missing).admit(source)
    if missing is None and isinstance(estimator, TakesMissing):
        admitted.remedy = estimator.remedy
    return admitted


def _in_memory(
    estimator: Any, X: Any, sample_weight: Any, *, reset: bool, fewest: int, free: bool
) -> MemorySource:
    X = as_table(X)
    require_numeric_columns(X)
    rows: Any = None if free else frame_rows(X)
    kinds = frame_dtype(X) or [np.float64, np.float32]
    if free:
        rows = check_array(X, dtype=kinds, ensure_all_finite=False)
    elif rows is not None:
        validate_data(estimator, X, reset=reset, skip_check_array=True)
    else:
        rows = validate_data(
            estimator,
            X,
            reset=reset,
            dtype=kinds,
            ensure_all_finite=False,
            ensure_min_samples=fewest if reset else 1,
        )
    weights = check_sample_weight(sample_weight, len(rows))
    names = None if free else _names(estimator)
    return MemorySource(rows, weights, n_jobs=estimator.n_jobs, feature_names=names)


def _check_columns(estimator: Any, source: Source, *, reset: bool) -> None:
    """Do for a source what scikit-learn does for arrays: note or compare its columns."""
    if not reset:
        require_columns(source, estimator.n_features_in_, _names(estimator))
        return
    estimator.n_features_in_ = source.n_features
    estimator.__dict__.pop("feature_names_in_", None)
    if source.feature_names is not None:
        estimator.feature_names_in_ = np.array(source.feature_names, dtype=object)


def _names(estimator: Any) -> tuple[str, ...] | None:
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else tuple(names)
