"""What pictures are given, made one thing each: fits, frames, labels of any kind, features.

Messages name the argument, what was found and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from ..exceptions import DataError, ParameterError
from ..mixture import Mixture
from ..mixture.parts import chosen_columns
from ..numerics.arguments import as_numbers, shown
from ..rows.incomplete import INCOMPLETE

if TYPE_CHECKING:
    from .._typing import AnyArray, Array

__all__ = [
    "NOISE",
    "Groups",
    "as_groups",
    "as_mask",
    "as_mixture",
    "as_weights",
    "fit_of",
    "one_feature",
    "require_fitted",
    "two_features",
    "two_of",
]

#: What a legend calls rows of the background.
NOISE = "noise"
# Integers beyond this that are mostly unused (years, say) count nothing: they are names.
_MOST_UNUSED = 50


def as_mixture(given: Any) -> Mixture:
    """Return the mixture of what a user may take for one: a fit, its result, a model file's."""
    for found in (given, getattr(given, "mixture_", None), getattr(given, "mixture", None)):
        if isinstance(found, Mixture):
            return found
    kind = type(given).__name__
    if all(hasattr(given, name) for name in ("weights_", "means_", "covariances_")):
        raise ParameterError(
            f"mixture: this {kind} is not of gaussmix; draw gaussmix.Mixture(m.weights_, m.means_, "
            "m.covariances_, covariance_type=m.covariance_type)"
        )
    require_fitted("mixture", given)
    more = ""
    if isinstance(given, Sequence) and any(hasattr(one, "mixture") for one in given):
        more = ", which are several; give one of them"
    raise ParameterError(
        f"mixture: expected a Mixture, a fitted GaussianMixture or GaussianMixtureIC, or its "
        f"result_, got {kind}{more}"
    )


def require_fitted(argument: str, given: Any) -> None:
    """Raise ParameterError for an estimator that is not fitted."""
    if hasattr(given, "fit"):
        try:
            check_is_fitted(given)
        except (NotFittedError, TypeError):
            raise ParameterError(
                f"{argument}: this {type(given).__name__} is not fitted yet; call fit first"
            ) from None


def fit_of(given: Any) -> Any:
    """Return the estimator that did the fit: what a regressor or a detector has within it."""
    inner = vars(given).get("estimator_") if hasattr(given, "fit") else None
    return given if inner is None else inner


# -- features -------------------------------------------------------------------------


def two_features(features: Any, mixture: Mixture) -> AnyArray:
    """Return the indices of two features of a mixture (the first two when None)."""
    return two_of(features, mixture.n_features, mixture.feature_names)


def one_feature(feature: Any, mixture: Mixture) -> int:
    """Return the index of a feature of a mixture."""
    found = chosen_columns(feature, mixture.n_features, mixture.feature_names, "feature")
    if len(found) != 1:
        raise ParameterError(
            f"feature: this picture needs one, got {shown(feature)}; pairs draws several"
        )
    return int(found[0])


def two_of(features: Any, n_features: int, names: Any) -> AnyArray:
    """Return the indices of two features of so many (the first two when None)."""
    if n_features >= 2:
        found = chosen_columns(
            (0, 1) if features is None else features, n_features, names, "features"
        )
        if len(found) == 2:
            return found
    raise ParameterError(
        f"features: this picture needs two, got {shown(features)} of {n_features}; "
        "univariate draws one, pairs any number"
    )


# -- what there is one of for each row ------------------------------------------------


def as_mask(argument: str, given: Any, n_rows: int) -> AnyArray:
    """Return which rows are meant (n,)."""
    mask = np.asarray(given)
    if mask.shape != (n_rows,) or mask.dtype.kind not in "biu":
        raise DataError(
            f"{argument}: expected {n_rows} booleans, one a row of X, got {mask.dtype} of shape "
            f"{mask.shape}"
        )
    return mask.astype(bool)


def as_weights(argument: str, given: Any, n_rows: int) -> Array | None:
    """Return weights of rows (n,)."""
    if given is None:
        return None
    weights = as_numbers(argument, given)
    if weights.shape != (n_rows,) or not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ParameterError(
            f"{argument}: expected {n_rows} numbers of at least 0, one a row of X, got shape "
            f"{weights.shape}"
        )
    if not weights.any():
        raise ParameterError(f"{argument}: all are zero, so there are no rows to draw")
    return weights


# -- labels ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Groups:
    """Rows by their labels.

    Attributes
    ----------
    codes : ndarray (n,)
        -1 is noise; below, rows of no group.
    names : list of str
        Of the groups 0, 1, ...: those without rows too, for they have a colour.
    """

    codes: AnyArray
    names: list[str]

    def __iter__(self) -> Any:
        """Yield the number and name of each group that has rows, noise last."""
        present = np.unique(self.codes)
        yield from ((int(k), self.names[k]) for k in present[present >= 0])
        if -1 in present:
            yield -1, NOISE


def as_groups(
    labels: Any, n_rows: int, label_names: Any = None, *, what: str = "component", n_known: int = 0
) -> Groups:
    """Return rows in groups: integers from -1 are components, other labels are names.

    `what` is what numbers are of; there are at least `n_known` groups, which have their colours.

    Examples
    --------
    >>> list(as_groups([1, -1, 0], 3))
    [(0, 'component 0'), (1, 'component 1'), (-1, 'noise')]
    >>> as_groups(["rose", "iris", "rose"], 3).codes.tolist()
    [1, 0, 1]
    """
    values = _one_a_row(labels, n_rows)
    codes = _integers(values)
    if codes is not None and label_names is None and _are_names(codes):
        codes = None
    if codes is not None:
        return Groups(codes, _names_of(max(int(codes.max()) + 1, n_known), label_names, what))
    if label_names is not None:
        raise ParameterError(
            "label_names: names labels that are integers from 0 (-1 is noise); these are named "
            f"by themselves, such as {values[0]!s}; leave label_names out"
        )
    found, codes = np.unique(
        values if values.dtype.kind in "iuf" else values.astype(str), return_inverse=True
    )
    return Groups(codes, [str(value) for value in found.tolist()])


def _one_a_row(labels: Any, n_rows: int) -> AnyArray:
    if isinstance(labels, str):
        raise ParameterError(
            f"labels: expected one a row, got the text {labels!r}; give the column's values"
        )
    try:
        values = np.asarray(labels)
    except ValueError:  # of different lengths
        values = np.empty(())
    if values.shape != (n_rows,):
        more = "; of responsibilities give .argmax(axis=1)" if values.ndim == 2 else ""
        raise DataError(
            f"labels: expected {n_rows}, one a row of X, got shape {values.shape}{more}"
        )
    return values


def _integers(values: AnyArray) -> AnyArray | None:
    """Return labels as integers of at least -1, or None if they are something else.

    Those that rows with missing values get are integers, too: of no group.
    """
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        return None
    own = values[values != INCOMPLETE]
    if (own != np.round(own)).any() or len(own) == 0 or own.min() < -1 or own.max() > 2**31:
        return None
    return values.astype(np.intp)


def _are_names(codes: AnyArray) -> bool:
    return codes.max() >= max(_MOST_UNUSED, 2 * len(np.unique(codes)))


def _names_of(count: int, given: Any, what: str) -> list[str]:
    if given is None:
        return [f"{what} {k}" for k in range(count)]
    names = [] if isinstance(given, str) else [str(name) for name in given]
    if len(names) < count:
        raise ParameterError(
            f"label_names: expected {count} names, for labels 0 to {count - 1}, got "
            f"{shown(given) if isinstance(given, str) else len(names)}"
        )
    return names
