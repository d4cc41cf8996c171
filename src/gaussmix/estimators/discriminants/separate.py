"""A mixture for each class, by itself."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ...components.moments import NORM
from ...exceptions import CollapseWarning, DataError
from ...mixture.joining import joined_mixtures
from ...rows.checks import require_finite
from ...rows.summary import summary_of
from ..underlying import fitted_mixture
from .base import Asked, Discriminant, Discriminated

if TYPE_CHECKING:
    from ...em.result import FitResult


class Separate(Discriminant):
    """Each class is a mixture that is fitted to its rows alone."""

    #: What `n_components` and `families` are where they are None.
    n_components: ClassVar[Any]
    families: ClassVar[Any]

    def fit(self, asked: Asked) -> Discriminated:
        require_finite(summary_of(asked.source, NORM), asked.source)
        results = [self._of_class(asked, number) for number in range(len(asked.classes))]
        n = float(sum(result.n for result in results))
        weights = np.array([result.n / n for result in results])
        mixture, groups = joined_mixtures([result.mixture for result in results], weights)
        count = len(results) - 1 + sum(result.n_parameters for result in results)
        score = mixture.evaluator(asked.source).score()
        names = tuple(result.family.name for result in results)
        log_likelihood = score.log_likelihood
        return Discriminated(mixture, groups, names, log_likelihood, count, n, tuple(results))

    def _of_class(self, asked: Asked, number: int) -> FitResult:
        own, label = asked.own, asked.classes.tolist()[number]
        sizes = self.n_components if own.n_components is None else own.n_components
        families = self.families if own.families is None else own.families
        sizes, families = asked.of_class(sizes, number), asked.of_class(families, number)
        rows = asked.source.only(asked.codes == number)
        try:
            with warnings.catch_warnings():
                # Small classes support few models: that is no news here.
                warnings.filterwarnings("ignore", r"\d+ of \d+ models could not", UserWarning)
                # What came of the fit is told by the classifier, with the class.
                warnings.simplefilter("ignore", CollapseWarning)
                warnings.simplefilter("ignore", ConvergenceWarning)
                return fitted_mixture(own, rows, sizes, families).result_
        except DataError as error:
            raise DataError(
                f"class {label!r} cannot be fitted by itself ({error}); give it more rows, "
                "fewer components, a prior, or use kind='EDDA', where classes share"
            ) from None


class MclustDA(Separate):
    """Mixture discriminant analysis (Fraley & Raftery 2002), sizes and families chosen."""

    name = "MclustDA"
    summary = "a mixture a class; its size and family are chosen for each"
    n_components = (1, 2, 3, 4, 5)
    families = "all"


class AsGiven(Separate):
    """A mixture a class, as it is given."""

    name = "mixture"
    summary = "a mixture of given size and family a class"
    n_components = 2
    families = "full"
