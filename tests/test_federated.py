"""Statistics computed in different places lead where all rows together would."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from gaussmix import (
    DataError,
    GaussianMixture,
    Mixture,
    Noise,
    ParameterError,
    StatisticsFileError,
    Status,
    SufficientStatistics,
    federated,
)
from gaussmix.components.moments import NORM, PRODUCTS, SQUARES
from tests.variants import FAMILIES, blobs

every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
X, LABELS = blobs(n=900, d=3, seed=0, separation=1.5)
WEIGHTS = np.random.default_rng(0).uniform(0.0, 2.0, len(X))
# Sites differ, as they do: one has only small values of the first column.
PARTS = np.split(np.argsort(X[:, 0]), [100, 450])


def merged(parts):
    return reduce(SufficientStatistics.merge, parts)


def start_of(family, **options):
    return GaussianMixture(3, covariance_type=family, init_params=LABELS, **options)


@every_family
@pytest.mark.parametrize("accelerate", [False, True])
def test_three_sites_reach_the_pooled_fit(family, accelerate):
    pooled = start_of(family, tol=1e-10, accelerate=accelerate, max_iter=2000).fit(X)
    pooled = GaussianMixture(
        3, covariance_type=family, init_params=pooled.mixture_, tol=1e-6, accelerate=accelerate
    ).fit(X, sample_weight=WEIGHTS)
    begin = start_of(family, tol=1e-10, accelerate=accelerate, max_iter=2000).fit(X).mixture_
    sites = [federated.Site(X[part], family, WEIGHTS[part]) for part in PARTS]
    fit = federated.Coordinator(
        begin, merged(s.totals for s in sites), family, accelerate=accelerate
    )
    while not fit.done:
        fit.update(merged(s.statistics(fit.mixture) for s in sites))
    result = fit.result
    assert result.status is pooled.status_ is Status.CONVERGED
    assert result.log_likelihood == pytest.approx(pooled.result_.log_likelihood, rel=1e-9)
    if not accelerate:  # leaps turn rounding into other paths to the same optimum
        assert len(result.history) == len(pooled.history_)
        assert result.mixture.allclose(pooled.mixture_, rtol=1e-9, atol=1e-9)


@every_family
def test_one_step_is_that_of_the_pooled_fit(family):
    one = start_of(family, max_iter=1, tol=0, accelerate=False)
    with pytest.warns(Warning, match="not converged"):
        one.fit(X)
    with pytest.warns(Warning, match="not converged"):
        two = start_of(family, max_iter=2, tol=0, accelerate=False).fit(X)
    sites = [federated.Site(X[part], family) for part in PARTS]
    statistics = merged(site.statistics(one.mixture_) for site in sites)
    assert statistics.log_likelihood == pytest.approx(one.result_.log_likelihood, rel=1e-12)
    after = federated.next_mixture(statistics, one.mixture_, family)
    assert after.allclose(two.mixture_, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "options",
    [{"prior": "conjugate"}, {"reg_covar": 0.1}, {"equal_weights": True}],
    ids=lambda o: next(iter(o)),
)
def test_options_are_those_of_the_estimator(options):
    start = start_of("full").fit(X).mixture_
    with pytest.warns(Warning, match="not converged"):
        pooled = GaussianMixture(
            3, init_params=start, max_iter=1, tol=0, accelerate=False, **options
        ).fit(X)
    sites = [federated.Site(X[part]) for part in PARTS]
    statistics = merged(site.statistics(start) for site in sites)
    after = federated.next_mixture(statistics, start, **options)
    assert after.allclose(pooled.mixture_, rtol=1e-9, atol=1e-9)


def test_noise_is_kept():
    start = start_of("full").fit(X).mixture_
    noise = Noise(0.05, X.min(axis=0), X.max(axis=0), np.eye(3))
    sites = [federated.Site(X[part]) for part in PARTS]
    whole = federated.Site(X).statistics(start.with_noise(noise))
    parts = merged(site.statistics(start.with_noise(noise)) for site in sites)
    assert 0 < parts.noise == pytest.approx(whole.noise, rel=1e-9)
    assert federated.next_mixture(parts, start.with_noise(noise)).noise.weight == pytest.approx(
        parts.noise / 900
    )


def test_sites_take_what_fit_takes():
    start = start_of("full").fit(X).mixture_
    expected = federated.Site(X).statistics(start)
    for data in (X.tolist(), pd.DataFrame(X, columns=[*"abc"]), lambda: iter(np.split(X, 3))):
        found = federated.Site(data).statistics(start)
        np.testing.assert_allclose(found.scatters, expected.scatters, rtol=1e-9)


def test_what_does_not_fit_together_is_refused():
    start = start_of("full").fit(X).mixture_
    site = federated.Site(X)
    statistics = site.statistics(start)
    with pytest.raises(ParameterError, match=r"are of 900 rows, and the totals of 1800"):
        federated.Coordinator(start, merged([site.totals] * 2)).update(statistics)
    with pytest.raises(ParameterError, match=r"EEE of this mixture needs 3 of 3 with pooled"):
        federated.next_mixture(statistics, start, "EEE")
    with pytest.raises(ParameterError, match="of 3 components of 3 features with products"):
        federated.next_mixture(statistics, start, "VVI")
    with pytest.raises(ParameterError, match="totals: expected one component of 3 features"):
        federated.Coordinator(start, statistics)
    with pytest.raises(ParameterError, match="has 2 features, and the rows of this site have 3"):
        site.statistics(Mixture([1.0], [[0.0, 0.0]], [np.eye(2)]))
    with pytest.raises(ParameterError, match="cannot be merged, they are of other models"):
        statistics.merge(federated.Site(X, "EEE").statistics(start))
    with pytest.raises(DataError, match="NaN in column 0"):
        federated.Site([[np.nan], [1.0]])
    with pytest.raises(DataError, match="expected rows of shape"):
        federated.Site([1.0, 2.0])
    with pytest.raises(DataError, match="too many standard deviations"):
        federated.Site(X * 1e135 * np.array([1, 0, 0])).statistics(
            Mixture([1.0], [[0.0] * 3], [1e-60 * np.eye(3)])
        )


# -- files and tables ------------------------------------------------------------------


def example(moment=PRODUCTS, *, pooled=False):
    rng = np.random.default_rng(0)
    found = SufficientStatistics.from_responsibilities(
        X[:60], rng.dirichlet(np.ones(2), 60), moment, WEIGHTS[:60]
    )
    found = found.pool() if pooled else found
    held = {**vars(found), "noise": 0.25, "log_likelihood": -1.5}
    return SufficientStatistics(**held)


def equal(a, b):
    return (
        np.array_equal(a.counts, b.counts)
        and np.array_equal(a.means, b.means)
        and np.array_equal(a.scatters, b.scatters)
        and (a.moment, a.log_likelihood, a.n_rows, a.noise)
        == (b.moment, b.log_likelihood, b.n_rows, b.noise)
    )


KINDS = [{"moment": m, "pooled": p} for m in (PRODUCTS, SQUARES, NORM) for p in (False, True)]


@pytest.mark.parametrize("kind", KINDS)
def test_files_and_tables_keep_every_digit(kind, tmp_path):
    statistics = example(**kind)
    statistics.save(tmp_path / "part.npz")
    assert equal(SufficientStatistics.load(tmp_path / "part.npz"), statistics)
    parquet.write_table(pa.Table.from_batches([statistics.to_arrow()]), tmp_path / "part.parquet")
    assert equal(
        SufficientStatistics.from_arrow(parquet.read_table(tmp_path / "part.parquet")), statistics
    )


def test_a_table_of_many_sites_is_merged():
    parts = [federated.Site(X[part]).totals for part in PARTS]
    table = pa.Table.from_batches([part.to_arrow() for part in parts])
    found = SufficientStatistics.from_arrow(table)
    assert equal(found, merged(parts))


SITE = """
import sys
import numpy as np
from gaussmix import Mixture, federated
site = federated.Site(np.load(sys.argv[1]))
statistics = site.totals if len(sys.argv) < 4 else site.statistics(Mixture.load(sys.argv[3]))
statistics.save(sys.argv[2])
"""


def test_sites_that_are_processes_of_their_own(tmp_path):
    start = start_of("full").fit(X).mixture_
    start.save(tmp_path / "mixture.json")
    found = []
    for i, part in enumerate(PARTS[:2]):
        np.save(tmp_path / f"X{i}.npy", X[part])
        arguments = [tmp_path / f"X{i}.npy", tmp_path / f"{i}.npz", tmp_path / "mixture.json"]
        subprocess.run([sys.executable, "-c", SITE, *arguments], check=True)
        found.append(SufficientStatistics.load(tmp_path / f"{i}.npz"))
    expected = federated.Site(X[np.concatenate(PARTS[:2])]).statistics(start)
    np.testing.assert_allclose(merged(found).scatters, expected.scatters, rtol=1e-9)


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "part.npz"
    example().save(path)
    content = path.read_bytes()
    for cut in (0, 1, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(StatisticsFileError, match="damaged"):
            SufficientStatistics.load(path)
    Mixture([1.0], [0.0], [1.0]).save(tmp_path / "model.json")
    with pytest.raises(StatisticsFileError, match="is not a gaussmix-statistics file"):
        SufficientStatistics.load(tmp_path / "model.json")
    with pytest.raises(FileNotFoundError):
        SufficientStatistics.load(tmp_path / "none.npz")


def rewritten(path, change):
    """Write a file again with something else in it."""
    with np.load(path) as held:
        arrays = dict(held)
    whole = json.loads(arrays.pop("json").tobytes())
    change(whole, arrays)
    np.savez(path, json=np.frombuffer(json.dumps(whole).encode(), np.uint8), **arrays)


CHANGES = {
    "version": (lambda w, a: w.update(version=2), "version 2, this .* reads 1.*or a later one"),
    "older": (lambda w, a: w.update(version=0), "an earlier gaussmix wrote it.*or begin anew"),
    "kind": (lambda w, a: w.update(format="gaussmix-checkpoint"), "is a gaussmix-checkpoint file"),
    "nan": (lambda w, a: a.update(a0=a["a0"] * np.nan), "NaN or infinity"),
    "negative": (lambda w, a: a.update(a0=-a["a0"]), "a count is negative"),
    "shape": (lambda w, a: a.update(a1=a["a1"][:, :2]), "scatters of shape"),
    "counts": (lambda w, a: a.update(a0=a["a0"][:1]), "counts of shape"),
    "scatter": (lambda w, a: a.update(a2=-a["a2"]), "a scatter is negative"),
    "objects": (lambda w, a: a.update(a0=np.array([print, 1], dtype=object)), "damaged"),
    "missing": (lambda w, a: a.pop("a0"), "damaged"),
    "moment": (
        lambda w, a: w["content"]["dict"]["statistics"]["statistics"].update(moment="cubes"),
        "cubes",
    ),
    "code": (lambda w, a: w.update(content={"__class__": ["os", "system"]}), "damaged"),
    "empty": (lambda w, a: w.update(content={"dict": {}}), "there are none in it"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_file_is_refused(name, tmp_path):
    change, message = CHANGES[name]
    path = tmp_path / "part.npz"
    example().save(path)
    rewritten(path, change)
    with pytest.raises(StatisticsFileError, match=message):
        SufficientStatistics.load(path)


def test_tables_of_something_else_are_refused():
    good = example().to_arrow()

    def with_column(name, value):
        place = good.schema.get_field_index(name)
        return good.set_column(place, good.schema.field(name), pa.array([value], good[name].type))

    for table, message in [
        (good.select(["counts"]), "no column version, moment"),
        (pa.table({"a": [1]}), "no column"),
        (good.slice(0, 0), "has no rows"),
        ([1.0], "expected an Arrow RecordBatch or Table, got list"),
        (with_column("version", 7), "row 0 has format version 7"),
        (with_column("moment", "cubes"), "row 0 is damaged: unknown moment 'cubes'"),
        (with_column("counts", [1.0]), "row 0 is damaged"),
        (with_column("means", None), "row 0 is damaged"),
        (with_column("counts", [np.nan, 1.0]), "NaN or infinity"),
        (
            pa.Table.from_batches([good, example(SQUARES).to_arrow()]),
            "do not fit together",
        ),
    ]:
        with pytest.raises(StatisticsFileError, match=message):
            SufficientStatistics.from_arrow(table)


# -- statistics that are of no rows ------------------------------------------------------


IMPOSSIBLE = {
    "NaN counts": lambda g: {"counts": g.counts * np.nan},
    "no counts": lambda g: {"counts": g.counts * 0},
    "negative counts": lambda g: {"counts": -g.counts},
    "infinite means": lambda g: {"means": g.means + np.inf},
    "negative scatters": lambda g: {"scatters": -g.scatters},
    "products beyond their squares": lambda g: {"scatters": g.scatters + 1e6 * (1 - np.eye(3))},
    "not symmetric": lambda g: {"scatters": g.scatters + np.triu(g.scatters, 1) / 2},
    "not semidefinite": lambda g: {
        "scatters": g.scatters * 0 + np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    },
    "beyond arithmetic": lambda g: {"means": g.means * 1e200},
    "NaN log-likelihood": lambda g: {"log_likelihood": np.nan},
    "negative noise": lambda g: {"noise": -1.0},
    "words": lambda g: {"counts": g.counts.astype("U8")},
}
OF_OTHER_ROWS = {
    "counts twice": lambda g: {"counts": 2 * g.counts},
    "means elsewhere": lambda g: {"means": g.means + 1.0},
    "fewer rows": lambda g: {"n_rows": g.n_rows - 1},
}


@pytest.mark.parametrize("name", [*IMPOSSIBLE, *OF_OTHER_ROWS])
def test_statistics_built_by_hand_are_checked_where_they_are_used(name):
    start, site = start_of("full").fit(X).mixture_, federated.Site(X)
    good = site.statistics(start)
    changed = replace(good, **{**IMPOSSIBLE, **OF_OTHER_ROWS}[name](good))
    coordinator = federated.Coordinator(start, site.totals)
    with pytest.raises(ParameterError, match="statistics: "):
        coordinator.update(changed)
    assert coordinator.mixture == federated.Coordinator(start, site.totals).mixture
    if name in IMPOSSIBLE:
        with pytest.raises(ParameterError, match="statistics: "):
            federated.next_mixture(changed, start)


def test_totals_built_by_hand_are_checked():
    start, totals = start_of("full").fit(X).mixture_, federated.Site(X).totals
    with pytest.raises(ParameterError, match="totals: a scatter is negative"):
        federated.Coordinator(start, replace(totals, scatters=-totals.scatters))
