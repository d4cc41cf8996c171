"""The E-step of many mixtures, each of its own rows, as loops over tiles of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .compiled_loops import (
    TILE,
    add_moments,
    exponentiate,
    multiply,
    share,
    write_features,
)
from .compiling import ANY_ORDER, EXACT, ExpTerms, LogTerms, compiled, copy
from .scale_loops import add_logs

if TYPE_CHECKING:
    from .._typing import AnyArray

__all__ = ["TILE", "TileMemory", "expect_many", "expect_one", "sum_many", "tile_memory"]


class TileMemory(NamedTuple):
    """Memory of a tile of rows.

    Attributes
    ----------
    features : ndarray (1 or n_tiles, n_terms, TILE)
        Of the last tile, or of all.
    joint : ndarray (n_joint, TILE)
    others : ndarray (4, TILE)
    """

    features: AnyArray
    joint: AnyArray
    others: AnyArray


@compiled(ANY_ORDER)
def _sum(values: AnyArray, m: int) -> float:
    found = 0.0
    for i in range(m):
        found += values[i]
    return found


@compiled(ANY_ORDER)
def _weighted(largest: AnyArray, logs: AnyArray, weights: AnyArray, m: int) -> float:
    found = 0.0
    for i in range(m):
        found += weights[i] * (largest[i] + logs[i])
    return found


@compiled(EXACT)
def _multiply_eight(total: AnyArray, out: AnyArray, m: int) -> int:
    """Write products of eight of m numbers, and those that are left; return how many there are."""
    q = m // 8
    for i in range(q):
        four = (total[i] * total[i + q]) * (total[i + 2 * q] * total[i + 3 * q])
        others = (total[i + 4 * q] * total[i + 5 * q]) * (total[i + 6 * q] * total[i + 7 * q])
        out[i] = four * others
    for i in range(8 * q, m):
        out[i - 7 * q] = total[i]
    return m - 7 * q


@compiled(EXACT)
def _log_likelihood(
    largest: AnyArray,
    total: AnyArray,
    weights: AnyArray,
    scratch: tuple[AnyArray, AnyArray],
    terms: LogTerms,
    logs: AnyArray,
    m: int,
) -> float:
    """Return the (weighted) sum of largest + log(total) of m rows.

    Totals are between 1 and the number of components: where all rows count once, the logs of
    products of eight are taken.
    """
    if len(weights):
        copy(total, scratch[0][0, :m])
        logs[:m] = 0.0
        add_logs(scratch, terms, logs, m)
        return _weighted(largest, logs, weights, m)
    count = _multiply_eight(total, scratch[0][0], m)
    logs[:count] = 0.0
    add_logs(scratch, terms, logs, count)
    return _sum(largest, m) + _sum(logs, count)


@compiled(EXACT)
def tile_memory(n_joint: int, n_terms: int, n_tiles: int) -> TileMemory:
    """Return memory for so many densities of so many terms, and the features of so many tiles."""
    features, joint = np.empty((n_tiles, n_terms, TILE)), np.empty((n_joint, TILE))
    return TileMemory(features, joint, np.empty((4, TILE)))


@compiled(EXACT)
def expect_one(
    rows: AnyArray,
    weights: AnyArray,
    center: AnyArray,
    theta: AnyArray,
    pairs: tuple[AnyArray, AnyArray, AnyArray],
    terms: tuple[ExpTerms, LogTerms],
    scratch: tuple[AnyArray, AnyArray],
    memory: TileMemory,
    ready: bool,
    moments: AnyArray,
) -> float:
    """Write the moments (n_joint, n_terms) of one mixture, and return its log-likelihood.

    `scratch` is memory (2, TILE), as numbers and as integers; `ready` says that the features of
    these rows are in `memory` already.
    """
    power, bits = scratch[0][0], scratch[1][0]
    joint, others = memory.joint, memory.others
    shares, largest, total, logs = others[0], others[1], others[2], others[3]
    moments[:] = 0.0
    found = 0.0
    for begin in range(0, len(rows), TILE):
        end = min(begin + TILE, len(rows))
        m, tile = end - begin, weights[begin:end]
        features = memory.features[begin // TILE % len(memory.features)]
        if not ready:
            write_features(rows[begin:end], m, center, pairs[0], pairs[1], pairs[2], features)
        multiply(theta, features, joint, m)
        exponentiate(joint, terms[0], power, bits, largest[:m], total[:m])
        share(joint, tile, total[:m], shares)
        add_moments(joint, features, moments, m)
        found += _log_likelihood(largest, total, tile, scratch, terms[1], logs, m)
    return found


@compiled(EXACT)
def expect_many(
    rows: AnyArray,
    which: AnyArray,
    weights: AnyArray,
    whose: AnyArray,
    centers: AnyArray,
    theta: AnyArray,
    pairs: tuple[AnyArray, AnyArray, AnyArray],
    terms: tuple[ExpTerms, LogTerms],
    scratch: tuple[AnyArray, AnyArray],
    moments: AnyArray,
    log_likelihood: AnyArray,
) -> None:
    """Write the moments and log-likelihoods of R mixtures, each of rows and weights of its own.

    Mixture r is of the rows ``rows[which[r]]`` (n, d) about ``centers[r]``, and of the
    weights ``weights[whose[r]]``, (n,) or empty.  `theta` and `moments` are (R, n_joint, n_terms).
    `scratch` is as for `expect_one`.
    """
    memory = tile_memory(theta.shape[1], theta.shape[2], 1)
    for r in range(len(theta)):
        own, shares = rows[which[r]], weights[whose[r]]
        given = theta[r], pairs, terms, scratch, memory, False, moments[r]
        log_likelihood[r] = expect_one(own, shares, centers[r], *given)


@compiled(EXACT)
def sum_many(
    rows: AnyArray,
    labels: AnyArray,
    weights: AnyArray,
    centers: AnyArray,
    pairs: tuple[AnyArray, AnyArray, AnyArray],
    moments: AnyArray,
) -> None:
    """Write the moments (G, K, n_terms) of the rows of each label, of G data sets (G, n, d)."""
    first, second, term = pairs
    n_sets, n, d = rows.shape
    x = np.empty(d)
    for g in range(n_sets):
        moments[g] = 0.0
        for i in range(n):
            own, weight = moments[g, labels[g, i]], weights[g, i]
            own[0] += weight
            for j in range(d):
                x[j] = rows[g, i, j] - centers[g, j]
                own[1 + j] += weight * x[j]
            for q in range(len(term)):
                own[1 + d + term[q]] += weight * (x[first[q]] * x[second[q]])
