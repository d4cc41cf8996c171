"""Classes of rows that come block by block: their statistics add up, exactly."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.utils.metaestimators import available_if

from ..components.families import get_family
from ..components.prior import get_prior
from ..components.statistics import SufficientStatistics
from ..em.model import Model
from ..exceptions import CollapseWarning, ParameterError
from ..fitting.fit import summarise
from ..fitting.labelled import settled
from ..mixture import Mixture
from ..numerics.arguments import check_number
from ..rows import MemorySource
from .discriminants import Discriminated, get_discriminant
from .rows import Refused, open_rows, whole_or_unchanged
from .targets import as_codes, labels_of
from .underlying import is_a_choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray
    from ..components.families import Family
    from ..em.result import FitResult

__all__ = ["ClassStream", "statistics_of"]


def _adds_up(own: Any) -> bool:
    """Whether a classifier follows from sums; scikit-learn's way to have a method or not."""
    if is_a_choice(1, own.families) or not get_discriminant(own.kind).takes_unlabelled:
        raise AttributeError(
            "partial_fit: is for kind='EDDA' with one family, which sums decide; give "
            f"families='EEE' or another one, got {own.families!r} for kind={own.kind!r}"
        )
    return True


class ClassStream:
    """The ``partial_fit`` of a classifier of one normal a class."""

    # Of each class, over all rows so far; None where they do not decide the fit.
    _statistics: SufficientStatistics | None = None

    @available_if(_adds_up)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Take one more block of rows: the classifier is that of all rows so far.

        For kind="EDDA" with one family, after ``fit`` (of rows that all have a label) or from
        nothing.  A class without rows yet has probability 0; until two rows
        differ in each feature nothing is predicted.

        Parameters
        ----------
        X : array-like or dataframe (n, d)
            In memory.
        y : array-like (n,)
            Every row has a label, and no value that is missing.
        classes : array-like (C,), optional
            All labels that there will be; needed in the first call.
        sample_weight : array-like (n,), optional
        """
        with whole_or_unchanged(self):
            self._take(X, y, classes, sample_weight)
        return self

    def _take(self, X: Any, y: Any, classes: Any, sample_weight: Any) -> None:
        own: Any = self
        before = self._statistics
        expected = self._expected(classes)
        whole = Refused()
        source = open_rows(own, X, sample_weight, reset=before is None, fewest=1, missing=whole)
        if not isinstance(source, MemorySource):
            raise ParameterError("X: partial_fit takes blocks in memory; fit takes files whole")
        labels, known = labels_of(y, source.n_rows, own.unlabelled)
        if not known.all():
            raise ParameterError("y: partial_fit takes no rows without a label; leave them out")
        classes, codes = as_codes(labels, known, expected)
        family = get_family(own.families, "families")
        merged = _statistics_of(source, codes, len(classes), family)
        if before is not None:
            merged = before.merge(merged.pool() if before.pooled else merged)
        self._statistics, own.classes_, own.bic_ = merged, classes, None
        if (merged.as_one().variances > 0).all():  # else there is nothing to tell by yet
            own._keep(_discriminated(own, merged, family, source.feature_names), classes)

    def _expected(self, classes: Any) -> AnyArray:
        """Return the classes in order, those of the first call."""
        own: Any = self
        given = None if classes is None else np.unique(np.asarray(classes))
        if self._statistics is None:
            if given is None:
                raise ParameterError("classes: must be given in the first call of partial_fit")
            return given
        before: AnyArray = own.classes_
        if given is not None and not np.array_equal(before, given):
            raise ParameterError(f"classes: were {before.tolist()} in the first call")
        return before


def _statistics_of(
    source: MemorySource, codes: AnyArray, n_classes: int, family: Family
) -> SufficientStatistics:
    moment = family.held.moment
    summarise(source, moment)  # refuses what is not finite
    rows = np.asarray(source.array[:], dtype=np.float64)
    members = np.eye(n_classes)[codes]
    return SufficientStatistics.from_responsibilities(rows, members, moment, source.weights)


def _discriminated(
    own: Any, statistics: SufficientStatistics, family: Family, names: tuple[str, ...] | None
) -> Discriminated:
    """Return the classes that have rows, by an M-step."""
    present = np.flatnonzero(statistics.counts > 0)
    some = statistics.take(present)
    prior, added = get_prior(own.prior), check_number("reg_covar", own.reg_covar)
    model = Model(len(present), family, prior=prior, reg_covar=added)
    found, collapsed = settled(model.objective(some.as_one()), some)
    if np.any(collapsed):
        warnings.warn(
            "a covariance is held at the floor: a class has too few different rows yet",
            CollapseWarning,
            stacklevel=3,
        )
    n_classes, d = len(statistics.counts), statistics.n_features
    return Discriminated(
        Mixture.of_parameters(found, names),
        present,
        (family.name,) * n_classes,
        float("nan"),
        model.n_parameters(d),
        statistics.total,
    )


def statistics_of(results: Sequence[FitResult]) -> SufficientStatistics | None:
    """Return what a fit leaves for ``partial_fit`` to go on from."""
    return results[0].statistics if len(results) == 1 else None
