"""Full covariances, in the missing block of the precision: small where little is missing.

With z = x - mu on what is seen and 0 elsewhere, and g = P z,

    E[x_m | x_o] - mu_m = -C g_m,   C = (P_mm)^-1
    z_o' S_oo^-1 z_o    = z' P z - g_m' C g_m
    log |S_oo|          = log |S| + log |P_mm|

so a row costs two products with its component's factor, as if it were whole, and a matrix of the
size of what is missing.  The second line subtracts: components are done so that are not flat.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from ...components.covariances import FullCovariances
from ...rows.patterns import Patterns
from ..gathered import by_component
from .base import log_norms
from .full import FullPatternForm
from .padded import Padded

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from ...components.moments import Moment
    from ...components.parameters import Parameters
    from ...rows.folds import Workspace
    from ..gathered import GatheredSums

__all__ = ["PrecisionForm"]

# The sum of |P_ij s_i s_j|, s the deviations: times the machine epsilon it bounds the share of a
# squared distance that is lost.
_FLATTEST = 1e5
# Rows times components a pattern from which calls for each pattern cost less than arrays of all,
# and features up to which matrices of all features do (measured).
_FREQUENT = 1000
_FEW = 12
# Rows that are done together: their arrays stay in cache.
_STRIP = 4096


class _Way(Enum):
    """How the rows of a block are done."""

    FREQUENT = "pattern by pattern"
    PADDED = "all patterns at once, as matrices of all features"
    STRIPS = "all patterns at once, as matrices of what is missing"


class PrecisionForm(FullPatternForm):
    """All patterns of a block at once, for components of full covariance that are not flat.

    Others are done pattern by pattern, and so are all where many rows have each pattern.  Where
    features are few, matrices of all of them are as cheap, and serve flat components too.
    """

    def __init__(self, parameters: Parameters, moment: Moment) -> None:
        super().__init__(parameters, moment)
        held = self.covariances
        assert isinstance(held, FullCovariances)
        deviations = np.sqrt(np.diagonal(held.values, axis1=1, axis2=2))
        flat = held.magnitudes(deviations) > _FLATTEST
        #: Which components are done pattern by pattern.
        self.flat: AnyArray = np.broadcast_to(flat, (self.n_components,))
        self.factors = np.broadcast_to(held.inverse_factors, self._stack)
        self.precisions = np.broadcast_to(held.precisions, self._stack)
        self.log_dets = held.log_det()
        self._newest: tuple[bytes, Padded | None] = (b"", None)

    @property
    def _stack(self) -> tuple[int, int, int]:
        return self.n_components, self.n_features, self.n_features

    def _way(self, patterns: Patterns) -> _Way:
        """Return the way in which rows of these patterns cost least."""
        n_rows, n_patterns = len(patterns.which), len(patterns.seen)
        if n_rows * self.n_components >= _FREQUENT * n_patterns:
            return _Way.FREQUENT
        return _Way.PADDED if self.n_features <= _FEW else _Way.STRIPS

    def _padded(self, patterns: Patterns) -> Padded:
        """Return components under these patterns; densities and sums of a block are of the same."""
        key, (known, found) = patterns.seen.tobytes(), self._newest
        if key != known or found is None:
            values = np.broadcast_to(self.covariances.values, self._stack)
            found = Padded(self.means, values, patterns.seen)
            self._newest = key, found
        return found

    def __getstate__(self) -> dict[str, object]:
        return {**super().__getstate__(), "_newest": (b"", None)}

    def write_joint(self, rows: AnyArray, out: Array, workspace: Workspace) -> None:
        patterns = Patterns.of(rows)
        way = self._way(patterns)
        if way is _Way.PADDED:
            self._padded(patterns).write_joint(rows, patterns.which, self.log_weights, out)
            return
        if way is _Way.FREQUENT or self.flat.any():
            for number, places in patterns.rows():
                self._write_pattern(rows[places], patterns.seen[number], places, out)
        if way is _Way.FREQUENT:
            return
        for first in range(0, len(rows), _STRIP):
            part = slice(first, first + _STRIP)
            self._write_strip(rows[part], out[:, part])

    def _write_strip(self, rows: AnyArray, out: Array) -> None:
        patterns = Patterns.of(rows)
        n_seen = patterns.seen.sum(axis=1)[patterns.which]
        for k in np.flatnonzero(~self.flat).tolist():
            part = _Strip(self, k, rows, patterns)
            log_det = np.where(n_seen > 0, self.log_dets[k] + part.log_det, 0.0)
            out[k] = self.log_weights[k] + log_norms(n_seen, log_det) - 0.5 * part.distances

    def add_expected(
        self,
        sums: GatheredSums,
        rows: AnyArray,
        masses: Array,
        threshold: float,
        workspace: Workspace,
    ) -> None:
        patterns = Patterns.of(rows)
        way, left = self._way(patterns), np.zeros(self._stack)
        if way is _Way.PADDED:
            added = masses, sums.counts, sums.shifts, left
            self._padded(patterns).add(rows, patterns.which, *added)
            sums.scatters += self.moment.of_matrices(left)
            return
        if way is _Way.FREQUENT or self.flat.any():
            own = masses if way is _Way.FREQUENT else np.where(self.flat[:, None], masses, 0.0)
            super().add_expected(sums, rows, own, threshold, workspace)
        if way is _Way.FREQUENT:
            return
        for k, active in by_component((masses > threshold) & ~self.flat[:, None]):
            for first in range(0, len(active), _STRIP):
                chosen = active[first : first + _STRIP]
                weights, own = masses[k, chosen], rows[chosen]
                patterns = Patterns.of(own)
                part = _Strip(self, k, own, patterns)
                sums.counts[k] += weights.sum()
                sums.shifts[k] += weights @ part.centred
                part.add_rest(np.bincount(patterns.which, weights).astype(float), left[k])
                sums.scatters[k] += self.moment.of_rows(part.centred, weights)
        sums.scatters += self.moment.of_matrices(left)

    def expected(self, k: int, rows: AnyArray) -> Array:
        if self.flat[k]:
            return super().expected(k, rows)
        found = np.empty(rows.shape)
        for first in range(0, len(rows), _STRIP):
            part = slice(first, first + _STRIP)
            found[part] = _Strip(self, k, rows[part], Patterns.of(rows[part])).centred
        return np.where(np.isnan(rows), self.means[k] + found, rows)


class _Strip:
    """Some rows (B, d) under one component.

    Attributes
    ----------
    centred : ndarray (B, d)
        As the component expects them, less its mean.
    distances : ndarray (B,)
        Squared Mahalanobis distances of what is seen.
    log_det : ndarray (B,)
        Log-determinants of the missing blocks of the precision.
    """

    def __init__(self, form: PrecisionForm, k: int, rows: AnyArray, patterns: Patterns) -> None:
        factor, precision = form.factors[k], form.precisions[k]
        centred = np.asarray(rows - form.means[k], dtype=np.float64)
        centred[~patterns.seen[patterns.which]] = 0.0
        white = centred @ factor.T
        self.distances = np.einsum("ij,ij->i", white, white)
        gradients = white @ factor
        log_det = np.zeros(len(patterns.seen))
        #: The patterns' numbers, their missing features and the covariances of those.
        self.rest: list[tuple[AnyArray, AnyArray, Array]] = []
        place = np.empty(len(patterns.seen), dtype=np.intp)
        for numbers, missing in patterns.by_size():
            if missing.shape[1] == 0:
                continue
            blocks = precision[missing[:, :, None], missing[:, None, :]]
            rest, log_det[numbers] = _inverses(blocks)
            self.rest.append((numbers, missing, rest))
            place[:] = -1
            place[numbers] = np.arange(len(numbers))
            own = place[patterns.which]
            (chosen,) = np.nonzero(own >= 0)
            own = own[chosen]
            columns = missing[own]
            slopes = gradients[chosen[:, None], columns]
            moves = -np.einsum("ijk,ik->ij", rest[own], slopes)
            centred[chosen[:, None], columns] = moves
            self.distances[chosen] += np.einsum("ij,ij->i", slopes, moves)
        self.log_det = log_det[patterns.which]
        self.distances = np.maximum(self.distances, 0.0, out=self.distances)
        self.centred = centred

    def add_rest(self, counts: Array, out: Array) -> None:
        """Add covariances of what is missing, as often as `counts` (U,) says, to `out` (d, d)."""
        d = len(out)
        for numbers, missing, rest in self.rest:
            places = missing[:, :, None] * d + missing[:, None, :]
            weighted = rest * counts[numbers][:, None, None]
            out += np.bincount(places.ravel(), weighted.ravel(), d * d).reshape(d, d)


def _inverses(blocks: Array) -> tuple[Array, Array]:
    """Return inverses and log-determinants of positive definite matrices (U, c, c)."""
    if blocks.shape[1] == 1:
        return 1.0 / blocks, np.log(blocks[:, 0, 0])
    factors = np.linalg.cholesky(blocks)
    inverse = np.linalg.inv(factors)
    log_det = 2.0 * np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
    return np.swapaxes(inverse, 1, 2) @ inverse, log_det
