"""The table of latent profile analysis, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import entr

from gaussmix import GaussianMixtureIC, datasets

X = datasets.iris().rows


def search(**options):
    return GaussianMixtureIC([1, 2, 3], families=["VVI", "EEE"], random_state=0, **options)


@pytest.mark.parametrize("weighted", [False, True])
def test_columns_are_what_they_say(weighted):
    w = np.random.default_rng(0).integers(1, 3, 150).astype(float) if weighted else np.ones(150)
    found = search().fit(X, sample_weight=w if weighted else None)
    table = found.profiles(X, w if weighted else None)
    assert len(table) == 6
    n = w.sum()
    for row, cell in zip(
        table, sorted(found._cells, key=lambda c: (c.n_components, c.family.name)), strict=True
    ):
        mixture, free = cell.result.mixture, cell.n_parameters
        value = float(w @ mixture.logpdf(X))
        shares = mixture.responsibilities(X)
        entropy = float(w @ entr(shares).sum(axis=1))
        k = row["n_components"]
        assert row["log_likelihood"] == pytest.approx(value)
        assert row["aic"] == pytest.approx(-2 * value + 2 * free)
        assert row["bic"] == pytest.approx(-2 * value + free * np.log(n))
        assert row["sabic"] == pytest.approx(-2 * value + free * np.log((n + 2) / 24))
        assert row["caic"] == pytest.approx(-2 * value + free * (np.log(n) + 1))
        assert row["kic"] == pytest.approx(-2 * value + 3 * (free + 1))
        assert row["clc"] == pytest.approx(-2 * value + 2 * entropy)
        assert row["awe"] == pytest.approx(-2 * value + 2 * entropy + 2 * free * (1.5 + np.log(n)))
        labels = shares.argmax(axis=1)
        sizes = np.array([w[labels == c].sum() for c in range(k)]) / n
        sure = [np.average(shares[labels == c, c], weights=w[labels == c]) for c in range(k)]
        assert (row["n_min"], row["n_max"]) == pytest.approx((sizes.min(), sizes.max()))
        assert (row["prob_min"], row["prob_max"]) == pytest.approx((min(sure), max(sure)))
        expected = 1.0 if k == 1 else 1 - entropy / (n * np.log(k))
        assert row["entropy"] == pytest.approx(expected)


@pytest.mark.parametrize("criterion", ["sabic", "caic", "kic", "clc", "awe"])
def test_each_of_the_criteria_can_choose(criterion):
    found = search(criterion=criterion).fit(X)
    rows = found.profiles(X)
    best = min(rows, key=lambda row: row[criterion])
    assert (found.best_family_, found.n_components_) == (best["family"], best["n_components"])
    assert found.criterion_ == pytest.approx(best[criterion])
    assert criterion in found.results_.to_pandas().columns


def test_it_reads_at_80_columns_and_is_a_frame():
    table = search().fit(X).profiles(X)
    assert all(len(line) <= 80 for line in str(table).splitlines())
    assert len(table.to_pandas()) == 6


def test_rows_name_the_density_as_the_table_of_results_does():
    found = search(density=("normal", "student")).set_params(n_components=[2]).fit(X)
    bic = {row["family"]: row["bic"] for row in found.results_}
    assert len(bic) == 6
    assert {row["family"]: row["bic"] for row in found.profiles(X)} == pytest.approx(bic)
