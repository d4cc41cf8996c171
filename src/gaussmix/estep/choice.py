"""Which form of the E-step to use."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..components.moments import NOTHING
from .compiled import goes_in_tiles, natural_form
from .mixed import MixedForm
from .pruned import may_pay, prune
from .whitened import WhitenedForm

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.moments import Moment
    from ..components.parameters import Parameters
    from .form import Form
    from .natural import NaturalForm

__all__ = ["MOST_TERMS", "are_accurate", "choose_form", "is_single"]

# Largest error in a log-density that the natural form may make, by the bytes of a number.
TOLERANCE = 1e-8
_SINGLE_TOLERANCE = 1e-3
_EPS, _SINGLE_EPS = float(np.finfo(np.float64).eps), float(np.finfo(np.float32).eps)
# Its square, times a weight that small, is within float32; so are the inverses.
_SINGLE_LEAST = 1e-12
# Features beyond which products of features cost more than whitening (measured).
MOST_TERMS = 2500
# With fewer terms the natural form is cheap for any number of components.
_FEW_TERMS = 150


def choose_form(
    parameters: Parameters,
    moment: Moment,
    shared: bool,
    center: Array,
    extent: Array,
    dtype: type = np.float64,
    n_rows: int | None = 0,
) -> Form:
    """Return the natural form where it is accurate and cheap, else the whitened form.

    Where it is accurate for some components, those are not whitened; and compiled loops do both.
    The others are pruned where there are so many components and products of features that it
    pays to find out first which components matter to a row.

    Parameters
    ----------
    parameters : Parameters
        Of one mixture.
    moment : Moment
        The second moment wanted in the statistics.
    shared : bool
        Whether statistics pooled over components are wanted.
    center, extent : ndarray (d,)
        All rows lie in the box center +- extent.
    dtype : type
        float32 is for the arithmetic within a block, where it is accurate to about three
        digits of a log-density and holds all numbers; elsewhere float64 takes its place.
    n_rows : int or None
        Rows of a pass, None if unknown: loops are compiled only for many.
    """
    means, held = parameters.means, parameters.covariances
    # The box may exclude a mean (of a start given by the user): its size counts too.
    reach = np.maximum(extent, np.abs(means - center).max(axis=0))
    d, n_joint = len(center), len(means) + (parameters.box is not None)
    suits = held.moment is moment and (shared or not held.shared)
    # What shared covariances have in common cancels, but where something lacks it: then each
    # component has its own quadratic term, though it is the same.
    cancels = held.shared and parameters.box is None and parameters.density.plain
    kind, in_tiles, cheap = _natural(n_joint, d, moment, n_rows)
    errors = held.magnitudes(reach)
    error = float(errors.max())
    if dtype is np.float32 and not (
        _SINGLE_EPS * error <= _SINGLE_TOLERANCE and is_single(reach.min(), reach.max())
    ):
        dtype = np.float64
    if cancels:
        # What cancels is known about the center; means far from 0 are rounded, and so is that.
        error = held.magnitude(np.sqrt(reach * (reach + np.abs(center))))
    dense: Form
    if suits and (cheap or cancels) and _is_accurate(error):
        dense = kind.of(parameters, NOTHING if cancels else moment, center, dtype)
    elif suits and not cancels and (in_tiles or (cheap and _EPS * errors.min() <= TOLERANCE)):
        accurate = np.broadcast_to(_EPS * errors <= TOLERANCE, len(means))
        dense = MixedForm(parameters, moment, center, accurate, n_rows)
    else:
        dense = WhitenedForm(parameters, moment)
    density = parameters.density
    prunable = not held.shared and held.moment is moment and density.falls
    if not prunable or not may_pay(dense, density):
        return dense
    return prune(dense, parameters, center, reach, n_rows)


@lru_cache(maxsize=64)
def _natural(
    n_joint: int, n_features: int, moment: Moment, n_rows: int | None
) -> tuple[type[NaturalForm], bool, bool]:
    """Return the natural form for so many densities, whether in tiles, and whether it is cheap."""
    n_second = moment.n_terms(n_features)
    n_terms = 1 + n_features + n_second
    in_tiles = goes_in_tiles(n_joint, n_terms, n_rows)
    cheap = n_second <= MOST_TERMS and (
        in_tiles or n_terms < _FEW_TERMS or not _whitening_is_cheaper(n_joint, n_second)
    )
    return natural_form(n_joint, n_rows), in_tiles, cheap


def is_single(least: float, largest: float) -> bool:
    """Say whether float32 holds sums of squares of such numbers, and their inverses."""
    return bool(least >= _SINGLE_LEAST and largest <= 1.0 / _SINGLE_LEAST)


def are_accurate(theta: Array, reach: Array, moment: Moment) -> AnyArray:
    """Say of which natural parameters (J, n_terms) the form is accurate, |x| <= reach.

    `reach` is (d,), or (J, d) of each.
    """
    d, each = reach.shape[-1], np.atleast_2d(reach)
    largest = np.empty((moment.n_terms(d), len(each)))
    moment.write(np.ascontiguousarray(each.T), largest)
    # x' P x is -2 times what the parameters of second order add up to.
    errors = 2.0 * _EPS * (np.abs(theta[:, 1 + d :]) * largest.T).sum(axis=1)
    return np.asarray(errors <= TOLERANCE)


def _is_accurate(magnitude: float) -> bool:
    return _EPS * magnitude <= TOLERANCE


def _whitening_is_cheaper(n_components: int, n_second: int) -> bool:
    """Whether to whiten rows once a component costs less than to write so many products of them.

    Those of all pairs cost about as much as 8 to 12 components that use them (measured, without
    compiled loops).
    """
    return n_components * (27.5 + 0.065 * n_second) < n_second
