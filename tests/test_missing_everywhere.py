"""Missing values are not seen wherever rows come from: memory, files, clusters, streams, sites."""

from __future__ import annotations

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from gaussmix import (
    Checkpoint,
    DataError,
    GaussianMixture,
    Mixture,
    MixtureImputer,
    MixtureOutlierDetector,
    ParameterError,
    scan,
)
from gaussmix.federated import Coordinator, Site

from .test_missing_em import holes
from .variants import blobs

NAMES = ["a", "b", "c"]
X = holes(blobs(n=900, d=3, k=3, separation=4.0)[0])
START = Mixture(
    np.full(3, 1 / 3), np.nan_to_num(X[[0, 3, 8]]), np.repeat(4.0 * np.eye(3)[None], 3, axis=0)
)
WEIGHTS = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)


def model(**settings):
    return GaussianMixture(3, missing="em", init_params=START, random_state=0, **settings)


def frame(rows=X):
    return pd.DataFrame(rows, columns=NAMES)


def in_csv(tmp_path):
    path = tmp_path / "rows.csv"
    frame().to_csv(path, index=False)  # NaN is an empty field
    return scan(path)


def in_parquet(tmp_path):
    path = tmp_path / "rows.parquet"
    table = pa.table({name: pa.array(X[:, j], from_pandas=True) for j, name in enumerate(NAMES)})
    assert table["a"].null_count
    pq.write_table(table, path, row_group_size=170)
    return scan(path)


def in_npy(tmp_path):
    np.save(tmp_path / "rows.npy", X)
    return scan(tmp_path / "rows.npy")


KINDS = {
    "float32": lambda _: X.astype(np.float32).astype(np.float64),
    "pandas": lambda _: frame(),
    "pandas' NA": lambda _: frame().astype("Float64"),
    "polars": lambda _: pl.DataFrame(frame().to_dict("list"), nan_to_null=True),
    "csv": in_csv,
    "parquet": in_parquet,
    "npy": in_npy,
    "blocks": lambda _: lambda: iter(np.array_split(X, 7)),
    "dask array": lambda _: da.from_array(X, chunks=(250, 2)),
    "dask frame": lambda _: dd.from_pandas(frame(), npartitions=4),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_is_that_of_the_array(kind, tmp_path):
    rows = KINDS[kind](tmp_path)
    found, expected = model().fit(rows), model().fit(X)
    close = {"rtol": 1e-4, "atol": 1e-4} if kind == "float32" else {"rtol": 1e-9, "atol": 1e-9}
    assert found.mixture_.allclose(expected.mixture_, **close)
    missing = found.result_.missing
    assert missing.patterns == expected.result_.missing.patterns
    np.testing.assert_array_equal(missing.by_column, np.isnan(X).sum(axis=0))
    assert found.n_rows_dropped_ == np.isnan(X).all(axis=1).sum()
    np.testing.assert_allclose(
        np.asarray(found.predict_proba(rows)), expected.predict_proba(X), atol=1e-4
    )
    np.testing.assert_allclose(np.asarray(found.impute(rows)), expected.impute(X), atol=1e-3)
    assert found.score(rows) == pytest.approx(expected.score(X), rel=1e-5)
    assert found.bic(rows) == pytest.approx(expected.bic(X), rel=1e-5)


@pytest.mark.parametrize("kind", ["csv", "parquet", "blocks", "dask frame"])
def test_a_start_from_anywhere(kind, tmp_path):
    found = GaussianMixture(3, missing="em", random_state=0).fit(KINDS[kind](tmp_path))
    expected = GaussianMixture(3, missing="em", random_state=0).fit(X)
    assert found.score(X) == pytest.approx(expected.score(X), abs=2e-3)


@pytest.mark.parametrize("kind", ["pandas", "csv", "dask array"])
def test_weights_and_a_background(kind, tmp_path):
    rows = KINDS[kind](tmp_path)
    found, expected = (model(noise=0.05).fit(own, sample_weight=WEIGHTS) for own in (rows, X))
    assert found.mixture_.allclose(expected.mixture_, rtol=1e-8, atol=1e-8)


def test_a_row_of_weight_0_might_as_well_not_be_there():
    some = WEIGHTS > 0
    found = model().fit(X, sample_weight=some.astype(float))
    expected = model().fit(X[some])
    assert found.mixture_.allclose(expected.mixture_, rtol=1e-9, atol=1e-9)
    assert found.result_.missing.patterns == expected.result_.missing.patterns


def test_a_stream_takes_missing_values():
    rng = np.random.default_rng(0)
    rows, _ = blobs(n=12_000, d=3, k=3, separation=6.0, seed=4)
    rows = np.where(rng.uniform(size=rows.shape) < 0.2, np.nan, rows)
    stream = GaussianMixture(3, missing="em", random_state=0)
    for block in np.array_split(rows, 24):
        stream.partial_fit(block)
    whole = GaussianMixture(3, missing="em", random_state=0).fit(rows)
    assert stream.score(rows) == pytest.approx(whole.score(rows), abs=0.01)
    # A block in which a column is missing altogether is a block like others.
    rows[:500, 1] = np.nan
    stream.partial_fit(rows[:500])
    assert np.isfinite(stream.score(rows))


def test_sites_with_missing_values():
    sites = [Site(part, missing="em") for part in np.array_split(X, 3)]
    totals = sites[0].totals.merge(sites[1].totals).merge(sites[2].totals)
    coordinator = Coordinator(START, totals, missing="em")
    while not coordinator.done:
        found = [site.statistics(coordinator.mixture) for site in sites]
        coordinator.update(found[0].merge(found[1]).merge(found[2]))
    expected = model().fit(X)
    assert coordinator.result.mixture.allclose(expected.mixture_, rtol=1e-3, atol=1e-3)
    with pytest.raises(DataError, match="missing='em'"):
        Site(X)


def test_a_checkpoint_goes_on(tmp_path):
    path = tmp_path / "fit.checkpoint"
    expected = model(tol=1e-9).fit(X)
    model(tol=1e-9, max_iter=3, checkpoint=Checkpoint(path)).fit(X)
    found = model(tol=1e-9, checkpoint=Checkpoint(path)).fit(X)
    assert found.mixture_.allclose(expected.mixture_, rtol=1e-9, atol=1e-9)


# -- the transformer ---------------------------------------------------------------------------


def test_the_imputer_is_an_estimator_of_scikit_learn():
    check_estimator(MixtureImputer())


@pytest.mark.parametrize("given", [2, "full", GaussianMixture, MixtureOutlierDetector()])
def test_an_imputer_is_of_a_mixture(given):
    with pytest.raises(ParameterError, match="estimator: expected a mixture to fit"):
        MixtureImputer(given).fit([[1.0, 2.0], [2.0, np.nan], [0.0, 1.0]])


def test_the_imputer_fills_in_and_keeps_what_is_seen():
    imputer = MixtureImputer(GaussianMixture(3, random_state=0))
    found = imputer.fit_transform(X)
    np.testing.assert_array_equal(found, imputer.estimator_.impute(X))
    assert imputer.n_features_in_ == 3
    drawn = clone(imputer).set_params(draw=True, random_state=0).fit_transform(X)
    seen = ~np.isnan(X)
    assert (found[seen] == X[seen]).all()
    assert (drawn[seen] == X[seen]).all()
    assert not (drawn[~seen] == found[~seen]).any()


def test_the_imputer_in_a_pipeline_of_frames():
    whole = make_pipeline(MixtureImputer(), GaussianMixture(3, random_state=0))
    assert whole.fit(frame()).predict(frame()).shape == (len(X),)
    named = MixtureImputer().set_output(transform="pandas").fit_transform(frame())
    assert named.columns.tolist() == NAMES
    assert not named.isna().any().any()
