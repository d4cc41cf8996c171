"""An estimator's parameters become objects here, or a clear error."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.families import get_family
from ..components.fixed import Fixed
from ..components.prior import get_prior
from ..components.variational_prior import VariationalPrior, check_positive
from ..components.weights import get_weight_prior
from ..em.choices import HighestLikelihood, get_choice
from ..em.model import Model, VariationalModel
from ..em.options import Options
from ..exceptions import DataWarning, ParameterError
from ..fitting.known import known_labels
from ..numerics.arguments import check_dtype, check_integer, check_noise, check_number
from ..starts import get_start
from ..starts.fewer import Fewer
from ..starts.given import GivenMixture, Overridden

if TYPE_CHECKING:
    from .._typing import AnyArray
    from ..components.densities import Density
    from ..components.families import Family
    from ..em.choices import Choice
    from ..rows import Source
    from ..starts import Start

__all__ = ["Settings", "model_of", "settings_of", "settings_of_bayesian", "warn_of_target"]


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
    if values.dtype.kind not in "iuf":
        return
    if _may_be_errors(values):
        warnings.warn(
            "y: is ignored, as by scikit-learn; if it holds measurement errors, give them as Xerr=",
            DataWarning,
            stacklevel=3,
        )
    if values.ndim != 1:
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


def _may_be_errors(values: AnyArray) -> bool:
    """Whether a target may be variances (n, d) or covariances (n, d, d), as XDGMM takes them."""
    if values.ndim == 2:
        return bool(values.shape[1] > 1 and (values >= 0).all() and (values % 1).any())
    return values.ndim == 3 and values.shape[1] == values.shape[2]


def model_of(estimator: Any, n_components: int, family: Family, density: Density) -> Model:
    """Return what an estimator's parameters say is fitted, besides size, family and density."""
    return Model(
        n_components=n_components,
        family=family,
        density=density,
        equal_weights=bool(estimator.equal_weights),
        background=check_noise(estimator.noise) is not None,
        prior=get_prior(estimator.prior),
        reg_covar=check_number("reg_covar", estimator.reg_covar),
        fixed=_fixed_of(estimator, n_components, family),
    )


def _fixed_of(own: Any, n_components: int, family: Family) -> Fixed | None:
    """Return what of components is fixed, if that goes with the other parameters."""
    found = Fixed.of(getattr(own, "fixed", None), n_components, family)
    if found is None:
        return None
    wrong = [name for name in ("prior", "reg_covar") if getattr(own, name)]
    if found.weights and own.equal_weights:
        wrong.append("equal_weights")
    if wrong:
        raise ParameterError(f"fixed: does not go with {', '.join(wrong)}")
    start, given = begun_from(own), []
    if not (start.given and hasattr(start, "mixture")):
        needed = (
            (found.weights, "weights_init"),
            (found.means, "means_init"),
            (found.covariances, "precisions_init"),
        )
        given = [name for mask, name in needed if mask and getattr(own, name) is None]
        if not given and own.means_init is None:
            given = ["means_init"]  # which component is which, the start must say
    if given:
        raise ParameterError(
            f"fixed: what is fixed the start must give: {', '.join(given)}, or init_params=Mixture"
        )
    return found


def settings_of(estimator: Any) -> Settings:
    """Return the parameters of an estimator; raise ParameterError if one cannot be."""
    own = estimator
    noise = check_noise(own.noise)
    n_components = check_integer("n_components", own.n_components, minimum=1)
    return Settings(
        model_of(own, n_components, *own._kind()),
        options_of(own, get_choice(own.select)),
        _start_of(own),
        noise,
    )


def settings_of_bayesian(estimator: Any) -> Settings:
    """Return the parameters of a `BayesianGaussianMixture`, or raise ParameterError."""
    own = estimator
    n_components = check_integer("n_components", own.n_components, minimum=1)
    start, dof = begun_from(own), own.degrees_of_freedom_prior
    if isinstance(start, GivenMixture) and start.mixture.noise is not None:
        raise ParameterError(
            "init_params: the mixture has a uniform background, which a Bayesian mixture has not; "
            "give mixture.without_noise()"
        )
    kind = get_weight_prior(own.weight_concentration_prior_type)
    found = own.weight_concentration_prior
    if found is not None:
        found = check_positive("weight_concentration_prior", found)
    precision = own.mean_precision_prior
    if precision is not None:
        precision = check_positive("mean_precision_prior", precision)
    beliefs = VariationalPrior(
        replace(
            kind,
            concentration=1.0 / n_components if found is None else found,
            # Components of a start that is given keep the order that they are given in.
            by_size=not start.given or isinstance(own.init_params, str),
        ),
        precision,
        own.mean_prior,
        None if dof is None else check_positive("degrees_of_freedom_prior", dof),
        own.covariance_prior,
    )
    model = VariationalModel(
        n_components,
        get_family(own.covariance_type),
        reg_covar=check_number("reg_covar", own.reg_covar),
        beliefs=beliefs,
    )
    if not start.given:
        start = Fewer(start)
    return Settings(model, options_of(own, HighestLikelihood()), start, None)


def options_of(own: Any, select: Choice) -> Options:
    """Return how an estimator is to fit."""
    check_integer("verbose_interval", own.verbose_interval, minimum=1)
    return Options(
        tol=check_number("tol", own.tol),
        max_iter=check_integer("max_iter", own.max_iter, minimum=0),
        n_init=check_integer("n_init", own.n_init, minimum=1),
        select=select,
        accelerate=bool(own.accelerate),
        dtype=check_dtype(own.dtype),
    )


def begun_from(own: Any) -> Start:
    """Return the start that an estimator names, or its last fit."""
    reached = own._reached() if own.warm_start else None
    if reached is not None:
        remedy = "set it to False to begin anew"
        return GivenMixture(reached.mixture, "warm_start", remedy, reached.trail)
    return get_start(own.init_params)


def _start_of(own: Any) -> Start:
    start = begun_from(own)
    if isinstance(start, GivenMixture) and start.argument == "warm_start":
        return start
    given = (own.weights_init, own.means_init, own.precisions_init)
    return start if all(values is None for values in given) else Overridden(start, *given)
