"""Full covariances, pattern by pattern, all components at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...components.covariances import FullCovariances
from ...rows.patterns import Patterns
from .exact import PatternForm

if TYPE_CHECKING:
    from ..._typing import AnyArray, Array
    from ...rows.folds import Workspace
    from ..gathered import GatheredSums

__all__ = ["FullPatternForm"]


class FullPatternForm(PatternForm):
    """Few calls a pattern: what is seen is summed, and those sums become ones of whole rows."""

    def _write_pattern(self, rows: AnyArray, seen: AnyArray, places: AnyArray, out: Array) -> None:
        given = self._given(seen)
        constants = self.log_weights + given.log_norm
        if given.marginal is None:
            out[:, places] = constants[:, None]
            return
        assert isinstance(given.marginal, FullCovariances)
        factors = given.marginal.inverse_factors
        white = self._centred(rows, given.seen) @ np.swapaxes(factors, 1, 2)
        out[:, places] = constants[:, None] - 0.5 * np.einsum("kij,kij->ki", white, white)

    def _centred(self, rows: AnyArray, seen: AnyArray) -> Array:
        """Return what is seen of rows less each component's mean (J, B, o)."""
        return np.asarray(rows[:, seen] - self.means[:, None, seen], dtype=np.float64)

    def add_expected(
        self,
        sums: GatheredSums,
        rows: AnyArray,
        masses: Array,
        threshold: float,
        workspace: Workspace,
    ) -> None:
        patterns = Patterns.of(rows)
        scatters = np.zeros((self.n_components, self.n_features, self.n_features))
        for number, places in patterns.rows():
            given, own = self._given(patterns.seen[number]), masses[:, places]
            o, m = given.seen, given.missing
            centred, counts = self._centred(rows[places], o), own.sum(axis=1)
            shifts = np.matmul(own[:, None], centred)[:, 0]
            seen = np.swapaxes(centred * own[:, :, None], 1, 2) @ centred
            sums.counts += counts
            sums.shifts[:, o] += shifts
            scatters[:, o[:, None], o] += seen
            if given.rest is None:
                continue
            carried = given.gains @ seen
            sums.shifts[:, m] += np.matmul(given.gains, shifts[:, :, None])[:, :, 0]
            scatters[:, m[:, None], o] += carried
            scatters[:, o[:, None], m] += np.swapaxes(carried, 1, 2)
            left = carried @ np.swapaxes(given.gains, 1, 2)
            left += counts[:, None, None] * given.rest.to_dense()
            scatters[:, m[:, None], m] += left
        sums.scatters += self.moment.of_matrices(scatters)
