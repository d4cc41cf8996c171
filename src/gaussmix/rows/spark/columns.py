"""Which columns of a Spark DataFrame hold the rows, and in which form they reach Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...exceptions import DataError
from .tasks import Columns

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SparkColumns", "choose_columns"]


@dataclass(frozen=True, eq=False)
class SparkColumns:
    """The rows of a DataFrame as Spark's expressions.

    Attributes
    ----------
    frame : pyspark.sql.DataFrame
        Features, then weights if there are any, and nothing else.
    features : list of pyspark.sql.Column
    feature_names : tuple of str or None
    reader : Columns
    """

    frame: Any
    features: list[Any]
    feature_names: tuple[str, ...] | None
    reader: Columns


def choose_columns(
    frame: Any, weight: str | None = None, names: tuple[str, ...] | None = None
) -> SparkColumns:
    """Return the columns of these names, or all of them (but the weights) if they are fit to be.

    Empty `names` are those of a model that was fitted to vectors or arrays: one column of
    vectors among others is then meant.

    Raises
    ------
    DataError
        If a column is missing, or holds something else than numbers; names it.
    """
    fields = {field.name: field.dataType for field in frame.schema.fields}
    if len(fields) < len(frame.columns):
        repeated = sorted({name for name in frame.columns if frame.columns.count(name) > 1})
        raise DataError(f"X: several columns are called {', '.join(repeated)}; rename them")
    candidates = [name for name in fields if name != weight]
    vectors = [name for name in candidates if _is_vector(fields[name])]
    if names and (missing := [name for name in names if name not in fields]):
        raise DataError(
            f"X: no column {', '.join(map(repr, missing))}, which the model was fitted to; it has "
            f"{', '.join(candidates)}"
        )
    if names:
        chosen = list(names)
    else:
        chosen = vectors if names is not None and len(vectors) == 1 else candidates
    if len(chosen) == 1 and chosen == vectors:
        return _of_vectors(frame, chosen[0], fields[chosen[0]], weight)
    return _of_numbers(frame, chosen, fields, weight)


def _of_numbers(
    frame: Any, names: Sequence[str], fields: dict[str, Any], weight: str | None
) -> SparkColumns:
    from pyspark.sql.types import BooleanType, FloatType, NumericType

    if not names:
        raise DataError("X: has no columns")
    wrong = [
        f"{name!r} ({fields[name].simpleString()})"
        for name in names
        if not isinstance(fields[name], NumericType | BooleanType)
    ]
    if wrong:
        raise DataError(
            f"X: {len(wrong)} of {len(names)} columns are not numeric: {', '.join(wrong)}. Choose "
            "numeric columns, or one column of vectors: X.select(...)"
        )
    single = all(isinstance(fields[name], FloatType) for name in names)
    features = [_column(name).cast("float" if single else "double") for name in names]
    reader = Columns(
        len(names), np.float32 if single else np.float64, in_lists=False, weighted=bool(weight)
    )
    return SparkColumns(_selected(frame, features, weight), features, tuple(names), reader)


def _of_vectors(frame: Any, name: str, kind: Any, weight: str | None) -> SparkColumns:
    from pyspark.ml.functions import vector_to_array
    from pyspark.sql import functions
    from pyspark.sql.types import ArrayType, FloatType

    single = isinstance(kind, ArrayType) and isinstance(kind.elementType, FloatType)
    if isinstance(kind, ArrayType):
        values = _column(name).cast("array<float>" if single else "array<double>")
    else:
        values = vector_to_array(_column(name))
    first = frame.where(values.isNotNull()).select(functions.size(values).alias("size")).first()
    if first is None or first["size"] == 0:
        raise DataError(f"X: has no rows with values in column {name!r}")
    reader = Columns(
        first["size"], np.float32 if single else np.float64, in_lists=True, weighted=bool(weight)
    )
    return SparkColumns(_selected(frame, [values], weight), [values], None, reader)


def _selected(frame: Any, features: Sequence[Any], weight: str | None) -> Any:
    own = [feature.alias(f"x{i}") for i, feature in enumerate(features)]
    if weight is not None:
        own.append(_column(weight).cast("double").alias("weight"))
    return frame.select(*own)


def _is_vector(kind: Any) -> bool:
    from pyspark.sql.types import ArrayType, NumericType

    if isinstance(kind, ArrayType):
        return isinstance(kind.elementType, NumericType)
    return type(kind).__name__ == "VectorUDT"


def _column(name: str) -> Any:
    from pyspark.sql import functions

    quoted = name.replace("`", "``")
    return functions.col(f"`{quoted}`")
