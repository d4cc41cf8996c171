"""Slow, plain implementations that the fast ones are tested against."""

from __future__ import annotations

import itertools

import numpy as np
from scipy import optimize, special, stats


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


def _diagonals(W):
    return np.array([np.diag(np.diag(w)) for w in W])


def _equal_volume(W, n, d):
    sizes = np.linalg.det(W) ** (1 / d)
    return W / sizes[:, None, None] * sizes.sum() / n.sum()


def _equal_shape(W, n, d):
    """Sigma_k = lambda_k C, |C| = 1, by plain alternation."""
    volumes = np.ones(len(n))
    for _ in range(500):
        C = sum(w / v for w, v in zip(W, volumes, strict=True))
        C = C / np.linalg.det(C) ** (1 / d)
        volumes = np.array(
            [np.trace(w @ np.linalg.inv(C)) / (d * c) for w, c in zip(W, n, strict=True)]
        )
    return volumes[:, None, None] * C


def _along_own_axes(rule):
    def estimate(W, n, d):
        values, axes = np.linalg.eigh(W)
        rotated = rule(np.array([np.diag(v) for v in values]), n, d)
        return axes @ rotated @ np.swapaxes(axes, 1, 2)

    return estimate


def _along_common_axes(rule):
    """The best single angle in two dimensions, found by trying them all."""

    def estimate(W, n, d):
        def fitted(angle):
            c, s = np.cos(angle), np.sin(angle)
            axes = np.array([[c, -s], [s, c]])
            return axes @ rule(_diagonals(axes.T @ W @ axes), n, d) @ axes.T

        def objective(angle):
            return n @ np.linalg.slogdet(fitted(angle))[1]

        grid = np.linspace(0, np.pi / 2, 400)
        best = min(grid, key=objective)
        step = grid[1]
        found = optimize.minimize_scalar(
            objective, bounds=(best - step, best + step), method="bounded", options={"xatol": 1e-12}
        )
        return fitted(found.x)

    return estimate


def _pooled(W, n):
    return np.repeat((W.sum(axis=0) / n.sum())[None], len(n), axis=0)


def _free(W, n, d):
    return W / n[:, None, None]


def _sphere(w, d):
    return np.eye(d) * np.trace(w) / d


STRUCTURES = {
    "EII": lambda W, n, d: _pooled(np.array([_sphere(w, d) for w in W]), n),
    "VII": lambda W, n, d: _free(np.array([_sphere(w, d) for w in W]), n, d),
    "EEI": lambda W, n, d: _pooled(_diagonals(W), n),
    "VEI": lambda W, n, d: _equal_shape(_diagonals(W), n, d),
    "EVI": lambda W, n, d: _equal_volume(_diagonals(W), n, d),
    "VVI": lambda W, n, d: _free(_diagonals(W), n, d),
    "EEE": lambda W, n, d: _pooled(W, n),
    "VEE": _equal_shape,
    "EVE": _along_common_axes(_equal_volume),
    "VVE": _along_common_axes(_free),
    "EEV": _along_own_axes(lambda W, n, d: _pooled(W, n)),
    "VEV": _along_own_axes(_equal_shape),
    "EVV": _equal_volume,
    "VVV": _free,
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


# -- hierarchical clustering -----------------------------------------------------------------


def textbook_merges(Z, criterion, partition=None):
    """Merge clusters of standardised rows, the criterion computed from nothing each time."""
    Z = (Z - Z.mean(axis=0)) / Z.std(axis=0, ddof=1)
    n, d = Z.shape
    spread = (Z**2).sum() / (n * d)

    def scatter(rows):
        centred = Z[rows] - Z[rows].mean(axis=0)
        return centred.T @ centred

    def log_volume(rows):
        W, m = scatter(rows), len(rows)
        determinant = np.linalg.det(W / m) if m > d else 0.0
        added = determinant if criterion == "VVV" else 0.0
        return m * np.log(added + (np.trace(W) + spread) / m)

    def total(clusters, small):
        pooled = sum(scatter(rows) for rows in clusters)
        return {
            "EII": lambda: np.trace(pooled),
            "EEE": lambda: np.trace(pooled) if small else np.linalg.det(pooled),
            "VII": lambda: sum(map(log_volume, clusters)),
            "VVV": lambda: sum(map(log_volume, clusters)),
        }[criterion]()

    labels = list(range(n)) if partition is None else list(partition)
    clusters = [[i for i in range(n) if labels[i] == label] for label in dict.fromkeys(labels)]
    merges = []
    while len(clusters) > 1:
        tried = {}
        pooled = sum(scatter(rows) for rows in clusters)
        small = np.linalg.det(pooled) <= np.linalg.det(scatter(range(n)) / d)
        for j in range(1, len(clusters)):
            for i in range(j):
                others = [rows for k, rows in enumerate(clusters) if k not in {i, j}]
                tried[i, j] = total([*others, clusters[i] + clusters[j]], small)
        i, j = min(tried, key=tried.get)
        merges.append([min(clusters[i]), min(clusters[j])])
        clusters[i] = clusters[i] + clusters[j]
        del clusters[j]
    return merges


# -- Bayesian mixtures --------------------------------------------------------------------------


def textbook_bound(X, posterior, prior, resp=None):
    """The evidence lower bound, term by term (Bishop 2006, equations 10.70 to 10.77).

    `posterior` has means (K, d), kappa, nu (K,), S (K, d, d) whose inverses are the expected
    precisions, and logs and weights_terms: E log pi (K,) and E log p(pi) - E log q(pi).
    `prior` has mean, kappa, nu, scale (d, d).  Returns the bound and the responsibilities.
    """
    means, kappa, nu, S = (posterior[name] for name in ("means", "kappa", "nu", "S"))
    n, d = X.shape
    k = len(means)
    log_dets = [
        sum(special.digamma((nu[j] - i) / 2) for i in range(d))
        + d * np.log(2)
        - np.linalg.slogdet(nu[j] * S[j])[1]
        for j in range(k)
    ]
    expected = np.empty((n, k))
    for j in range(k):
        offsets = X - means[j]
        squares = np.einsum("ni,ij,nj->n", offsets, np.linalg.inv(S[j]), offsets)
        expected[:, j] = 0.5 * (log_dets[j] - d * np.log(2 * np.pi) - d / kappa[j] - squares)
    joint = expected + posterior["logs"]
    if resp is None:
        resp = np.exp(joint - special.logsumexp(joint, axis=1, keepdims=True))
    bound = (resp * joint).sum() - special.xlogy(resp, resp).sum() + posterior["weights_terms"]
    inverse = np.linalg.inv(prior["scale"])
    constant = -0.5 * prior["nu"] * np.linalg.slogdet(inverse)[1] - (
        0.5 * prior["nu"] * d * np.log(2) + special.multigammaln(0.5 * prior["nu"], d)
    )
    for j in range(k):
        precision = np.linalg.inv(S[j])
        offset = means[j] - prior["mean"]
        bound += 0.5 * (
            d * np.log(prior["kappa"] / (2 * np.pi))
            + log_dets[j]
            - d * prior["kappa"] / kappa[j]
            - prior["kappa"] * offset @ precision @ offset
        )
        bound += constant + 0.5 * (prior["nu"] - d - 1) * log_dets[j]
        bound -= 0.5 * np.trace(prior["scale"] @ precision)
        bound -= 0.5 * log_dets[j] + 0.5 * d * np.log(kappa[j] / (2 * np.pi)) - 0.5 * d
        bound += stats.wishart(nu[j], precision / nu[j]).entropy()
    return bound, resp


def normal_wishart_evidence(X, prior):
    """The log evidence of one component, in closed form (Murphy 2007, equation 266)."""
    n, d = X.shape
    if n == 0:
        return 0.0
    kappa, nu = prior["kappa"] + n, prior["nu"] + n
    center = X.mean(axis=0)
    offset = center - prior["mean"]
    scale = prior["scale"] + (X - center).T @ (X - center)
    scale = scale + prior["kappa"] * n / kappa * np.outer(offset, offset)
    return (
        -0.5 * n * d * np.log(np.pi)
        + special.multigammaln(0.5 * nu, d)
        - special.multigammaln(0.5 * prior["nu"], d)
        + 0.5 * prior["nu"] * np.linalg.slogdet(prior["scale"])[1]
        - 0.5 * nu * np.linalg.slogdet(scale)[1]
        + 0.5 * d * np.log(prior["kappa"] / kappa)
    )


def dirichlet_evidence(X, k, concentration, prior):
    """The log evidence of a finite mixture of few rows: a sum over all that labels may be."""
    n = len(X)
    found = []
    for labels in itertools.product(range(k), repeat=n):
        labels = np.array(labels)
        counts = np.bincount(labels, minlength=k)
        value = special.gammaln(k * concentration) - special.gammaln(k * concentration + n)
        value += (special.gammaln(concentration + counts) - special.gammaln(concentration)).sum()
        value += sum(normal_wishart_evidence(X[labels == j], prior) for j in range(k))
        found.append(value)
    return special.logsumexp(found)


def process_evidence(X, concentration, prior):
    """The log evidence of a Dirichlet process mixture of few rows: a sum over partitions."""

    def partitions(rows):
        if not rows:
            yield []
            return
        for rest in partitions(rows[1:]):
            yield [[rows[0]], *rest]
            for place in range(len(rest)):
                yield [*rest[:place], [rows[0], *rest[place]], *rest[place + 1 :]]

    n = len(X)
    found = []
    for blocks in partitions(list(range(n))):
        value = special.gammaln(concentration) - special.gammaln(concentration + n)
        for block in blocks:
            value += np.log(concentration) + special.gammaln(len(block))
            value += normal_wishart_evidence(X[block], prior)
        found.append(value)
    return special.logsumexp(found)


def incomplete_statistics(rows, sample_weight, labels, weights, means, covariances, box=None):
    """Expected statistics of rows with NaN, one row and one component after the other.

    `box` is (weight, lower, upper) of a uniform background.  Returns counts, means, scatters,
    log-likelihood, the background's share, responsibilities and conditional means.
    """
    n, d = rows.shape
    K = len(weights)
    counts, sums, squares = np.zeros(K), np.zeros((K, d)), np.zeros((K, d, d))
    value, noise = 0.0, 0.0
    shares, filled = np.zeros((n, K)), np.zeros((n, d))
    for i, row in enumerate(rows):
        o = np.flatnonzero(~np.isnan(row))
        m = np.setdiff1d(np.arange(d), o)
        joint, expected, rest = np.log(weights), [], []
        for k in range(K):
            own = covariances[k][np.ix_(o, o)]
            offset = row[o] - means[k][o]
            distance = offset @ np.linalg.solve(own, offset)
            joint[k] -= (np.linalg.slogdet(2 * np.pi * own)[1] + distance) / 2
            slope = covariances[k][np.ix_(m, o)] @ np.linalg.inv(own)
            x, left = np.array(row), np.zeros((d, d))
            x[m] = means[k][m] + slope @ (row[o] - means[k][o])
            left[np.ix_(m, m)] = covariances[k][np.ix_(m, m)] - slope @ covariances[k][np.ix_(o, m)]
            expected.append(x)
            rest.append(left)
        behind = -np.inf
        if box is not None:
            behind = np.log(box[0]) - np.log(box[2] - box[1])[o].sum()
        if labels is not None and labels[i] >= 0:
            joint[np.arange(K) != labels[i]] = -np.inf
            behind = -np.inf
        total = np.logaddexp(np.logaddexp.reduce(joint), behind)
        shares[i] = np.exp(joint - total)
        # The background expects the middle of its box.
        filled[i] = shares[i] @ expected
        if box is not None:
            middle = np.where(np.isnan(row), (box[1] + box[2]) / 2, row)
            filled[i] += np.exp(behind - total) * middle
        if len(o) == 0:
            continue
        value += sample_weight[i] * total
        noise += sample_weight[i] * np.exp(behind - total)
        for k in range(K):
            share = sample_weight[i] * shares[i, k]
            counts[k] += share
            offset = expected[k] - means[k]  # no digits are lost far from 0
            sums[k] += share * offset
            squares[k] += share * (np.outer(offset, offset) + rest[k])
    offsets = sums / counts[:, None]
    scatters = squares - counts[:, None, None] * offsets[:, :, None] * offsets[:, None, :]
    return counts, means + offsets, scatters, value, noise, shares, filled


def measured_statistics(Y, errors, projections, sample_weight, labels, weights, means, covariances):
    """Expected statistics of x, rows y = R x + e measured one after the other.

    Errors (n, e, e) and projections (n, e, d); what is NaN in a row of Y is not there.
    """
    n_components, d = means.shape
    counts, sums = np.zeros(n_components), np.zeros((n_components, d))
    squares, value = np.zeros((n_components, d, d)), 0.0
    for i, row in enumerate(Y):
        o = np.flatnonzero(~np.isnan(row))
        if len(o) == 0:
            continue
        y, R, S = row[o], projections[i][o], errors[i][np.ix_(o, o)]
        joint = np.array(
            [
                np.log(w) + stats.multivariate_normal(R @ mu, R @ V @ R.T + S).logpdf(y)
                for w, mu, V in zip(weights, means, covariances, strict=True)
            ]
        )
        if labels is not None and labels[i] >= 0:
            joint[np.arange(n_components) != labels[i]] = -np.inf
        total = np.logaddexp.reduce(joint)
        value += sample_weight[i] * total
        for k in range(n_components):
            share = sample_weight[i] * np.exp(joint[k] - total)
            mu, V = means[k], covariances[k]
            gain = V @ R.T @ np.linalg.inv(R @ V @ R.T + S)
            x, rest = mu + gain @ (y - R @ mu), V - gain @ R @ V
            counts[k] += share
            sums[k] += share * x
            squares[k] += share * (np.outer(x, x) + rest)
    centers = sums / counts[:, None]
    scatters = squares - counts[:, None, None] * centers[:, :, None] * centers[:, None, :]
    return counts, centers, scatters, value
