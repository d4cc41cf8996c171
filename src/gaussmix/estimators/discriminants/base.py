"""The contract of a discriminant analysis."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ...exceptions import ParameterError
from ...mixture.joining import taken, weighed_anew

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from ...em.result import FitResult
    from ...mixture.mixture import Mixture
    from ...rows import Source

__all__ = ["Asked", "Discriminant", "Discriminated"]


@dataclass(frozen=True, eq=False)
class Asked:
    """What is to be fitted.

    Attributes
    ----------
    own : MixtureClassifier
        Its parameters say how.
    source : Source
    codes : ndarray of int (n,)
        The class of each row, -1 where unknown.
    classes : ndarray (C,)
        What users call them.
    """

    own: Any
    source: Source
    codes: AnyArray
    classes: AnyArray

    @property
    def labelled(self) -> Source:
        """The rows whose class is known."""
        known = self.codes >= 0
        return self.source if known.all() else self.source.without(~known)

    def of_class(self, given: Any, number: int) -> Any:
        """Return what is said of one class, where users may give a dict by label."""
        if not isinstance(given, dict):
            return given
        label = self.classes.tolist()[number]
        if label not in given:
            raise ParameterError(
                f"n_components and families: say nothing of class {label!r}; a dict needs every "
                f"class, of {self.classes.tolist()}"
            )
        return given[label]


@dataclass(frozen=True, eq=False)
class Discriminated:
    """Classes as mixtures.

    Attributes
    ----------
    mixture : Mixture
        The components of all classes; their weights hold the estimated priors.
    groups : ndarray of int (K,)
        The class of each component.
    families : tuple of str
        By class.
    log_likelihood : float
        Sum of log sum_c prior_c f_c(x) over rows; of rows whose class is known beside others
        whose is not, of log prior_c f_c(x).
    n_parameters : int
        Priors are counted.
    n : float
        Sum of the sample weights.
    results : tuple of FitResult
        The fits that it was made of.
    """

    mixture: Mixture
    groups: AnyArray
    families: tuple[str, ...]
    log_likelihood: float
    n_parameters: int
    n: float
    results: tuple[FitResult, ...] = ()

    @property
    def priors(self) -> Array:
        """The estimated priors (C,)."""
        found = np.bincount(self.groups, self.mixture.weights, minlength=len(self.families))
        return np.asarray(found, dtype=np.float64)

    def with_priors(self, priors: Array) -> Mixture:
        """Return the mixture of all classes with other priors (C,)."""
        return weighed_anew(self.mixture, self.groups, priors)

    def of_class(self, number: int) -> Mixture:
        """Return the mixture of one class, its weights summing to 1."""
        return taken(self.mixture, np.flatnonzero(self.groups == number)).without_noise()


class Discriminant(ABC):
    """A way to make mixtures of classes."""

    #: What users write.
    name: ClassVar[str]
    #: One line for people choosing.
    summary: ClassVar[str]
    #: Whether rows without a label count.
    takes_unlabelled: ClassVar[bool] = False

    @abstractmethod
    def fit(self, asked: Asked) -> Discriminated:
        """Fit the classes.

        Raises
        ------
        DataError, ParameterError
            If the rows cannot support them; messages name the class.
        """

    def __repr__(self) -> str:
        return f"{self.name}: {self.summary}"
