"""A mixture as one density: its distribution, quantiles, regions, and means of functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..exceptions import ParameterError
from ..numerics.arguments import as_generator, as_numbers, check_integer
from ..rows.frames import rows_of
from .integrals import entropy, expected
from .line import Line
from .orthants import orthants
from .regions import log_levels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from .._typing import AnyArray, Array
    from .mixture import Mixture

__all__ = ["WholeDensity"]

_DRAWS = 200_000


class WholeDensity:
    """What `Mixture` knows of its density as a whole, rather than row by row."""

    def _whole(self) -> Mixture:
        return cast("Mixture", self)

    def cdf(self, X: Any) -> Array:
        """Return P(every feature <= the row's) for each row of X (n, d), shape (n,).

        To rounding with one feature, two, or covariances along the axes; else by SciPy's
        quasi-Monte Carlo, to 1e-5, some milliseconds a row, and a hundred times that of Student's
        t, whose normals of all widths are added up.  Noise counts within its box,
        which must lie along the features (ParameterError if it is turned).

        Examples
        --------
        >>> from gaussmix import Mixture
        >>> mixture = Mixture([0.25, 0.75], [-1.0, 2.0], [0.5, 1.0])
        >>> mixture.cdf([-1.0, 2.0]).round(4).tolist()
        [0.126, 0.625]
        """
        mixture = self._whole()
        X = np.asarray(rows_of(X, mixture.n_features, mixture.feature_names), dtype=np.float64)
        if np.isnan(X).any():
            raise ParameterError("X: contains NaN; the distribution function has no value there")
        return Line.of(mixture).cdf(X[:, 0]) if mixture.n_features == 1 else orthants(mixture, X)

    def ppf(self, q: ArrayLike) -> Any:
        """Return the quantiles of a univariate mixture, shaped like `q`; a float for one.

        Each tail is solved in its own logarithm, so ``cdf(ppf(q))`` is `q` to 1e-12 of
        itself down to the smallest floats; 0 and 1 give minus and plus infinity.  Noise
        counts as uniform over its box.

        Raises
        ------
        ParameterError
            If there are more features (see `marginal_quantiles`), or a probability is none.

        Examples
        --------
        >>> from gaussmix import Mixture
        >>> mixture = Mixture([0.25, 0.75], [-1.0, 2.0], [0.5, 1.0])
        >>> mixture.ppf([0.05, 0.5]).round(4).tolist()
        [-1.5963, 1.5694]
        """
        mixture, q = self._whole(), checked_shares("q", q)
        if mixture.n_features > 1:
            raise ParameterError(
                f"ppf: is of one feature, this mixture has {mixture.n_features}; use "
                "marginal_quantiles, or .marginal(column) first"
            )
        return shaped(Line.of(mixture).ppf(q.ravel()), q)

    def marginal_quantiles(self, q: ArrayLike) -> Array:
        """Return the quantiles of each feature by itself, shape ``(*q.shape, d)``.

        Examples
        --------
        >>> from gaussmix import Mixture
        >>> Mixture([1.0], [[0.0, 5.0]], [[1.0, 4.0]]).marginal_quantiles(0.5).tolist()
        [0.0, 5.0]
        """
        mixture, q = self._whole(), checked_shares("q", q)
        several = [Line.of(mixture, j).ppf(q.ravel()) for j in range(mixture.n_features)]
        return np.column_stack(several).reshape(*q.shape, mixture.n_features)

    def hdr_level(
        self,
        mass: ArrayLike,
        *,
        log: bool = False,
        return_error: bool = False,
        n_samples: int = _DRAWS,
        random_state: Any = 0,
    ) -> Any:
        """Return the density above which the mass lies: the level of its smallest region.

        The region {x: pdf(x) >= level} is the highest density region (Hyndman 1996), the
        smallest of all that hold the mass.

        Parameters
        ----------
        mass : float or array-like
            Probability inside, between 0 and 1.
        log : bool, default False
            Return the log-density: with many features the density itself may be no float.
        return_error : bool, default False
            Return the standard error too.
        n_samples : int, default 200,000
            Draws.  With one feature, or one component, none are needed: the level is then
            exact and its error 0.
        random_state : int, RandomState, Generator or None, default 0
            Of the draws.

        Returns
        -------
        level : float, or ndarray shaped like `mass`
        error : the same, if `return_error`

        Notes
        -----
        Noise is part of the density, and constant, as in `pdf`.  Where there is nothing else
        all of the plain is above a level or none of it: the region then holds more than the
        mass.

        References
        ----------
        Hyndman (1996), Computing and graphing highest density regions, The American
        Statistician 50, section 3.2.

        Examples
        --------
        >>> from gaussmix import Mixture
        >>> mixture = Mixture([0.25, 0.75], [-1.0, 2.0], [0.5, 1.0])
        >>> round(mixture.hdr_level(0.9), 6)
        0.091611
        >>> mixture.in_hdr([-1.0, 0.0, 2.0], 0.5).tolist()
        [False, False, True]
        """
        mixture, masses = self._whole(), checked_shares("mass", mass, inner=True)
        n_samples = check_integer("n_samples", n_samples, minimum=2)
        found = log_levels(mixture, 1.0 - masses.ravel(), n_samples, as_generator(random_state))
        level, error = (shaped(values, masses) for values in found)
        if not log:
            level = shaped(np.exp(np.asarray(level)), masses)
            error = shaped(np.asarray(level * error), masses)
        return (level, error) if return_error else level

    def in_hdr(
        self, X: Any, mass: float, *, n_samples: int = _DRAWS, random_state: Any = 0
    ) -> AnyArray:
        """Return whether each row of X (n, d) lies in the smallest region of that mass, (n,).

        `n_samples` and `random_state` are of `hdr_level`.
        """
        mixture = self._whole()
        if np.ndim(mass):
            raise ParameterError(f"mass: expected one number, got shape {np.shape(mass)}")
        level = self.hdr_level(mass, log=True, n_samples=n_samples, random_state=random_state)
        inside: AnyArray = mixture.logpdf(X) >= level
        return inside

    def entropy(
        self, *, return_error: bool = False, n_samples: int = _DRAWS, random_state: Any = 0
    ) -> Any:
        """Return the differential entropy, -E log p(x), in nats; its standard error too if asked.

        Exact for one component, by quadrature to 1e-12 with one feature, else by draws.
        Noise counts within its box; what `pdf` says beyond it is not looked at.

        Examples
        --------
        >>> from gaussmix import Mixture
        >>> round(Mixture([0.25, 0.75], [-1.0, 2.0], [0.5, 1.0]).entropy(), 6)
        1.801835
        """
        n_samples = check_integer("n_samples", n_samples, minimum=2)
        found, error = entropy(self._whole(), n_samples, as_generator(random_state))
        return (found, error) if return_error else found

    def expectation(
        self,
        function: Callable[[Array], Any],
        *,
        return_error: bool = False,
        n_samples: int = _DRAWS,
        random_state: Any = 0,
    ) -> Any:
        """Return the mean of a function of a row.

        Parameters
        ----------
        function : callable
            Of rows (n, d), gives values (n, ...).
        return_error : bool, default False
            Return the standard error too; with one feature, the bound that quadrature gives.
        n_samples : int, default 200,000
            Draws.  With one feature none are needed: adaptive quadrature, to 1e-12 of the
            mean of a smooth function.
        random_state : int, RandomState, Generator or None, default 0

        Returns
        -------
        mean : float, or ndarray of what a row has
        error : the same, if `return_error`

        Notes
        -----
        Noise counts as uniform over its box; with one feature that lies along it always.  A mean
        that does not exist, as of a feature under Student's t with dof <= 1, is not found out.

        Examples
        --------
        >>> from gaussmix import Mixture
        >>> mixture = Mixture([0.25, 0.75], [-1.0, 2.0], [0.5, 1.0])
        >>> round(mixture.expectation(lambda X: X[:, 0] ** 2), 9)
        4.125
        """
        n_samples = check_integer("n_samples", n_samples, minimum=2)
        rng = as_generator(random_state)
        found, error = expected(self._whole(), function, n_samples, rng)
        found, error = shaped(found, found), shaped(error, found)
        return (found, error) if return_error else found


def checked_shares(name: str, given: ArrayLike, *, inner: bool = False) -> Array:
    """Return probabilities as an array; raise ParameterError if one is not from 0 to 1."""
    shares = as_numbers(name, given)
    fine = (shares > 0) & (shares < 1) if inner else (shares >= 0) & (shares <= 1)
    if not fine.all():
        wrong = shares[~fine].flat[0]
        between = "between 0 and 1, neither of them" if inner else "from 0 to 1"
        raise ParameterError(f"{name}: expected probabilities {between}, got {wrong:.6g}")
    return shares


def shaped(values: Array, like: Array) -> Any:
    """Return values in the shape of others: one is a float."""
    return float(values.reshape(())) if np.ndim(like) == 0 else values.reshape(like.shape)
