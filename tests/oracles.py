"""Slow, plain implementations that the fast ones are tested against."""

from __future__ import annotations

import numpy as np
from scipy import stats


def textbook_log_joint(X, weights, means, covariances):
    """log w_k + log N(x_i | k), one component at a time, by SciPy."""
    return np.column_stack(
        [
            np.log(w) + stats.multivariate_normal(m, c, allow_singular=False).logpdf(X).reshape(-1)
            for w, m, c in zip(weights, means, covariances, strict=True)
        ]
    )


def textbook_step(X, sample_weight, weights, means, covariances, structure):
    """One EM iteration written as in a textbook; returns (loglik, weights, means, covariances)."""
    n, d = X.shape
    joint = textbook_log_joint(X, weights, means, covariances)
    top = joint.max(axis=1)
    log_density = top + np.log(np.exp(joint - top[:, None]).sum(axis=1))
    resp = np.exp(joint - log_density[:, None])
    counts, new_means, scatters = [], [], []
    for k in range(len(weights)):
        count = sum(sample_weight[i] * resp[i, k] for i in range(n))
        mean = sum(sample_weight[i] * resp[i, k] * X[i] for i in range(n)) / count
        scatter = sum(
            sample_weight[i] * resp[i, k] * np.outer(X[i] - mean, X[i] - mean) for i in range(n)
        )
        counts.append(count)
        new_means.append(mean)
        scatters.append(scatter)
    counts = np.array(counts)
    new_covariances = STRUCTURES[structure](np.array(scatters), counts, d)
    log_likelihood = float(sample_weight @ log_density)
    return log_likelihood, counts / counts.sum(), np.array(new_means), new_covariances


STRUCTURES = {
    "VVV": lambda W, n, d: W / n[:, None, None],
    "EEE": lambda W, n, d: np.repeat((W.sum(axis=0) / n.sum())[None], len(n), axis=0),
    "VVI": lambda W, n, d: np.array([np.diag(np.diag(w)) / c for w, c in zip(W, n, strict=True)]),
    "VII": lambda W, n, d: np.array(
        [np.eye(d) * np.trace(w) / (d * c) for w, c in zip(W, n, strict=True)]
    ),
}


def textbook_em(X, start, structure, n_iter, sample_weight=None):
    """Several iterations from a Mixture; returns (trace, weights, means, covariances)."""
    sample_weight = np.ones(len(X)) if sample_weight is None else sample_weight
    state = (start.weights, start.means, start.covariances.to_dense())
    trace = []
    for _ in range(n_iter):
        log_likelihood, *state = textbook_step(X, sample_weight, *state, structure)
        trace.append(log_likelihood)
    return trace, *state
