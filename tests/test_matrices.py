"""Many small matrices at once are what LAPACK makes of each."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.components.covariances import FullCovariances
from gaussmix.numerics.matrices import factors, factors_or_nan, inverse_factors, squared


@pytest.mark.parametrize("d", [1, 2, 3, 4, 5])
def test_many_small_matrices_are_done_as_each(d):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 3 * d, d)) * 10.0 ** rng.uniform(-100, 100, (300, 1, 1))
    matrices = np.swapaxes(rows, 1, 2) @ rows
    for k, (own, inverse, precision) in enumerate(
        zip(
            factors(matrices),
            inverse_factors(factors(matrices)),
            squared(inverse_factors(factors(matrices))),
            strict=True,
        )
    ):
        expected = np.linalg.cholesky(matrices[k])
        np.testing.assert_allclose(own, expected, rtol=1e-9, atol=1e-13 * expected.max())
        np.testing.assert_allclose(inverse @ own, np.eye(d), atol=1e-10)
        np.testing.assert_allclose(precision, np.swapaxes(inverse, 0, 1) @ inverse, rtol=1e-10)
    matrices[17], matrices[200, 0, 0] = -np.eye(d), np.nan
    lost = np.isnan(factors_or_nan(matrices)).any(axis=(1, 2))
    assert np.flatnonzero(lost).tolist() == [17, 200]
    with pytest.raises(np.linalg.LinAlgError):
        factors(matrices)
    matrices[17] = np.eye(d)
    assert np.isnan(factors(matrices)[200]).any()  # as LAPACK has it: NaN comes of NaN


def test_what_has_no_factor_is_found_among_many_whatever_lapack_says_of_it_alone():
    """Where a factor is a matter of rounding, two ways may not agree: one must be asked."""
    rng = np.random.default_rng(0)
    thin = rng.normal(size=(3000, 1, 2))
    matrices = np.swapaxes(thin, 1, 2) @ thin  # singular
    held = FullCovariances(matrices, len(matrices), 2)
    _, changed = held.floored(np.full(2, 1e-300))
    found = np.isnan(factors_or_nan(matrices)).any(axis=(1, 2))
    assert 0 < found.sum() < 3000
    assert changed[found].all()
