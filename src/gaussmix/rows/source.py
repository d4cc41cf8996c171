"""The contract of a source of rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import numpy as np

from .folds import Fold, Mergeable, Workspace

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from .measurement import Measurement

__all__ = ["BlockFunction", "Output", "Source"]

Value = TypeVar("Value", bound=Mergeable)

#: Maps rows (B, d) to an output with B rows; may use the workspace.
BlockFunction = Callable[["AnyArray", Workspace], "AnyArray"]


@dataclass(frozen=True)
class Output:
    """What a map gives for each row.

    Attributes
    ----------
    name : str
        What it is, for sources whose output has named columns.
    bytes_per_row : int
        Workspace bytes that one row needs.
    width : int or None
        Values a row; None is one, without an axis of its own.
    dtype : type
    parts : tuple of str
        What each of several values is called.
    """

    name: str
    bytes_per_row: int
    width: int | None = None
    dtype: type = np.float64
    parts: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names of the columns that hold it in a table."""
        if self.width is None:
            return [self.name]
        parts = self.parts or tuple(map(str, range(self.width)))
        return [f"{self.name}_{part}" for part in parts]

    def shape(self, n_rows: int) -> tuple[int, ...]:
        return (n_rows,) if self.width is None else (n_rows, self.width)


class Source(ABC):
    """Rows that can be folded, mapped and sampled.

    Law: results do not depend on how rows are cut into blocks, nor on how many
    threads or machines work on them, beyond rounding.
    """

    #: What the kind of data is called; empty for what only the library itself opens.
    name: ClassVar[str] = ""

    #: Whether copies can work in other processes of this machine, side by side.
    portable: ClassVar[bool] = True

    n_rows: int
    n_features: int
    #: Names of the columns, if the data had names.
    feature_names: tuple[str, ...] | None = None
    #: Threads that work on it; None is as many as there are cores.
    n_threads: int | None = None
    #: float32 where the rows lie in memory as such, so that answers may be as they are.
    dtype: type = np.float64
    #: Whether places of rows in the data are known in every pass.
    places_are_known: ClassVar[bool] = True
    #: Rows left out because a value is missing; None where such rows are refused.
    n_incomplete: int | None = None
    #: How many of their values are missing in each column (d,).
    n_missing: AnyArray | None = None
    #: Whether a missing value (NaN) is one that is not seen, and its row is taken all the same.
    partly_seen: bool = False
    #: How rows were measured, if not exactly: see `MeasuredSource`.
    measurement: Measurement | None = None
    #: What to do about missing values, where they are refused.
    remedy: str = "Leave those rows out, or impute the values."
    #: Whether some rows have weight 0, and so take no part.
    has_zero_weights: bool = False
    #: Called during a pass with the number of rows just done; None when nobody watches.
    #: Sources on this machine call it from ``reduce`` after each chunk, from one thread.
    watcher: Callable[[int], None] | None = None

    @property
    def rows_if_known(self) -> int | None:
        """The number of rows, or None while it would take a pass to know it."""
        return self.n_rows

    @property
    def rows_drawn_from(self) -> int | None:
        """The number of rows of the data that these are a sample of: all of it, mostly.

        What it pays to load for all the data may be used on a sample of it.
        """
        return self.rows_if_known

    @abstractmethod
    def reduce(self, fold: Fold[Value]) -> Value:
        """Run a fold over all rows and merge the results in a fixed order."""

    @abstractmethod
    def map(self, function: BlockFunction, output: Output) -> Any:
        """Return the function of each row, in what suits this kind of data: an array, a frame."""

    def stream(self, function: BlockFunction, output: Output) -> Generator[Any, None, None]:
        """Yield the function of the rows part by part, in their order: put together, the map.

        A source larger than memory yields parts that are not.
        """
        yield self.map(function, output)

    @abstractmethod
    def without(self, left_out: AnyArray) -> Source:
        """Return the same rows with weight 0 for those that are left out, a mask (n,)."""

    def without_incomplete(self, places: AnyArray) -> Source:
        """Return the same rows with weight 0 for those with a missing value.

        They are at these places, unless places are not known.
        """
        left_out = np.zeros(self.n_rows, bool)
        left_out[places] = True
        return self.without(left_out)

    def like(self, other: Source) -> Self:
        """Return itself, its missing values taken as another source's are."""
        self.partly_seen = other.partly_seen
        return self

    def only(self, chosen: AnyArray) -> Source:
        """Return the rows of a mask (n,); the others are not there, or have weight 0."""
        return self.without(~chosen)

    @abstractmethod
    def sample(self, n_rows: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw at most `n_rows` rows of positive weight without replacement.

        Returns float64 rows (m, d) and their weights (m,), in the order of the data.
        """

    def draw(self, n_rows: int, n_least: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw rows for starts to look at: a `sample`, without what says nothing of where rows are.

        At least `n_least` rows stay, if there are so many.
        """
        return self.sample(n_rows, rng)

    def narrowed(self, names: tuple[str, ...] | None) -> Source:
        """Return the rows with the columns of these names alone.

        For kinds of data whose answers keep the other columns beside the new ones; itself
        where columns must be those of the fit and no others, or there are no names.
        """
        return self

    # -- how users' data become sources -----------------------------------------

    @classmethod
    def opens(cls, data: Any) -> bool:
        """Whether `data` is what this kind of source is for.

        Decided without importing the library it comes from.
        """
        return False

    @classmethod
    def open(cls, data: Any, sample_weight: Any = None, n_jobs: int | None = None) -> Self:
        """Return the source of such data, with weights in a form that suits it.

        Raises
        ------
        DataError, ParameterError
            If the data or the weights cannot be used; the message says what to do.
        """
        raise NotImplementedError
