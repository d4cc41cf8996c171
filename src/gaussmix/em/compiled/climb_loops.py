"""EM for many small mixtures, each from its start to its end, and each by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...estep.compiling import CAREFUL, ExpTerms, LogTerms, compiled, copy
from ...estep.many_loops import TILE, TileMemory, expect_one, tile_memory
from ..convergence import NOISE_WINDOW
from . import step_loops as steps
from .leap_loops import Path, begin, leap, may_pay, note, path_of, slowest, take_back
from .step_loops import Kind, Mixture, Sums, close, copy_rows, estimate, write_theta
from .stop_loops import is_slow, reached

if TYPE_CHECKING:
    from ..._typing import AnyArray

__all__ = ["CONVERGED", "LEFT", "OVER", "Found", "Rows", "climb_each", "steps"]

#: How a fit ended: where the rule says, after the most steps, or not, and is left to others.
CONVERGED, OVER, LEFT = 0, 1, 2


# Bytes of features that stay in the second cache from one E-step to the next.
_KEPT_BYTES = 2**18


class Rows(NamedTuple):
    """What E-steps are of; see `expect_many`.

    Attributes
    ----------
    rows, centers, reach : ndarray (G, n, d), (G, d), (G, d)
    which : ndarray of int (R,)
        Whose rows each fit is to.
    weights, whose : ndarray
        (G, n) or (1, 0), and which of them (R,).
    totals : ndarray (R,)
        Of the weights.
    offsets : ndarray (R,)
        What log-likelihoods lack.
    pairs : tuple of ndarray
    terms : (ExpTerms, LogTerms)
    """

    rows: AnyArray
    centers: AnyArray
    reach: AnyArray
    which: AnyArray
    weights: AnyArray
    whose: AnyArray
    totals: AnyArray
    offsets: AnyArray
    pairs: tuple[AnyArray, AnyArray, AnyArray]
    terms: tuple[ExpTerms, LogTerms]


class Found(NamedTuple):
    """Where R fits end, and how they got there.

    Attributes
    ----------
    mixtures : Mixture
        (R, K), (R, K, d), (R, K or 1, T): where fits begin, and then where they end.
    sums : Sums
        Of the same.
    values : ndarray (R, longest)
        What each step found.
    n_values, n_rejected, ended : ndarray of int (R,)
    """

    mixtures: Mixture
    sums: Sums
    values: AnyArray
    n_values: AnyArray
    n_rejected: AnyArray
    ended: AnyArray


class _Memory(NamedTuple):
    """What one fit needs on its way."""

    about: AnyArray
    center: AnyArray
    kept: AnyArray
    theta: AnyArray
    moments: AnyArray
    sums: Sums
    mixture: Mixture
    tile: TileMemory
    scratch: tuple[AnyArray, AnyArray]
    path: Path


@compiled(CAREFUL)
def climb_each(kind: Kind, rows: Rows, rule: tuple[float, int, bool], found: Found) -> None:
    """Climb from each start, and write where it leads.

    Parameters
    ----------
    kind : Kind
    rows : Rows
    rule : (float, int, bool)
        Tolerance a row, most iterations, and whether to leap.
    found : Found
    """
    begun = found.mixtures
    (k, d), n_terms = begun.means.shape[1:], begun.values.shape[2]
    n_held = begun.values.shape[1]
    p = k * (1 + d) + n_held * n_terms
    numbers = np.empty((2, TILE))
    n_tiles = -(-rows.rows.shape[1] // TILE)
    if 8 * n_tiles * TILE * (1 + d + n_terms) > _KEPT_BYTES:
        n_tiles = 1
    memory = _Memory(
        np.empty(d),
        np.empty(d),
        np.zeros(1, np.bool_),
        np.empty((k, 1 + d + n_terms)),
        np.empty((k, 1 + d + n_terms)),
        Sums(np.empty(k), np.empty((k, d)), np.empty((n_held, n_terms))),
        Mixture(np.empty(k), np.empty((k, d)), np.empty((n_held, n_terms))),
        tile_memory(k, 1 + d + n_terms, n_tiles),
        (numbers, numbers.view(np.int64)),
        path_of(p),
    )
    for r in range(len(rows.which)):
        best = Mixture(begun.weights[r], begun.means[r], begun.values[r])
        sums = Sums(found.sums.counts[r], found.sums.means[r], found.sums.scatters[r])
        told = found.values[r]
        ended, n_values, n_rejected = _climb(kind, rows, r, rule, best, sums, told, memory)
        found.ended[r], found.n_values[r], found.n_rejected[r] = ended, n_values, n_rejected


@compiled(CAREFUL, inline=True)
def _expect(kind: Kind, rows: Rows, r: int, memory: _Memory) -> tuple[float, bool]:
    """Do the E-step of fit r; say if it can be done so, and all components have rows."""
    g = rows.which[r]
    if not write_theta(kind, memory.mixture, rows.reach[g], memory.about, memory.theta):
        return -np.inf, False
    kept = len(memory.tile.features) * TILE >= rows.rows.shape[1]
    for i in range(len(memory.about)):
        memory.center[i] = rows.centers[g, i] + memory.about[i]
        kept = kept and memory.about[i] == 0.0
    ready = kept and memory.kept[0]
    memory.kept[0] = kept
    found = expect_one(
        rows.rows[g],
        rows.weights[rows.whose[r]],
        memory.center,
        memory.theta,
        rows.pairs,
        rows.terms,
        memory.scratch,
        memory.tile,
        ready,
        memory.moments,
    )
    return found + rows.offsets[r], close(
        kind, memory.moments, memory.about, rows.totals[r], memory.sums
    )


@compiled(CAREFUL)
def _copy(source: Mixture, sums: Sums, best: Mixture, kept: Sums) -> None:
    copy(source.weights, best.weights)
    copy_rows(source.means, best.means)
    copy_rows(source.values, best.values)
    copy(sums.counts, kept.counts)
    copy_rows(sums.means, kept.means)
    copy_rows(sums.scatters, kept.scatters)


@compiled(CAREFUL, inline=True)
def _climb(
    kind: Kind,
    rows: Rows,
    r: int,
    rule: tuple[float, int, bool],
    best: Mixture,
    sums: Sums,
    told: AnyArray,
    memory: _Memory,
) -> tuple[int, int, int]:
    """Climb from `best`; write there where the fit ends, and its statistics.

    Returns
    -------
    ended, n_values, n_rejected : int
    """
    tol, max_iter, leaps = rule
    n, own, path = rows.totals[r], memory.mixture, memory.path
    copy(best.weights, own.weights)
    copy_rows(best.means, own.means)
    copy_rows(best.values, own.values)
    begin(path)
    memory.kept[0] = False
    values = np.empty(NOISE_WINDOW + 1)
    for i in range(len(values)):
        values[i] = np.nan
    count, n_rejected, last_leap, near, leaping = 0, 0, 0, (np.nan, 0), False
    while count < len(told):
        value, usable = _expect(kind, rows, r, memory)
        if leaping:
            usable = usable and value >= values[-1]
            if usable:
                last_leap = count
            else:
                take_back(path)
                n_rejected += 1
        elif not usable:
            break
        leaping = False
        if usable:
            _copy(own, memory.sums, best, sums)
            for i in range(NOISE_WINDOW):
                values[i] = values[i + 1]
            values[NOISE_WINDOW] = told[count] = value
            count += 1
            if leaps:
                note(kind, sums, path)
                if may_pay(path, count, count + n_rejected) and is_slow(values):
                    leaping = leap(kind, sums, n, path, own)
            done, near = reached(values, (count, last_leap), near, (n, tol * n), slowest(path))
            if done or count + n_rejected > max_iter:
                return CONVERGED if done else OVER, count, n_rejected
        if not leaping:
            estimate(kind, sums, own)
    return LEFT, count, n_rejected
