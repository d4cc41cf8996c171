"""One model, many data sets: each fit is the one made alone, and none is in another's way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from gaussmix import DataError, GaussianMixture, ParameterError, fit_many, scan
from gaussmix.components.families import list_families
from gaussmix.starts.many import N_DRAWN, kmeans_of_many


def clusters(n_sets, n=60, d=2, seed=0, scales=None):
    rng = np.random.default_rng(seed)
    away = np.where(rng.random((n_sets, n, 1)) < 0.4, 0.0, 6.0)
    rows = rng.normal(size=(n_sets, n, d)) + away
    return rows if scales is None else rows * np.asarray(scales)[:, None, None]


@pytest.mark.parametrize("family", [f.name for f in list_families() if not f.univariate])
def test_each_fit_is_that_of_the_data_set_alone(family):
    data = clusters(8, scales=10.0 ** np.arange(-4, 4))
    fits = fit_many(data, 2, covariance_type=family, random_state=0, tol=1e-9)
    assert fits.converged.all()
    for rows, result in zip(data, fits, strict=True):
        alone = GaussianMixture(
            2, covariance_type=family, init_params=result.mixture, tol=1e-9
        ).fit(rows)
        found = result.log_likelihood
        assert alone.result_.log_likelihood == pytest.approx(found, abs=1e-4, rel=1e-9)
        assert result.mixture.means[0, 0] <= result.mixture.means[1, 0]
        assert result.floor is not None


def test_what_is_drawn_for_a_data_set_depends_on_its_place_alone(monkeypatch):
    data = clusters(7)
    whole = fit_many(data, 2, random_state=3)
    monkeypatch.setattr("gaussmix.fitting.batches._MOST_FITS", 2)
    parts = fit_many(data, 2, random_state=3)
    both = fit_many(data, 2, random_state=3, n_jobs=2)
    np.testing.assert_allclose(parts.means, whole.means, rtol=1e-9)
    np.testing.assert_array_equal(both.means, parts.means)
    assert [len(ended.numbers) for ended in parts.ends] == [2, 2, 2, 1]


def test_results_have_the_figures_of_their_own_rows():
    data = [rows * scale for rows, scale in zip(clusters(3), (1.0, 5.0, 20.0), strict=True)]
    data[1] = data[1][:50]
    fits = fit_many(data, 2, random_state=0)
    for rows, result, value in zip(data, fits[:], fits.bic, strict=True):
        assert result.n_rows == result.n == len(rows)
        np.testing.assert_allclose(result.total.variances, rows.var(axis=0))
        np.testing.assert_allclose(result.floor, 1e-10 * rows.var(axis=0))
        found = -2.0 * result.mixture.logpdf(rows).sum() + 11 * np.log(len(rows))
        assert value == pytest.approx(found)
        climbed = result.history.log_likelihood
        assert (np.diff(climbed) > -1e-9).all()
        assert climbed[-1] == result.log_likelihood


def test_lengths_may_differ_and_values_may_be_one_feature():
    rng = np.random.default_rng(0)
    data = [np.r_[rng.normal(size=n), 9 + rng.normal(size=n)] for n in (300, 7, 40, 41, 8)]
    fits = fit_many(data, 2, covariance_type="E", random_state=0)
    for rows, result in zip(data, fits, strict=True):
        alone = GaussianMixture(2, covariance_type="E", random_state=0).fit(rows[:, None])
        assert result.log_likelihood == pytest.approx(alone.result_.log_likelihood, rel=1e-6)
        assert result.n == len(rows)


def test_a_weight_is_so_many_rows():
    data = clusters(3)
    counts = np.random.default_rng(1).integers(0, 3, (3, 60))
    repeated = [np.repeat(x, c, axis=0) for x, c in zip(data, counts, strict=True)]
    weighted = fit_many(data, 2, sample_weight=list(counts.astype(float)), random_state=0)
    plain = fit_many(repeated, 2, random_state=0)
    np.testing.assert_allclose(weighted.log_likelihood, plain.log_likelihood, rtol=1e-6)


def test_what_cannot_be_fitted_has_a_reason_and_takes_none_with_it():
    flat = np.column_stack([np.arange(9.0), np.full(9, 3.0)])
    missing = np.array([[0.0, 1.0], [np.nan, 2.0], [3.0, 1.0]])
    data = [*clusters(2), flat, missing, clusters(1)[0]]
    spike = clusters(1)[0]
    spike[:20] = [30.0, 30.0]  # twenty equal rows: a component without width
    fits = fit_many([*data, spike, spike[:0]], 2, random_state=0)
    assert [result is None for result in fits] == [False, False, True, True, False, False, True]
    assert "rows" in fits.reasons[6]
    assert "constant" in fits.reasons[2]
    assert "NaN" in fits.reasons[3]
    assert fits[5].collapsed
    assert np.isnan(fits.bic[2])
    frame = fits.to_frame()
    assert frame[frame["reason"] != ""]["key"].tolist() == [2, 3, 6]
    assert frame[frame["collapsed"] == True]["key"].tolist() == [5]  # noqa: E712  (others are NaN)
    assert "3 of them without a fit" in repr(fits)


def test_a_data_set_whose_weights_are_all_zero_takes_none_with_it(tmp_path):
    data = clusters(3)
    weights = [np.ones(60), np.zeros(60), np.ones(60)]
    kept = fit_many(data[[0, 2]], 2, sample_weight=weights[::2], random_state=0)
    fits = fit_many(data, 2, sample_weight=weights, random_state=0)
    assert [bool(reason) for reason in fits.reasons] == [False, True, False]
    assert "positive weight" in fits.reasons[1]
    assert fits.log_likelihood[[0, 2]] == pytest.approx(kept.log_likelihood)
    frame = pd.DataFrame({"x": data[..., 0].ravel(), "g": np.repeat([4, 5, 6], 60)})
    frame.assign(w=np.concatenate(weights)).to_parquet(tmp_path / "w.parquet")
    read = fit_many(scan(tmp_path / "w.parquet"), 2, by="g", sample_weight="w")
    assert [bool(reason) for reason in read.reasons] == [False, True, False]
    frame.loc[3, "x"] = np.nan  # errors name the column of the file
    frame.to_parquet(tmp_path / "w.parquet")
    assert "column 'x'" in fit_many(scan(tmp_path / "w.parquet"), 2, by="g").reasons[0]
    with pytest.raises(ParameterError, match="beyond float64"):
        fit_many(data, 2, sample_weight=[np.ones(60), np.full(60, 1e300), np.ones(60)])


@pytest.mark.parametrize(
    "given",
    [{"noise": 0.1}, {"prior": "conjugate"}, {"n_init": 2}, {"init_params": "mbahc"}],
    ids=lambda given: next(iter(given)),
)
def test_what_a_fit_takes_is_taken_for_each(given):
    given = {"init_params": "mbahc"} | given
    data = clusters(2)
    fits = fit_many(data, 2, random_state=0, **given)
    for rows, result in zip(data, fits, strict=True):
        alone = GaussianMixture(2, random_state=0, **given).fit(rows)
        assert result.log_likelihood == pytest.approx(alone.result_.log_likelihood)
        assert (result.mixture.noise is None) == ("noise" not in given)


@pytest.mark.filterwarnings("ignore::gaussmix.exceptions.CollapseWarning")
def test_a_covariance_that_has_collapsed_does_not_take_a_fit_out_of_the_batch():
    """In units of their own all data sets have one floor; with far rows others say how wide."""
    data = clusters(4, scales=[1e-3, 1.0, 1e2, 1e4])
    data[1, :25], data[2, :9] = 14.0, 4000.0
    fits = fit_many(data, 2, random_state=0)
    assert not fits.alone
    assert [bool(result.collapsed) for result in fits] == [False, True, True, False]
    for rows, result in zip(data, fits, strict=True):
        alone = GaussianMixture(2, init_params=result.mixture).fit(rows)
        assert result.log_likelihood == pytest.approx(alone.result_.log_likelihood, abs=1e-3)
        values = result.mixture.covariances.to_dense(), alone.covariances_
        np.testing.assert_allclose(*values, rtol=1e-3, atol=1e-12)


@pytest.mark.parametrize("library", [pd, pl])
def test_groups_of_a_frame(library):
    data = clusters(3)
    frame = library.DataFrame(
        {
            "gene": np.repeat(["c", "a", "b"], 60),
            "height": data[:, :, 0].ravel(),
            "width": data[:, :, 1].ravel(),
        }
    )
    fits = fit_many(frame, 2, by="gene", random_state=0)
    assert fits.keys == ["a", "b", "c"]
    assert fits[0].mixture.feature_names == ("height", "width")
    expected = GaussianMixture(2, random_state=0).fit(data[1]).means_
    np.testing.assert_allclose(fits.means[0], expected, rtol=1e-3)
    assert {"key", "mean_height", "deviation_width"} <= set(fits.to_frame().columns)


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_weights_of_a_frame_are_a_column(library):
    data, weights = clusters(2), np.arange(120) % 3
    columns = {"gene": np.repeat(["a", "b"], 60), "x": data[:, :, 0].ravel(), "w": weights}
    found = fit_many(library.DataFrame(columns), 2, by="gene", sample_weight="w", random_state=0)
    assert found.feature_names == ("x",)
    expected = fit_many(
        list(data[:, :, 0]), 2, sample_weight=[weights[:60], weights[60:]], random_state=0
    )
    np.testing.assert_array_equal(found.means, expected.means)


def test_groups_of_several_kinds_come_in_the_order_of_their_first_rows():
    values = pd.Series(["b", 3, "b", 2.5, 3, 2.5, "b", 3, 2.5], dtype=object)
    frame = pd.DataFrame({"gene": values, "x": [1.0, 5, 2, 8, 6, 9, 3, 7, 11]})
    fits = fit_many(frame, 1, by="gene")
    assert fits.keys == ["b", 3, 2.5]
    np.testing.assert_allclose(fits.means[:, 0, 0], [2.0, 6.0, 28 / 3])


@pytest.mark.parametrize(
    "values", [["a", None, "b"], [1.0, np.nan, 2.0], pd.array([1, None, 2], dtype="Int64")]
)
def test_rows_without_a_group_are_refused_as_those_of_files_are(values):
    frame = pd.DataFrame({"gene": values, "x": [1.0, 2.0, 3.0]})
    with pytest.raises(DataError, match="by: rows without a value in 'gene': 1; leave them out"):
        fit_many(frame, 1, by="gene")


def test_names_of_a_mapping_are_kept():
    fits = fit_many(dict(zip("xy", clusters(2), strict=True)), 1)
    assert fits.keys == ["x", "y"]
    assert fits.covariances.shape == (2, 1, 2, 2)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: fit_many([], 2), "no data sets"),
        (lambda: fit_many(np.zeros((5, 3)), 2), r"\(G, n, d\)"),
        (lambda: fit_many([np.zeros((5, 3)), np.zeros((5, 2))], 2), "different numbers"),
        (lambda: fit_many(pd.DataFrame({"a": [1.0, 2.0]}), 1), "by"),
        (lambda: fit_many(pd.DataFrame({"a": [1.0, 2.0]}), 1, by="b"), "no column 'b'"),
        (lambda: fit_many([["x", "y"]], 1), "data: of 0"),
        (lambda: fit_many(clusters(2), 2, sample_weight=[np.ones(60)]), "one a data set"),
        (lambda: fit_many(clusters(2), 2, sample_weight="w"), "the name of a column"),
        (lambda: fit_many(iter(clusters(2)), 2, sample_weight="w"), "the name of a column"),
        (
            lambda: fit_many(pd.DataFrame({"a": [1.0]}), 1, by="a", sample_weight="w"),
            "sample_weight: no column 'w'",
        ),
        (lambda: fit_many(clusters(2), 0), "n_components"),
        (lambda: fit_many(clusters(2), 2, covariance_type="V"), "one feature"),
    ],
)
def test_what_cannot_be_is_refused(call, told):
    with pytest.raises((DataError, ParameterError), match=told):
        call()


@pytest.mark.parametrize("k", [1, 2, 5])
def test_kmeans_of_many_is_kmeans_of_each(k):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(4, 30, 3))
    weights = rng.integers(0, 3, (4, 30)).astype(float)
    random = rng.random((4, k, N_DRAWN))
    labels = kmeans_of_many(rows, weights, k, random)
    middles = rows.mean(axis=1)
    found = kmeans_of_many(rows, weights, k, random, middles, in_loops=True)
    np.testing.assert_array_equal(found, labels)
    for x, w, own in zip(rows, weights, labels, strict=True):
        centers = np.array(
            [np.average(x[own == c], axis=0, weights=w[own == c] + 1e-300) for c in range(k)]
        )
        distances = ((x[:, None] - centers) ** 2).sum(axis=2)
        counted = w > 0
        assert (distances.argmin(axis=1) == own)[counted].mean() > 0.9  # Lloyd may be cut short


# -- read as they are needed -------------------------------------------------------------


def test_data_sets_of_an_iterator_are_fitted_as_those_in_memory(monkeypatch):
    monkeypatch.setattr("gaussmix.fitting.portions._MOST_SETS", 3)
    data = clusters(7)
    whole = fit_many(data, 2, random_state=3)
    lazy = fit_many((rows for rows in data), 2, random_state=3)
    assert len(lazy.parts) == 3
    assert lazy.keys == whole.keys
    for name in ("weights", "means", "covariances", "log_likelihood", "bic", "converged"):
        np.testing.assert_allclose(getattr(lazy, name), getattr(whole, name), rtol=1e-9)
    assert lazy[-1].log_likelihood == pytest.approx(whole[-1].log_likelihood)
    assert [own.n for own in lazy[2:4]] == [own.n for own in whole[2:4]]
    assert len(lazy.to_frame()) == len(whole.to_frame())
    assert "7 data sets" in repr(lazy)


def test_groups_of_files_are_those_of_a_frame(tmp_path):
    data = clusters(3)
    frame = pd.DataFrame({"gene": np.repeat([7, 3, 5], 60), "x": data[:, :, 0].ravel()})
    frame["w"] = np.arange(180) % 3 + 1.0
    frame.to_parquet(tmp_path / "a.parquet", row_group_size=50)
    lazy = fit_many(scan(tmp_path / "a.parquet"), 2, by="gene", sample_weight="w", random_state=0)
    assert (lazy.keys, lazy.feature_names) == ([7, 3, 5], ("x",))
    assert lazy[0].mixture.feature_names == next(iter(lazy)).mixture.feature_names == ("x",)
    assert {"mean_x", "deviation_x"} <= set(lazy.to_frame().columns)
    weights = [own["w"].to_numpy() for _, own in frame.groupby("gene", sort=False)]
    whole = fit_many(list(data[:, :, :1]), 2, sample_weight=weights, random_state=0)
    np.testing.assert_allclose(lazy.means, whole.means, rtol=1e-9)
    grouped = fit_many(frame.groupby("gene", sort=False)[["x"]], 2, random_state=0)
    assert grouped.keys == [7, 3, 5]


def test_an_interruption_keeps_the_portions_that_were_fitted(monkeypatch):
    monkeypatch.setattr("gaussmix.fitting.portions._MOST_SETS", 2)

    def some():
        yield from clusters(5)
        raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="interrupted: 4 data sets"):
        fits = fit_many(some(), 1)
    assert (len(fits), fits.is_whole) == (4, False)
    with pytest.raises(DataError, match="no data sets"):
        fit_many(iter([]), 2)
