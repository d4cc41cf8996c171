"""The rows that pictures draw: those that have a place, and what is said of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError, ParameterError
from ..numerics.arguments import as_numbers
from ..rows.door import as_frame, as_rows, as_table, require_numeric_columns
from ..rows.incomplete import INCOMPLETE
from ._given import Groups, as_groups, as_weights, two_of
from ._words import thinned

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..mixture import Mixture
    from ._flat import Flat

__all__ = ["Pair", "Rows", "Values", "as_pair", "as_points", "as_values"]


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
    columns = two_of(features, width, known)
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


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of all features of a mixture.

    Attributes
    ----------
    given : ndarray (n, d)
    seen : ndarray of bool (n,)
        Which have no NaN and no infinity: the others have no place.
    rows : ndarray (m, d)
        Those.
    """

    given: AnyArray
    seen: AnyArray
    rows: AnyArray

    def labels(self, mixture: Mixture) -> AnyArray:
        """Return the labels (n,) of all rows: those without a place are of no component."""
        found = np.full(len(self.given), INCOMPLETE)
        found[self.seen] = mixture.predict(self.rows)
        return found

    def groups(self, labels: Any, mixture: Mixture) -> Groups:
        """Return the groups of the rows that are seen; of the mixture's labels if none are given.

        Labels that are given are those of all rows.
        """
        if labels is None:
            found = mixture.predict(self.rows)
            return as_groups(found, len(found), n_known=mixture.n_components)
        groups = as_groups(labels, len(self.given))
        return Groups(groups.codes[self.seen], groups.names)

    def note(self, n_shown: int) -> str | None:
        """Return what a picture of so many says of the rows that it leaves out."""
        return thinned(n_shown, len(self.given))


def as_points(X: Any, mixture: Mixture) -> Rows:
    """Return rows of all features of a mixture; a frame's are found by their names."""
    given = as_rows(X, mixture.n_features, mixture.feature_names)
    _require_rows(given)
    seen = np.asarray(np.isfinite(given).all(axis=1))
    if not seen.any():
        raise DataError("X: every row has NaN or infinity; there is none to draw")
    return Rows(given, seen, given if seen.all() else given[seen])


@dataclass(frozen=True, eq=False)
class Values:
    """Values of one feature, and what goes with them.

    Attributes
    ----------
    values : ndarray (m,)
    groups : Groups
        Of these values.
    weights : ndarray (m,), or None
    note : str or None
        What a legend says of rows that have no value there.
    """

    values: AnyArray
    groups: Groups
    weights: Array | None
    note: str | None

    def noted(self, rug: str | None) -> str | None:
        """Return what a legend says, of a rug that leaves out some as well."""
        return rug and f"rug: {rug}" if self.note is None else self.note


def as_values(
    X: Any,
    labels: Any,
    weights: Any,
    mixture: Mixture,
    flat: Flat,
    feature: int,
    *,
    grouped: bool = True,
) -> Values:
    """Return the values of a feature, of rows of all features or of it alone.

    If `grouped`, rows without labels have those of the mixture: rows of which other values are
    missing have none.
    """
    alone = as_frame(as_table(X)) is None and np.ndim(X) == 1
    given = as_rows(X, 1) if alone else as_rows(X, mixture.n_features, mixture.feature_names)
    _require_rows(given)
    values = given[:, 0 if alone else feature]
    n_rows, seen = len(values), np.isfinite(values)
    if not seen.any():
        raise DataError("X: every row has NaN or infinity in the feature drawn")
    checked = as_weights("weights", weights, n_rows)
    if labels is not None:
        groups = as_groups(labels, n_rows)
    else:
        groups = Groups(np.full(n_rows, INCOMPLETE), [])
        whole = np.isfinite(given).all(axis=1)
        if grouped and whole.any():
            kept = values[whole]
            found = flat.labels(flat.posterior(kept)) if alone else mixture.predict(given[whole])
            groups.codes[whole] = found
            groups = as_groups(groups.codes, n_rows, n_known=mixture.n_components)
    if seen.all():
        return Values(values, groups, checked, None)
    groups = Groups(groups.codes[seen], groups.names)
    counted = None if checked is None else checked[seen]
    return Values(values[seen], groups, counted, thinned(int(seen.sum()), n_rows))


def _require_rows(rows: AnyArray) -> None:
    if len(rows) == 0:
        raise DataError("X: has no rows")
