"""Any covariances, errors and projections: rows side by side, one component after the other."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...components.covariances.base import LOG_2PI
from ...rows.measurement import unpacked
from ..gathered import by_component
from .base import MeasuredForm

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from ...rows.folds import Workspace
    from ...rows.measurement import Measured
    from ..gathered import GatheredSums

__all__ = ["TilesForm"]

# Numbers of a tile of rows, for each of them a matrix or two.
_NUMBERS = 2**18
# No pivot of a factor is less than this share of the variance.
_LEAST_SHARE = 1e-15


class _Given(NamedTuple):
    """Some rows under one component, rows last.

    Attributes
    ----------
    white : ndarray (e, B)
        L^-1 (y - R mu), T = L L'.
    log_det : ndarray (B,)
        Of T, over what is seen.
    carried : ndarray (e, d, B)
        L^-1 R V.
    """

    white: Array
    log_det: Array
    carried: Array


class TilesForm(MeasuredForm):
    """Rows in tiles, along which NumPy's calls work."""

    @cached_property
    def values(self) -> Array:
        """The covariances as matrices (J, d, d)."""
        return np.ascontiguousarray(self.covariances.to_dense())

    def write_joint(self, rows: Measured, out: Array, workspace: Workspace) -> None:
        for tile, part in self._tiles(rows):
            seen = (~np.isnan(part.values)).sum(axis=1)
            for k, log_weight in enumerate(self.log_weights):
                given = self._given(k, part, carry=False)
                squares = np.einsum("eb,eb->b", given.white, given.white)
                out[k, tile] = log_weight - 0.5 * (squares + given.log_det + seen * LOG_2PI)

    def add_expected(
        self,
        sums: GatheredSums,
        rows: Measured,
        masses: Array,
        threshold: float,
        workspace: Workspace,
    ) -> None:
        d = self.n_features
        for k, active in by_component(masses > threshold):
            scatter = masses[k, active].sum() * self.values[k]
            for tile, part in self._tiles(_taken(rows, active)):
                own = masses[k, active[tile]]
                given = self._given(k, part, carry=True)
                offsets = np.einsum("eib,eb->ib", given.carried, given.white)
                sums.counts[k] += own.sum()
                sums.shifts[k] += offsets @ own
                gained = given.carried.swapaxes(0, 1).reshape(d, -1)
                weighed = (given.carried * own).swapaxes(0, 1).reshape(d, -1)
                scatter += (offsets * own) @ offsets.T - weighed @ gained.T
            sums.scatters[k] += self.moment.of_matrices((scatter + scatter.T)[None] / 2)[0]

    def expected(self, k: int, rows: Measured) -> tuple[Array, Array]:
        given = self._given(k, rows, carry=True)
        offsets = np.einsum("eib,eb->bi", given.carried, given.white)
        left = self.values[k] - np.einsum("eib,ejb->bij", given.carried, given.carried)
        return offsets, left

    def _tiles(self, rows: Measured) -> list[tuple[slice, Measured]]:
        n_rows, e = rows.values.shape
        size = max(1, _NUMBERS // (2 * e * (e + self.n_features)))
        found = [slice(first, first + size) for first in range(0, n_rows, size)]
        return [(tile, _taken(rows, tile)) for tile in found]

    def _given(self, k: int, rows: Measured, *, carry: bool) -> _Given:
        n_rows, e = rows.values.shape
        missing, variances = np.isnan(rows.values).T, self.values[k]
        hidden: Array = np.empty((e, self.n_features, n_rows))  # R V
        if rows.projections is None:
            hidden[:] = variances[:, :, None]
            centred = rows.values.T - self.means[k][:, None]
        else:
            hidden[:] = np.moveaxis(rows.projections @ variances, 0, -1)
            centred = rows.values.T - np.moveaxis(rows.projections @ self.means[k], 0, -1)
        centred[missing] = 0.0
        hidden[np.nonzero(missing)[0], :, np.nonzero(missing)[1]] = 0.0
        total = np.ascontiguousarray(np.moveaxis(unpacked(rows.errors, e), 0, -1))
        total = np.repeat(total, n_rows, axis=2) if total.shape[2] != n_rows else total
        gone = missing[:, None] | missing[None]
        total[gone] = 0.0
        if rows.projections is None:
            total += np.where(gone, 0.0, hidden[:, :e])
        else:
            turned = np.moveaxis(rows.projections, 0, -1)
            total += np.where(gone, 0.0, np.einsum("fib,eib->efb", turned, hidden))
        places = np.arange(e)
        total[places, places] += missing
        log_det = _factorise(total)
        _solve(total, centred)
        if carry:
            _solve(total, hidden)
        return _Given(centred, log_det, hidden)


def _taken(rows: Measured, places: slice | AnyArray) -> Measured:
    """Return some of the rows; of what is all rows' all."""
    values, errors, projections = rows
    errors = errors if len(errors) == 1 else errors[places]
    if projections is not None and len(projections) > 1:
        projections = projections[places]
    return type(rows)(values[places], errors, projections)


def _factorise(matrices: Array) -> Array:
    """Turn the lower triangles of matrices (e, e, B) into their factors; return log-determinants.

    A pivot that rounding has taken is one of the least share.
    """
    log_det: Array = np.zeros(matrices.shape[2])
    for j in range(len(matrices)):
        least = np.maximum(_LEAST_SHARE * matrices[j, j], np.finfo(float).tiny)
        if j:
            matrices[j:, j] -= np.einsum("itb,tb->ib", matrices[j:, :j], matrices[j, :j])
        pivot = np.maximum(matrices[j, j], least)
        log_det += np.log(pivot)
        matrices[j, j] = pivot
        matrices[j:, j] /= np.sqrt(pivot)
    return log_det


def _solve(factors: Array, sides: Array) -> None:
    """Multiply sides (e, ..., B) by inverse factors (e, e, B), in place."""
    for j in range(len(sides)):
        if j:
            sides[j] -= np.einsum("tb,t...b->...b", factors[j, :j], sides[:j])
        sides[j] /= factors[j, j]
