"""Rows of which not all is seen: the contract carries them, with every form as it is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from gaussmix.components.covariances import FullCovariances
from gaussmix.components.moments import PRODUCTS
from gaussmix.components.parameters import Parameters, join_parameters, one_of
from gaussmix.em.steps import EStep
from gaussmix.estep import Expectation, Posterior
from gaussmix.estep.expectation import FormChoice, Seen
from gaussmix.estep.observations import COMPLETE, Kind, Observation
from gaussmix.families import get_family
from gaussmix.fitting.fit import summarise
from gaussmix.rows import MemorySource

K, D = 3, 4


class Pattern(Kind):
    """Rows of which some features are seen: R picks them, and there is no error."""

    def __init__(self, columns):
        self.columns = np.array(columns)
        self.key = tuple(columns)

    def seen(self, parameters):
        return Parameters.of_one(
            parameters.weights,
            parameters.means[:, self.columns],
            parameters.covariances.marginal(self.columns),
        )

    def box(self, center, extent):
        return center[self.columns], extent[self.columns]

    def completed(self, statistics, parameters):
        """W = P W_o P' + N C, P = [1; S_mo S_oo^-1]: what is missing, by what is seen of it."""
        missing = np.setdiff1d(np.arange(D), self.columns)
        means, scatters = np.zeros((K, D)), np.zeros((K, D, D))
        for k in range(K):
            mu, sigma = parameters.means[k], parameters.covariances.to_dense()[k]
            cross = sigma[np.ix_(missing, self.columns)]
            slope = cross @ np.linalg.inv(sigma[np.ix_(self.columns, self.columns)])
            carry = np.zeros((D, len(self.columns)))
            carry[self.columns, np.arange(len(self.columns))] = 1.0
            carry[missing] = slope
            means[k] = mu + carry @ (statistics.means[k] - mu[self.columns])
            scatters[k] = carry @ statistics.scatters[k] @ carry.T
            rest = sigma[np.ix_(missing, missing)] - slope @ cross.T
            scatters[k][np.ix_(missing, missing)] += statistics.counts[k] * rest
        return statistics.changed(means=means, scatters=scatters)


class Missing(Observation):
    """NaN is not seen; rows of one pattern are one kind."""

    def kinds(self, rows, index):
        patterns, which = np.unique(~np.isnan(rows), axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            places = np.flatnonzero(which.reshape(-1) == number)
            columns = np.flatnonzero(pattern)
            yield Pattern(columns.tolist()), rows[np.ix_(places, columns)], places


def problem(seed=0, n=300):
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((K, D, D)) / 2 + np.eye(D)
    held = FullCovariances(factors @ factors.swapaxes(1, 2), K, D)
    means, weights = 2.0 * rng.standard_normal((K, D)), rng.dirichlet(np.ones(K))
    labels = rng.integers(K, size=n)
    rows = means[labels] + np.einsum("nij,nj->ni", factors[labels], rng.standard_normal((n, D)))
    rows[rng.uniform(size=rows.shape) < 0.2] = np.nan
    rows[np.isnan(rows).all(axis=1), 0] = 0.0
    return rows, Parameters.of_one(weights, means, held)


def row_by_row(rows, sample_weight, labels, parameters):
    """Expected statistics of complete rows, one row after the other."""
    counts, sums, squares, value = np.zeros(K), np.zeros((K, D)), np.zeros((K, D, D)), 0.0
    for i, row in enumerate(rows):
        o = np.flatnonzero(~np.isnan(row))
        m = np.setdiff1d(np.arange(D), o)
        joint = np.array(
            [
                np.log(w) + multivariate_normal(mu[o], sigma[np.ix_(o, o)]).logpdf(row[o])
                for w, mu, sigma in zip(
                    parameters.weights, parameters.means, parameters.covariances.values, strict=True
                )
            ]
        )
        if labels is not None and labels[i] >= 0:
            joint[np.arange(K) != labels[i]] = -np.inf
        total = np.logaddexp.reduce(joint)
        value += sample_weight[i] * total
        for k in range(K):
            share = sample_weight[i] * np.exp(joint[k] - total)
            mu, sigma = parameters.means[k], parameters.covariances.to_dense()[k]
            slope = sigma[np.ix_(m, o)] @ np.linalg.inv(sigma[np.ix_(o, o)])
            x, rest = np.array(row), np.zeros((D, D))
            x[m] = mu[m] + slope @ (row[o] - mu[o])
            rest[np.ix_(m, m)] = sigma[np.ix_(m, m)] - slope @ sigma[np.ix_(o, m)]
            counts[k] += share
            sums[k] += share * x
            squares[k] += share * (np.outer(x, x) + rest)
    means = sums / counts[:, None]
    scatters = squares - counts[:, None, None] * means[:, :, None] * means[:, None, :]
    return counts, means, scatters, value


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("labelled", [False, True])
def test_statistics_by_pattern_are_those_row_by_row(weighted, labelled):
    rows, parameters = problem()
    rng = np.random.default_rng(1)
    sample_weight = rng.uniform(0.5, 2.0, len(rows)) if weighted else None
    labels = rng.integers(-1, K, len(rows)) if labelled else None
    center, extent = np.nanmean(rows, axis=0), np.full(D, 20.0)
    choice = FormChoice(PRODUCTS, False, center, extent, np.float64, len(rows))
    seen = Seen(Missing(), parameters, choice)
    fold = Expectation(choice(parameters), Posterior.of([parameters]), labels, seen)
    found = fold.statistics(MemorySource(rows, sample_weight, block_rows=64).reduce(fold))
    unit = np.ones(len(rows)) if sample_weight is None else sample_weight
    counts, means, scatters, value = row_by_row(rows, unit, labels, parameters)
    np.testing.assert_allclose(found.counts, counts, rtol=1e-11)
    np.testing.assert_allclose(found.means, means, rtol=1e-10)
    np.testing.assert_allclose(found.scatters, scatters, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.log_likelihood, value, rtol=1e-12)
    assert found.n_rows == len(rows)


@pytest.mark.parametrize("name", ["VVV", "EEE"])
def test_an_estep_of_rows_seen_in_part_takes_any_number_of_mixtures(name):
    family, several = get_family(name), []
    for seed in (0, 1):
        rows, parameters = problem(seed)
        if family.shared:
            mean = parameters.covariances.values.mean(axis=0, keepdims=True)
            shared = FullCovariances(mean, K, D, shared=True)
            parameters = Parameters.of_one(parameters.weights, parameters.means, shared)
        several.append(parameters)
    stack = join_parameters([(own, 0) for own in several])
    source = MemorySource(rows, block_rows=64)
    summary = summarise(MemorySource(np.nan_to_num(rows)), PRODUCTS)
    estep = EStep(source, summary, observation=Missing())
    (one,), (both, last) = (
        estep([(several[0], family)]),
        estep([(stack, family), (several[1], family)]),
    )
    for g, own in enumerate(several):
        values = own.each.to_dense()
        expected = Parameters.of_one(own.weights, own.means, FullCovariances(values, K, D))
        counts, means, scatters, value = row_by_row(rows, np.ones(len(rows)), None, expected)
        if family.shared:
            scatters = scatters.sum(axis=0, keepdims=True)
        for found in [one_of((both, g)), (one, last)[g]]:
            np.testing.assert_allclose(found.counts, counts, rtol=1e-11)
            np.testing.assert_allclose(found.means, means, rtol=1e-10)
            np.testing.assert_allclose(found.scatters, scatters, rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(found.log_likelihood, value, rtol=1e-12)


def test_complete_rows_are_one_kind_without_mask_or_copy():
    rows = np.zeros((5, D))
    ((_, seen, places),) = COMPLETE.kinds(rows, slice(0, 5))
    assert seen is rows
    assert places == slice(None)
