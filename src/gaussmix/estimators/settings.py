"""An estimator's parameters become objects here, or a clear error."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.families import get_family
from ..components.prior import get_prior
from ..em.choices import get_choice
from ..em.model import Model
from ..em.options import Options
from ..exceptions import DataWarning
from ..fitting.known import known_labels
from ..numerics.arguments import check_dtype, check_integer, check_noise, check_number
from ..starts import get_start
from ..starts.given import GivenMixture, Overridden

if TYPE_CHECKING:
    from .._typing import AnyArray
    from ..components.families import Family
    from ..rows import Source
    from ..starts import Start

__all__ = ["Settings", "model_of", "settings_of", "warn_of_target"]


@dataclass(frozen=True)
class Settings:
    """The parameters of an estimator as objects."""

    model: Model
    options: Options
    start: Start
    noise: float | AnyArray | None

    def known(self, labels: Any, source: Source) -> AnyArray | None:
        """Return the known components of a source's rows, if labels (n,) say any."""
        if labels is None:
            return None
        return known_labels(labels, source.n_rows, self.model.n_components, self.noise)


def warn_of_target(y: Any, n_components: int) -> None:
    """Warn where a target, which is ignored, looks like what this library takes elsewhere.

    Known components of some rows, labels from 0 and -1, are what scikit-learn's
    semi-supervised classifiers take; weights are what is given second by mistake.
    """
    if not isinstance(y, np.ndarray | list | tuple) and not hasattr(y, "to_numpy"):
        return  # nothing at all, or something that it may be dear to look at
    try:
        values = np.asarray(y)
    except (TypeError, ValueError):
        return
    if values.ndim != 1 or values.dtype.kind not in "iuf":
        return
    found = np.unique(values)
    if len(found) > 1 and found[0] == -1 and np.isin(found[1:], range(n_components)).all():
        looks, meant = "the known components of some rows, and -1 for the others", "known="
    elif len(found) > 2 and found[0] >= 0 and np.isfinite(found).all() and (found % 1).any():
        looks, meant = "weights of rows", "sample_weight="
    else:
        return
    warnings.warn(
        f"y: is ignored, as by scikit-learn; if it holds {looks}, give it as {meant}",
        DataWarning,
        stacklevel=3,
    )


def model_of(estimator: Any, n_components: int, family: Family) -> Model:
    """Return what an estimator's parameters say is fitted, besides size and family."""
    return Model(
        n_components=n_components,
        family=family,
        equal_weights=bool(estimator.equal_weights),
        background=check_noise(estimator.noise) is not None,
        prior=get_prior(estimator.prior),
        reg_covar=check_number("reg_covar", estimator.reg_covar),
    )


def settings_of(estimator: Any) -> Settings:
    """Return the parameters of a `GaussianMixture`; raise ParameterError if one cannot be."""
    own = estimator
    check_integer("verbose_interval", own.verbose_interval, minimum=1)
    noise = check_noise(own.noise)
    n_components = check_integer("n_components", own.n_components, minimum=1)
    return Settings(
        model_of(own, n_components, get_family(own.covariance_type)),
        Options(
            tol=check_number("tol", own.tol),
            max_iter=check_integer("max_iter", own.max_iter, minimum=0),
            n_init=check_integer("n_init", own.n_init, minimum=1),
            select=get_choice(own.select),
            accelerate=bool(own.accelerate),
            dtype=check_dtype(own.dtype),
        ),
        _start_of(own),
        noise,
    )


def _start_of(own: Any) -> Start:
    if own.warm_start and hasattr(own, "mixture_"):
        return GivenMixture(own.mixture_, "warm_start", "set it to False to begin anew")
    start = get_start(own.init_params)
    given = (own.weights_init, own.means_init, own.precisions_init)
    return start if all(values is None for values in given) else Overridden(start, *given)
