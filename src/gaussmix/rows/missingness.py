"""What is missing of some rows: how many values of each column, and which together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .patterns import Patterns

if TYPE_CHECKING:
    from .._typing import AnyArray

__all__ = ["Missingness"]

# Different patterns that are told apart while rows are counted.
_MOST = 4096


@dataclass(frozen=True, eq=False)
class Missingness:
    """How many rows miss what.

    Attributes
    ----------
    n_rows : int
        Rows of positive weight, those of which nothing is seen among them.
    by_column : ndarray of int (d,)
        Rows in which a column is missing.
    patterns : dict of tuple of int to int
        Rows by which columns they miss, most rows first; () are complete ones.
    n_others : int
        Rows of further patterns, where there are more than some thousand.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import GaussianMixture
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> X[:30, 1] = np.nan
    >>> GaussianMixture(1, missing="em").fit(X).result_.missing.patterns
    {(): 70, (1,): 30}
    """

    n_rows: int
    by_column: AnyArray
    patterns: dict[tuple[int, ...], int] = field(default_factory=dict)
    n_others: int = 0

    @classmethod
    def of(cls, missing: AnyArray) -> Missingness:
        """Return that of rows of which it is known what is missing (B, d)."""
        found = Patterns.of_seen(~missing)
        counts = np.bincount(found.which, minlength=len(found.seen)).tolist()
        keys = [tuple(np.flatnonzero(~seen).tolist()) for seen in found.seen]
        return cls(len(missing), missing.sum(axis=0))._with(dict(zip(keys, counts, strict=True)))

    @property
    def n_incomplete(self) -> int:
        """Rows that miss something."""
        return self.n_rows - self.patterns.get((), 0)

    def merge(self, other: Missingness) -> Missingness:
        patterns = dict(self.patterns)
        for key, count in other.patterns.items():
            patterns[key] = patterns.get(key, 0) + count
        n_others = self.n_others + other.n_others
        n_rows, by_column = self.n_rows + other.n_rows, self.by_column + other.by_column
        return Missingness(n_rows, by_column, n_others=n_others)._with(patterns)

    def _with(self, patterns: dict[tuple[int, ...], int]) -> Missingness:
        """Return it with these patterns, the most frequent ones."""
        ordered = sorted(patterns.items(), key=lambda own: (-own[1], own[0]))
        kept = dict(ordered[:_MOST])
        n_others = self.n_others + sum(count for _, count in ordered[_MOST:])
        return Missingness(self.n_rows, self.by_column, kept, n_others)

    @property
    def n_unseen(self) -> int:
        """Rows of which nothing is seen."""
        return self.patterns.get(tuple(range(len(self.by_column))), 0)
