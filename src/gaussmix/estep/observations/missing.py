"""Values that are missing: NaN is not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..incomplete import choose_incomplete_form
from .base import Kind, Observation
from .complete import WHOLE, Whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._typing import AnyArray
    from ...components.moments import Moment
    from ...components.parameters import Parameters
    from ...rows.folds import Index
    from ..expectation import FormChoice
    from ..form import Form
    from ..posterior import Posterior

__all__ = ["MISSING", "Missing"]


class Incomplete(Whole):
    """Rows of which some features are seen, whichever these are: one form serves them all.

    R picks the features that are seen, and S is 0.
    """

    key = "incomplete"

    def form(self, parameters: Parameters, choice: FormChoice) -> tuple[Form, Posterior]:
        return choose_incomplete_form(parameters, choice.moment, choice.n_rows)


# Compiled loops find out for each block what components are for a pattern: blocks are longer.
_LONGER = 16
_LEAST_BYTES = 64


class Missing(Observation):
    """NaN is not seen, and what is missing is missing at random (Rubin 1976).

    That is: whether a value is missing may depend on what is seen of its row, but not on the
    value.  A row of which nothing is seen says nothing, and is no row.
    """

    def bytes_per_row(self, form: Form) -> int:
        if form.holds_lock:
            return form.bytes_per_row
        return max(_LEAST_BYTES, form.bytes_per_row // _LONGER)

    def together(
        self, parameters: Parameters, moment: Moment, n_rows: int | None
    ) -> tuple[Form, Posterior, Observation]:
        return (*choose_incomplete_form(parameters, moment, n_rows), SOME)

    def kinds(
        self, rows: AnyArray, index: Index
    ) -> Iterator[tuple[Kind, AnyArray, slice | AnyArray]]:
        # A product takes a fifth of the time of a sum along short rows.
        missing = np.isnan(rows).astype(np.float32) @ np.ones(rows.shape[1], dtype=np.float32)
        whole = missing == 0
        if whole.all():
            yield WHOLE, rows, slice(None)
            return
        for kind, chosen in (
            (WHOLE, whole),
            (INCOMPLETE, ~whole & (missing < rows.shape[1])),
        ):
            places = np.flatnonzero(chosen)
            if len(places):
                yield kind, rows[places], places


class Some(Observation):
    """Rows of which something is seen, all as one kind: for forms that serve them all."""

    def kinds(
        self, rows: AnyArray, index: Index
    ) -> Iterator[tuple[Kind, AnyArray, slice | AnyArray]]:
        some = ~np.isnan(rows).all(axis=1)
        if some.all():
            yield INCOMPLETE, rows, slice(None)
        elif some.any():
            places = np.flatnonzero(some)
            yield INCOMPLETE, rows[places], places


INCOMPLETE = Incomplete()
SOME = Some()
MISSING = Missing()
