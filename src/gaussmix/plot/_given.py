"""What pictures are given, made one thing each: fits, frames, labels of any kind, features.

Messages name the argument, what was found and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError, ParameterError
from ..mixture import Mixture
from ..mixture.parts import chosen_columns
from ..numerics.arguments import as_numbers, shown
from ..rows.door import as_frame, as_rows, as_table, require_numeric_columns
from ..rows.incomplete import INCOMPLETE

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ._flat import Flat

__all__ = [
    "NOISE",
    "Groups",
    "Pair",
    "as_groups",
    "as_mask",
    "as_mixture",
    "as_pair",
    "as_points",
    "as_weights",
    "labelled_values",
    "one_feature",
    "require_fitted",
    "rows_under",
    "two_features",
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
    raise ParameterError(
        f"mixture: expected a Mixture, a fitted GaussianMixture or GaussianMixtureIC, or its "
        f"result_, got {kind}"
    )


def require_fitted(argument: str, given: Any) -> None:
    """Raise ParameterError for an estimator; callers have found no fit in it."""
    if hasattr(given, "fit"):
        raise ParameterError(
            f"{argument}: this {type(given).__name__} is not fitted yet; call fit first"
        )


# -- features -------------------------------------------------------------------------


def two_features(features: Any, mixture: Mixture) -> AnyArray:
    """Return the indices of two features of a mixture (the first two when None)."""
    return _two(features, mixture.n_features, mixture.feature_names)


def one_feature(feature: Any, mixture: Mixture) -> int:
    """Return the index of a feature of a mixture."""
    found = chosen_columns(feature, mixture.n_features, mixture.feature_names, "feature")
    if len(found) != 1:
        raise ParameterError(
            f"feature: this picture needs one, got {shown(feature)}; pairs draws several"
        )
    return int(found[0])


def _two(features: Any, n_features: int, names: Any) -> AnyArray:
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


# -- rows -----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Pair:
    """Two features of rows.

    Attributes
    ----------
    rows : ndarray (n, 2)
    columns : ndarray (2,)
        Which of all.
    names : tuple of str, or None
        Of all features.
    width : int
        Their number.
    """

    rows: AnyArray
    columns: AnyArray
    names: tuple[str, ...] | None
    width: int


def as_pair(X: Any, features: Any, names: Any) -> Pair:
    """Return two features of the rows.

    Other columns of a frame may be of any type.
    """
    frame = as_frame(as_table(X))
    if frame is not None:
        known = tuple(map(str, frame.columns if names is None else names))
        width = len(frame.columns)
    else:
        require_numeric_columns(X)
        X = as_numbers("X", X, DataError, kept=(np.float32,))
        if X.ndim != 2:
            raise DataError(f"X: expected shape (n, d), got {X.shape}; plot.univariate draws one")
        known = () if names is None else tuple(map(str, names))
        width = X.shape[1]
    if known and len(known) != width:
        raise ParameterError(f"names: expected {width}, one a column of X, got {len(known)}")
    columns = _two(features, width, known)
    first, second = (int(j) for j in columns)
    if frame is not None:
        pair = frame.select([frame.columns[first], frame.columns[second]]).to_native()
        rows = as_rows(pair, 2)
    else:
        rows = X[:, [first, second]]
    _require_rows(rows)
    if not np.isfinite(rows).all(axis=1).any():
        raise DataError("X: every row has NaN or infinity in the features drawn")
    return Pair(rows, columns, known or None, width)


def as_points(X: Any, mixture: Mixture) -> AnyArray:
    """Return rows (n, d) of all features of a mixture; a frame's are found by their names."""
    return _finite(as_rows(X, mixture.n_features, mixture.feature_names))


def _finite(rows: AnyArray) -> AnyArray:
    _require_rows(rows)
    if not np.isfinite(rows).all():
        count = int((~np.isfinite(rows).all(axis=1)).sum())
        raise DataError(f"X: {count} of {len(rows)} rows have NaN or infinity; leave them out")
    return rows


def rows_under(X: Any, mixture: Mixture, feature: int) -> AnyArray:
    """Return values (n,) of a feature, of all features' rows or of it alone."""
    if as_frame(as_table(X)) is None and np.ndim(X) == 1:
        return _finite(as_rows(X, 1))[:, 0]
    return as_points(X, mixture)[:, feature]


def labelled_values(
    X: Any, labels: Any, mixture: Mixture, flat: Flat, feature: int
) -> tuple[AnyArray, Groups]:
    """Return values (n,) of a feature, and the rows' groups: by the mixture if none are given."""
    if labels is None and np.ndim(X) != 1:
        rows = as_points(X, mixture)
        values, labels = rows[:, feature], mixture.predict(rows)
        return values, as_groups(labels, len(rows), n_known=mixture.n_components)
    values = rows_under(X, mixture, feature)
    if labels is None:
        found = flat.labels(flat.posterior(values))
        return values, as_groups(found, len(values), n_known=mixture.n_components)
    return values, as_groups(labels, len(values))


def _require_rows(rows: AnyArray) -> None:
    if len(rows) == 0:
        raise DataError("X: has no rows")


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
