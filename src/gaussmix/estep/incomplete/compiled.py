"""The same in compiled loops, row by row, where Numba is installed."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ...rows.patterns import Patterns
from ..compiled import CompiledForm, exp_terms, natural_form
from ..gathered import negligible
from .precision import PrecisionForm

if TYPE_CHECKING:
    from types import ModuleType

    from ..._typing import AnyArray, Array
    from ...components.parameters import Parameters
    from ...rows.folds import Workspace
    from ..gathered import GatheredSums
    from ..posterior import Posterior, Tally

__all__ = ["CompiledRowsForm", "compiled_form"]


_NO_WEIGHTS = np.empty(0)
# Rows of a block, a feature, from which it pays to find what components are for a pattern.
_FREQUENT = 1.0


def compiled_form(parameters: Parameters, n_rows: int | None) -> type[PrecisionForm]:
    """Return the form of full covariances for so many rows (None: unknown)."""
    much = natural_form(len(parameters.weights), n_rows) is CompiledForm
    return CompiledRowsForm if much else PrecisionForm


@lru_cache(maxsize=1)
def _loops() -> tuple[ModuleType, ModuleType] | None:
    """Return the compiled loops by pattern and by row; None on a machine that cannot have them."""
    try:
        from . import loops, pattern_loops
    except ImportError:
        return None
    return pattern_loops, loops


class CompiledRowsForm(PrecisionForm):
    """Pattern by pattern where many rows of a block have it, and row by row the others.

    Rows go in the missing block of the precision, or the seen block of the covariance: the
    smaller, or the second where a component is flat.  Threads do not wait for Python's lock.
    May be sent to machines without Numba.
    """

    holds_lock = False

    @cached_property
    def _arrays(self) -> tuple[AnyArray, ...]:
        values = np.broadcast_to(self.covariances.values, self._stack)
        arrays = (self.means, values, self.precisions, self.factors, self.log_dets)
        return (*map(np.ascontiguousarray, arrays), np.array(self.flat))

    def _parted(self, rows: AnyArray) -> tuple[tuple[AnyArray, AnyArray, AnyArray], AnyArray]:
        """Return the order, bounds and masks of frequent patterns, and the places of other rows."""
        patterns = Patterns.of(rows)
        order, bounds = patterns.ordered()
        counts = np.diff(bounds)
        frequent = (counts >= _FREQUENT * self.n_features) & patterns.seen.any(axis=1)
        if frequent.all():
            return (order, bounds, patterns.seen), order[:0]
        taken = np.repeat(frequent, counts)
        ends = np.concatenate([[0], np.cumsum(counts[frequent])])
        return (order[taken], ends, patterns.seen[frequent]), order[~taken]

    def write_joint(self, rows: AnyArray, out: Array, workspace: Workspace) -> None:
        loops = _loops()
        if loops is None:
            super().write_joint(rows, out, workspace)
            return
        by_pattern, by_row = loops
        rows, (means, values, *_) = _plain(rows), self._arrays
        (order, bounds, masks), others = self._parted(rows)
        given = order, bounds, masks, means, values
        by_pattern.write_patterns(rows, *given, self.log_weights, out)
        if len(others):
            by_row.write_joint(rows, others, *self._arrays, self.log_weights, out)

    def at_once(
        self,
        sums: GatheredSums,
        rows: AnyArray,
        weights: AnyArray | None,
        posterior: Posterior,
        tally: Tally,
        workspace: Workspace,
    ) -> bool:
        loops = _loops()
        if loops is None or posterior.backgrounds is not None or len(posterior.groups) > 1:
            return False
        by_pattern, by_row = loops
        rows, (means, values, *_) = _plain(rows), self._arrays
        (order, bounds, masks), others = self._parted(rows)
        if len(order) == 0:
            return False
        given = order, bounds, masks, means, values, self.log_weights
        lower = np.zeros(self._stack)
        own = _NO_WEIGHTS if weights is None else _plain(weights)
        added = sums.counts, sums.shifts, lower
        terms = exp_terms(np.dtype(np.float64))
        power = workspace.array("power", 2, by_pattern.TILE)
        memory = terms, (power, power.view(terms.bits))
        tally.log_likelihood += by_pattern.expect_patterns(rows, *given, own, *memory, *added)
        tally.n_rows += len(order)
        if len(others):
            rest, places = rows[others], np.arange(len(others))
            joint: Array = workspace.array("joint", self.n_components, len(others))
            by_row.write_joint(rest, places, *self._arrays, self.log_weights, joint)
            chosen = None if weights is None else weights[others]
            masses = posterior(joint, chosen, None, tally)
            by_row.add(rest, places, *self._arrays, masses, negligible(masses), *added)
        sums.scatters += lower + np.tril(lower, -1).swapaxes(1, 2)
        return True

    def add_expected(
        self,
        sums: GatheredSums,
        rows: AnyArray,
        masses: Array,
        threshold: float,
        workspace: Workspace,
    ) -> None:
        loops = _loops()
        if loops is None:
            super().add_expected(sums, rows, masses, threshold, workspace)
            return
        by_pattern, by_row = loops
        rows, (means, values, *_) = _plain(rows), self._arrays
        (order, bounds, masks), others = self._parted(rows)
        given = order, bounds, masks, means, values
        lower = np.zeros(self._stack)
        added = masses, threshold, sums.counts, sums.shifts, lower
        by_pattern.add_patterns(rows, *given, *added)
        if len(others):
            by_row.add(rows, others, *self._arrays, *added)
        sums.scatters += lower + np.tril(lower, -1).swapaxes(1, 2)


def _plain(rows: AnyArray) -> AnyArray:
    return np.ascontiguousarray(rows, dtype=np.float64)
