"""The estimator of mixtures of Student's t."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.codes import family_of_code
from ..components.densities import student_of
from ..components.families import get_family
from ..exceptions import ParameterError
from ..numerics.arguments import shown
from .mixture import GaussianMixture

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.densities import Density
    from ..components.families import Family
    from ..em.result import Callback
    from ..rows.missing import Missing

__all__ = ["StudentMixture"]

_DEFAULT_DOF = "free"


class StudentMixture(GaussianMixture):
    """Mixture of multivariate Student's t, fitted by Expectation-Maximisation.

    Robust: a row far from its component weighs less in mean and scale, and no component is
    spent on outliers.  All else is as in `GaussianMixture`.

    Parameters
    ----------
    n_components : int, default 1
    covariance_type : str or Family, default "full"
        Of the scales S; as for `GaussianMixture`.  teigen's codes say how degrees of freedom
        are estimated, too: "UUUU" is "full" and "free", "UCCC" is "EEE" with volumes of their
        own and "equal"; and so do those of four letters as mclust's, "VEIE".
    dof : "free", "equal" or float, default "free"
        Degrees of freedom: each component's own, the same for all, or known.  Infinity is the
        Gaussian mixture; 1 the Cauchy one.  Estimates lie between 0.1 and 1000, and
        ``result_.notices()`` says of which components they are at a bound.
    tol, reg_covar, max_iter, n_init, select, init_params : optional
        As for `GaussianMixture`.  The covariances of a start that is a Gaussian `Mixture` are
        taken as scales.  `select` is by likelihood.
    weights_init, means_init, precisions_init : optional
        As for `GaussianMixture`; precisions are the inverse scales.
    random_state, warm_start, verbose, verbose_interval, n_jobs, callback : optional
        As for `GaussianMixture`.
    accelerate, equal_weights, prior, noise, dtype, stepwise, checkpoint, missing : optional
        As for `GaussianMixture`.  The prior is of means and scales.
    fixed : dict, optional
        As for `GaussianMixture`; "covariances" are scales.

    Attributes
    ----------
    mixture_ : Mixture
        The fitted mixture, whose density is a `StudentT`.
    weights_ : ndarray (K,)
    means_ : ndarray (K, d)
        The middles: means where dof > 1.
    scales_ : ndarray
        The matrices S, shaped as ``covariances_`` of a `GaussianMixture`.
    dofs_ : ndarray (K,)
        Degrees of freedom.
    covariances_ : ndarray
        Second moments, S dof / (dof - 2); NaN where dof <= 2.  One for each component if
        their degrees of freedom differ.
    precisions_, precisions_cholesky_ : ndarray
        Of the scales.
    converged_, n_iter_, lower_bound_, lower_bounds_, history_, status_, result_ : optional
        As for `GaussianMixture`.

    Raises
    ------
    ParameterError, DataError, FitInterrupted
        As for `GaussianMixture`.

    References
    ----------
    Peel & McLachlan (2000), Robust mixture modelling using the t distribution, Statistics
    and Computing 10.  Andrews & McNicholas (2012), Model-based clustering, classification,
    and discriminant analysis via mixtures of multivariate t-distributions, Statistics and
    Computing 22 (the families).

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import StudentMixture
    >>> rng = np.random.default_rng(0)
    >>> X = np.vstack([rng.normal(1, 1, (100, 2)), rng.normal(9, 1, (100, 2)), [[40.0, -40.0]]])
    >>> model = StudentMixture(2, dof="equal", random_state=0).fit(X)
    >>> model.means_.round(0).tolist()
    [[1.0, 1.0], [9.0, 9.0]]
    >>> int(model.outlier_weights(X).argmin())
    200
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str | Family = "full",
        dof: Any = _DEFAULT_DOF,
        tol: float = 1e-6,
        reg_covar: float = 0.0,
        max_iter: int = 1000,
        n_init: int = 1,
        select: str = "predictive",
        init_params: Any = "race",
        weights_init: Any = None,
        means_init: Any = None,
        precisions_init: Any = None,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        n_jobs: int | None = None,
        callback: Callback | None = None,
        accelerate: bool = True,
        equal_weights: bool = False,
        prior: Any = None,
        noise: Any = None,
        dtype: Any = "float64",
        stepwise: Any = None,
        checkpoint: Any = None,
        missing: str | Missing = "error",
        fixed: Any = None,
    ) -> None:
        super().__init__(
            n_components,
            covariance_type=covariance_type,
            tol=tol,
            reg_covar=reg_covar,
            max_iter=max_iter,
            n_init=n_init,
            select=select,
            init_params=init_params,
            weights_init=weights_init,
            means_init=means_init,
            precisions_init=precisions_init,
            random_state=random_state,
            warm_start=warm_start,
            verbose=verbose,
            verbose_interval=verbose_interval,
            n_jobs=n_jobs,
            callback=callback,
            accelerate=accelerate,
            equal_weights=equal_weights,
            prior=prior,
            noise=noise,
            dtype=dtype,
            stepwise=stepwise,
            checkpoint=checkpoint,
            missing=missing,
            fixed=fixed,
        )
        self.dof = dof

    def _kind(self) -> tuple[Family, Density]:
        found = family_of_code(self.covariance_type)
        if found is None:
            return get_family(self.covariance_type), student_of(self.dof)
        family, estimated = found
        if self.dof not in (_DEFAULT_DOF, estimated):
            raise ParameterError(
                f"dof: {shown(self.dof)}, but the code {self.covariance_type!r} says "
                f"{estimated!r}; leave dof out, or write covariance_type={family.name!r}"
            )
        return family, student_of(estimated)

    @property
    def scales_(self) -> AnyArray:
        """Scales S, shaped as covariance_type says."""
        return self._shown(self._fitted().mixture.scales.array)

    @property
    def dofs_(self) -> Array:
        """Degrees of freedom (K,); infinite of Gaussian components."""
        density, k = self._fitted().mixture.density, self._fitted().mixture.n_components
        return np.full(k, np.inf) if density.plain else density.numbers(k)[:, 0].copy()

    def outlier_weights(self, X: Any) -> Array:
        """Return what each row of X counts for in the means, shape (n,); outliers count little.

        (dof + d) / (dof + distance), averaged over components by their responsibilities.
        About 1 in the middle of a component.  Rows of the noise count for nothing.
        """
        self._require_fitted()
        if not self.mixture_.density.weighs:  # infinite degrees of freedom
            return self.predict_proba(X)[:, : self.mixture_.n_components].sum(axis=1)
        evaluator = self._evaluator(X)
        return evaluator.outlier_weights(self._answered(evaluator.source))
