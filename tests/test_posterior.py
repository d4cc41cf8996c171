"""Every form with every density is a dense oracle: what stands between the products, and they."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import digamma, gammaln, logsumexp

from gaussmix.components.covariances import DiagonalCovariances, FullCovariances
from gaussmix.components.densities import NORMAL, Density, StudentT
from gaussmix.components.moments import PRODUCTS, SQUARES
from gaussmix.components.noise import Noise
from gaussmix.components.parameters import Parameters
from gaussmix.estep import Expectation, NaturalForm, Posterior, WhitenedForm
from gaussmix.estep.compiled import CompiledForm
from gaussmix.estep.mixed import MixedForm
from gaussmix.estep.pruned import PrunedForm, prune
from gaussmix.rows import MemorySource
from gaussmix.rows.folds import Workspace

K, D = 9, 5


class Own(Density):
    """A density that has nothing to be put together or updated."""

    def update(self, statistics):
        return self

    def take(self, components):
        return self

    def joined(self, several):
        return self


class Tempered(Own):
    """Responsibilities of densities to a power: deterministic annealing."""

    def log_joint(self, joint, terms):
        joint *= 0.5
        return


def dense(density, log_joint, distances, log_scales):
    """Log-joint densities (n, K), what responsibilities are multiplied by, and the tally's part."""
    if isinstance(density, Tempered):
        return 0.5 * log_joint, None, None
    if density is NORMAL:
        return log_joint, None, None
    normal = np.isinf(np.broadcast_to(density.dofs, K))
    dofs = np.where(normal, 1.0, density.dofs)
    half = 0.5 * (dofs + D)
    constant = gammaln(half) - gammaln(0.5 * dofs) - 0.5 * D * np.log(dofs * np.pi)
    scale = (dofs + D) / (dofs + distances)
    own = scale - 1.0 - np.log(scale) + np.log(half) - digamma(half)
    found = constant + log_scales - half * np.log1p(distances / dofs)
    return (
        np.where(normal, log_joint, found),
        np.where(normal, 1.0, scale),
        np.where(normal, 0.0, own),
    )


def problem(moment, seed=0):
    """Rows, weights of components, means and dense covariances: components that overlap."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((700, D)) + 2.0 * rng.standard_normal((1, D))
    factors = rng.standard_normal((K, D, D)) / 3 + np.eye(D)
    dense = factors @ factors.swapaxes(1, 2)
    held = FullCovariances(dense, K, D)
    if moment is SQUARES:
        held = DiagonalCovariances(np.diagonal(dense, axis1=1, axis2=2).copy(), K, D)
    means = rows[:K] + 0.1
    return rows, rng.dirichlet(np.full(K, 3.0)), means, held


DOFS = [0.3, 1.0, 2.5, 4.0, 7.0, 30.0, 500.0, 1e5, np.inf]
DENSITIES = {
    "normal": NORMAL,
    "tempered": Tempered(),
    "student": StudentT(np.full(K, 3.0), "equal"),
    "student of each": StudentT(DOFS, "free"),
    "student fixed": StudentT(DOFS),
}


def natural(parameters, moment, center):
    return NaturalForm.of(parameters, moment, center)


def compiled(parameters, moment, center):
    pytest.importorskip("numba")
    return CompiledForm.of(parameters, moment, center)


def mixed(parameters, moment, center, n_rows=100):
    return MixedForm(parameters, moment, center, np.arange(K) % 3 > 0, n_rows)


def mixed_in_tiles(parameters, moment, center):
    pytest.importorskip("numba")
    return mixed(parameters, moment, center, n_rows=None)


def whitened(parameters, moment, center):
    return WhitenedForm(parameters, moment)


def pruned(parameters, moment, center):
    if not parameters.density.falls:
        pytest.skip("what is negligible at a distance for the normal density need not be")
    found = prune(whitened(parameters, moment, center), parameters, center, np.full(D, 9.0))
    assert isinstance(found, PrunedForm)
    return found


FORMS = [natural, compiled, mixed, mixed_in_tiles, whitened, pruned]


def oracle(rows, sample_weight, labels, log_joint, scale, excess, background):
    """Counts, masses, means, scatters, log-likelihood, noise and tally, row by row."""
    if background is not None:
        log_joint = np.column_stack([log_joint, np.full(len(rows), background)])
    for i in np.flatnonzero(labels >= 0):
        own = log_joint[i, labels[i]]
        log_joint[i] = -np.inf
        log_joint[i, labels[i]] = own
    density = logsumexp(log_joint, axis=1)
    shares = np.exp(log_joint - density[:, None]) * sample_weight[:, None]
    shares, noise = shares[:, :K], shares[:, K:].sum()
    masses = shares if scale is None else shares * scale
    totals = masses.sum(axis=0)
    safe = np.where(totals > 0, totals, 1.0)
    means = masses.T @ rows / safe[:, None]
    offsets = rows[:, None] - means
    scatters = np.einsum("nk,nki,nkj->kij", masses, offsets, offsets)
    tally = None if excess is None else (shares * excess).sum(axis=0)
    return shares.sum(axis=0), totals, means, scatters, sample_weight @ density, noise, tally


@pytest.mark.parametrize("moment", [PRODUCTS, SQUARES], ids=lambda m: m.name)
@pytest.mark.parametrize("name", DENSITIES)
@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("facts", ["nothing", "weights", "labels", "noise", "all"])
def test_each_form_with_each_density_is_the_dense_oracle(form, name, moment, facts):
    rows, weights, means, held = problem(moment)
    if form is pruned and moment is SQUARES:
        pytest.skip("products alone are many enough to prune")
    every = facts == "all"
    rng = np.random.default_rng(1)
    sample_weight = rng.uniform(0.5, 2.0, len(rows)) if facts == "weights" or every else None
    labels = rng.integers(-1, K, len(rows)) if facts == "labels" or every else None
    noise = None
    if facts == "noise" or every:
        noise = Noise(0.2, np.full(D, -8.0), np.full(D, 8.0), np.eye(D))
    density = DENSITIES[name]
    parameters = Parameters.of_one(weights, means, held, noise, density)
    fold = Expectation(
        form(parameters, moment, rows.mean(axis=0)), Posterior.of([parameters]), labels
    )
    found = fold.statistics(MemorySource(rows, sample_weight, block_rows=200).reduce(fold))

    inverses = np.linalg.inv(held.to_dense())
    offsets = rows[:, None] - means
    distances = np.einsum("nki,kij,nkj->nk", offsets, inverses, offsets)
    log_joint = np.log(weights) + held.log_norm() - 0.5 * distances
    log_scales = np.log(weights) - 0.5 * np.linalg.slogdet(held.to_dense())[1]
    log_joint, scale, excess = dense(density, log_joint, distances, log_scales)
    unit = np.ones(len(rows)) if sample_weight is None else sample_weight
    background = None if noise is None else parameters.backgrounds[0]
    unknown = np.full(len(rows), -1) if labels is None else labels
    counts, masses, mean, scatter, value, share, tally = oracle(
        rows, unit, unknown, log_joint, scale, excess, background
    )
    np.testing.assert_allclose(found.counts, counts, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.mass, masses, rtol=1e-9, atol=1e-12)
    occupied = masses > 0
    np.testing.assert_allclose(found.means[occupied], mean[occupied], rtol=1e-8, atol=1e-9)
    expected = scatter if moment is PRODUCTS else np.diagonal(scatter, axis1=1, axis2=2)
    np.testing.assert_allclose(
        found.scatters, expected, rtol=1e-7, atol=1e-8 * np.abs(scatter).max()
    )
    np.testing.assert_allclose(found.noise, share, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.log_likelihood, value, rtol=1e-10)
    assert (found.tally is not None) == density.weighs
    if density.n_sums:
        np.testing.assert_allclose(found.tally[:, 0], tally, rtol=1e-6, atol=1e-9)


def test_for_the_normal_density_the_masses_are_the_responsibilities_in_the_same_memory():
    rows, weights, means, held = problem(PRODUCTS)
    parameters = Parameters.of_one(weights, means, held)
    form, posterior = natural(parameters, PRODUCTS, rows.mean(axis=0)), Posterior.of([parameters])
    joint = np.empty((K, len(rows)))
    form.joint(rows, joint, Workspace())
    masses = posterior(joint, None, None, posterior.open())
    assert masses is joint
    np.testing.assert_allclose(masses.sum(axis=0), 1.0, rtol=1e-12)
