"""The same in compiled loops, where Numba is installed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ...components.covariances.base import LOG_2PI
from .tiles import TilesForm

if TYPE_CHECKING:
    from types import ModuleType

    from ..._typing import AnyArray, Array
    from ...rows.folds import Workspace
    from ...rows.measurement import Measured
    from ..gathered import GatheredSums

__all__ = ["CompiledTilesForm"]

_LOG_2 = float(np.log(2.0))


@lru_cache(maxsize=1)
def _loops() -> ModuleType | None:
    """Return the compiled loops; None on a machine that cannot have them."""
    try:
        from . import loops
    except ImportError:
        return None
    return loops


class CompiledTilesForm(TilesForm):
    """Tiles of few rows stay in the first cache; threads do not wait for Python's lock.

    May be sent to machines without Numba.
    """

    holds_lock = False

    def write_joint(self, rows: Measured, out: Array, workspace: Workspace) -> None:
        loops = _loops()
        if loops is None:
            super().write_joint(rows, out, workspace)
            return
        mantissas: Array = workspace.array("mantissas", *out.shape)
        given = *_plain(rows, self.n_features), self.means, self.values
        loops.write_distances(*given, out, mantissas)
        np.log(mantissas, out=mantissas)
        out += mantissas
        seen = rows.values.shape[1] - np.isnan(rows.values).sum(axis=1)
        out += LOG_2PI * seen
        out *= -0.5
        out += self.log_weights[:, None]

    def add_expected(
        self,
        sums: GatheredSums,
        rows: Measured,
        masses: Array,
        threshold: float,
        workspace: Workspace,
    ) -> None:
        loops = _loops()
        if loops is None:
            super().add_expected(sums, rows, masses, threshold, workspace)
            return
        lower = np.zeros(self.values.shape)
        given = *_plain(rows, self.n_features), self.means, self.values
        loops.add(*given, masses, threshold, sums.counts, sums.shifts, lower)
        whole = lower + np.tril(lower, -1).swapaxes(1, 2)
        sums.scatters += self.moment.of_matrices(whole)


def _plain(rows: Measured, n_features: int) -> tuple[AnyArray, ...]:
    """Return rows as the loops take them: no projections are none, an array of none."""
    none: Any = np.empty((0, 0, n_features))
    projections = none if rows.projections is None else rows.projections
    return tuple(
        np.ascontiguousarray(part, dtype=np.float64)
        for part in (rows.values, rows.errors, projections)
    )
