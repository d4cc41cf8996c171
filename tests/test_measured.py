"""Rows measured with errors, in part, or projected: E-steps against formulas row by row."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.components.covariances import DiagonalCovariances, FullCovariances
from gaussmix.components.moments import PRODUCTS, SQUARES
from gaussmix.components.parameters import Parameters
from gaussmix.estep.measured.axes import AxesForm
from gaussmix.estep.measured.compiled import CompiledTilesForm
from gaussmix.estep.measured.tiles import TilesForm
from gaussmix.rows.folds import Workspace
from gaussmix.rows.measured import JoinedRows
from gaussmix.rows.measurement import Measurement

from .oracles import measured_statistics

K, D, N = 3, 4, 203
FORMS = {"numpy": TilesForm, "compiled": CompiledTilesForm}


def spread_out(rng, count, size, scale=1.0):
    factors = rng.standard_normal((count, size, size)) / 2 + np.eye(size)
    return scale * factors @ factors.swapaxes(1, 2)


def parameters(rng, diagonal=False):
    held = FullCovariances(spread_out(rng, K, D), K, D)
    if diagonal:
        held = DiagonalCovariances(held.variances(), K, D)
    return Parameters.of_one(rng.dirichlet(np.ones(K)), 2 * rng.standard_normal((K, D)), held)


def problem(kind, holes, *, seed=0, scale=1.0, diagonal=False):
    """Return parameters, rows as a source has them, and the same spelt out row by row."""
    rng = np.random.default_rng(seed)
    mixture = parameters(rng, diagonal)
    e = 2 if "projection" in kind else D
    projections = np.broadcast_to(np.eye(D), (N, D, D))
    if "projection" in kind:
        projections = rng.standard_normal((1 if "shared" in kind else N, e, D))
        projections = np.broadcast_to(projections, (N, e, D))
    matrices = spread_out(rng, N, e, 0.5 * scale)
    if "variances" in kind:
        matrices = matrices * np.eye(e)
    if "shared" in kind:
        matrices = np.broadcast_to(matrices[:1], matrices.shape)
    labels = rng.integers(K, size=N)
    x = mixture.means[labels] + rng.standard_normal((N, D))
    rows = np.einsum("ned,nd->ne", projections, x) + rng.standard_normal((N, e))
    if holes:
        rows[rng.uniform(size=rows.shape) < 0.2] = np.nan
        rows[np.isnan(rows).all(axis=1), 0] = 0.0
    places = np.tril_indices(e)
    packed = matrices[:, *places] if "variances" not in kind else matrices[:, *np.diag_indices(e)]
    parts, given = [rows], {}
    if "shared" in kind:
        given["shared"] = packed[0]
    else:
        parts.append(packed)
        given["errors"] = np.arange(e, e + packed.shape[1])
    if "projection" in kind and "shared" in kind:
        given["projection"] = projections[0]
    elif "projection" in kind:
        first = sum(part.shape[1] for part in parts)
        parts.append(projections.reshape(N, -1))
        given["projections"] = np.arange(first, first + e * D)
    measurement = Measurement(D, np.arange(e), **given)
    return mixture, np.hstack(parts), measurement, (rows, matrices, projections)


def expected_of(form, rows, sample_weight):
    joint = np.empty((K, len(rows)))
    form.joint(rows, joint, Workspace())
    total = np.logaddexp.reduce(joint, axis=0)
    sums = form.open()
    form.add(sums, rows, np.exp(joint - total) * sample_weight, Workspace())
    return form.close(sums), float(sample_weight @ total)


KINDS = ["variances", "matrices", "shared matrices", "shared variances"]
KINDS += [f"{kind} projection" for kind in KINDS]


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_statistics_are_those_row_by_row(form, kind, holes):
    mixture, rows, measurement, spelt = problem(kind, holes)
    sample_weight = np.random.default_rng(1).uniform(0.5, 2.0, N)
    found, value = expected_of(FORMS[form](mixture, measurement, PRODUCTS), rows, sample_weight)
    own = mixture.weights, mixture.means, mixture.covariances.to_dense()
    counts, means, scatters, total = measured_statistics(*spelt, sample_weight, None, *own)
    np.testing.assert_allclose(found.counts, counts, rtol=1e-11)
    np.testing.assert_allclose(found.means, means, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(found.scatters, scatters, rtol=1e-10, atol=1e-10)
    assert value == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("kind", ["variances", "shared variances"])
@pytest.mark.parametrize("form", [AxesForm, TilesForm, CompiledTilesForm])
def test_features_apart_are_what_matrices_of_them_say(form, kind, holes):
    mixture, rows, measurement, spelt = problem(kind, holes, diagonal=True)
    unit = np.ones(N)
    found, value = expected_of(form(mixture, measurement, SQUARES), rows, unit)
    own = mixture.weights, mixture.means, mixture.covariances.to_dense()
    counts, means, scatters, total = measured_statistics(*spelt, unit, None, *own)
    np.testing.assert_allclose(found.counts, counts, rtol=1e-11)
    np.testing.assert_allclose(found.means, means, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(found.scatters, np.diagonal(scatters, 0, 1, 2), rtol=1e-10)
    assert value == pytest.approx(total, rel=1e-12)


def test_matrices_are_joined_by_their_lower_triangles():
    rng = np.random.default_rng(0)
    rows, matrices = rng.normal(size=(7, 3)), spread_out(rng, 7, 3)
    joined = JoinedRows([rows, matrices])
    assert joined.shape == (7, 9)
    assert np.asarray(joined)[2, 3:].tolist() == matrices[2][np.tril_indices(3)].tolist()
    assert (np.asarray(joined[2:5])[1] == joined[np.array([3])][0]).all()
