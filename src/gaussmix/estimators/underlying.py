"""The mixture estimator under another estimator: one model, or the best of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.families import Family
from ..numerics.arguments import check_number
from .mixture import GaussianMixture
from .search import GaussianMixtureIC

if TYPE_CHECKING:
    from ..rows import Source

__all__ = ["fitted_mixture", "is_a_choice"]

#: Parameters that both kinds of estimator and those above them have in common.
_SHARED = ("tol", "reg_covar", "max_iter", "n_init", "random_state", "n_jobs", "prior")


def is_a_choice(n_components: Any, families: Any) -> bool:
    """Whether sizes or families, as users write them, leave something to choose."""
    every = isinstance(families, str) and families.lower() == "all"
    several = not isinstance(families, str | Family)
    return every or several or np.iterable(n_components)


def fitted_mixture(
    own: Any, source: Source, n_components: Any, families: Any, **given: Any
) -> GaussianMixture:
    """Fit a mixture to the rows of a source, with the parameters that `own` shares with it.

    Parameters
    ----------
    own : BaseEstimator
        Has `tol`, `reg_covar`, `max_iter`, `n_init`, `random_state`, `n_jobs`, `prior`, and
        `criterion`, by which one is chosen where there are several.
    n_components : int or iterable of int
    families : str, Family, or several of them
    given
        Further parameters of the mixture estimator; those that are None are left out.
    """
    shared = {name: getattr(own, name) for name in _SHARED}
    shared |= {name: value for name, value in given.items() if value is not None}
    check_number("tol", own.tol)
    if not is_a_choice(n_components, families):
        return GaussianMixture(n_components, covariance_type=families, **shared).fit(source)
    search = GaussianMixtureIC(n_components, families=families, criterion=own.criterion, **shared)
    return search.fit(source).best_estimator_
