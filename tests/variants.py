"""The tables that every law walks over: families, structures, and data to fit."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

from gaussmix import Mixture
from gaussmix.components.covariances import (
    DiagonalCovariances,
    FullCovariances,
    SphericalCovariances,
)
from gaussmix.components.families import list_families
from gaussmix.em.loop import fit
from gaussmix.em.model import Model
from gaussmix.em.options import Options
from gaussmix.em.problem import Problem
from gaussmix.rows import MemorySource
from gaussmix.rows.data import Data, Facts
from gaussmix.rows.summary import SummaryFold
from gaussmix.starts.base import from_labels

# E and V are the names of EII and VII in one dimension.
FAMILIES = [family for family in list_families() if len(family.name) == 3]
STRUCTURES = [FullCovariances, DiagonalCovariances, SphericalCovariances]


def blobs(n=400, d=3, k=3, seed=0, separation=3.0, offset=0.0):
    """Rows from k Gaussians with random well-conditioned covariances, and their labels."""
    rng = np.random.default_rng(seed)
    means = separation * rng.standard_normal((k, d))
    labels = rng.integers(k, size=n)
    X = np.empty((n, d))
    for j in range(k):
        rotation = np.linalg.qr(rng.standard_normal((d, d)))[0]
        scales = rng.uniform(0.5, 1.5, d)
        own = labels == j
        X[own] = means[j] + (rng.standard_normal((own.sum(), d)) * scales) @ rotation
    return X + offset, labels


def random_covariances(structure, k, d, seed=0, *, shared=False):
    """Well-conditioned covariances of a structure."""
    rng = np.random.default_rng(seed)
    parts = 1 if shared else k
    factors = rng.standard_normal((parts, d, d)) / np.sqrt(d)
    dense = factors @ np.swapaxes(factors, 1, 2) + 0.3 * np.eye(d)
    values = {2: dense, 1: np.diagonal(dense, axis1=1, axis2=2).copy(), 0: dense[:, 0, 0].copy()}[
        len(structure.value_shape(d))
    ]
    return structure(values, k, d, shared)


def random_mixture(structure, k=3, d=3, seed=0, *, shared=False):
    rng = np.random.default_rng(seed + 1000)
    weights = rng.dirichlet(np.full(k, 5.0))
    covariances = random_covariances(structure, k, d, seed, shared=shared)
    return Mixture(weights, 2.0 * rng.standard_normal((k, d)), covariances)


def run(
    X, labels, family, *, weights=None, n_jobs=1, block_rows=None, n_components=None, **options
):
    """Fit from hard labels with given engine settings; returns the FitResult."""
    source = MemorySource(X, weights, n_jobs=n_jobs, block_rows=block_rows)
    summary = source.reduce(SummaryFold(family.held.moment, X.shape[1]))
    # Plain EM: leaps turn rounding into different paths, which only meet again at the optimum.
    options = {"tol": 1e-9, "max_iter": 100, "accelerate": False, **options}
    k = n_components or int(labels.max()) + 1
    posed = problem(source, summary, family, k, **options)
    return fit(posed, from_labels(posed, labels))


MODEL_PARTS = ("equal_weights", "background", "prior", "reg_covar")


def problem(source, summary, family, n_components, *, known=None, **options):
    """A fit to all rows of a source in memory, which are the sample too."""
    parts = {name: options.pop(name) for name in MODEL_PARTS if name in options}
    rows = np.asarray(source.array, dtype=float) - summary.center
    weights = np.ones(len(rows)) if source.weights is None else source.weights
    data = Data(
        source,
        summary,
        Facts(source, known),
        rows,
        weights,
        rows + summary.center,
        np.empty(0, int),
        rows + summary.center,
    )
    return Problem(data, Model(n_components, family, **parts), Options(**options))


@cache
def figures(name):
    """Figures of other software, and what they are of."""
    return json.loads((Path(__file__).parent / "data" / f"{name}.json").read_text())


def mclust():
    """Data sets and figures of R's mclust 6.0.0."""
    return figures("mclust")
