"""Labels of any type become numbers of classes, and rows without one are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from ..exceptions import DataError, ParameterError

if TYPE_CHECKING:
    from .._typing import AnyArray

__all__ = ["as_codes", "as_labels", "labels_of"]


def labels_of(y: Any, n_rows: int | None, unlabelled: Any) -> tuple[AnyArray, AnyArray]:
    """Return labels (n,) and which rows have one (n,): None and NaN are none.

    Raises
    ------
    DataError, ValueError
        If labels are not one a row, or are measurements and no classes.
    """
    if y is None:
        raise ValueError(
            "y: This classifier requires y to be passed, but the target y is None; give labels"
        )
    labels = column_or_1d(as_labels(y), warn=True)
    if n_rows is not None and len(labels) != n_rows:
        raise DataError(
            f"y: Found input variables with inconsistent numbers of samples: {len(labels)} labels, "
            f"expected {n_rows}, one a row"
        )
    known = ~_missing(labels)
    if unlabelled is not None:
        known &= np.asarray(labels != unlabelled, dtype=bool)
    found = labels[known]
    if found.dtype.kind == "O":
        kinds = {type(label) for label in found.tolist()}
        if len(kinds) == 1:  # what is left once None is gone
            found = np.array(found.tolist())
    check_classification_targets(found) if len(found) else None
    return np.asarray(_spread(found, known)), known


def as_labels(y: Any) -> AnyArray:
    """Return labels as an array (n,); of a series of which some are missing they keep their type.

    A missing one is None there: whole numbers would become others beside NaN.
    """
    import narwhals.stable.v2 as nw

    series = nw.from_native(y, allow_series=True, pass_through=True)
    if not isinstance(series, nw.Series):
        values = getattr(y, "to_numpy", None)
        return np.asarray(y if values is None else values())
    missing = series.is_null().to_numpy()
    if not missing.any():
        return np.asarray(series.to_numpy())
    found = np.full(len(missing), None, dtype=object)
    found[~missing] = list(series.drop_nulls().to_numpy())
    return found


def _spread(found: AnyArray, known: AnyArray) -> AnyArray:
    """Return labels in their places; what stands in the others is any of them."""
    if known.all():
        return found
    filled = np.empty(len(known), dtype=found.dtype)
    filled[known] = found
    if len(found):
        filled[~known] = found[0]
    return filled


def _missing(labels: AnyArray) -> AnyArray:
    if labels.dtype.kind == "f":
        return np.isnan(labels)
    if labels.dtype.kind in "mM":
        return np.isnat(labels)
    if labels.dtype.kind != "O":
        return np.zeros(len(labels), dtype=bool)
    # None, NaN, and pandas' NA, which is neither equal to itself nor different from it.
    return np.array([label is None or _is_no_value(label) for label in labels], dtype=bool)


def _is_no_value(label: Any) -> bool:
    same = label == label  # noqa: PLR0124
    return same is not True and same is not np.True_


def as_codes(labels: AnyArray, known: AnyArray, classes: AnyArray | None = None) -> Any:
    """Return the classes (C,) in order, and their numbers by row (n,), -1 where unknown.

    Raises
    ------
    DataError
        If no row has a label.
    ParameterError
        If there are labels besides the `classes` that were given.
    """
    if not known.any():
        raise DataError("y: no row has a label; None, NaN and `unlabelled` mark those without")
    found = np.unique(labels[known])
    classes = found if classes is None else classes
    strange = found[~np.isin(found, classes)]
    if len(strange):
        raise ParameterError(
            f"y: the label {strange.tolist()[0]!r} is none of the classes {classes.tolist()}"
        )
    codes = np.full(len(labels), -1, dtype=np.intp)
    codes[known] = np.searchsorted(classes, labels[known])
    return classes, codes
