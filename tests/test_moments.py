"""Moments: features, scatters and coefficients agree with each other."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix.components.moments import NORM, PRODUCTS, SQUARES

MOMENTS = [PRODUCTS, SQUARES, NORM]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("d", [1, 2, 5])
class TestMoment:
    def test_written_features_sum_to_the_scatter_of_rows(self, moment, d):
        rows = np.random.default_rng(0).standard_normal((7, d))
        weights = np.random.default_rng(1).uniform(size=7)
        features = np.empty((moment.n_terms(d), 7))
        moment.write(rows.T.copy(), features)
        by_features = moment.unpack((features @ weights)[None], d)[0]
        np.testing.assert_allclose(by_features, moment.of_rows(rows.copy(), weights), rtol=1e-13)

    def test_outer_is_the_scatter_of_one_row(self, moment, d):
        vector = np.random.default_rng(0).standard_normal(d)
        one = moment.of_rows(vector[None].copy(), np.ones(1))
        np.testing.assert_allclose(moment.outer(vector[None])[0], one, rtol=1e-14)

    def test_diagonal_has_the_trace(self, moment, d):
        rows = np.random.default_rng(0).standard_normal((9, d))
        scatter = np.asarray(moment.of_rows(rows.copy(), np.ones(9)))[None]
        assert moment.diagonal(scatter, d).shape == (1, d)
        assert moment.diagonal(scatter, d).sum() == pytest.approx((rows**2).sum())


@pytest.mark.parametrize("d", [1, 3])
def test_coefficients_give_the_quadratic_form(d):
    x = np.random.default_rng(3).standard_normal(d)
    a = np.random.default_rng(4).standard_normal((d, d))
    dense = a @ a.T
    for moment, held, precision in [
        (PRODUCTS, dense[None], dense),
        (SQUARES, np.diag(dense)[None].copy(), np.diag(np.diag(dense))),
        (NORM, dense[:1, 0].copy(), dense[0, 0] * np.eye(d)),
    ]:
        features = np.empty((moment.n_terms(d), 1))
        moment.write(x[:, None].copy(), features)
        value = (moment.coefficients(held) @ features)[0, 0]
        assert value == pytest.approx(-0.5 * x @ precision @ x)
