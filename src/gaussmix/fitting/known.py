"""Rows whose component is known: semi-supervised fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..mixture.comparing import best_assignment
from ..rows.folds import Fold, Index, Workspace

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..mixture.mixture import Mixture
    from ..rows import Source

__all__ = ["align", "as_labels", "known_labels"]


def known_labels(
    given: Any, n_rows: int, n_components: int, noise: float | AnyArray | None = None
) -> AnyArray | None:
    """Return the known components (n,) with -1 where unknown, or None if none is known.

    As in scikit-learn's semi-supervised estimators -1 marks a row without label.

    Raises
    ------
    ParameterError
        If labels are not integers, not as many as rows, not all from -1 to K - 1, or if
        `noise` marks rows (n,) whose component is known.
    """
    if given is None:
        return None
    labels = as_labels(given)
    if len(labels) != n_rows:
        raise ParameterError(f"known: expected {n_rows} labels, one a row, got {len(labels)}")
    found = labels[labels != -1]
    if len(found) == 0:
        return None
    if (found != np.floor(found)).any() or found.min() < 0 or found.max() >= n_components:
        raise ParameterError(
            f"known: labels must be integers from 0 to {n_components - 1}, or -1 where unknown, "
            f"got values from {found.min():g} to {found.max():g}; renumber them, or raise "
            "n_components"
        )
    if isinstance(noise, np.ndarray) and noise.shape == labels.shape:
        both = int((labels[noise] != -1).sum())
        if both:
            raise ParameterError(
                f"known: {both} rows of known component are marked as noise; give them the label "
                "-1, or take them out of noise"
            )
    return labels.astype(np.intp)


def as_labels(given: Any) -> AnyArray:
    """Return labels (n,) as numbers; raise ParameterError if they cannot be."""
    if isinstance(given, str):
        raise ParameterError(
            f"known: expected labels (n,), got the text {given!r}; labels go by the place of a "
            "row, so give the column's values"
        )
    try:
        labels = np.asarray(given)
    except ValueError:  # rows of different lengths
        labels = np.empty((), dtype=object)
    if labels.ndim != 1 or labels.dtype.kind not in "iuf":
        raise ParameterError(
            "known: expected integers (n,), -1 where unknown, got an array of shape "
            f"{labels.shape} and type {labels.dtype}"
        )
    return labels


def align(mixture: Mixture, source: Source, known: AnyArray) -> Mixture:
    """Return the mixture with its components in the order that agrees best with known labels."""
    counts = source.reduce(AgreementFold(mixture, known)).counts
    return mixture.reorder(best_assignment(counts))


@dataclass(frozen=True, eq=False)
class Agreement:
    """Weighted responsibilities (K, K) by known label and component."""

    counts: Array

    def merge(self, other: Agreement) -> Agreement:
        return Agreement(self.counts + other.counts)


class AgreementFold(Fold[Agreement]):
    """Collect `Agreement` of a mixture's responsibilities with known labels (n,)."""

    by_row = ("known",)

    def __init__(self, mixture: Mixture, known: AnyArray) -> None:
        self.mixture, self.known = mixture, known
        self.bytes_per_row = 8 * 4 * (mixture.n_features + mixture.n_components)

    def open(self) -> list[Agreement]:
        return [Agreement(np.zeros((self.mixture.n_components,) * 2))]

    def add(
        self,
        state: list[Agreement],
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        known = self.known[index]
        chosen = known >= 0
        if not chosen.any():
            return
        k = self.mixture.n_components
        responsibilities = self.mixture.responsibilities(rows[chosen])[:, :k]
        if weights is not None:
            responsibilities = responsibilities * weights[chosen, None]
        labels = np.eye(k)[known[chosen]]
        state[0] = state[0].merge(Agreement(labels.T @ responsibilities))

    def close(self, state: list[Agreement]) -> Agreement:
        return state[0]
