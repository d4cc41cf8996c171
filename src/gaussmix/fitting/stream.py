"""Stepwise EM: a mixture that follows a stream of blocks, each of them seen once.

Statistics that forget take the place of sums over all rows (Cappe & Moulines 2009):

    s <- (1 - g) s + g s_block,    then an M-step on s

with s_block from an E-step on the newest rows only.  Steps g shrink as time^-exponent,
so the noise of single blocks averages out; or they stay above 1 / memory, so a stream
that drifts is followed.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..em.climb import collapsed_components
from ..em.loop import Batch, Jury, Team
from ..em.mstep import RELATIVE_FLOOR
from ..em.result import FitResult, History, Status
from ..em.steps import EStep, observed
from ..exceptions import DataError
from ..mixture import Mixture
from ..rows.blas import single_threaded_blas
from ..rows.checks import require_bounded, require_moderate_values, require_near
from ..rows.measured import as_measured
from ..rows.spread import Quantiles
from .blocks import Block, joined
from .fit import require_no_errors, summarise
from .projected import with_stand_ins
from .stepwise import Stepwise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._typing import AnyArray, Array
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics
    from ..em.model import Model
    from ..em.mstep import Estimate
    from ..em.options import Options
    from ..rows import Source
    from ..rows.summary import DataSummary

    #: Fits a mixture to the first rows, given those whose component is known.
    Begin = Callable[[Source, "AnyArray | None"], FitResult]

__all__ = ["Stream"]

# If the first rows cannot support the model, twice as many may; up to this many times more
# than usual.
_PATIENCE = 8
# Where a column stands still its variance is forgotten too; the floor keeps this share.
_REMEMBERED = 1e-6
# Blocks that the trace goes back.
_TRACE = 1000


@dataclass(frozen=True, eq=False)
class _State:
    """Where a stream has got to.

    ``statistics`` have as much weight as the rows they remember: 1 / sum of squares of the
    rows' shares (Kish 1965).  ``seen`` is the weight of all rows, ``row_weight`` that of an
    average one at the start, and ``widest`` the largest variances (d,) so far, those of all but
    far rows.
    """

    parameters: Parameters
    statistics: SufficientStatistics
    seen: float
    row_weight: float
    widest: Array
    collapsed: tuple[int, ...]

    @classmethod
    def of(cls, result: FitResult) -> _State:
        statistics = result.statistics
        assert statistics is not None
        # What a fit found of its rows: a far one, or none but the background's, change it little.
        known = result.floor
        widest = statistics.as_one().variances if known is None else known / RELATIVE_FLOOR
        mean_weight = result.n / max(result.n_rows, 1)
        parameters = result.mixture.parameters
        return cls(parameters, statistics, result.n, mean_weight, widest, result.collapsed)


class _Follower(Team):
    """One fit whose statistics forget: it takes the newest rows in, and then an M-step.

    Parameters
    ----------
    state : _State
    model : Model
    newest : pair of ndarray (m, d), (m,)
        The newest rows, and their weights.
    weight : float
        Of these.
    kept : float
        Share of the statistics that is kept.
    """

    def __init__(
        self,
        state: _State,
        model: Model,
        newest: tuple[Array, Array],
        weight: float,
        kept: float,
    ) -> None:
        self.state, self.model, self.weight, self.kept = state, model, weight, kept
        self._newest = newest
        self.parameters = state.parameters
        self.objective = model.objective(state.statistics.as_one())

    def __len__(self) -> int:
        return 1

    def take(self, statistics: SufficientStatistics) -> None:
        blended = _blend(self.state.statistics, statistics, self.kept)
        total = blended.as_one()
        found = Quantiles(*self._newest)
        spread = found.spreads
        widest = np.fmax(self.state.widest, spread)  # a column may be missing in all of them
        # What the M-step must respect is what is remembered of the data, but for far rows.
        least = RELATIVE_FLOOR * _REMEMBERED * widest
        scales = np.minimum(total.variances, widest)
        middle = found.middle(total.means[0])
        center = total.means[0] if middle is None else middle
        self.objective = self.model.objective(total).on_scales(scales, center).raised(least)
        self.state = replace(
            self.state, statistics=blended, seen=self.state.seen + self.weight, widest=widest
        )

    def estimate(self) -> Estimate:
        return self.objective.estimate(self.state.statistics, self.parameters)

    def move(self, estimate: Estimate | None) -> None:
        assert estimate is not None
        found, mask = self.objective.held(estimate)
        collapsed = collapsed_components(mask, self.model.family)
        self.parameters = found
        self.state = replace(self.state, parameters=found, collapsed=collapsed)


class _EveryStep(Jury[None]):
    """A stream goes on."""

    def judge(self, teams: Sequence[Team]) -> list[None]:
        return []


class Stream:
    """The moving state of ``partial_fit``: rows that wait for the first fit, then statistics.

    Parameters
    ----------
    model : Model
    result : FitResult, optional
        A fit to go on from.
    """

    def __init__(self, model: Model, result: FitResult | None = None) -> None:
        self.model = model
        self.feature_names: tuple[str, ...] | None = None
        self.history = History()
        self._state = None if result is None else _State.of(result)
        self._waiting: list[Block] = []
        self._awaiting: DataSummary | None = None  # of the rows that wait
        self._patience = 1
        #: Rows that the first fit waits for.
        self.awaited = 0
        #: Rows left out because a value is missing.
        self.n_dropped = 0 if result is None else result.n_dropped
        self._began = time.perf_counter()

    @property
    def n_rows(self) -> int:
        """Rows of positive weight seen so far."""
        waiting = sum(len(block.rows) for block in self._waiting)
        return waiting + (0 if self._state is None else self._state.statistics.n_rows)

    def add(
        self,
        source: Source,
        known: AnyArray | None,
        model: Model,
        options: Options,
        stepwise: Stepwise,
        begin: Begin,
    ) -> None:
        """Take a block; when it raises, nothing has changed.

        Raises
        ------
        DataError
            If the block has NaN or infinity, or values beyond float64 arithmetic.
        """
        require_no_errors(source, model)
        summary = summarise(as_measured(source), model.family.held.moment)
        require_moderate_values(summary, source.feature_names)
        if self._awaiting is not None:  # what a fit would refuse must not wait for one
            with np.errstate(over="ignore", invalid="ignore"):
                summary = self._awaiting.merge(summary)
        require_bounded(summary, source.feature_names)
        block = Block.of(source, known)
        if len(block.rows) > 0:
            self._take(block, source, model, options, stepwise, begin)
            self._awaiting = summary if self._state is None else None
        self.model, self.feature_names = model, source.feature_names
        self.n_dropped += source.n_incomplete or 0

    def _take(
        self,
        block: Block,
        source: Source,
        model: Model,
        options: Options,
        stepwise: Stepwise,
        begin: Begin,
    ) -> None:
        """Let a block wait, or learn from it."""
        size = stepwise.rows_of_a_step(model.n_components, source.n_features)
        if self._state is None:
            enough = max(size, model.n_components * (source.n_features + 1))
            self._start([*self._waiting, block.copied()], enough, source, model, begin)
            return
        state = self._state
        # To change the threads of BLAS takes longer than a step.
        with single_threaded_blas() if len(block.rows) > size else nullcontext():
            for part in block.parts(size):
                state = self._step(state, part, source, model, options, stepwise, size)
        self._note(state)

    def _start(
        self,
        waiting: list[Block],
        enough: int,
        source: Source,
        model: Model,
        begin: Begin,
    ) -> None:
        """Fit the rows that have waited, if they are enough to support the model."""
        n_rows = sum(len(block.rows) for block in waiting)
        usual = Stepwise().rows_of_a_step(model.n_components, source.n_features)
        most = _PATIENCE * max(enough, usual)
        if n_rows >= enough * self._patience:
            first = joined(waiting)
            try:
                rows = first.source(source.n_threads, source.feature_names).like(source)
                result = begin(rows, first.known)
            except DataError:
                if n_rows >= most:
                    raise
            else:
                if not result.collapsed or n_rows >= most:
                    self._waiting = []
                    self._note(_State.of(result))
                    return
            self._patience *= 2
        self._waiting, self.awaited = waiting, enough * self._patience

    def _step(
        self,
        state: _State,
        block: Block,
        source: Source,
        model: Model,
        options: Options,
        stepwise: Stepwise,
        size: int,
    ) -> _State:
        own = block.source(source.n_threads, source.feature_names).like(source)
        own = with_stand_ins(own, state.parameters)
        summary = summarise(own, model.family.held.moment)
        require_near(state.parameters.means, state.parameters.covariances, summary)
        weight = summary.total.total
        kept = stepwise.kept(state.seen / state.row_weight, weight / state.row_weight, float(size))
        newest = own.sample(len(block.rows), np.random.default_rng(0))
        follower = _Follower(state, model, newest, weight, kept)
        batch = Batch([follower], _EveryStep())
        estep = EStep(own, summary, block.known, options.dtype, observed(own, summary))
        batch.step(estep(batch.questions))
        return follower.state

    def _note(self, state: _State) -> None:
        self._state = state
        trace = self.history
        trace.log_likelihood.append(float(state.statistics.log_likelihood[0]))
        trace.seconds.append(time.perf_counter() - self._began)
        trace.collapsed.append(state.collapsed)
        for entries in (trace.log_likelihood, trace.seconds, trace.collapsed):
            del entries[:-_TRACE]

    def result(self) -> FitResult | None:
        """Return the mixture as it stands, or None while the first rows wait."""
        state = self._state
        if state is None:
            return None
        statistics = state.statistics
        return FitResult(
            mixture=Mixture.of_parameters(state.parameters, self.feature_names),
            model=self.model,
            log_likelihood=float(statistics.log_likelihood[0]),
            n=statistics.total + float(statistics.noise[0]),
            n_rows=statistics.n_rows,
            status=Status.STREAMED,
            history=replace(
                self.history,
                log_likelihood=list(self.history.log_likelihood),
                seconds=list(self.history.seconds),
                collapsed=list(self.history.collapsed),
            ),
            given_start=True,
            statistics=statistics,
            n_dropped=self.n_dropped,
        )


def _blend(
    old: SufficientStatistics, new: SufficientStatistics, kept: float
) -> SufficientStatistics:
    """Return kept * old + (1 - kept) * new, both as means, with the weight that they remember."""
    before, weight = (s.total + float(s.noise[0]) for s in (old, new))
    size = 1.0 / (kept**2 / before + (1.0 - kept) ** 2 / weight)
    return old.scaled(kept * size / before).merge(new.scaled((1.0 - kept) * size / weight))
