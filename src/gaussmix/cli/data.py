"""Data that commands read, with a word on what was guessed or left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..exceptions import DataError, ParameterError
from ..numerics.arguments import check_sample_weight
from ..rows import MemorySource, Source, open_source
from ..rows.errors import NO_ERRORS, Errors
from ..rows.files import Scan
from .console import notes
from .options import split_names

if TYPE_CHECKING:
    from ..mixture.mixture import Mixture
    from .reading import Data

__all__ = ["columns_for", "errors_in", "open_data", "open_for"]

# Data of more bytes are not loaded, but read anew in each pass.
_LOADED_BYTES = 256 * 2**20


def open_data(
    data: Data,
    columns: list[str] | None,
    weights: str | None = None,
    n_jobs: int | None = None,
    errors: Errors = NO_ERRORS,
) -> Source:
    """Open the columns asked for, or all that are numeric; tell what that meant.

    `weights` is the column of sample weights, `n_jobs` how many threads work on the rows, and
    `errors` says which columns are measurement errors.
    """
    if columns is not None and errors.are_given:
        columns = [*columns, *(name for name in errors.Xerr if name not in columns)]
    found = data.scan(columns)
    for note in found.notes:
        notes().print(data.by_name(f"{found.files[0]}: {note}"), markup=False)
    if found.left_out:
        notes().print(f"left out: {', '.join(found.left_out)}", markup=False)
    try:
        names = found.reader(weights).names
    except DataError as error:
        raise DataError(f"--weights: {error}") from None
    if _bytes(found) > _LOADED_BYTES:
        source = open_source(found, weights, n_jobs)
        assert source is not None
    else:
        rows, sample_weight = found.read(weights)
        own = check_sample_weight(sample_weight, len(rows))
        source = MemorySource(rows, own, feature_names=names, n_jobs=n_jobs)
    if errors.are_given:
        source = errors.beside(source)
    return data.missing.admit(source)


def errors_in(errors: str | None, deviations: str | None) -> Errors:
    """Return what --errors and --deviations say."""
    if errors is not None and deviations is not None:
        raise ParameterError(
            "--errors: are variances, and --deviations standard deviations; give one of them"
        )
    if errors is None and deviations is None:
        return NO_ERRORS
    option = "--deviations" if errors is None else "--errors"
    return Errors(split_names(option, errors or deviations), deviations=errors is None)


def open_for(
    mixture: Mixture, data: Data, columns: list[str] | None, errors: Errors = NO_ERRORS
) -> Source:
    """Open the columns that a model was fitted to; DataError if the data have others."""
    source = open_data(data, columns_for(mixture, data, columns), errors=errors)
    if source.n_features != mixture.n_features:
        raise DataError(
            f"{data.title}: has {source.n_features} numeric columns, but the model was fitted to "
            f"{mixture.n_features}; choose them with --columns"
        )
    return source


def columns_for(mixture: Mixture, data: Data, columns: list[str] | None) -> list[str] | None:
    """Return the columns to read for a model: those asked for, or else those of its names."""
    if columns is None and mixture.feature_names is not None and data.has_names:
        return list(mixture.feature_names)
    return columns


def _bytes(found: Scan) -> int:
    """Return how much memory the rows would take; a guess where they have not been counted."""
    n_rows = found.reader().known_rows
    if n_rows is None:  # text takes about as much as the numbers it stands for
        return sum(path.stat().st_size for path in found.files)
    return n_rows * found.n_features * np.dtype(found.dtype).itemsize
