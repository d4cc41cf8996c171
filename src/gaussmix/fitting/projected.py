"""Stand-ins of rows of which only projections were measured: what one component expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..components.covariances import FullCovariances
from ..components.moments import PRODUCTS
from ..components.parameters import Parameters
from ..estep.measured import choose_measured_form
from ..exceptions import DataError
from ..rows.folds import Workspace
from ..rows.measured import MeasuredSource

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..estep.measured.base import MeasuredForm
    from ..rows import Source

__all__ = ["with_stand_ins"]

_ROWS, _STRIP = 20_000, 1000
_STEPS = 30


def with_stand_ins(source: Source, known: Parameters | None = None) -> Source:
    """Return a source whose rows look like what they are projections of.

    What does not know of measurements, such as starts, is given rows as a normal distribution
    expects them: that of a mixture that is `known`, or else one that is fitted to a sample.  Raises
    DataError if projections, all together, leave out a direction.
    """
    if not isinstance(source, MeasuredSource) or not source.measurement.projects:
        return source
    measurement = source.measurement
    if known is not None:
        form = choose_measured_form(_as_one(known), measurement, PRODUCTS)
        return source.standing_in(_StandIns(form))
    rows, weights = source.inner.sample(_ROWS, np.random.default_rng(0))
    some = ~np.isnan(measurement.seen(rows)).all(axis=1)
    one = _begun(source, rows[some], weights[some])
    for _ in range(_STEPS):
        one = _step(one, source, rows[some], weights[some])
    form = choose_measured_form(one, measurement, PRODUCTS)
    return source.standing_in(_StandIns(form))


class _StandIns:
    """Rows (B, D) as the one component of a form expects them, (B, d).

    NaN where nothing is seen.
    """

    def __init__(self, form: MeasuredForm) -> None:
        self.form = form

    def __call__(self, rows: AnyArray) -> Array:
        form = self.form
        found: Array = np.empty((len(rows), form.n_features))
        for first in range(0, len(rows), _STRIP):
            part = rows[first : first + _STRIP]
            read = form.measurement.read(part)
            own = form.means[0] + form.expected(0, read)[0]
            own[np.isnan(read.values).all(axis=1)] = np.nan
            found[first : first + _STRIP] = own
        return found


def _as_one(mixture: Parameters) -> Parameters:
    """Return the normal distribution with the mean and the covariance of a mixture."""
    shares = mixture.weights / mixture.weights.sum()
    mean = shares @ mixture.means
    offsets = mixture.means - mean
    within = np.einsum("k,kij->ij", shares, mixture.each.to_dense())
    matrix = within + np.einsum("k,ki,kj->ij", shares, offsets, offsets)
    return Parameters.of_one(np.ones(1), mean[None], FullCovariances(matrix[None], 1, len(mean)))


def _begun(source: MeasuredSource, rows: Array, weights: Array) -> Parameters:
    """Return a normal distribution whose mean is that of least squares."""
    values, _, given = source.measurement.read(rows)
    assert given is not None
    turned = np.broadcast_to(given, (len(rows), *given.shape[1:]))
    turned = np.where(np.isnan(values)[:, :, None], 0.0, turned)
    values = np.nan_to_num(values)
    d = source.n_features
    if not len(rows):
        raise DataError("X: every value is missing (NaN), so there is nothing to fit")
    normal = np.einsum("n,nei,nej->ij", weights, turned, turned)
    scale = np.sqrt(np.diagonal(normal))
    if (scale == 0).any() or np.linalg.cond(normal / scale / scale[:, None]) > 1e12:
        raise DataError(
            "projection: all projections together leave out a direction, of which no row says "
            "anything; give the mixture fewer features"
        )
    mean = np.linalg.solve(normal, np.einsum("n,nei,ne->i", weights, turned, values))
    rest = values - turned @ mean
    wide = (weights @ (rest**2).sum(axis=1)) / np.maximum(scale**2, np.finfo(float).tiny)
    if not (np.isfinite(wide).all() and (wide > 0).all()):
        raise DataError("X: all rows say the same, or more than float64 arithmetic can tell")
    held = FullCovariances(np.diag(wide)[None], 1, d)
    return Parameters.of_one(np.ones(1), mean[None], held)


def _step(one: Parameters, source: MeasuredSource, rows: Array, weights: Array) -> Parameters:
    form = choose_measured_form(one, source.measurement, PRODUCTS)
    sums, workspace = form.open(), Workspace()
    for first in range(0, len(rows), _STRIP):
        strip = slice(first, first + _STRIP)
        form.add(sums, rows[strip], weights[None, strip], workspace)
    found = form.close(sums)
    matrices = found.scatters / found.counts[:, None, None]
    return Parameters.of_one(
        np.ones(1), found.means, FullCovariances(matrices, 1, source.n_features)
    )
