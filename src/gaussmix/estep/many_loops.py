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
from .compiling import ANY_ORDER, EXACT, ExpTerms, LogTerms, compiled
from .scale_loops import add_logs

if TYPE_CHECKING:
    from .._typing import AnyArray

__all__ = ["TILE", "TileMemory", "expect_many", "expect_one", "sum_many", "tile_memory"]


class TileMemory(NamedTuple):
    """Memory of a tile of rows.

    Attributes
    ----------
    features, joint : ndarray (n_terms, TILE), (n_joint, TILE)
    others : ndarray (4, TILE)
    """

    features: AnyArray
    joint: AnyArray
    others: AnyArray


@compiled(ANY_ORDER)
def _weighted(largest: AnyArray, logs: AnyArray, weights: AnyArray, m: int) -> float:
    """Return the (weighted) sum of the log-densities of m rows."""
    found = 0.0
    if len(weights):
        for i in range(m):
            found += weights[i] * (largest[i] + logs[i])
    else:
        for i in range(m):
            found += largest[i] + logs[i]
    return found


@compiled(EXACT)
def tile_memory(n_joint: int, n_terms: int) -> TileMemory:
    """Return the memory of a tile, for so many densities of so many terms."""
    features, joint = np.empty((n_terms, TILE)), np.empty((n_joint, TILE))
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
    moments: AnyArray,
) -> float:
    """Write the moments (n_joint, n_terms) of one mixture, and return its log-likelihood.

    `scratch` is memory (2, TILE), as numbers and as integers.
    """
    power, bits = scratch[0][0], scratch[1][0]
    features, joint, others = memory
    shares, largest, total, logs = others[0], others[1], others[2], others[3]
    moments[:] = 0.0
    found = 0.0
    for begin in range(0, len(rows), TILE):
        end = min(begin + TILE, len(rows))
        m, tile = end - begin, weights[begin:end]
        write_features(rows[begin:end], m, center, pairs[0], pairs[1], pairs[2], features)
        multiply(theta, features, joint, m)
        exponentiate(joint, terms[0], power, bits, largest[:m], total[:m])
        share(joint, tile, total[:m], shares)
        add_moments(joint, features, moments, m)
        scratch[0][0, :m] = total[:m]
        logs[:m] = 0.0
        add_logs(scratch, terms[1], logs, m)
        found += _weighted(largest, logs, tile, m)
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
    memory = tile_memory(theta.shape[1], theta.shape[2])
    for r in range(len(theta)):
        own, center = rows[which[r]], centers[r]
        log_likelihood[r] = expect_one(
            own, weights[whose[r]], center, theta[r], pairs, terms, scratch, memory, moments[r]
        )


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
