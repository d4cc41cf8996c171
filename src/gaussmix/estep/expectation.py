"""The E-step over all rows: a fold, and what it gives the M-step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..components.parameters import (
    cut_statistics,
    join_statistics,
    natural_of_several,
    one_of,
)
from ..components.statistics import SufficientStatistics
from ..rows.folds import Fold, Index, Workspace
from .choice import are_accurate, choose_form, is_single
from .compiled import natural_form
from .observations import COMPLETE
from .observations.complete import WHOLE
from .posterior import Posterior, Tally

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from .._typing import AnyArray, Array
    from ..components.families import Family
    from ..components.moments import Moment
    from ..components.parameters import Parameters
    from ..rows import Source
    from ..rows.summary import DataSummary
    from .form import Form
    from .natural import NaturalForm
    from .observations import Kind, Observation

__all__ = [
    "Expectation",
    "Found",
    "expectation",
    "expectation_of_several",
    "expectation_together",
]

# Terms from which mixtures are evaluated by themselves, each in the form that suits it
# (measured: together they take 0.4 to 2 times as long there, and 1 to 6 times at 8000 terms).
_MOST_TERMS_TOGETHER = 2_000


@dataclass
class _Part:
    """What was found of the rows of one kind: the form's sums, and the posterior's tally."""

    kind: Kind
    sums: Any
    tally: Tally


class Found:
    """What an E-step finds of some rows, by their kinds; it adds up."""

    def __init__(self, parts: dict[Hashable, _Part]) -> None:
        self.parts = parts

    def merge(self, other: Found) -> Found:
        parts = dict(self.parts)
        for key, theirs in other.parts.items():
            mine = parts.get(key)
            if mine is not None:
                theirs = _Part(
                    mine.kind, mine.sums.merge(theirs.sums), mine.tally.merge(theirs.tally)
                )
            parts[key] = theirs
        return Found(parts)


class Expectation(Fold[Found]):
    """An E-step for fixed parameters, as a fold over blocks of rows.

    Parameters
    ----------
    form, posterior : Form, Posterior
        Of rows that are seen whole.
    known : ndarray of int (n,), optional
        Known components of rows, -1 where unknown: those keep their component.
    seen : Seen, optional
        How rows are seen that are not whole.
    observation : Observation
        Which rows count, where the form serves all kinds of them.
    """

    by_row = ("known",)

    def __init__(
        self,
        form: Form,
        posterior: Posterior,
        known: AnyArray | None = None,
        seen: Seen | None = None,
        observation: Observation = COMPLETE,
    ) -> None:
        self.known, self.seen = known, seen
        self._observation = observation if seen is None else seen.observation
        self._forms: dict[Hashable, tuple[Form, Posterior]] = {WHOLE.key: (form, posterior)}
        self.bytes_per_row = self._observation.bytes_per_row(form)
        self.measured = self._observation.measured
        self._holds_lock = form.holds_lock

    @property
    def light(self) -> bool:
        return self._holds_lock and super().light

    def _form(self, kind: Kind) -> tuple[Form, Posterior]:
        if self.seen is None:
            return self._forms[WHOLE.key]
        if kind.key not in self._forms:
            self._forms[kind.key] = self.seen.form(kind)
        return self._forms[kind.key]

    def open(self) -> Found:
        return Found({})

    def add(
        self,
        state: Found,
        rows: AnyArray,
        weights: AnyArray | None,
        index: Index,
        workspace: Workspace,
    ) -> None:
        labels = None if self.known is None else self.known[index]
        for kind, seen, places in self._observation.kinds(rows, index):
            form, posterior = self._form(kind)
            part = state.parts.get(kind.key)
            if part is None:
                part = state.parts[kind.key] = _Part(kind, form.open(), posterior.open())
            own_weights = None if weights is None else weights[places]
            own_labels = None if labels is None else labels[places]
            density = posterior.density
            known = own_labels is None and (density.plain or density.in_loops)
            if known and form.at_once(
                part.sums, seen, own_weights, posterior, part.tally, workspace
            ):
                continue
            joint: Array = workspace.array("joint", form.n_components, len(seen), dtype=form.dtype)
            form.joint(seen, joint, workspace, own_labels, part.sums)
            masses = posterior(joint, own_weights, own_labels, part.tally)
            if kind is not WHOLE:
                part.tally.log_likelihood += _sum(form.row_terms(seen), own_weights)
            form.add(part.sums, seen, masses, workspace)

    def close(self, state: Found) -> Found:
        return state

    def statistics(self, found: Found) -> SufficientStatistics:
        """Return the expected statistics of all rows, under the parameters."""
        each = [self._completed(part) for part in found.parts.values() or [self._nothing()]]
        return each[0] if len(each) == 1 else reduce(SufficientStatistics.merge, each)

    def _completed(self, part: _Part) -> SufficientStatistics:
        form, posterior = self._form(part.kind)
        seen = form.close(part.sums, **posterior.counted(part.tally))
        seen = posterior.told_apart(seen, part.tally)
        return seen if self.seen is None else part.kind.completed(seen, self.seen.parameters)

    def _nothing(self) -> _Part:
        form, posterior = self._form(WHOLE)
        return _Part(WHOLE, form.open(), posterior.open())


class FormChoice(NamedTuple):
    """What `choose_form` goes by, besides the parameters."""

    moment: Moment
    shared: bool
    center: Array
    extent: Array
    dtype: type
    n_rows: int | None

    def __call__(self, parameters: Parameters) -> Form:
        return choose_form(parameters, *self)


class Seen(NamedTuple):
    """How rows are seen, and what makes the forms of those that are not whole."""

    observation: Observation
    parameters: Parameters
    choice: FormChoice

    def form(self, kind: Kind) -> tuple[Form, Posterior]:
        """Return the form and the posterior of what is seen of rows of a kind."""
        return kind.form(self.parameters, self.choice)


def expectation(
    source: Source,
    summary: DataSummary,
    parameters: Parameters,
    family: Family,
    known: AnyArray | None = None,
    dtype: type = np.float64,
    observation: Observation = COMPLETE,
) -> SufficientStatistics:
    """Return the statistics that `family` needs, under the responsibilities of one mixture.

    ``log_likelihood`` of the result is that of the mixture itself.  Rows whose component
    is `known` (n,), not -1, belong to it, and count with its joint density.  `dtype` is
    that of the arithmetic within a block, `observation` says what is seen of rows.
    """
    moment, n_rows = family.held.moment, source.rows_drawn_from
    total, whole = float(summary.total.counts[0]), observation is COMPLETE
    if dtype is np.float32 and not is_single(total / max(1, summary.total.n_rows), total):
        dtype = np.float64  # for the weights
    # A shared covariance spares the scatters of complete rows only: the data have their sum.
    shared = family.shared and whole
    choice = FormChoice(moment, shared, summary.center, summary.extent, dtype, n_rows)
    seen = None if whole else Seen(observation, parameters, choice)
    fold = Expectation(choice(parameters), Posterior.of([parameters], n_rows), known, seen)
    statistics = fold.statistics(source.reduce(fold))
    if statistics.moment is moment:
        return family.gathered(statistics)
    return _complete(statistics, summary.held_as(moment), parameters)


def expectation_together(
    source: Source,
    stack: Parameters,
    family: Family,
    known: AnyArray | None,
    observation: Observation,
) -> SufficientStatistics | None:
    """Return the same for one or several mixtures of a family, by one form of all kinds of rows.

    None if there is no such form.
    """
    given = observation.together(stack, family.held.moment, source.rows_drawn_from)
    if given is None:
        return None
    form, posterior, rows = given
    fold = Expectation(form, posterior, known, observation=rows)
    return family.gathered(fold.statistics(source.reduce(fold)))


def expectation_of_several(
    source: Source,
    summary: DataSummary,
    several: Sequence[tuple[Parameters, Family]],
    known: AnyArray | None = None,
    form: type[NaturalForm] | None = None,
    n_begun: int = 0,
) -> list[SufficientStatistics]:
    """Return the same for mixtures of several families, in one pass over the rows.

    On few rows an E-step costs calls, not arithmetic; together, many mixtures cost hardly
    more calls than one.  Those for which the natural form is not accurate are evaluated by
    themselves, and all where features have very many products: unless `form` says which
    natural form all are evaluated by.  It may be chosen as for `n_begun` components: as many as
    there once were.
    """

    def alone(own: Parameters, family: Family, g: int) -> SufficientStatistics:
        return expectation(source, summary, one_of((own, g)), family, known)

    parameters = [own for own, _ in several]
    moment = max((family.held.moment for _, family in several), key=lambda held: held.n_axes)
    center, n_rows = summary.center, source.rows_drawn_from
    if form is None and moment.n_terms(len(center)) > _MOST_TERMS_TOGETHER:
        return [
            join_statistics([(alone(own, family, g), 0) for g in range(len(own.groups))])
            for own, family in several
        ]
    posterior = Posterior.of(parameters, n_rows)
    theta = natural_of_several(parameters, center, moment)
    n_joint = max(n_begun, posterior.groups.n_components)
    kind = form or natural_form(n_joint, n_rows)
    fold = Expectation(kind(theta, posterior.groups, moment, center), posterior, known)
    found = fold.statistics(source.reduce(fold))
    statistics = [
        family.gathered(own)
        for own, (_, family) in zip(cut_statistics(found, parameters), several, strict=True)
    ]
    if form is not None:
        return statistics
    means = np.concatenate([own.means for own in parameters])
    reach = np.maximum(summary.extent, np.abs(means - center).max(axis=0))
    accurate = ~posterior.groups.any(~are_accurate(theta, reach, moment))
    if np.count_nonzero(accurate) == len(accurate):
        return statistics
    ends = np.cumsum([len(own.groups) for own in parameters])[:-1]
    for place, good in enumerate(np.split(accurate, ends)):
        own, family = several[place]
        each = [
            (statistics[place], g) if good[g] else (alone(own, family, g), 0)
            for g in range(len(good))
        ]
        statistics[place] = join_statistics(each)
    return statistics


def _sum(terms: Array | float, weights: AnyArray | None) -> float:
    """Return the weighted sum of terms of rows (B,)."""
    if isinstance(terms, float):
        return 0.0  # where there is nothing but a constant, it is none
    return float(terms.sum() if weights is None else weights @ terms)


def _complete(
    statistics: SufficientStatistics, summary: DataSummary, parameters: Parameters
) -> SufficientStatistics:
    """Add what a shared covariance leaves out of the pass: a constant of the data.

    The rows' common quadratic terms sum to -trace(P T) / 2, T their scatter about the center.
    """
    total = summary.total
    away = total.means - summary.center
    scatter = total.scatters + total.counts[0] * total.moment.outer(away)
    quadratic = -0.5 * float((parameters.covariances.precisions * scatter).sum())
    return statistics.pooled_within(total, log_likelihood=statistics.log_likelihood + quadratic)
