"""What users give as measurement errors and projections becomes a source, or a clear error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..exceptions import DataError
from ..numerics.arguments import as_numbers
from .checks import column_label
from .door import as_frame, as_rows, as_table
from .folds import Fold, Index, Workspace
from .measured import JoinedRows, MeasuredSource
from .measurement import Measurement, unpacked
from .memory import MemorySource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from .source import Source

__all__ = ["NO_ERRORS", "Errors"]

# Entries that mirror each other, and eigenvalues of a correlation, may be off by so much.
_ROUNDING = 1e-6


class Errors(NamedTuple):
    """What users say of how rows were measured.

    Attributes
    ----------
    Xerr : array-like, names of columns, or None
        Variances (n, e) or covariances (n, e, e) of errors; of one row they are all rows'.
    projection : array-like (n, e, d) or (e, d), or None
    deviations : bool
        Whether columns that are named hold standard deviations in place of variances.
    """

    Xerr: Any = None
    projection: Any = None
    deviations: bool = False

    @property
    def are_given(self) -> bool:
        """Whether anything is said."""
        return self.Xerr is not None or self.projection is not None

    @property
    def columns(self) -> list[str]:
        """The columns that errors are said to be in, if they are."""
        return _names(self.Xerr) or []

    @property
    def projects(self) -> bool:
        """Whether rows are projections."""
        return self.projection is not None

    def parted(self, X: Any) -> tuple[Any, Errors]:
        """Return a frame's values, and its columns of errors: those that are named."""
        X, names = as_table(X), _names(self.Xerr)
        frame = None if names is None else as_frame(X)
        if names is None or frame is None:
            return X, self
        _require_known(names, frame.columns)
        values = frame.drop(names)
        width = len(values.columns)
        errors: Any = np.column_stack(
            [np.asarray(frame[name].to_numpy(), dtype=np.float64) for name in names]
        )
        if len(names) != width:
            errors = unpacked(_lower(errors, width), width)
        return values.to_native(), self._replace(Xerr=errors)

    def values_of(self, X: Any) -> AnyArray:
        """Return what was measured as an array (n, e), whatever it is a projection of."""
        e = np.shape(self.projection)[-2] if np.ndim(self.projection) > 1 else 1
        return as_rows(X, e)

    def beside(self, source: Source, n_features: int | None = None) -> Source:
        """Return a source whose rows carry how they were measured.

        Parameters
        ----------
        source : Source
            Of values (n, e), or of a table with columns of errors.
        n_features : int, optional
            Of a fitted mixture: what projections must have columns for.
        """
        arrays = isinstance(source, MemorySource) and _names(self.Xerr) is None
        found = self._in_memory(source) if arrays else self._named(source)  # type: ignore[arg-type]
        measurement = found.measurement
        assert measurement is not None
        if n_features is not None and measurement.n_features != n_features:
            what = "projection" if self.projection is not None else "X"
            raise DataError(
                f"{what}: has {measurement.n_features} columns, but the mixture is of "
                f"{n_features} features"
            )
        faults = found.reduce(_FaultFold(measurement))
        faults.require_none(found.feature_names)
        if arrays and not faults.any_error and not measurement.projects:
            return source
        return found

    def _in_memory(self, source: MemorySource) -> MeasuredSource:
        n_rows, e = source.n_rows, source.n_features
        parts: list[Any] = [source.array]
        given: dict[str, Any] = {}
        errors, shared = _errors_of(self.Xerr, n_rows, e)
        if errors is not None:
            parts.append(errors)
            n_errors = e if errors.ndim == 2 else e * (e + 1) // 2
            given["errors"] = np.arange(e, e + n_errors)
        projection = _projection_of(self.projection, n_rows, e)
        d = e if projection is None else projection.shape[-1]
        if projection is not None and projection.ndim == 3:
            first = e + len(given.get("errors", ()))
            parts.append(projection.reshape(n_rows, e * d))
            given["projections"] = np.arange(first, first + e * d)
            projection = None
        measurement = Measurement(d, np.arange(e), shared=shared, projection=projection, **given)
        inner = MemorySource(JoinedRows(parts), source.weights, n_jobs=source.n_threads)
        inner.dtype = source.dtype
        inner.like(source)
        return MeasuredSource(
            inner, measurement, None if measurement.projects else source.feature_names
        )

    def _named(self, source: Source) -> MeasuredSource:
        names, known = _names(self.Xerr), source.feature_names
        columns = np.arange(source.n_features)
        given: dict[str, Any] = {}
        if names is not None:
            if known is None:
                raise DataError("Xerr: names columns, but X has no names of columns")
            _require_known(names, known)
            places = np.array([known.index(name) for name in names])
            columns = np.setdiff1d(columns, places)
            given["errors"] = _order(places, len(columns))
            if self.deviations and len(given["errors"]) != len(columns):
                others = ", ".join(known[j] for j in columns)
                raise DataError(
                    f"Xerr: names {len(names)} columns of standard deviations for {len(columns)} "
                    f"of values ({others}); expected one for each"
                )
        elif self.Xerr is not None:
            errors, given["shared"] = _errors_of(self.Xerr, None, len(columns))
            assert errors is None
        projection = _projection_of(self.projection, None, len(columns))
        d = len(columns) if projection is None else projection.shape[-1]
        squares = self.deviations and "errors" in given
        measurement = Measurement(d, columns, projection=projection, squares=squares, **given)
        own = None if known is None or measurement.projects else tuple(known[j] for j in columns)
        return MeasuredSource(source, measurement, own)


#: Values are what they are.
NO_ERRORS = Errors()


def _names(Xerr: Any) -> list[str] | None:
    """Return the columns that errors are said to be in, if they are."""
    if isinstance(Xerr, str):
        return [Xerr]
    if isinstance(Xerr, list | tuple) and Xerr and all(isinstance(name, str) for name in Xerr):
        return list(Xerr)
    return None


def _require_known(names: Sequence[str], columns: Sequence[str]) -> None:
    missing = [name for name in names if name not in columns]
    if missing:
        raise DataError(
            f"Xerr: no column {', '.join(map(repr, missing))} in X; it has "
            f"{', '.join(map(str, columns))}"
        )
    if len(set(names)) < len(names):
        raise DataError("Xerr: names a column twice")


def _order(places: AnyArray, e: int) -> AnyArray:
    """Return the places of variances, or of lower triangles, among those that are named."""
    if len(places) in (e, e * (e + 1) // 2):
        return places
    if len(places) == e * e:
        i, j = np.tril_indices(e)
        return places[i * e + j]
    raise DataError(
        f"Xerr: names {len(places)} columns for {e} of values; expected {e} (variances, in the "
        f"order of the values) or {e * (e + 1) // 2} (lower triangles, row by row)"
    )


def _lower(errors: Array, e: int) -> Array:
    return errors[:, _order(np.arange(errors.shape[1]), e)]


def _errors_of(Xerr: Any, n_rows: int | None, e: int) -> tuple[Array | None, Array | None]:
    """Return errors (n, e) or (n, e, e), or what is all rows', as a `Measurement` has it.

    `n_rows` None: errors by row are columns, which are named.
    """
    if Xerr is None:
        return None, None
    if hasattr(Xerr, "toarray"):
        raise DataError("Xerr: is sparse; make it dense with Xerr.toarray()")
    found = np.asarray(as_numbers("Xerr", Xerr, DataError), dtype=np.float64)
    if found.ndim == 0:
        return None, np.full(e, float(found))
    if found.ndim == 1 and e == 1 and n_rows is not None and len(found) == n_rows:
        found = found[:, None]
    if found.shape == (e,):
        return None, found
    if found.shape == (1, e, e) or (found.shape == (e, e) and n_rows != e):
        return None, _packed(found.reshape(1, e, e))[0]
    if found.shape == (n_rows, e):
        if e > 1 and n_rows == e and (found == found.T).all():
            raise DataError(
                f"Xerr: {found.shape} may be variances of {e} rows, or a covariance of all; give "
                f"covariances by row, {(e, e, e)}, or one for all as {(1, e, e)}"
            )
        return found, None
    if found.shape == (n_rows, e, e):
        _require_symmetric(found)
        return found, None
    by_row = f"{(n_rows, e)} (variances), {(n_rows, e, e)} (covariances), or "
    raise DataError(
        f"Xerr: shape {found.shape}; expected {'' if n_rows is None else by_row}{(e,)} or "
        f"{(e, e)} (one for all rows)"
        + (
            "; of rows that are not in memory errors by row are columns, which Xerr names"
            if n_rows is None
            else ""
        )
    )


def _packed(matrices: Array) -> Array:
    _require_symmetric(matrices)
    return matrices[(slice(None), *np.tril_indices(matrices.shape[1]))]


def _require_symmetric(matrices: Array) -> None:
    for first in range(0, len(matrices), 65_536):
        part = matrices[first : first + 65_536]
        variances = np.abs(np.einsum("nii->ni", part))
        with np.errstate(invalid="ignore", over="ignore"):
            apart = np.abs(part - part.swapaxes(1, 2))
            limit = _ROUNDING * np.sqrt(variances[:, :, None]) * np.sqrt(variances[:, None, :])
            wrong = (apart > limit).any(axis=(1, 2))
        if wrong.any():
            raise DataError(
                f"Xerr: {int(wrong.sum())} covariances are not symmetric, the first of row "
                f"{first + int(wrong.argmax())}"
            )


def _projection_of(projection: Any, n_rows: int | None, e: int) -> Array | None:
    if projection is None:
        return None
    found = np.asarray(as_numbers("projection", projection, DataError), dtype=np.float64)
    by_row = found.ndim == 3 and len(found) == n_rows
    if not (by_row or found.ndim == 2) or found.shape[-2] != e or found.shape[-1] == 0:
        rows = "" if n_rows is None else f"({n_rows}, {e}, n_features) or "
        raise DataError(
            f"projection: shape {found.shape}; expected {rows}({e}, n_features): a matrix of as "
            "many rows as X has columns"
        )
    if not np.isfinite(found).all():
        raise DataError("projection: contains NaN or infinity")
    return found


@dataclass(frozen=True)
class _Faults:
    """What is wrong with errors: how many rows, and the first place, by kind of fault."""

    found: dict[str, tuple[int, int, int]]
    any_error: bool = False

    def merge(self, other: _Faults) -> _Faults:
        found = dict(self.found)
        for kind, (count, row, column) in other.found.items():
            mine = found.get(kind)
            found[kind] = (
                (count, row, column) if mine is None else (mine[0] + count, mine[1], mine[2])
            )
        return _Faults(found, self.any_error or other.any_error)

    def require_none(self, names: tuple[str, ...] | None) -> None:
        for kind, (count, row, column) in self.found.items():
            of = "" if column < 0 else f", {column_label(column, names)}"
            raise DataError(f"Xerr: {kind} in {count} rows (first in row {row}{of})")


_NEGATIVE = "variances (or standard deviations) are negative"
_UNKNOWN = "errors are NaN where a value is seen, which are not known; give infinity, or NaN in X,"
_INDEFINITE = "covariances have a negative eigenvalue, so they are none,"


class _FaultFold(Fold[_Faults]):
    """Looks for errors that cannot be."""

    measured = True

    def __init__(self, measurement: Measurement) -> None:
        self.measurement = measurement
        self.bytes_per_row = 8 * 4 * (measurement.width + measurement.n_values**2)

    def open(self) -> list[_Faults]:
        return [_Faults({})]

    def add(
        self,
        state: list[_Faults],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        values, errors, _ = self.measurement.read(rows)
        if self.measurement.squares:  # of which none is negative, whatever was squared
            errors = np.where(rows[:, self.measurement.errors] < 0, -1.0, errors)
        places = index.start + np.arange(len(rows)) if isinstance(index, slice) else index
        seen, e = ~np.isnan(values), values.shape[1]
        matrices = unpacked(errors, e)
        variances = np.broadcast_to(np.einsum("nii->ni", matrices), values.shape)
        found = {}
        with np.errstate(invalid="ignore"):
            wrong = {_NEGATIVE: seen & (variances < 0), _UNKNOWN: seen & np.isnan(variances)}
        if errors.shape[1] != e:
            matrices = np.where(seen[:, :, None] & seen[:, None, :], matrices, 0.0)
            unknown = ~np.isfinite(matrices).all(axis=2)
            wrong[_UNKNOWN] = wrong[_UNKNOWN] | unknown
        for kind, mask in wrong.items():
            if mask.any():
                row = int(mask.any(axis=1).argmax())
                column = int(mask[row].argmax())
                found[kind] = (int(mask.any(axis=1).sum()), int(places[row]), column)
        if errors.shape[1] != e and not found:
            bad = _indefinite(matrices)
            if bad.any():
                found[_INDEFINITE] = (int(bad.sum()), int(places[bad.argmax()]), -1)
        any_error = bool((errors != 0).any())
        state[0] = state[0].merge(_Faults(found, any_error))

    def close(self, state: list[_Faults]) -> _Faults:
        return state[0]


def _indefinite(matrices: Array) -> AnyArray:
    """Return which matrices (B, e, e) are no covariances, (B,)."""
    variances = np.einsum("nii->ni", matrices)
    scale = np.sqrt(np.where(variances > 0, variances, np.finfo(float).tiny))
    correlations = matrices / scale[:, :, None] / scale[:, None, :]
    eye = np.eye(matrices.shape[1])
    try:
        np.linalg.cholesky(correlations + 2 * _ROUNDING * eye)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.eigvalsh(correlations)[:, 0] < -_ROUNDING)
    return np.zeros(len(matrices), dtype=bool)
