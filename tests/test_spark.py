"""Spark DataFrames give the fits and predictions of the same rows in memory."""

from __future__ import annotations

import gc
import os
import shutil
import sys

import numpy as np
import pyarrow as pa
import pytest

from gaussmix import DataError, GaussianMixture, GaussianMixtureIC, Mixture, ParameterError
from gaussmix.components.moments import PRODUCTS
from gaussmix.estimators.rows import open_rows
from gaussmix.rows import open_source
from gaussmix.rows.spark import source as spark_module
from gaussmix.rows.summary import SummaryFold

from .variants import blobs

# All tests of Spark are in this file: files are not divided among processes, so it starts once.
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:pyspark"),
]

NAMES = ["a", "b", "c"]
X, LABELS = blobs(n=400, d=3, k=3, separation=2.0)
WEIGHTS = np.random.default_rng(1).integers(0, 4, len(X)).astype(float)


@pytest.fixture(scope="session")
def spark():
    has_java = shutil.which("java") or os.environ.get("JAVA_HOME")
    if not has_java and not os.environ.get("CI"):
        pytest.skip("Spark needs Java, which is not installed (java is not on the PATH)")
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        # Little is done often enough to be worth optimising: half of the time.
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.log.level", "OFF")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.fixture(scope="session")
def table(spark):
    """Rows with an id, weights and a string, in 4 partitions."""
    columns = {name: X[:, j] for j, name in enumerate(NAMES)}
    columns |= {"id": np.arange(len(X)), "w": WEIGHTS, "s": ["x"] * len(X)}
    whole = pa.table(columns)
    halves = [spark.createDataFrame(part) for part in (whole[:150], whole[150:])]
    return halves[0].union(halves[1]).persist()


@pytest.fixture(scope="session")
def rows(table):
    return table.select(*NAMES)


@pytest.fixture(scope="session")
def vectors(table):
    from pyspark.ml.functions import array_to_vector
    from pyspark.sql import functions

    return table.select("id", array_to_vector(functions.array(*NAMES)).alias("features"))


def model(k=3, **options):
    return GaussianMixture(k, **{"random_state": 0, **options})


def summary(source):
    return source.reduce(SummaryFold(PRODUCTS, source.n_features))


def assert_same_fit(found, expected, tolerance=1e-9):
    assert found.n_iter_ == expected.n_iter_
    np.testing.assert_allclose(found.lower_bounds_, expected.lower_bounds_, rtol=tolerance)
    for name in ("weights_", "means_", "covariances_"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), rtol=tolerance, atol=tolerance
        )


def column(frame, *names):
    """Values of columns in the order of the ids."""
    found = frame.select("id", *names).toArrow().sort_by("id")
    values = np.stack([found[name].to_numpy() for name in names], axis=1)
    return values[:, 0] if len(names) == 1 else values


# -- the fit is that of rows in memory ----------------------------------------------------


@pytest.mark.parametrize("family", ["VVV", "EEE", "VVI", "VEI"])
def test_weighted_fits_are_those_in_memory(table, family):
    start = model(covariance_type=family, max_iter=1).fit(X).mixture_
    options = {"covariance_type": family, "init_params": start, "max_iter": 3, "tol": 0.0}
    expected = model(**options, accelerate=False).fit(X, sample_weight=WEIGHTS)
    found = model(**options, accelerate=False).fit(table.select(*NAMES, "w"), sample_weight="w")
    assert_same_fit(found, expected)
    assert found.result_.n == WEIGHTS.sum() and found.feature_names_in_.tolist() == NAMES


def test_default_fit_and_predictions_are_those_in_memory(table, rows):
    """The start draws the same rows, so the whole fit is the same; other columns stay."""
    expected, found = model(noise=0.05).fit(X), model(noise=0.05).fit(rows)
    assert_same_fit(found, expected)
    answer = found.score_samples(found.predict_proba(found.predict(table)))
    shares = [f"responsibility_{part}" for part in ("0", "1", "2", "noise")]
    assert answer.columns == [*table.columns, "label", *shares, "log_density"]
    np.testing.assert_array_equal(column(answer, "label"), expected.predict(X))
    np.testing.assert_allclose(column(answer, *shares), expected.predict_proba(X), atol=1e-12)
    np.testing.assert_allclose(column(answer, "log_density"), expected.score_samples(X))
    assert found.bic(table) == pytest.approx(expected.bic(X), rel=1e-9)
    assert found.score(table, sample_weight="w") == pytest.approx(expected.score(X, None, WEIGHTS))


def test_vectors_are_rows(vectors):
    expected, found = model(max_iter=2).fit(X), model(max_iter=2).fit(vectors.select("features"))
    assert_same_fit(found, expected)
    assert not hasattr(found, "feature_names_in_")
    answer = found.predict(vectors)
    assert answer.columns == ["id", "features", "label"]
    np.testing.assert_array_equal(column(answer, "label"), expected.predict(X))


def test_single_precision_is_read_as_in_memory(rows):
    from pyspark.sql import functions

    singles = [functions.col(name).cast("float").alias(name) for name in NAMES]
    expected = summary(open_rows(model(), X.astype(np.float32), reset=True))
    for frame in (rows.select(*singles), rows.select(functions.array(*singles).alias("v"))):
        source = open_source(frame)
        for _ in range(3):  # the third pass reads the packed copy
            found = summary(source)
            np.testing.assert_allclose(found.total.scatters, expected.total.scatters, rtol=1e-12)
            np.testing.assert_array_equal(found.minimum, expected.minimum)
        assert source.sample(5, np.random.default_rng(0))[0].dtype == np.float64


def test_other_numbers_and_quoted_names_are_read(spark):
    frame = spark.sql(
        "SELECT id, CAST(id AS DECIMAL(10, 2)) / 2 AS `half.`, id % 2 = 0 AS `even``` FROM range(9)"
    )
    source = open_source(frame)
    assert source.feature_names == ("id", "half.", "even`")
    np.testing.assert_allclose(summary(source).total.means, [[4.0, 2.0, 5 / 9]])


# -- passes -------------------------------------------------------------------------------


def test_samples_are_those_in_memory(table):
    rng = np.random.default_rng(5)
    expected = open_rows(model(), X, WEIGHTS, reset=True).sample(40, rng)
    source = open_source(table.select(*NAMES, "w"), "w")
    for _ in range(2):  # directly, and from the packed copy
        found = source.sample(40, np.random.default_rng(5))
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])
    assert source.n_rows == len(X) and source.has_zero_weights


def test_empty_and_one_row_partitions(spark):
    frame = spark.range(0, 3, 1, 5).selectExpr("double(id) AS a", "double(id * id) AS b")
    source = open_source(frame)
    told = []
    source.watcher = told.append
    for _ in range(3):
        found = summary(source)
        assert found.total.n_rows == source.n_rows == 3
        np.testing.assert_allclose(found.total.means, [[1.0, 5 / 3]])
    assert told[0] == 3
    np.testing.assert_array_equal(source.sample(9, np.random.default_rng(0))[0][:, 1], [0, 1, 4])


def test_many_partitions_merge_on_executors(rows, monkeypatch):
    source = open_source(rows)
    expected = summary(source)
    monkeypatch.setattr(spark_module, "_FAN_IN", 2)
    found = summary(source)
    np.testing.assert_allclose(found.total.scatters, expected.total.scatters, rtol=1e-12)
    assert found.total.n_rows == len(X) and len(source._lengths) == 4


def test_packed_copies_go_when_the_fit_is_done(spark, rows):
    gc.collect()
    kept = spark.sparkContext._jsc.getPersistentRDDs
    before = kept().size()
    seen = []
    model(max_iter=1, callback=lambda _: seen.append(kept().size())).fit(rows)
    gc.collect()
    assert max(seen) == before + 1 and kept().size() == before


# -- bad input ------------------------------------------------------------------------------


def test_nulls_are_counted_by_column(table):
    from pyspark.sql import functions

    holes = functions.when(functions.col("id") % 100 > 0, functions.col("b")).alias("b")
    nan = functions.when(functions.col("id") == 7, functions.lit(float("nan"))).otherwise(
        functions.col("c")
    )
    told = r"4 NaN in column 'b'; 1 NaN in column 'c', in 5 of 400 rows"
    with pytest.raises(DataError, match=told):
        model().fit(table.select("a", holes, nan.alias("c")))


BAD_DATA = {
    "strings": (lambda t: t.select("a", "s"), r"1 of 2 columns are not numeric: 's' \(string\)"),
    "no rows": (lambda t: t.select("a").limit(0), "has no rows"),
    "no columns": (lambda t: t.select(), "has no columns"),
    "repeated names": (lambda t: t.select("a", "a"), "several columns are called a"),
    "vectors among others": (
        lambda t: t.selectExpr("id", "array(a, b) AS v"),
        r"not numeric: 'v' \(array<double>\).*one column of vectors",
    ),
    "vectors of several lengths": (
        lambda t: t.selectExpr("IF(id % 50 = 3, array(a), array(a, b)) AS v"),
        "vectors of 1, 2 values, expected 2 in every row",
    ),
    "null vectors": (
        lambda t: t.selectExpr("IF(id % 50 = 3, NULL, array(a, b)) AS v"),
        "8 NaN in column 0; 8 NaN in column 1",
    ),
    "an RDD": (lambda t: t.rdd, "expected a Spark DataFrame, got pyspark.core.rdd"),
}


@pytest.mark.parametrize("what", BAD_DATA)
def test_bad_data_are_named(table, what):
    make, message = BAD_DATA[what]
    with pytest.raises(DataError, match=message):
        model().fit(make(table))


BAD_WEIGHTS = {
    "an array": (WEIGHTS, "expected the name of one of its columns, got ndarray"),
    "no such column": ("z", "no column 'z'; X has a, b, w, n, q"),
    "negative": ("n", "weights are negative"),
    "null": ("q", "contains NaN"),
}


@pytest.mark.parametrize("what", BAD_WEIGHTS)
def test_bad_weights_are_named(table, what):
    weights, message = BAD_WEIGHTS[what]
    frame = table.selectExpr("a", "b", "w", "-w AS n", "IF(id = 3, NULL, w) AS q")
    with pytest.raises(ParameterError, match=message):
        model().fit(frame, sample_weight=weights)


def test_what_is_given_by_row_is_refused(rows):
    for fit in (
        lambda: model(init_params=LABELS).fit(rows),
        lambda: model(noise=LABELS == 0).fit(rows),
        lambda: model().fit(rows, known=np.where(LABELS == 0, 0, -1)),
    ):
        with pytest.raises(DataError, match="have no order"):
            fit()


def test_columns_must_be_those_of_the_fit(table):
    fitted = model().fit(X)
    with pytest.raises(DataError, match="has 2 columns, but the model was fitted to 3"):
        fitted.predict(table.select("a", "b"))
    named = model().fit(table.select(*NAMES).toPandas())
    with pytest.raises(DataError, match="no column 'c', which the model was fitted to; it has a"):
        named.predict(table.drop("c"))
    with pytest.raises(DataError, match="already has a column 'label'"):
        named.predict(table.withColumnRenamed("id", "label"))


# -- model choice -----------------------------------------------------------------------------


def test_model_choice_is_that_in_memory(rows):
    options = {"families": ["EEE"], "random_state": 0, "max_iter": 4}
    expected = GaussianMixtureIC([1, 2], **options).fit(X)
    found = GaussianMixtureIC([1, 2], **options, n_jobs=2).fit(rows)
    for criterion in ("bic", "aic", "icl"):
        np.testing.assert_allclose(
            found.results_.to_dict()[criterion], expected.results_.to_dict()[criterion], rtol=1e-9
        )


def test_cross_validation_needs_memory(rows):
    search = GaussianMixtureIC([2], families="EEE", criterion="cv", random_state=0)
    with pytest.raises(DataError, match="cross-validation needs rows in memory; choose"):
        search.fit(rows)


# -- missing values -------------------------------------------------------------------------


def test_rows_with_missing_values_may_be_left_out(spark, table):
    """Nulls and NaN: rows that are not complete have no weight; answers keep their place."""
    from pyspark.sql import functions

    gone = functions.when(functions.col("id") % 7 != 0, functions.col("b"))
    holey = table.withColumn("b", gone)
    complete = np.arange(len(X)) % 7 != 0
    expected = model().fit(X[complete], sample_weight=WEIGHTS[complete])
    found = model(missing="drop").fit(holey.select(*NAMES, "w"), sample_weight="w")
    assert_same_fit(found, expected)
    assert found.n_rows_dropped_ == (~complete & (WEIGHTS > 0)).sum()
    answer = found.score_samples(found.predict(holey))
    labels, density = column(answer, "label"), column(answer, "log_density")
    np.testing.assert_array_equal(labels[complete], expected.predict(X[complete]))
    np.testing.assert_allclose(density[complete], expected.score_samples(X[complete]))
    assert (labels[~complete] == -3).all() and np.isnan(density[~complete]).all()
    with pytest.raises(DataError, match=r"58 NaN in column 'b', in 58 of 400 rows.*missing='drop'"):
        model().fit(holey.select(*NAMES))


def test_missing_values_are_not_seen_as_in_memory(spark):
    rows = np.where(np.random.default_rng(3).random(X.shape) < 0.2, np.nan, X)
    whole = pa.table(
        {
            "id": np.arange(len(rows)),
            **{name: pa.array(rows[:, j], from_pandas=True) for j, name in enumerate(NAMES)},
        }
    )
    table = spark.createDataFrame(whole)
    start = model(max_iter=1).fit(X).mixture_
    found, expected = (
        model(init_params=start, missing="em").fit(own) for own in (table.select(*NAMES), rows)
    )
    assert found.mixture_.allclose(expected.mixture_, rtol=1e-8, atol=1e-8)
    assert found.result_.missing.patterns == expected.result_.missing.patterns
    filled = found.impute(table)
    names = [name for name in filled.columns if name.startswith("imputed")]
    np.testing.assert_allclose(column(filled, *names), expected.impute(rows), atol=1e-6)


def test_measurement_errors_are_columns_beside_others(spark):
    rng = np.random.default_rng(0)
    Xerr = rng.uniform(0.1, 2.0, size=(len(X), 2))
    seen = X[:, :2] + rng.normal(size=Xerr.shape) * np.sqrt(Xerr)
    columns = {"a": seen[:, 0], "va": Xerr[:, 0], "b": seen[:, 1], "vb": Xerr[:, 1]}
    frame = spark.createDataFrame(pa.table(columns).to_pandas()).repartition(3)
    start = Mixture(np.full(3, 1 / 3), seen[:3], np.repeat(np.eye(2)[None], 3, axis=0))
    settings = {"init_params": start, "max_iter": 3, "tol": 0, "accelerate": False}
    expected = GaussianMixture(3, **settings).fit(seen, Xerr=Xerr)
    model = GaussianMixture(3, **settings).fit(frame, Xerr=["va", "vb"])
    assert model.mixture_.allclose(expected.mixture_, rtol=1e-9)
    assert model.feature_names_in_.tolist() == ["a", "b"]
    wide = frame.selectExpr("*", "'word' as word")
    found = model.score_samples(wide, ["va", "vb"]).toPandas()
    assert found.columns.tolist() == ["a", "va", "b", "vb", "word", "log_density"]
    rows, errors = found[["a", "b"]].to_numpy(), found[["va", "vb"]].to_numpy()
    np.testing.assert_allclose(found.log_density, expected.score_samples(rows, errors), rtol=1e-9)
