"""Who climbs in compiled loops, and what comes of it as other fits' results."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...components.moments import NORM, PRODUCTS, SQUARES
from ...components.parameters import Parameters
from ...components.statistics import SufficientStatistics
from ...estep.compiled import loop_terms, pairs_of
from ...numerics.groups import Groups
from ..climb import Best, Ended
from ..result import Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from ..._typing import AnyArray
    from ...estep.many import ManyRows
    from ..climb import Climb
    from ..trace import Written

__all__ = ["CompiledFits"]

# In the order of the loops' numbers.
_MOMENTS = (PRODUCTS, SQUARES, NORM)
_STATUSES = (Status.CONVERGED, Status.MAX_ITERATIONS)
# Longer traces are left to others: their memory is there before they are.
_LONGEST = 4000
# Fits done by one call: enough that a call costs nothing, few enough that no thread waits long
# for the last, and Ctrl-C neither.
_FEWEST, _MOST, _PIECES = 32, 512, 4


class CompiledFits(NamedTuple):
    """Fits of one model to data sets, some of which climb in compiled loops.

    Parameters
    ----------
    climb : Climb
    starts : Parameters
        Of R mixtures.
    data : ManyRows
    places : ndarray of int (R,)
        Which data set each fit is to.
    trace : Written
        Becomes that of all.
    """

    climb: Climb
    starts: Parameters
    data: ManyRows
    places: AnyArray
    trace: Written

    def suit(self) -> bool:
        """Whether loops can climb this model on such data, and it is worth it to load them."""
        objective, starts = self.climb.objective, self.starts
        plain = objective.direct and objective.family.direct and not self.climb.is_held
        plain &= starts.box is None and starts.density.plain and starts.log_weights is None
        if not (plain and self.data.plain and starts.groups.size):
            return False
        moment = objective.family.held.moment
        return self.data.in_loops(starts.groups.size, moment) and _loops() is not None

    def ended(self) -> Iterator[Ended]:
        """Yield fits that have come to their end."""
        r = len(self.places)
        pool = self.data.pool
        step = min(_MOST, max(_FEWEST, -(-r // (_PIECES * pool.n_threads))))
        for ended, told in pool.map(self._some, [slice(i, i + step) for i in range(0, r, step)]):
            if len(ended.numbers):
                self.trace.write(ended.numbers, *told)
                yield ended

    def _some(self, numbers: slice) -> tuple[Ended, tuple[Any, ...]]:
        """Return those of some fits that have ended, and what their trace is told of them."""
        climb, stack, began = self.climb, self.starts, time.perf_counter()
        family, options = climb.objective.family, climb.options
        moment, k, d = family.held.moment, stack.groups.size, stack.n_features
        places = self.places[numbers]
        r = len(places)
        own = slice(numbers.start * k, numbers.start * k + r * k)
        rows, which, weights, whose = self.data.given(places)
        loops = _loops()
        assert loops is not None
        centers, reach = self.data.centers, self.data.reach
        totals, offsets = self.data.totals[places], np.zeros(r)
        if self.data.offsets is not None:
            offsets = self.data.offsets[places]
        steps = loops.steps
        held = own if not family.shared else slice(numbers.start, numbers.start + r)
        values = moment.pack(stack.covariances.values[held]).reshape(r, -1, moment.n_terms(d))
        means = stack.means[own].reshape(r, k, d) - centers[which][:, None]
        mixtures = steps.Mixture(stack.weights[own].reshape(r, k).copy(), means, values.copy())
        sums = steps.Sums(np.zeros((r, k)), np.zeros((r, k, d)), np.zeros(values.shape))
        longest = min(options.max_iter, _LONGEST) + 2
        counted = np.zeros((3, r), dtype=np.int64)
        found = loops.Found(mixtures, sums, np.empty((r, longest)), *counted)
        kind = steps.Kind(
            _MOMENTS.index(moment),
            family.shared,
            climb.objective.equal_weights,
            np.ascontiguousarray(climb.objective.floor, dtype=np.float64),
        )
        given = loops.Rows(
            rows,
            centers,
            reach,
            which,
            weights,
            whose,
            totals,
            offsets,
            pairs_of(moment, d),
            loop_terms(),
        )
        loops.climb_each(kind, given, (options.tol, options.max_iter, options.accelerate), found)
        return self._read(found, numbers.start, centers[which], began)

    def _read(
        self, found: Any, first: int, centers: Any, began: float
    ) -> tuple[Ended, tuple[Any, ...]]:
        """Return the same, of what loops have found."""
        kept = np.flatnonzero(found.ended < len(_STATUSES))
        m = len(kept)
        k, d = found.mixtures.means.shape[1:]
        groups, family = Groups.alike(k, m), self.climb.objective.family
        moment = family.held.moment

        def unpacked(packed: Any) -> Any:
            return moment.unpack(packed[kept].reshape(-1, packed.shape[2]), d)

        def centred(means: Any) -> Any:
            return (means[kept] + centers[kept][:, None]).reshape(-1, d)

        numbers = first + kept
        n_values = found.n_values[kept]
        told = [found.values[i, :n] for i, n in zip(kept.tolist(), n_values.tolist(), strict=True)]
        values = np.array([own[-1] for own in told])
        parameters = Parameters(
            found.mixtures.weights[kept].reshape(-1),
            centred(found.mixtures.means),
            family.hold(unpacked(found.mixtures.values), k * m, d),
            groups,
            np.zeros(m),
            None,
            self.starts.density.take(slice(first * k, (first + m) * k)),
            family.shared,
        )
        statistics = SufficientStatistics(
            found.sums.counts[kept].reshape(-1),
            centred(found.sums.means),
            unpacked(found.sums.scatters),
            moment,
            values,
            self.data.rows.shape[1],
            np.zeros(m),
            groups,
        )
        ended = Ended(
            [self.climb] * len(self.places),
            numbers,
            numbers,
            [_STATUSES[code] for code in found.ended[kept].tolist()],
            Best(parameters, statistics),
            values,
            self.data.totals[self.places[numbers]],
            found.n_rejected[kept],
            self.trace,
        )
        return ended, (told, began, time.perf_counter())


@lru_cache(maxsize=1)
def _loops() -> ModuleType | None:
    """Return the compiled loops; None on a machine that cannot have them."""
    try:
        from . import climb_loops as loops
    except ImportError:
        return None
    return loops
