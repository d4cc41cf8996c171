"""Mixtures of some of a mixture's features: by themselves, or given the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..exceptions import ParameterError
from ..numerics.arguments import as_numbers, require_moderate
from ..rows.door import as_rows
from .parts import chosen_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray
    from .conditionals import Conditionals
    from .mixture import Mixture
    from .parts import Columns

__all__ = ["SomeFeatures"]


class SomeFeatures:
    """What `Mixture` says of some of its features."""

    def columns(self, columns: Columns) -> AnyArray:
        """Return the indices (m,) of features given by index or by name."""
        mixture = cast("Mixture", self)
        return chosen_columns(columns, mixture.n_features, mixture.feature_names)

    def marginal(self, columns: Columns) -> Mixture:
        """Return the mixture of some features only, given by index or by name.

        Examples
        --------
        >>> from gaussmix import Mixture
        >>> Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.5], [0.5, 2.0]]]).marginal(1).means.tolist()
        [[5.0]]
        """
        self._refuse_noise("marginal")
        kept, mixture = self.columns(columns), cast("Mixture", self)
        names = mixture.feature_names
        return replace(
            mixture,
            means=mixture.means[:, kept],
            scales=mixture.scales.marginal(kept),
            feature_names=None if names is None else tuple(names[j] for j in kept),
        )

    def conditional(self, columns: Columns, values: Sequence[float] | float) -> Mixture:
        """Return the mixture of the other features, given values of some.

        Parameters
        ----------
        columns : index, name, or sequence of them
            The features that are known.
        values : float or sequence (m,)
            Their values.

        Returns
        -------
        Mixture
            Over the remaining features in their order.  Weights are the
            responsibilities under the marginal of the known features.

        Examples
        --------
        >>> from gaussmix import Mixture
        >>> m = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.5], [0.5, 2.0]]])
        >>> m.conditional(0, 2.0).means.tolist()
        [[6.0]]
        """
        point = np.atleast_1d(as_numbers("values", values))
        given = self.columns(columns)
        if point.shape != (len(given),):
            raise ParameterError(f"values: expected {len(given)} numbers, got shape {point.shape}")
        require_moderate("values", point)
        return self.conditionals(given, point[None])[0]

    def conditionals(self, columns: Columns, values: Any) -> Conditionals:
        """Return, for many rows at once, the mixtures of the other features.

        Parameters
        ----------
        columns : index, name, or sequence of them
            The features that are known.
        values : array-like (n, m)
            Their values; (n,) of one feature.  NaN is not known: the others alone count.

        Returns
        -------
        Conditionals
            ``mean``, ``std``, ``covariance``, ``logpdf``, ``cdf``, ``ppf`` and ``sample`` of
            all rows; item i is the `Mixture` of row i.

        Examples
        --------
        >>> from gaussmix import Mixture
        >>> m = Mixture([1.0], [[0.0, 5.0]], [[[1.0, 0.5], [0.5, 2.0]]])
        >>> m.conditionals(0, [2.0, 4.0]).mean().ravel().tolist()
        [6.0, 7.0]
        """
        from .conditionals import conditioned_rows

        self._refuse_noise("conditional")
        given = self.columns(columns)
        mixture = cast("Mixture", self)
        return conditioned_rows(mixture, given, as_rows(values, len(given), argument="values"))

    def _refuse_noise(self, what: str) -> None:
        if cast("Mixture", self).noise is not None:
            raise ParameterError(
                f"noise: the {what} of a uniform background over a box is not uniform; "
                "use .without_noise() first"
            )
