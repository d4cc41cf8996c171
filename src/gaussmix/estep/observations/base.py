"""The contract of an observation: y = R x + e, e of covariance S, of a row x of the mixture.

Rows that have R and S in common are one kind.  An E-step of a kind is one of complete rows
under what the parameters are for it, so every form serves every kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from ..posterior import Posterior

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from ..._typing import AnyArray, Array
    from ...components.moments import Moment
    from ...components.parameters import Parameters
    from ...components.statistics import SufficientStatistics
    from ...rows.folds import Index
    from ..expectation import FormChoice
    from ..form import Form

__all__ = ["Kind", "Observation"]


class Kind(ABC):
    """Rows of one R and S."""

    #: What tells kinds apart: equal for kinds that are the same.
    key: Hashable

    @abstractmethod
    def seen(self, parameters: Parameters) -> Parameters:
        """Return what the parameters are for what is seen: R mu, R Sigma R' + S."""

    @abstractmethod
    def box(self, center: Array, extent: Array) -> tuple[Array, Array]:
        """Return center and extent of a box around what is seen of rows in another one."""

    def form(self, parameters: Parameters, choice: FormChoice) -> tuple[Form, Posterior]:
        """Return the form and the posterior of what is seen of rows of this kind.

        `choice` makes forms; it is told what the parameters, and the box, are for what is seen.
        A kind may have a form of its own, that adds up what `completed` would make of the sums.
        """
        seen = self.seen(parameters)
        center, extent = self.box(choice.center, choice.extent)
        return choice._replace(center=center, extent=extent)(seen), Posterior.of(
            [seen], choice.n_rows
        )

    @abstractmethod
    def completed(
        self, statistics: SufficientStatistics, parameters: Parameters
    ) -> SufficientStatistics:
        """Return the expected statistics of the rows x, given those of what is seen of them.

        Laws: ``completed(a.merge(b)) == completed(a).merge(completed(b))``, so it is asked
        once a pass, never once a row; of complete rows it is the statistics themselves.
        """


class Observation(ABC):
    """Which rows are of which kind."""

    #: Whether it wants what is known of how rows were measured: see `Fold.measured`.
    measured: ClassVar[bool] = False

    def bytes_per_row(self, form: Form) -> int:
        """Return what stands for the bytes of a row, where `form` is that of whole rows."""
        return form.bytes_per_row

    def together(
        self, parameters: Parameters, moment: Moment, n_rows: int | None
    ) -> tuple[Form, Posterior, Observation] | None:
        """Return a form of rows of all kinds, of one mixture or several, and its posterior.

        With them comes the observation in which all rows that count are of one kind.  None if there
        is none.  It is asked of few rows, where E-steps cost calls.
        """
        return None

    @abstractmethod
    def kinds(
        self, rows: AnyArray, index: Index
    ) -> Iterable[tuple[Kind, AnyArray, slice | AnyArray]]:
        """Return each kind among rows (B, d) of the places `index` in the data.

        Returns
        -------
        kind : Kind
        seen : ndarray (m, d_seen)
            What is seen of its rows.
        places : slice or ndarray (m,)
            Where in the block they are.
        """
