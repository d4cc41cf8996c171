"""When a fit stops that goes on from another: by what both have gained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .convergence import ROUNDING, AitkenRule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from .convergence import Close, Recent

__all__ = ["GoingOn"]

# The start is where the other fit ended if they agree to this share.
_SAME = 1e-9


class GoingOn(AitkenRule):
    """`AitkenRule` for one fit that begins where another has ended.

    It stops when the fits as one would: so fits of an iteration each come to an end.  Where they
    stand still but for rounding no step more is taken, and none is kept that sinks by it.

    Parameters
    ----------
    tol, n : optional
        As for `AitkenRule`.
    before : sequence of float
        The trail of the other fit; the last is of the start, if rows and model are the same.
    """

    before: tuple[float, ...]
    #: Whether the fit goes on; None before its first value.
    is_same: bool | None

    def __init__(self, tol: float, n: Array, before: Sequence[float]) -> None:
        super().__init__(tol, n)
        self.__dict__.update(before=tuple(before), is_same=None)

    def take(self, places: AnyArray) -> GoingOn:
        return self

    def known(self, recent: Recent) -> Recent:
        """Return the newest values of both fits, the start only once."""
        *earlier, last = self.before
        if self.is_same is None:
            size = _SAME * max(abs(last), float(self.n[0]))
            self.__dict__["is_same"] = abs(float(recent.last[0]) - last) <= size
        return recent.after(earlier) if self.is_same else recent

    def remaining(self, recent: Recent, slowest: Array | float = 0.0) -> Array:
        return AitkenRule(self.tol, self.n).remaining(self.known(recent), slowest)

    def reached(
        self, recent: Recent, close: Close, slowest: Array | float = 0.0
    ) -> tuple[AnyArray, Close]:
        known = self.known(recent)
        done, found = AitkenRule(self.tol, self.n).reached(known, close, slowest)
        noise = ROUNDING * np.maximum(np.abs(known.last), self.n)
        first, second = known.gains()
        stands = (known.counts > 2) & (np.abs(first) <= noise) & (np.abs(second) <= noise)
        return done | (stands & (self.tol > 0)), found

    def stands_below(self, recent: Recent, values: Array) -> bool:
        noise = ROUNDING * np.maximum(np.abs(values), self.n)
        below = recent.last - values
        return bool(self.is_same and self.tol > 0 and ((below > 0) & (below <= noise)).all())
