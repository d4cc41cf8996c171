"""The result of an agglomeration: which clusters were merged, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...exceptions import ParameterError
from ...numerics.arguments import check_integer

if TYPE_CHECKING:
    from ..._typing import AnyArray

__all__ = ["Tree"]


@dataclass(frozen=True, eq=False)
class Tree:
    """A nested sequence of partitions of n rows; cut it with `labels`.

    Clusters go by their first (smallest) row.

    Attributes
    ----------
    merges : ndarray of int (n_groups - 1, 2)
        The clusters merged at each step, the smaller row first.
    initial : ndarray of int (n,)
        The cluster each row begins in.
    criterion, transform : str
        How it was found.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix.hierarchy import agglomerate
    >>> tree = agglomerate(np.array([[0.0], [9.0], [0.1], [9.3]]), "EII", "VARS")
    >>> tree.merges.tolist()
    [[0, 2], [1, 3], [0, 1]]
    >>> tree.labels(2).tolist()
    [0, 1, 0, 1]
    """

    merges: AnyArray
    initial: AnyArray
    criterion: str
    transform: str

    def __post_init__(self) -> None:
        for name in ("merges", "initial"):
            array = np.array(getattr(self, name), dtype=np.intp)
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def n_rows(self) -> int:
        return len(self.initial)

    @property
    def n_groups(self) -> int:
        """The number of clusters at the beginning."""
        return len(self.merges) + 1

    def labels(self, n_components: int) -> AnyArray:
        """Return the partition (n,) into that many clusters, numbered by first appearance.

        Raises
        ------
        ParameterError
            If there were fewer to begin with.
        """
        check_integer("n_components", n_components, minimum=1)
        if n_components > self.n_groups:
            raise ParameterError(
                f"n_components: {self.n_groups} initial clusters cannot become {n_components}; "
                f"use n_components <= {self.n_groups}"
            )
        done = self.merges[: self.n_groups - n_components]
        into = np.arange(self.n_rows)
        into[done[:, 1]] = done[:, 0]
        while (further := into[into]).tobytes() != into.tobytes():
            into = further
        # A cluster goes by its first row, so sorted names are in order of appearance.
        return np.unique(into[self.initial], return_inverse=True)[1]

    def __repr__(self) -> str:
        return (
            f"Tree({self.n_rows} rows, {self.n_groups} initial clusters, "
            f"criterion={self.criterion!r}, transform={self.transform!r})"
        )
