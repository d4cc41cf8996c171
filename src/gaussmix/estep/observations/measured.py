"""Values that were measured with errors, or of which only projections were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..measured import choose_measured_form
from ..posterior import Posterior
from .base import Observation
from .complete import WHOLE, Whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._typing import AnyArray
    from ...components.moments import Moment
    from ...components.parameters import Parameters
    from ...rows.folds import Index
    from ...rows.measurement import Measurement
    from ..expectation import FormChoice
    from ..form import Form
    from .base import Kind

__all__ = ["Measured"]


class Inexact(Whole):
    """Rows with errors, each with its own: one form serves them all."""

    key = "inexact"

    def __init__(self, measurement: Measurement) -> None:
        self.measurement = measurement

    def form(self, parameters: Parameters, choice: FormChoice) -> tuple[Form, Posterior]:
        form = choose_measured_form(parameters, self.measurement, choice.moment, choice.n_rows)
        return form, Posterior.of([parameters])


class Measured(Observation):
    """A row is its values and what is known of how they were measured (Bovy et al. 2011).

    Rows without error are whole rows like others.  A row of which nothing is seen is no row.
    """

    measured = True

    def __init__(self, measurement: Measurement) -> None:
        self.measurement, self._inexact = measurement, Inexact(measurement)

    def bytes_per_row(self, form: Form) -> int:
        return 8 * (4 * self.measurement.width + 2 * form.n_components)

    def together(
        self, parameters: Parameters, moment: Moment, n_rows: int | None
    ) -> tuple[Form, Posterior, Observation]:
        form = choose_measured_form(parameters, self.measurement, moment, n_rows)
        return form, Posterior.of([parameters]), _AsOne(self._inexact)

    def kinds(
        self, rows: AnyArray, index: Index
    ) -> Iterator[tuple[Kind, AnyArray, slice | AnyArray]]:
        seen = self.measurement.seen(rows)
        some, exact = ~np.isnan(seen).all(axis=1), self.measurement.are_exact(rows)
        if exact.all():
            yield WHOLE, seen, slice(None)
            return
        if some.all() and not exact.any():
            yield self._inexact, rows, slice(None)
            return
        for places in (np.flatnonzero(exact), np.flatnonzero(some & ~exact)):
            if len(places):
                whole = exact[places[0]]
                yield (
                    (WHOLE, seen[places], places)
                    if whole
                    else (
                        self._inexact,
                        rows[places],
                        places,
                    )
                )


class _AsOne(Observation):
    """The same, rows without error among them: for few, where E-steps cost calls."""

    measured = True

    def __init__(self, inexact: Inexact) -> None:
        self._inexact = inexact

    def kinds(
        self, rows: AnyArray, index: Index
    ) -> Iterator[tuple[Kind, AnyArray, slice | AnyArray]]:
        some = ~np.isnan(self._inexact.measurement.seen(rows)).all(axis=1)
        if some.all():
            yield self._inexact, rows, slice(None)
        elif some.any():
            places = np.flatnonzero(some)
            yield self._inexact, rows[places], places
