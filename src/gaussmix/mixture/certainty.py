"""How sure it is which component rows belong to: one pass that keeps nothing of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import entr

from ..rows.folds import Fold, Index, Workspace

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from .evaluate import Assigner

__all__ = ["UNSURE", "Certainty", "CertaintyFold"]

#: A row whose largest responsibility is below this is not surely anyone's.
UNSURE = 0.8


@dataclass(frozen=True, eq=False)
class Certainty:
    """What rows say under a mixture; entries (J,) are by component, the noise last if there is one.

    Attributes
    ----------
    n_rows : int
    counts : ndarray (J,)
        Weight of the rows that are most probably of each.
    largest : ndarray (J,)
        Sum of their largest responsibilities.
    unsure : ndarray (J,)
        Weight of those whose largest is below `UNSURE`.
    log_likelihood, log_largest, entropy : float
        Sums of log-densities, of logs of the largest responsibilities, and of the entropies of
        responsibilities.
    """

    n_rows: int
    counts: Array
    largest: Array
    unsure: Array
    log_likelihood: float
    log_largest: float
    entropy: float

    def merge(self, other: Certainty) -> Certainty:
        return Certainty(
            self.n_rows + other.n_rows,
            self.counts + other.counts,
            self.largest + other.largest,
            self.unsure + other.unsure,
            self.log_likelihood + other.log_likelihood,
            self.log_largest + other.log_largest,
            self.entropy + other.entropy,
        )


class CertaintyFold(Fold[Certainty]):
    """Collect `Certainty` with an E-step's form."""

    def __init__(self, assigner: Assigner) -> None:
        self.assigner = assigner
        self.bytes_per_row = assigner.bytes_per_row + 32

    def open(self) -> list[Certainty]:
        none = np.zeros(self.assigner.n_joint)
        return [Certainty(0, none, none, none, 0.0, 0.0, 0.0)]

    def add(
        self,
        state: list[Certainty],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        found, log_density = self.assigner.assigned(rows, workspace)
        width, label, largest = self.assigner.n_joint, found.argmax(axis=0), found.max(axis=0)
        own = np.ones(len(rows)) if weights is None else weights

        def by_component(values: Array) -> Array:
            return np.bincount(label, values, minlength=width).astype(np.float64, copy=False)

        block = Certainty(
            len(rows),
            by_component(own),
            by_component(own * largest),
            by_component(own * (largest < UNSURE)),
            float(own @ log_density),
            float(own @ np.log(largest)),
            float(own @ entr(found).sum(axis=0)),
        )
        state[0] = state[0].merge(block)

    def close(self, state: list[Certainty]) -> Certainty:
        return state[0]
