"""Where one fit of a team stands, as a value that checkpoints keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..components.parameters import one_of
from .climb import Best
from .convergence import Close, Recent
from .coordinates import lengths
from .leaps import Paths, settle
from .state import FitState

if TYPE_CHECKING:
    from .climbers import Climbers
    from .trace import Held

__all__ = ["resume", "state_of"]


def state_of(team: Climbers, g: int) -> FitState:
    """Return where one fit stands, before an E-step."""
    number, (evaluated, statistics, held) = int(team.numbers[g]), team.best
    collapsed = () if team.held is None else team.held.components(g)
    before = () if held is None else held.components(g)
    history = team.trace.history(number, int(team.n_rejected[g]), before)
    value, leaps = float(team.close.values[g]), None
    if team.paths is not None:
        length = 0 if statistics is None else int(lengths(statistics)[g])
        settle([team.paths])
        leaps = team.paths.of_one(g, length)
    return FitState(
        now=(one_of((team.parameters, g)), 0),
        evaluated=(one_of((evaluated, g)), 0),
        statistics=None if statistics is None else (one_of((statistics, g)), 0),
        collapsed=collapsed,
        log_likelihood=tuple(history.log_likelihood),
        climbed=tuple(team.trace.climbed(number)),
        seconds=tuple(history.seconds),
        all_collapsed=tuple(history.collapsed),
        n_rejected=int(team.n_rejected[g]),
        leaping=team.leaping is not None and bool(team.leaping[g]),
        last_leap=int(team.recent.leaps[g]),
        close=None if np.isnan(value) else (value, int(team.close.leaps[g])),
        leaps=leaps,
    )


def resume(team: Climbers, state: FitState) -> None:
    """Let a single fit go on from where another stood."""

    def held(given: tuple[int, ...]) -> Held | None:
        n_held = 1 if team.objective.family.shared else len(team.parameters.weights)
        mask = np.zeros(n_held, dtype=bool)
        mask[list(given)] = True
        return team.holding(mask)

    team.parameters = one_of(state.now)
    statistics = None if state.statistics is None else one_of(state.statistics)
    before = state.all_collapsed[-1] if state.all_collapsed else state.collapsed
    team.best = Best(one_of(state.evaluated), statistics, held(before))
    team.held = held(state.collapsed)
    for value, climbed, seconds, own in zip(
        state.log_likelihood, state.climbed, state.seconds, state.all_collapsed, strict=True
    ):
        found = np.array([value]), np.array([climbed])
        team.trace.note(*found, seconds, None, held(own))
    team.recent = Recent.of_trace(state.climbed, state.last_leap)
    team.n_rejected = np.array([state.n_rejected])
    team.n_taken = len(state.climbed) + state.n_rejected
    team.leaping = np.ones(1, dtype=bool) if state.leaping else None
    if state.close is not None:
        team.close = Close(np.array([state.close[0]]), np.array([state.close[1]]))
    if team.paths is not None and state.leaps is not None:
        team.paths = Paths.from_one(state.leaps)
    team.began -= max(state.seconds, default=0.0)
