"""The contracts of file formats: a format opens files, a reader yields their rows in parts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from ...exceptions import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ..._typing import AnyArray
    from .paths import Found

__all__ = ["NO_OPTIONS", "Batch", "Columns", "Format", "Options", "Part", "Reader"]

#: Rows as they were decoded: an array (m, c), or its c columns (m,).
Batch: TypeAlias = "AnyArray | list[AnyArray]"
#: Columns by name, or by position where there are no names.
Columns: TypeAlias = "Sequence[str | int]"


@dataclass(frozen=True)
class Options:
    """What is said of files that do not say it themselves.

    Attributes
    ----------
    dataset : str or None
        Which array of a file that holds several.
    separator, decimal : str or None
        Of text: what stands between cells, and the decimal mark.
    missing_values : tuple of str
        Of text: what cells without a value hold, besides what is known.
    """

    dataset: str | None = None
    separator: str | None = None
    decimal: str | None = None
    missing_values: tuple[str, ...] = ()


#: Files that say all that is to be known of them.
NO_OPTIONS = Options()


@dataclass(frozen=True)
class Part:
    """Some rows that follow each other, all of one file.

    Attributes
    ----------
    path : Path
    n_rows : int or None
        None where it takes reading them to know.
    read : callable
        Yields the batches of the part.  May be called in any thread.
    """

    path: Path
    n_rows: int | None
    read: Callable[[], Iterator[Batch]]


class Reader(ABC):
    """Chosen numeric columns of files that follow each other.

    Attributes
    ----------
    files : tuple of Path
    names : tuple of str or None
        Of the features; None for arrays.
    n_features : int
    weighted : bool
        Whether batches have one more column, the weights.
    selection : str
        What was asked for of the files, in words that differ where the rows do.
    left_out, notes : tuple of str
        Columns that are not numbers, and what was guessed about the files, for people.
    """

    files: tuple[Path, ...]
    names: tuple[str, ...] | None = None
    n_features: int
    weighted: bool = False
    selection: str
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    @abstractmethod
    def dtype(self) -> type:
        """float32 if all features are, in all files; float64 otherwise."""

    @property
    @abstractmethod
    def known_rows(self) -> int | None:
        """Rows of all files, or None as long as it would take a pass to know."""

    @abstractmethod
    def count_rows(self) -> int:
        """Return the rows of all files, by a pass over them if need be."""

    @abstractmethod
    def parts(self, n_threads: int = 1) -> Iterator[Part]:
        """Yield the parts of all files, in order.

        `n_threads` is how many work on the rows: a library that decodes in threads of its
        own uses no more.  A part of unknown length has been read when the next one is asked for.
        Missing values are NaN, whatever the format calls them.

        Raises
        ------
        DataError
            If a file cannot be read, or is not what it was when it was first looked at.
        """

    def carried(self, names: Sequence[str]) -> Iterator[Any]:
        """Yield columns of any type as Arrow's record batches, rows in the order of the parts.

        Raises
        ------
        DataError
            If there are no such columns, or their types differ from file to file.
        """
        raise DataError(
            f"{self.files[0]}: columns of an array have no names, so none can be carried along"
        )

    def done(self, *, complete: bool) -> None:  # noqa: B027 (nothing to do for most)
        """Take note that a pass is over, and whether it went through all parts."""


class Format(ABC):
    """A format of files.

    Law: all formats give the same rows for the same numbers.
    """

    #: What people call it; empty for those that only others are made from.
    name: ClassVar[str] = ""
    #: Endings of its files, in lower case, with the dot.
    endings: ClassVar[tuple[str, ...]] = ()
    #: Whether columns have names; if not they are chosen by position.
    has_names: ClassVar[bool] = True
    #: Whether parts of a file are groups that whoever wrote it made.
    has_row_groups: ClassVar[bool] = False
    #: Whether a file of no bytes is one without rows, not a damaged one.
    may_be_empty: ClassVar[bool] = False
    #: Whether what it calls a file is a folder.
    is_folder: ClassVar[bool] = False
    #: Whether folders are searched for its files, or each must be named.
    in_folders: ClassVar[bool] = True
    #: What its files begin with, where they come without a name; empty if it is unknown.
    magic: ClassVar[bytes] = b""
    #: Which of the `Options` it has a use for.
    takes: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def open(
        self,
        found: Found,
        columns: Columns | None = None,
        weight: str | None = None,
        options: Options = NO_OPTIONS,
    ) -> Reader:
        """Return a reader of the columns asked for, or of all that are numeric.

        Parameters
        ----------
        found : Found
            The files.
        columns : sequence of str or int, optional
        weight : str, optional
            The column of weights, which is no feature.
        options : Options, optional

        Raises
        ------
        DataError
            For a file that cannot be read, an unknown column, or one that is not numeric.
        """

    def refuse_others(self, found: Found, options: Options) -> None:
        """Raise DataError if an option is given that the format has no use for."""
        for field in fields(options):
            if getattr(options, field.name) and field.name not in self.takes:
                raise DataError(
                    f"{found.files[0]}: {self.name} has no use for {field.name}; leave it out"
                )
