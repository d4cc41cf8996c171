"""The contract of a source of rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ..blocks import Fold, Mergeable, Workspace

if TYPE_CHECKING:
    import numpy as np

    from .._typing import AnyArray, Array

__all__ = ["BlockFunction", "Source"]

Value = TypeVar("Value", bound=Mergeable)

#: Maps rows (B, d) to an output with B rows; may use the workspace.
BlockFunction = Callable[["AnyArray", Workspace], "AnyArray"]


class Source(ABC):
    """Rows that can be folded, mapped and sampled.

    Law: results do not depend on how rows are cut into blocks, nor on how many
    threads or machines work on them, beyond rounding.
    """

    n_rows: int
    n_features: int
    #: Names of the columns, if the data had names.
    feature_names: tuple[str, ...] | None = None

    @abstractmethod
    def reduce(self, fold: Fold[Value]) -> Value:
        """Run a fold over all rows and merge the results in a fixed order."""

    @abstractmethod
    def map(self, function: BlockFunction, out: AnyArray, bytes_per_row: int) -> AnyArray:
        """Fill ``out[i]`` with the function of row i; returns `out`."""

    @abstractmethod
    def sample(self, n_rows: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw at most `n_rows` rows of positive weight without replacement.

        Returns float64 rows (m, d) and their weights (m,), in the order of the data.
        """
