"""The contract of a form: the two products of an E-step on one block of rows.

An E-step is log-joint densities of rows, what they say of components, and sums over rows:

    joint  = form.joint(rows)              (a product)
    masses = posterior(joint)              (Bayes' theorem)
    sums  += form.add(rows, masses)        (a product)

A form does the products, in the way that is fast where it is accurate enough.  It knows
nothing of sample weights, labels, backgrounds or the density.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.moments import Moment
    from ..components.statistics import SufficientStatistics
    from ..numerics.groups import Groups
    from ..rows.folds import Workspace
    from .posterior import Posterior, Tally

__all__ = ["Form", "Sums"]


class Sums(ABC):
    """What a form has added up of some rows."""

    @abstractmethod
    def merge(self, other: Any) -> Any:
        """Return the sums of both sets of rows."""


class Form(ABC):
    """The products of an E-step for fixed parameters.

    Parameters
    ----------
    groups : Groups
        Of G mixtures of J components in all.
    n_features : int
    moment : Moment
        The second moment to add up.
    """

    #: Whether its calls hold Python's lock, so that threads wait for each other where blocks
    #: are short.
    holds_lock: ClassVar[bool] = True
    #: Workspace bytes that one row needs.
    bytes_per_row: int
    #: Type of the arithmetic within a block.
    dtype: type = np.float64

    def __init__(self, groups: Groups, n_features: int, moment: Moment) -> None:
        self.groups, self.n_components = groups, groups.n_components
        self.n_features, self.moment = n_features, moment

    @property
    def bytes_of_joint(self) -> int:
        """Workspace bytes that one row needs where `joint` is what is wanted."""
        return self.bytes_per_row

    @abstractmethod
    def joint(
        self,
        rows: AnyArray,
        out: Array,
        workspace: Workspace,
        labels: AnyArray | None = None,
        sums: Any = None,
    ) -> None:
        """Write log-joint densities of rows (B, d) into `out` (J, B), less `row_terms`.

        What is negligible beside a row's largest may be too large, as long as it is negligible;
        but not where `labels` (B,), -1 for none, says that a row is a component's.  `sums` are
        those that `add` adds to.
        """

    def row_terms(self, rows: AnyArray) -> Array | float:
        """Return what `joint` leaves out because it is the same for all components."""
        return 0.0

    def scale(self, n_rows: int, workspace: Workspace) -> Array | None:
        """Return what a density that `joint` has applied returned of its rows (J, B), if it has."""
        return None

    @abstractmethod
    def open(self) -> Any:
        """Return fresh sums."""

    @abstractmethod
    def add(self, sums: Any, rows: AnyArray, masses: Array, workspace: Workspace) -> None:
        """Add rows (B, d), which `joint` has just been asked for, under masses (J, B).

        Law: sums of two blocks, merged, are those of both blocks together.
        """

    @abstractmethod
    def close(self, sums: Any, **counted: Any) -> SufficientStatistics:
        """Return statistics of the rows that were added.

        `counted` is what a posterior has counted, by the names that statistics have for it.
        """

    def at_once(
        self,
        sums: Any,
        rows: AnyArray,
        weights: AnyArray | None,
        posterior: Posterior,
        tally: Tally,
        workspace: Workspace,
    ) -> bool:
        """Do all three steps without labels, for a density that loops know; False if that is not
        this form's way.

        Law: it is what the three steps do.
        """
        return False
