"""The mixed form: each component in the cheapest way that is accurate for it.

A narrow component, or one whose covariance is nearly singular, makes the natural form lose
digits of that component, and of no other.  Here such components are whitened, about their own
means, and all others are evaluated by the natural form.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.moments import PRODUCTS
from ..components.statistics import SufficientStatistics
from ..numerics.groups import Groups
from .compiled import (
    OwnTerms,
    Tiles,
    bytes_of_tiles,
    compiled_loops,
    goes_in_tiles,
    natural_form,
    pairs_of,
    with_constants,
)
from .form import Form, Sums
from .natural import moments_to_statistics
from .whitened import WhitenedForm

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.moments import Moment
    from ..components.parameters import Parameters
    from ..rows.folds import Workspace
    from .natural import NaturalForm
    from .posterior import Posterior, Tally

__all__ = ["MixedForm"]


def _some_of(parameters: Parameters, places: AnyArray) -> Parameters:
    return parameters.cut(places, slice(None), Groups.of((len(places),)))


@dataclass
class MixedSums(Sums):
    """What loops over tiles have added up (J, n_terms), and the sums of each part."""

    moments: Array
    parts: list[Any]

    def merge(self, other: MixedSums) -> MixedSums:
        parts = [mine.merge(its) for mine, its in zip(self.parts, other.parts, strict=True)]
        return MixedSums(self.moments + other.moments, parts)


class MixedForm(Form):
    """Two forms side by side, or both in one loop over tiles where loops are compiled.

    Parameters
    ----------
    parameters : Parameters
        Of one mixture.
    moment : Moment
    center : ndarray (d,)
    accurate : ndarray of bool (K,)
        For which components the natural form about `center` is accurate.
    n_rows : int or None
        As for `choose_form`.
    """

    def __init__(
        self,
        parameters: Parameters,
        moment: Moment,
        center: Array,
        accurate: AnyArray,
        n_rows: int | None,
    ) -> None:
        super().__init__(parameters.groups, len(center), moment)
        # In the order of the loops: those that are whitened come first.
        self.order = np.argsort(accurate, kind="stable")
        self.n_whitened = int(np.count_nonzero(~accurate))
        self.center, self.places = center, [self.order[: self.n_whitened], np.flatnonzero(accurate)]
        n_joint, n_terms = len(accurate) + 1, 1 + len(center) + moment.n_terms(len(center))
        self.in_tiles = goes_in_tiles(n_joint, n_terms, n_rows)
        kind = natural_form(n_joint, n_rows)
        self.forms: tuple[WhitenedForm, NaturalForm] = (
            WhitenedForm(_some_of(parameters, self.places[0]), moment),
            kind.of(_some_of(parameters, self.places[1]), moment, center),
        )
        self._bytes = 16 * n_joint + max(form.bytes_of_joint for form in self.forms)
        self.bytes_per_row = self._bytes
        if self.in_tiles:
            self.bytes_per_row = min(bytes_of_tiles(n_joint, n_terms), self._bytes)

    @property
    def holds_lock(self) -> bool:  # type: ignore[override]
        return not self.in_tiles

    @property
    def bytes_of_joint(self) -> int:
        return self._bytes

    def joint(
        self,
        rows: AnyArray,
        out: Array,
        workspace: Workspace,
        labels: AnyArray | None = None,
        sums: MixedSums | None = None,
    ) -> None:
        for form, places in zip(self.forms, self.places, strict=True):
            own: Array = workspace.array("some", len(places), len(rows))
            form.joint(rows, own, workspace)
            out[places] = own

    # -- sums -----------------------------------------------------------------

    def open(self) -> MixedSums:
        d = self.n_features
        shape = (self.n_components, 1 + d + self.moment.n_terms(d))
        return MixedSums(np.zeros(shape), [form.open() for form in self.forms])

    def add(self, sums: MixedSums, rows: AnyArray, masses: Array, workspace: Workspace) -> None:
        for form, own, places in zip(self.forms, sums.parts, self.places, strict=True):
            form.add(own, rows, masses[places], workspace)

    def close(self, sums: MixedSums, **counted: Any) -> SufficientStatistics:
        each = [form.close(own) for form, own in zip(self.forms, sums.parts, strict=True)]
        back = np.argsort(self.order)
        counts, means, scatters = (
            np.concatenate([getattr(own, name) for own in each])[back]
            for name in ("counts", "means", "scatters")
        )
        in_parts = SufficientStatistics(counts, means, scatters, self.moment, **counted)
        if not sums.moments.any():
            return in_parts
        centers = np.repeat(self.center[None], self.n_components, axis=0)
        centers[: self.n_whitened] = self.forms[0].means
        in_loops = moments_to_statistics(sums.moments[back], centers[back], self.moment)
        return in_parts.merge(in_loops)

    # -- in tiles -------------------------------------------------------------

    @cached_property
    def _factors(self) -> Array:
        """Lower triangular matrices (k, d, d) that whiten."""
        held, every = self.forms[0].covariances, np.eye(self.n_features)
        each = [held.whiten(k, every).T for k in range(self.n_whitened)]
        return np.array(each).reshape(-1, *every.shape)

    def at_once(
        self,
        sums: MixedSums,
        rows: AnyArray,
        weights: AnyArray | None,
        posterior: Posterior,
        tally: Tally,
        workspace: Workspace,
    ) -> bool:
        loops = compiled_loops() if self.in_tiles else None
        if loops is None:
            return False
        whitened, natural = self.forms
        theta, k, backgrounds = natural.theta, self.n_components, posterior.backgrounds
        if backgrounds is not None:
            theta = with_constants(theta[None], backgrounds)[0]
        moments = np.zeros((self.n_whitened + len(theta), theta.shape[1]))
        tile = Tiles.of(loops, rows, weights, 1, theta.dtype, workspace)
        own = OwnTerms.of(posterior, 1, theta.dtype, self.order)
        loops.expect_mixed(
            tile.rows,
            tile.weights,
            self.center,
            theta,
            (whitened.means, self._factors, whitened.constants, self.moment is not PRODUCTS),
            pairs_of(self.moment, self.n_features),
            own,
            *tile.rest(moments),
        )
        sums.moments += moments[:k]
        tile.tell(tally, weights, moments[None, k:, 0])
        own.tell(posterior, tally, self.order)
        return True
