"""Pattern by pattern: the marginal of what is seen, whatever the covariances are like."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from ...rows.patterns import Patterns
from ..gathered import by_component
from .base import IncompleteForm, log_norms

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from ...components.covariances import Covariances
    from ...components.moments import Moment
    from ...components.parameters import Parameters
    from ...rows.folds import Workspace
    from ..gathered import GatheredSums

__all__ = ["PatternForm"]

# What is kept of patterns, for blocks to come.
_KEPT_BYTES = 2**26


class _Given(NamedTuple):
    """The components, some features given.

    Attributes
    ----------
    seen, missing : ndarray of int
        Which features are.
    marginal, rest : Covariances or None
        Of what is seen, and of what is not given what is; None of no features.
    gains : ndarray (J, m, o)
        See `Covariances.conditional`.
    log_norm : ndarray (J,)
    """

    seen: AnyArray
    missing: AnyArray
    marginal: Covariances | None
    rest: Covariances | None
    gains: Array
    log_norm: Array

    @classmethod
    def of(cls, covariances: Covariances, seen: AnyArray) -> Self:
        n_components, d = covariances.n_components, len(seen)
        o, m = np.flatnonzero(seen), np.flatnonzero(~seen)
        gains, rest, marginal = np.zeros((n_components, len(m), len(o))), None, None
        if len(o) == 0:
            return cls(o, m, None, covariances, gains, np.zeros(n_components))
        marginal = covariances.marginal(o) if len(o) < d else covariances
        if len(m):
            gains, rest = covariances.conditional(m, o)
        return cls(o, m, marginal, rest, gains, log_norms(len(o), marginal.log_det()))


class PatternForm(IncompleteForm):
    """Any covariances and any moment, one pattern of missingness after the other.

    Accurate for covariances as flat as can be; dear where patterns are many.
    """

    def __init__(self, parameters: Parameters, moment: Moment) -> None:
        super().__init__(parameters, moment)
        self._known: dict[bytes, _Given] = {}
        d = self.n_features
        self._most = max(1, _KEPT_BYTES // (16 * self.n_components * d * d))

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_known": {}}

    def _given(self, seen: AnyArray) -> _Given:
        key = seen.tobytes()
        found = self._known.get(key)
        if found is None:
            found = _Given.of(self.covariances, seen)
            if len(self._known) < self._most:
                self._known[key] = found
        return found

    def write_joint(self, rows: AnyArray, out: Array, workspace: Workspace) -> None:
        patterns = Patterns.of(rows)
        for number, places in patterns.rows():
            self._write_pattern(rows[places], patterns.seen[number], places, out)

    def _write_pattern(self, rows: AnyArray, seen: AnyArray, places: AnyArray, out: Array) -> None:
        given = self._given(seen)
        values = rows[:, given.seen]
        for k, mean in enumerate(self.means):
            out[k, places] = self.log_weights[k] + given.log_norm[k]
            if given.marginal is not None:
                centred = values - mean[given.seen]
                out[k, places] -= 0.5 * given.marginal.mahalanobis(k, centred)

    def add_expected(
        self,
        sums: GatheredSums,
        rows: AnyArray,
        masses: Array,
        threshold: float,
        workspace: Workspace,
    ) -> None:
        patterns = Patterns.of(rows)
        left = np.zeros((self.n_components, self.n_features, self.n_features))
        for number, places in patterns.rows():
            given, own = self._given(patterns.seen[number]), masses[:, places]
            values = rows[places]
            for k, active in by_component(own > threshold):
                weights = own[k, active]
                centred = self._completed(given, k, values[active])
                sums.counts[k] += weights.sum()
                sums.shifts[k] += weights @ centred
                sums.scatters[k] += self.moment.of_rows(centred, weights)
                self._add_rest(given, k, float(weights.sum()), left[k])
        sums.scatters += self.moment.of_matrices(left)

    def _completed(self, given: _Given, k: int, rows: AnyArray) -> Array:
        """Return rows of a pattern as component k expects them, less its mean."""
        centred = np.empty(rows.shape)
        seen = rows[:, given.seen] - self.means[k, given.seen]
        centred[:, given.seen] = seen
        centred[:, given.missing] = seen @ given.gains[k].T
        return centred

    def _add_rest(self, given: _Given, k: int, count: float, out: Array) -> None:
        if given.rest is not None:
            where = np.ix_(given.missing, given.missing)
            out[where] += count * given.rest.take(np.array([k])).to_dense()[0]

    def expected(self, k: int, rows: AnyArray) -> Array:
        patterns, found = Patterns.of(rows), np.empty(rows.shape)
        for number, places in patterns.rows():
            given = self._given(patterns.seen[number])
            found[places] = self.means[k] + self._completed(given, k, rows[places])
        return np.where(np.isnan(rows), found, rows)

    def uncertain(self, k: int, seen: AnyArray) -> Array:
        left = np.zeros((self.n_features, self.n_features))
        self._add_rest(self._given(seen), k, 1.0, left)
        return left
