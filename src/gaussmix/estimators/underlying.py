"""The mixture estimator under another estimator: one model, or the best of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.families import Family
from ..fitting.fit import fit_mixture
from ..numerics.arguments import as_generator
from .mixture import GaussianMixture
from .search import GaussianMixtureIC
from .settings import settings_of

if TYPE_CHECKING:
    from .._typing import AnyArray
    from ..em.result import FitResult
    from ..rows import Source
    from .settings import Settings

__all__ = ["fitted_mixture", "fitted_result", "is_a_choice", "settings_under"]

#: Parameters that both kinds of estimator and those above them have in common.
_SHARED = (
    *("tol", "reg_covar", "max_iter", "n_init", "random_state", "n_jobs", "prior"),
    "missing",
)


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
    shared = _shared(own, given)
    if not is_a_choice(n_components, families):
        return GaussianMixture(n_components, covariance_type=families, **shared).fit(source)
    search = GaussianMixtureIC(n_components, families=families, criterion=own.criterion, **shared)
    return search.fit(source).best_estimator_


def fitted_result(
    own: Any,
    source: Source,
    n_components: int,
    family: Family,
    *,
    known: AnyArray | None = None,
    **given: Any,
) -> FitResult:
    """Fit one model, as `fitted_mixture` does, and say nothing of what came of it."""
    settings = settings_under(own, n_components, family, **given)
    return fit_mixture(
        source,
        settings.model,
        settings.start,
        settings.options,
        rng=as_generator(own.random_state),
        known=settings.known(known, source),
    )


def settings_under(own: Any, n_components: int, family: Family, **given: Any) -> Settings:
    """Return what a `GaussianMixture` under another estimator is set to, as objects."""
    return settings_of(GaussianMixture(n_components, covariance_type=family, **_shared(own, given)))


def _shared(own: Any, given: dict[str, Any]) -> dict[str, Any]:
    shared = {name: getattr(own, name) for name in _SHARED}
    return shared | {name: value for name, value in given.items() if value is not None}
