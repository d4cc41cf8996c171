"""The same in compiled loops, row by row, where Numba is installed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..compiled import CompiledForm, natural_form
from .precision import PrecisionForm

if TYPE_CHECKING:
    from types import ModuleType

    from ..._typing import AnyArray, Array
    from ...components.parameters import Parameters
    from ...rows.folds import Workspace
    from ..gathered import GatheredSums

__all__ = ["CompiledRowsForm", "compiled_form"]


def compiled_form(parameters: Parameters, n_rows: int | None) -> type[PrecisionForm]:
    """Return the form of full covariances for so many rows (None: unknown)."""
    much = natural_form(len(parameters.weights), n_rows) is CompiledForm
    return CompiledRowsForm if much else PrecisionForm


@lru_cache(maxsize=1)
def _loops() -> ModuleType | None:
    """Return the compiled loops; None on a machine that cannot have them."""
    try:
        from . import loops
    except ImportError:
        return None
    return loops


class CompiledRowsForm(PrecisionForm):
    """Row by row: in the missing block of the precision, or the seen block of the covariance.

    The smaller is taken, or the second where a component is flat.  Threads do not wait for
    Python's lock.  May be sent to machines without Numba.
    """

    holds_lock = False

    def _given_loops(self) -> tuple[AnyArray, ...]:
        values = np.broadcast_to(self.covariances.values, self._stack)
        arrays = (self.means, values, self.precisions, self.factors, self.log_dets)
        return (*map(np.ascontiguousarray, arrays), np.array(self.flat))

    def write_joint(self, rows: AnyArray, out: Array, workspace: Workspace) -> None:
        loops = _loops()
        if loops is None:
            super().write_joint(rows, out, workspace)
            return
        loops.write_joint(_plain(rows), *self._given_loops(), self.log_weights, out)

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
        scatters = np.zeros(self._stack)
        given = self._given_loops()
        loops.add(_plain(rows), *given, masses, threshold, sums.counts, sums.shifts, scatters)
        sums.scatters += scatters + np.tril(scatters, -1).swapaxes(1, 2)


def _plain(rows: AnyArray) -> AnyArray:
    return np.ascontiguousarray(rows, dtype=np.float64)
