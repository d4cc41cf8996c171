"""The contract of a prior of mixing weights, in variational inference."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from ..._typing import Array
    from ...numerics.groups import Groups

__all__ = ["WeightPrior"]


@dataclass(frozen=True)
class WeightPrior(ABC):
    """A prior of mixing weights that counts of rows turn into a posterior of the same kind.

    Counts are (J,), those of several mixtures one after the other, as `Groups` say.

    Parameters
    ----------
    concentration : float
        Positive.  The smaller, the fewer components take part.
    by_size : bool
        Whether components have no order of their own: one that asks for an order takes them by
        their counts, the largest first.

    Laws: `divergence` of no counts is 0, and never negative; at the counts that an E-step has
    found, the sum of counts times `expected_logs`, less the `divergence`, is largest.
    """

    concentration: float = 1.0
    by_size: bool = True

    #: Whether there may be components that no row is known of.
    leaves_room: ClassVar[bool] = False
    #: What users write.
    name: ClassVar[str]
    #: One line for people choosing one.
    summary: ClassVar[str]

    @abstractmethod
    def expected_logs(self, counts: Array, groups: Groups) -> Array:
        """Return the expected logs of the weights (J,) under the posterior."""

    @abstractmethod
    def divergence(self, counts: Array, groups: Groups) -> Array:
        """Return how far the posterior is from the prior (G,), by Kullback & Leibler."""

    @abstractmethod
    def posterior(self, counts: Array) -> Any:
        """Return the posterior's own parameters, of one mixture: what scikit-learn calls
        ``weight_concentration_``.
        """

    @abstractmethod
    def means(self, counts: Array) -> Array:
        """Return the expected weights (K,) of one mixture, those of other components left out.

        They sum to 1, or to less if there may be components that no row is known of.
        """

    @abstractmethod
    def variances(self, counts: Array) -> Array:
        """Return the variances (K,) of the weights of one mixture, under the posterior."""

    def __repr__(self) -> str:
        order = "by size" if self.by_size else "in the order given"
        return f"{self.name}({self.concentration!r}, {order})"
