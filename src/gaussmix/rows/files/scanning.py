"""Files opened lazily: what goes wherever X goes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ...exceptions import DataError, ParameterError
from ..threads import available_cores
from .base import NO_OPTIONS, Options
from .cache import Cached
from .paths import Paths, find

if TYPE_CHECKING:
    from pathlib import Path

    from ..._typing import AnyArray, Array
    from .base import Batch, Columns, Reader

__all__ = ["Scan", "rows_of_batch", "scan"]

_LONGEST_SEPARATOR = 4


def scan(
    path: Paths,
    columns: Columns | None = None,
    *,
    cache: bool | str | os.PathLike[str] = False,
    dataset: str | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    missing_values: Sequence[str] = (),
) -> Scan:
    """Open files of any size lazily: the result goes wherever X goes.

    Rows are read part by part in each pass over the data and never all held in memory.
    A fit gives what it gives on the same rows in memory.

    Parameters
    ----------
    path : path, or sequence of paths
        Files, folders (searched through, and partitioned by names such as
        ``year=2025`` if need be) or globs.  Parquet (.parquet, .pq), Arrow (.arrow,
        .feather, .ipc), text (.csv, .tsv, .tab, .txt, .dat, .data, .asc, also compressed:
        .gz, .zst, .bz2, .xz), NumPy (.npy), HDF5 (.h5, .hdf5) and Zarr (.zarr); all of one
        format.  Rows are in the order of the files' names.
    columns : sequence of str or int, optional
        Names of columns; positions for .npy, HDF5 and Zarr.  Without it all columns of
        numbers are read; ``left_out`` describes the others.
    cache : bool or path, default False
        Decode once: the first pass writes the numbers into a file, from which later
        passes read them.  True: in the temporary folder, until the scan is gone.  A
        folder: it stays there, for later scans of the same files too.
    dataset : str, optional
        Which array of an HDF5 or Zarr file that holds several.
    separator : str, optional
        What stands between the cells of text: one to four characters, " " for any number
        of spaces.  Without it the file shows it.
    decimal : {".", ","}, optional
        The decimal mark of text.  Without it the columns show theirs, each its own.
    missing_values : sequence of str, default ()
        What cells of text without a value hold, such as "?" or "-999", besides nothing,
        NA, N/A, NaN, NULL and the like.

    Raises
    ------
    ParameterError
        If an argument is not one of these, or the folder of the cache cannot be made.
    DataError
        If there is no such file, the files are of several formats, a column is unknown,
        one that was asked for is not numeric, or one of numbers holds some text.
    MissingExtraError
        If the library that reads the format is not installed.

    Notes
    -----
    Text is looked at as a whole before its columns are known, by DuckDB: a column is one
    of numbers if all of its values are.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from gaussmix import GaussianMixture, scan
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> np.save(folder / "a.npy", np.random.default_rng(0).normal(size=(500, 2)))
    >>> np.save(folder / "b.npy", np.random.default_rng(1).normal(5, 1, size=(500, 2)))
    >>> X = scan(folder / "*.npy")
    >>> X
    Scan(2 files, 2 columns of float64, 1000 rows)
    >>> GaussianMixture(2, random_state=0).fit(X).weights_.round(2).tolist()
    [0.5, 0.5]
    """
    if not isinstance(path, str | os.PathLike | Sequence):
        raise ParameterError(f"path: expected a path or a sequence of paths, got {path!r}")
    if columns is not None and (isinstance(columns, str) or len(columns) == 0):
        raise ParameterError(f"columns: expected a sequence of columns, got {columns!r}")
    if columns is not None and len(set(columns)) < len(columns):
        raise ParameterError(f"columns: some are given more than once in {list(columns)!r}")
    if decimal not in {None, ".", ","}:
        raise ParameterError(f"decimal: expected '.' or ',', got {decimal!r}")
    if separator is not None and not 0 < len(separator.encode()) <= _LONGEST_SEPARATOR:
        raise ParameterError(f"separator: expected one to four characters, got {separator!r}")
    if isinstance(missing_values, str):
        raise ParameterError(f"missing_values: expected a sequence of str, got {missing_values!r}")
    options = Options(dataset, separator, decimal, tuple(map(str, missing_values)))
    return Scan(path, columns, cache=cache, options=options)


class Scan:
    """Numeric columns of files, not read yet; see `scan`.

    Attributes
    ----------
    files : tuple of Path
    names : tuple of str or None
        Of the columns; None for arrays.
    n_features : int
    left_out : tuple of str
        Columns that are not numbers, described, when none were asked for.
    notes : tuple of str
        What was guessed about the files.
    """

    def __init__(
        self,
        path: Paths,
        columns: Columns | None,
        *,
        cache: bool | str | os.PathLike[str] = False,
        options: Options = NO_OPTIONS,
    ) -> None:
        self._found = find(path)
        self._columns, self._cache, self._options = columns, cache, options
        self._readers: dict[str | None, Reader] = {}
        plain = self.reader()
        self.files: tuple[Path, ...] = plain.files
        self.names, self.n_features = plain.names, plain.n_features
        self.left_out, self.notes = plain.left_out, plain.notes

    @property
    def dtype(self) -> type:
        """float32 if all columns are, float64 otherwise."""
        return self.reader().dtype

    @cached_property
    def n_rows(self) -> int:
        """Rows of all files; for several of text it takes a look at them to know."""
        return self.reader().count_rows()

    @property
    def shape(self) -> tuple[int, int]:
        """(n, d)."""
        return self.n_rows, self.n_features

    def reader(self, weight: str | None = None) -> Reader:
        """Return the reader of the features, and of a column of weights."""
        if weight not in self._readers:
            columns = self._columns
            reader = self._found.format.open(self._found, columns, weight, self._options)
            self._readers[weight] = (
                Cached(reader, self._found, None if self._cache is True else self._cache)
                if self._cache
                else reader
            )
        return self._readers[weight]

    def besides(self, column: str | None, weight: str | None = None) -> Reader:
        """Return a reader of the features without a column that has another purpose.

        Raises
        ------
        DataError
            If there is no feature besides.
        """
        names = None if self.names is None or column is None else self.names
        if names is not None:
            names = tuple(name for name in names if name not in {column, weight})
            if not names:
                raise DataError(f"{self.files[0]}: has no column of numbers besides {column!r}")
        return self._found.format.open(self._found, names, weight, self._options)

    @property
    def has_row_groups(self) -> bool:
        """Whether the parts of files are groups that whoever wrote them made."""
        return self._found.format.has_row_groups

    def only(self, column: str) -> Reader:
        """Return a reader of one column."""
        return self._found.format.open(self._found, [column], None, self._options)

    def read(self, weight: str | None = None) -> tuple[AnyArray, Array | None]:
        """Return all rows (n, d), and their weights (n,) if a column of them is named.

        Raises
        ------
        DataError
            If a file cannot be read, or there are no rows.
        """
        reader, n_threads = self.reader(weight), available_cores()
        kept = [
            rows_of_batch(batch, reader)
            for part in reader.parts(n_threads)
            for batch in part.read()
        ]
        reader.done(complete=True)
        if not sum(len(rows) for rows, _ in kept):
            raise DataError(f"{self.files[0]}: has no rows")
        weights = np.concatenate([w for _, w in kept]) if reader.weighted else None
        return np.concatenate([rows for rows, _ in kept]), weights

    def __repr__(self) -> str:
        count = self.reader().known_rows
        files = f"{len(self.files)} files" if len(self.files) > 1 else str(self.files[0])
        rows = "rows not counted yet" if count is None else f"{count} rows"
        columns = "1 column" if self.n_features == 1 else f"{self.n_features} columns"
        return f"Scan({files}, {columns} of {np.dtype(self.dtype)}, {rows})"


def rows_of_batch(batch: Batch, reader: Reader) -> tuple[AnyArray, AnyArray]:
    """Return a batch as rows (m, d) of an array of their own, and their weights (m,)."""
    columns = batch if isinstance(batch, list) else list(batch.T)
    features = columns[: reader.n_features]
    rows: AnyArray = np.empty((len(features[0]), len(features)), reader.dtype)
    for j, column in enumerate(features):
        rows[:, j] = column
    return rows, columns[-1].astype(np.float64)
