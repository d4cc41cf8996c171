"""The E-step of many mixtures, each of its own rows, as loops over tiles of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

__all__ = ["TILE", "expect_many", "sum_many"]


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

    Mixture r is of the rows ``rows[which[r]]`` (n, d) about ``centers[which[r]]``, and of the
    weights ``weights[whose[r]]``, (n,) or empty.  `theta` and `moments` are (R, n_joint, n_terms).
    `scratch` is memory (2, TILE), as numbers and as integers.
    """
    n_mixtures, n_joint, n_terms = theta.shape
    power, bits = scratch[0][0], scratch[1][0]
    features, joint = np.empty((n_terms, TILE)), np.empty((n_joint, TILE))
    shares, largest = np.empty(TILE), np.empty(TILE)
    total, logs = np.empty(TILE), np.empty(TILE)
    for r in range(n_mixtures):
        own, own_weights, center = rows[which[r]], weights[whose[r]], centers[which[r]]
        moments[r] = 0.0
        found = 0.0
        for begin in range(0, len(own), TILE):
            end = min(begin + TILE, len(own))
            m, tile = end - begin, own_weights[begin:end]
            write_features(own[begin:end], m, center, pairs[0], pairs[1], pairs[2], features)
            multiply(theta[r], features, joint, m)
            exponentiate(joint, terms[0], power, bits, largest[:m], total[:m])
            share(joint, tile, total[:m], shares)
            add_moments(joint, features, moments[r], m)
            scratch[0][0, :m] = total[:m]
            logs[:m] = 0.0
            add_logs(scratch, terms[1], logs, m)
            found += _weighted(largest, logs, tile, m)
        log_likelihood[r] = found


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
