"""Bayesian mixtures as an objective: what is climbed is a bound of the evidence, and is climbed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats

from gaussmix import BayesianGaussianMixture, Mixture
from gaussmix.components.families import get_family
from gaussmix.components.parameters import join_parameters, join_statistics
from gaussmix.components.variational_prior import VariationalPrior
from gaussmix.components.weights import list_weight_priors
from gaussmix.em.loop import fit
from gaussmix.em.model import VariationalModel
from gaussmix.em.options import Options
from gaussmix.em.problem import Problem
from gaussmix.numerics.groups import Groups
from gaussmix.starts.base import from_labels
from gaussmix.starts.fewer import left_out, merged
from tests.oracles import (
    dirichlet_evidence,
    normal_wishart_evidence,
    process_evidence,
    textbook_bound,
)
from tests.variants import FAMILIES, blobs, problem

PRIORS = list_weight_priors()
FOUR = ["full", "tied", "diag", "spherical"]
every_prior = pytest.mark.parametrize("prior", PRIORS, ids=lambda p: p.name)
every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)


def posed(X, family, k, prior=PRIORS[0], weights=None, beliefs=None, reg_covar=0.0, **options):
    """The fit of a Bayesian mixture, ready for a start."""
    from gaussmix.rows import MemorySource
    from gaussmix.rows.summary import SummaryFold

    source = MemorySource(X, weights)
    summary = source.reduce(SummaryFold(family.held.moment, X.shape[1]))
    plain = problem(source, summary, family, k, **{"accelerate": False, "tol": 0, **options})
    prior = replace(prior, concentration=1.0 / k)
    model = VariationalModel(
        k, family, reg_covar=reg_covar, beliefs=beliefs or VariationalPrior(prior)
    )
    return Problem(plain.data, model, plain.options)


def climbed(posed_problem, labels):
    return fit(posed_problem, from_labels(posed_problem, labels))


def oracle_terms(prior, counts):
    """E log pi, and E log p(pi) - E log q(pi), by SciPy's entropies and the definitions."""
    if prior.name == "dirichlet_distribution":
        a = prior.concentration + counts
        logs = special.digamma(a) - special.digamma(a.sum())
        before = np.full(len(counts), prior.concentration)
        expected = special.gammaln(before.sum()) - special.gammaln(before).sum()
        expected += ((before - 1) * logs).sum()
        return logs, expected + stats.dirichlet(a).entropy()
    order = np.argsort(-counts, kind="stable") if prior.by_size else np.arange(len(counts))
    logs, terms, left = np.empty(len(counts)), 0.0, 0.0
    for place, k in enumerate(order):
        a, b = 1 + counts[k], prior.concentration + counts[order[place + 1 :]].sum()
        log_v, log_rest = (special.digamma(x) - special.digamma(a + b) for x in (a, b))
        logs[k] = left + log_v
        left += log_rest
        terms += np.log(prior.concentration) + (prior.concentration - 1) * log_rest
        terms += stats.beta(a, b).entropy()
    return logs, terms


# -- priors of weights --------------------------------------------------------------------------


@every_prior
def test_no_rows_leave_the_prior_as_it_was(prior):
    prior, groups = replace(prior, concentration=0.3), Groups.of((4, 2))
    np.testing.assert_allclose(prior.divergence(np.zeros(6), groups), 0.0, atol=1e-12)
    assert (prior.divergence(np.array([5.0, 0, 1, 2, 7, 1]), groups) > 0).all()


@every_prior
@pytest.mark.parametrize("by_size", [True, False])
def test_several_mixtures_are_each_by_itself(prior, by_size):
    prior = replace(prior, concentration=0.7, by_size=by_size)
    counts, sizes = np.array([3.0, 9.0, 0.0, 4.0, 4.0, 1.0, 2.0]), (3, 1, 3)
    groups = Groups.of(sizes)
    logs, divergence = prior.expected_logs(counts, groups), prior.divergence(counts, groups)
    for g, own in enumerate(groups.parts(counts)):
        alone = Groups.of((len(own),))
        expected, terms = oracle_terms(prior, own)
        np.testing.assert_allclose(groups.part(logs, g), expected, rtol=1e-12)
        np.testing.assert_allclose(divergence[g], -terms, rtol=1e-9)
        np.testing.assert_allclose(prior.divergence(own, alone)[0], divergence[g], rtol=1e-12)


@every_prior
def test_the_posterior_of_the_counts_is_the_best(prior):
    """Counts times expected logs, less the divergence, is highest where the counts are these."""
    prior, groups = replace(prior, concentration=0.7, by_size=False), Groups.of((4,))
    counts, rng = np.array([9.0, 4.0, 2.5, 0.3]), np.random.default_rng(0)

    def value(of):
        return counts @ prior.expected_logs(of, groups) - prior.divergence(of, groups)[0]

    for _ in range(20):
        assert value(counts) > value(counts * np.exp(0.1 * rng.standard_normal(4)))


def test_of_all_orders_of_sticks_that_by_size_is_the_best():
    from itertools import permutations

    (process,) = [prior for prior in PRIORS if prior.leaves_room]
    given, groups = replace(process, concentration=0.4, by_size=False), Groups.of((4,))
    counts = np.array([2.0, 7.0, 0.0, 30.0])

    def value(prior, order):
        own = counts[list(order)]
        return own @ prior.expected_logs(own, groups) - prior.divergence(own, groups)[0]

    values = [value(given, order) for order in permutations(range(4))]
    by_size = [value(replace(given, by_size=True), order) for order in permutations(range(4))]
    np.testing.assert_allclose(by_size, max(values), rtol=1e-12)


@every_prior
def test_means_and_variances_of_weights_are_those_of_draws(prior):
    prior, counts = replace(prior, concentration=0.8), np.array([3.0, 12.0, 0.0, 6.0])
    rng, n = np.random.default_rng(0), 400_000
    found = prior.posterior(counts)
    if prior.leaves_room:
        order = np.argsort(-counts)
        shares = rng.beta(found[0][order], found[1][order], (n, 4))
        rest = np.cumprod(1 - shares, axis=1)
        draws = np.empty((n, 4))
        draws[:, order] = shares * np.column_stack([np.ones(n), rest[:, :-1]])
    else:
        draws = rng.dirichlet(found, n)
    np.testing.assert_allclose(prior.means(counts), draws.mean(axis=0), atol=2e-3)
    np.testing.assert_allclose(prior.variances(counts), draws.var(axis=0), atol=1e-4)
    assert prior.means(counts).sum() == pytest.approx(1.0) or prior.leaves_room


# -- the bound ----------------------------------------------------------------------------------


@every_prior
@every_family
def test_the_bound_is_the_textbooks_for_every_family(family, prior):
    X, labels = blobs(n=120, d=3, k=3, separation=1.0, seed=1)
    own = posed(X, family, 4, prior, max_iter=3)
    result = climbed(own, labels)
    counts, mixture = own.objective.counts(result.mixture.parameters), result.mixture
    logs, terms = oracle_terms(own.model.beliefs.weights, counts)
    nu = 3 + (np.full(4, len(X) / 4) if family.shared else counts)
    wide = np.cov(X.T)
    scale = {2: wide, 1: np.diag(np.diag(wide)), 0: np.eye(3) * np.diag(wide).mean()}
    bound, _ = textbook_bound(
        X,
        {
            "means": mixture.means,
            "kappa": 1 + counts,
            "nu": nu,
            "S": mixture.covariances.to_dense(),
            "logs": logs,
            "weights_terms": terms,
        },
        {
            "mean": X.mean(axis=0),
            "kappa": 1.0,
            "nu": 3.0,
            "scale": scale[family.held.moment.n_axes],
        },
    )
    assert result.log_likelihood == pytest.approx(bound, abs=1e-7)


@every_prior
@every_family
@pytest.mark.parametrize("accelerate", [False, True])
def test_the_bound_never_falls(family, prior, accelerate):
    X, _labels = blobs(n=200, d=2, k=3, separation=1.5, seed=3)
    start = np.random.default_rng(0).integers(6, size=len(X))
    weights = np.random.default_rng(1).uniform(0.2, 2.0, len(X))
    options = {"accelerate": accelerate, "tol": 1e-8, "max_iter": 150}
    trace = climbed(posed(X, family, 6, prior, weights, **options), start).history.log_likelihood
    assert len(trace) > 10
    assert np.diff(trace).min() > -1e-9 * abs(trace[-1])


@pytest.mark.parametrize("name", FOUR)
@every_prior
def test_with_one_component_the_bound_is_the_evidence(name, prior):
    """Of the weights nothing is known: a process may have more components, of no rows."""
    X, _labels = blobs(n=40, d=3, k=1, seed=2)
    model = BayesianGaussianMixture(
        covariance_type=name,
        weight_concentration_prior_type=prior.name,
        degrees_of_freedom_prior=4.5,
        mean_precision_prior=0.7,
        mean_prior=[0.5, 0.0, -0.5],
    ).fit(X)
    own = {
        "mean": np.array([0.5, 0.0, -0.5]),
        "kappa": 0.7,
        "nu": 4.5,
        "scale": np.atleast_2d(np.cov(X.T)),
    }
    if name in ("full", "tied"):
        expected = normal_wishart_evidence(X, own)
    else:  # the posterior's scale is held along the axes: the same with determinants of diagonals
        scale = {"diag": np.var(X, axis=0, ddof=1)}
        scale["spherical"] = np.full(3, scale["diag"].mean())
        squares = np.square(X - X.mean(axis=0)).sum(axis=0)
        squares += 0.7 * 40 / 40.7 * np.square(X.mean(axis=0) - own["mean"])
        squares = squares if name == "diag" else np.full(3, squares.mean())
        expected = (
            -0.5 * 40 * 3 * np.log(np.pi)
            + special.multigammaln(22.25, 3)
            - special.multigammaln(2.25, 3)
            + 2.25 * np.log(scale[name]).sum()
            - 22.25 * np.log(scale[name] + squares).sum()
            + 1.5 * np.log(0.7 / 40.7)
        )
    if prior.leaves_room:  # all rows in the first: E log v, less the divergence of its beta
        expected += special.betaln(41, 1.0) - special.betaln(1, 1.0)
    assert model.lower_bound_ == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("seed", range(3))
@every_prior
def test_the_bound_is_below_the_exact_evidence(prior, k, seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((6, 2)) + 3.0 * rng.integers(2, size=(6, 1))
    model = BayesianGaussianMixture(
        k,
        weight_concentration_prior_type=prior.name,
        weight_concentration_prior=0.9,
        degrees_of_freedom_prior=3.0,
        random_state=0,
    ).fit(X)
    own = {"mean": X.mean(axis=0), "kappa": 1.0, "nu": 3.0, "scale": np.cov(X.T)}
    evidence = (
        process_evidence(X, 0.9, own) if prior.leaves_room else dirichlet_evidence(X, k, 0.9, own)
    )
    assert evidence - 6.0 < model.lower_bound_ <= evidence + 1e-9
    if k == 1 and not prior.leaves_room:
        assert model.lower_bound_ == pytest.approx(evidence, abs=1e-9)


@every_family
def test_no_scale_of_the_family_is_better_than_the_one_fitted(family):
    """The M-step is the best there is: other posteriors of the same family have a lower bound."""
    X, labels = blobs(n=100, d=2, k=2, separation=1.0, seed=4)
    own = posed(X, family, 2, max_iter=2000, tol=1e-12)
    result = climbed(own, labels)
    rng, best = np.random.default_rng(0), result.log_likelihood
    for _ in range(8):
        mixture = result.mixture
        factor = np.exp(0.03 * rng.standard_normal())
        other = Mixture(
            mixture.weights,
            mixture.means + 0.03 * rng.standard_normal(mixture.means.shape),
            type(mixture.covariances)(
                mixture.covariances.values * factor, 2, 2, mixture.covariances.shared
            ),
        )
        assert fit(replace(own, options=Options(max_iter=0)), other).log_likelihood < best


# -- stacks, samples, components less -----------------------------------------------------------


@every_prior
@pytest.mark.parametrize("name", ["VVV", "EEE", "VVI", "VII", "VEE"])
def test_mixtures_of_a_stack_are_as_each_alone(name, prior):
    X, labels = blobs(n=150, d=2, k=3, separation=2.0, seed=5)
    own = posed(X, get_family(name), 4, prior)
    starts = [from_labels(own, (labels + shift) % 4).parameters for shift in (0, 1)]
    both = join_parameters([(start, 0) for start in starts])
    (found,) = own.estep([(own.objective.working(both), own.family)])
    parameters, _ = own.objective.update(found, both)
    values = own.objective.value(found, both)
    for g, start in enumerate(starts):
        (alone,) = own.estep([(own.objective.working(start), own.family)])
        expected, _ = own.objective.update(alone, start)
        np.testing.assert_allclose(values[g], own.objective.value(alone, start)[0], rtol=1e-10)
        part = parameters.groups.own(g)
        np.testing.assert_allclose(parameters.means[part], expected.means, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(
            parameters.each.values[part], expected.each.spread(expected.each.values), rtol=1e-7
        )


def test_rows_that_are_a_sample_stand_for_all():
    X, labels = blobs(n=80, d=2, k=2, seed=6)
    own = posed(X, get_family("VVV"), 3)
    start = from_labels(own, labels).parameters
    (found,) = own.estep([(own.objective.working(start), own.family)])
    tenth = found.scaled(0.1)
    for mine, theirs in zip(
        (own.objective.value(tenth, start), own.objective.update(tenth, start)[0].means),
        (own.objective.value(found, start), own.objective.update(found, start)[0].means),
        strict=True,
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)


@every_prior
@pytest.mark.parametrize("name", ["VVV", "EEE", "VVI", "EEI", "VII", "EII", "EVE"])
def test_what_statistics_say_of_a_division_is_the_bound_less_the_entropy(name, prior):
    X, labels = blobs(n=150, d=2, k=3, separation=1.0, seed=7)
    own = posed(X, get_family(name), 4, prior)
    start = from_labels(own, labels).parameters
    for _ in range(3):
        (found,) = own.estep([(own.objective.working(start), own.family)])
        before, start = start, own.objective.update(found, start)[0]
    log_weights = own.objective.working(before).log_weights
    resp = Mixture.of_parameters(replace(before, weights=np.exp(log_weights))).responsibilities(X)
    entropy = -special.xlogy(resp, resp).sum()
    value = own.objective.value_of_divisions(found)[0]
    # With the same responsibilities the M-step can only have raised it; the E-step after, too.
    (after,) = own.estep([(own.objective.working(start), own.family)])
    low, high = (own.objective.value(*pair)[0] for pair in ((found, before), (after, start)))
    assert low - 1e-9 <= value + entropy
    if own.family.free:  # else its scales are thought of as free
        assert value + entropy <= high + 1e-9
        assert value + entropy == pytest.approx(value_of(own, found, start) + entropy, abs=1e-7)


def value_of(own, statistics, parameters):
    """The expected log-likelihood of statistics, less the divergence: term by term."""
    expected, d = own.objective.working(parameters), statistics.n_features
    inverses = np.linalg.inv(parameters.each.to_dense())
    value = own.objective.penalty(parameters)[0]
    for k, count in enumerate(statistics.counts):
        offset = statistics.means[k] - parameters.means[k]
        value += count * (expected.log_constants()[k] - 0.5 * offset @ inverses[k] @ offset)
    for inverse, scatter in zip(inverses, statistics.scatters, strict=False):  # one if pooled
        axes = statistics.moment.n_axes
        full = scatter if axes == 2 else np.diag(np.broadcast_to(scatter / d ** (axes == 0), d))
        value -= 0.5 * np.trace(inverse @ full)
    return value


@pytest.mark.parametrize("name", ["VVV", "EEE", "VVI", "VII"])
def test_statistics_of_merged_components_are_those_of_merged_labels(name):
    X, labels = blobs(n=90, d=2, k=3, seed=8)
    family = get_family(name)

    def of(given):
        from gaussmix import SufficientStatistics

        found = SufficientStatistics.from_responsibilities(X, np.eye(3)[given], family.held.moment)
        return family.gathered(found)

    found, expected = merged(of(labels), 0, 2), of(np.where(labels == 2, 0, labels))
    for part in ("counts", "means", "scatters"):
        np.testing.assert_allclose(
            getattr(found, part), getattr(expected, part), rtol=1e-10, atol=1e-10
        )
    fewer = left_out(of(labels), 1)
    assert (
        fewer.counts[1] == 0 and fewer.counts[[0, 2]].tolist() == of(labels).counts[[0, 2]].tolist()
    )
    joined = join_statistics([(found, 0), (fewer, 0)])
    assert len(joined.groups) == 2
