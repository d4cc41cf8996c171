"""The command line on measurement errors, which are columns of the data."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from gaussmix import GaussianMixture, Mixture
from gaussmix.cli import data
from tests.tables import read_table, write_table


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measured")
    rng = np.random.default_rng(0)
    true = np.where(rng.uniform(size=(300, 1)) < 0.5, [-3.0, 0.0], [3.0, 0.0])
    deviations = rng.uniform(0.3, 1.5, size=(300, 2))
    X = true + rng.normal(size=true.shape) + deviations * rng.normal(size=true.shape)
    columns = {"x": X[:, 0], "y": X[:, 1], "sx": deviations[:, 0], "sy": deviations[:, 1]}
    columns |= {"vx": deviations[:, 0] ** 2, "vy": deviations[:, 1] ** 2, "c": np.zeros(300)}
    write_table(folder / "a.parquet", columns)
    return folder, X, deviations**2


VARIANCES = ("--columns", "x,y", "--errors", "vx,vy")


@pytest.mark.parametrize("loaded", [True, False])
def test_errors_are_columns_and_answers_are_the_librarys(loaded, here, measured, monkeypatch):
    if not loaded:
        monkeypatch.setattr(data, "_LOADED_BYTES", 0)
    folder, X, Xerr = measured
    fit = ("fit", "a.parquet", "-k", "2", "--json")
    code, out, err = here(*fit, *VARIANCES, "-o", "m.json", cwd=folder)
    assert code == 0, err
    model = GaussianMixture(2, random_state=0).fit(X, Xerr=Xerr)
    mixture = Mixture.load(folder / "m.json")
    assert mixture.allclose(model.mixture_, rtol=1e-6)
    for other in (
        ("--columns", "x,y", "--deviations", "sx,sy"),
        ("--columns", "x,y", "--errors", "vx,c,vy"),
    ):
        code, same, err = here(*fit, *other, cwd=folder)
        assert code == 0, err
        one, two = (np.array(json.loads(text)["mixture"]["means"]) for text in (out, same))
        np.testing.assert_allclose(one, two, rtol=1e-6)
    predict = ("predict", "m.json", "a.parquet", "--errors", "vx,vy", "--denoise", "-o", "p.csv")
    code, _, err = here(*predict, cwd=folder)
    assert code == 0, err
    table = read_table(folder / "p.csv")
    found = dict(zip(table.names, table.rows.T, strict=True))
    means, covariances = mixture.denoise(X, Xerr)
    np.testing.assert_array_equal(found["label"], mixture.predict(X, Xerr))
    np.testing.assert_allclose(found["log_density"], mixture.logpdf(X, Xerr), rtol=1e-9)
    np.testing.assert_allclose(found["true_x"], means[:, 0], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(found["variance_y"], covariances[:, 1, 1], rtol=1e-8)
    select = ("select", "a.parquet", "-k", "1-2", "-c", "EII", *VARIANCES, "-o", "s.json", "--json")
    code, out, err = here(*select, cwd=folder)
    assert code == 0, err
    spheres = GaussianMixture(2, covariance_type="EII", init_params="mbahc", random_state=0)
    expected = spheres.fit(X, Xerr=Xerr).bic(X, Xerr=Xerr)
    assert min(row["bic"] for row in json.loads(out)["results"]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("fit", "a.parquet", "--errors", "vx,vy", "--deviations", "sx,sy"), "give one of them"),
        (("fit", "a.parquet", "--columns", "x,y", "--errors", "vx"), "names 1 columns for 2"),
        (("fit", "a.parquet", "--columns", "x,y", "--deviations", "sx,c,sy"), "one for each"),
        (("fit", "a.parquet", "--columns", "vx,vy", "--errors", "x,y"), "are negative in"),
        (("fit", "a.parquet", "--columns", "vx,vy", "--deviations", "x,y"), "are negative in"),
        (("fit", "a.parquet", *VARIANCES, "--density", "student"), "--errors: .*normal components"),
        (("fit", "a.parquet", *VARIANCES, "--by", "c"), "without --errors"),
    ],
)
def test_what_errors_cannot_be_is_told_in_options(arguments, told, here, measured):
    code, _, err = here(*arguments, cwd=measured[0])
    assert code == 1
    assert re.search(told, err), err
