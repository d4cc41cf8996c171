"""The benchmarks' own helpers: a comparison is worth as much as what makes it fair."""

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pytest

from gaussmix import GaussianMixture, Mixture
from gaussmix.estep import compiled
from gaussmix.mixture.datasets import iris

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
pytestmark = [
    pytest.mark.skipif(not BENCHMARKS.exists(), reason="not in a source checkout"),
    pytest.mark.filterwarnings("ignore:not converged"),
]
TYPES = ("full", "tied", "diag", "spherical")
X = iris().rows


@pytest.fixture(autouse=True)
def _on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    # What the contender without Numba changes in its process is put back here.
    monkeypatch.setattr(compiled, "_is_installed", compiled._is_installed)


def installed(peer):
    try:
        return bool([version(package) for package in peer.packages])
    except PackageNotFoundError:
        return False


def case_of(covariance_type, dtype):
    from iteration import start
    from peers import Case

    return Case(X.astype(dtype), covariance_type, start(X, 3, covariance_type))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_peers_that_are_installed_take_the_same_steps(covariance_type, dtype):
    from common import log_likelihood_a_row
    from peers import PEERS, UnsupportedError

    case = case_of(covariance_type, dtype)
    reached = {}
    for name, peer in PEERS.items():
        if not installed(peer):
            continue
        try:
            peer.check(covariance_type, dtype)
        except UnsupportedError:
            continue
        outcome = peer.fitter(case)(3)
        assert outcome.iterations == 3, name
        reached[name] = log_likelihood_a_row(X, *outcome.parameters)
    assert {"gaussmix", "scikit-learn"} <= set(reached)
    assert np.ptp(list(reached.values())) < (1e-7 if dtype == "float64" else 1e-4), reached


@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
def test_predictors_hold_the_starts_mixture(covariance_type):
    from peers import PEERS, UnsupportedError

    case = case_of(covariance_type, "float64")
    theirs = PEERS["scikit-learn"].predictor(case)
    assert set(theirs) == {"predict", "predict_proba", "score_samples"}
    for name, peer in PEERS.items():
        if not installed(peer):
            continue
        try:
            peer.check(covariance_type, "float64")
            own = peer.predictor(case)
        except UnsupportedError:
            continue
        assert set(own) == set(theirs), name
        # pomegranate has a constant in float32.
        near = (
            {"rtol": 1e-6, "atol": 1e-6} if name == "pomegranate" else {"rtol": 1e-9, "atol": 1e-12}
        )
        for method, call in own.items():
            np.testing.assert_allclose(
                call(), theirs[method](), **near, err_msg=f"{name}, {method}"
            )


def test_the_contender_without_numba_has_none():
    from peers import PEERS

    PEERS["gaussmix, NumPy alone"].predictor(case_of("full", "float64"))
    assert not compiled._is_installed()


def test_neutral_likelihood_is_the_mean_log_density():
    from common import log_likelihood_a_row

    model = GaussianMixture(3, random_state=0).fit(X)
    mixture = Mixture(model.weights_, model.means_, model.covariances_)
    found = log_likelihood_a_row(X, model.weights_, model.means_, model.covariances_)
    np.testing.assert_allclose(found, mixture.logpdf(X).mean(), rtol=1e-12)


def test_a_worker_fits_or_says_why_not(tmp_path):
    from common import log_likelihood_a_row
    from iteration import start
    from peers import UnsupportedError
    from worker import Worker, write_case

    given = start(X, 3, "full")
    write_case(tmp_path / "case.npz", X, "full", given)
    worker = Worker("gaussmix", tmp_path / "case.npz", "float64", patience=60.0)
    assert worker.ask(task="prepare")["version"].startswith("gaussmix")
    answer = worker.ask(task="fit", n_iter=2)
    assert answer["iterations"] == 2
    assert answer["log_likelihood_a_row"] > log_likelihood_a_row(X, *given)
    with pytest.raises(UnsupportedError, match="no such"):
        worker.ask(task="fit", n_iter="no such number")
    worker.patience = 0.0
    with pytest.raises(UnsupportedError, match="over 0 s"):
        worker.ask(task="fit", n_iter=50)


def test_rows_of_another_machine_are_not_mixed_in(tmp_path, monkeypatch):
    import common

    monkeypatch.setattr(common, "RESULTS", tmp_path)

    def results(**options):
        return common.Results("x", ("name",), lambda row: row["name"], **options)

    first = results()
    first.add({"name": "b", "seconds": 1.0})
    first.add({"name": "a", "seconds": 2.0})
    first.add({"name": "b", "seconds": 3.0})
    first.save(str)
    assert results().rows == [{"name": "a", "seconds": 2.0}, {"name": "b", "seconds": 3.0}]
    stored = json.loads((tmp_path / "x.json").read_text())
    stored["machine"]["processor"] = "another"
    (tmp_path / "x.json").write_text(json.dumps(stored))
    with pytest.raises(SystemExit, match="another processor"):
        results()
    assert results(fresh=True).rows == []


def test_degenerate_winners_are_marked():
    from time_to_optimum import degenerate

    sound = {"d": 2, "smallest_component_rows": 30.0, "smallest_relative_eigenvalue": 0.01}
    assert not degenerate(sound)
    assert degenerate({**sound, "smallest_component_rows": 5.0})
    assert degenerate({**sound, "smallest_relative_eigenvalue": 1e-7})


def test_problems_are_the_same_at_every_call():
    from problems import PROBLEMS

    names = [problem.name for problem in PROBLEMS]
    assert len(set(names)) == len(names) == 20
    for problem in PROBLEMS:
        rows = problem.rows()
        assert np.isfinite(rows).all() and len(rows) > problem.n_components
        np.testing.assert_array_equal(rows, problem.rows())


def fit_of(method, likelihood, seconds=1.0, **changes):
    sound = {"smallest_component_rows": 50.0, "smallest_relative_eigenvalue": 0.1}
    fit = {"set": "iris", "n": 150, "d": 4, "k": 3, "seed": 0, "method": method, **sound}
    fit.update(stopped=likelihood is None, seconds=seconds, iterations=5, converged=True)
    return {**fit, "log_likelihood_a_row": likelihood, **changes}


def test_fits_that_were_stopped_count_for_their_time_alone():
    from time_to_optimum import METHODS, report, summary

    ours, *theirs = METHODS
    rows = [fit_of(ours, -1.0), *(fit_of(name, -1.5, 10.0) for name in theirs[:2])]
    rows.append(fit_of(theirs[2], None, 20.0))
    figures = summary(rows)
    assert figures["all"] == {"cases": 1, "at_least_as_good": 1, "better": 1}
    assert figures["none stopped"]["cases"] == 0
    times = figures["seconds_ratio"][theirs[2]]["all"]
    assert (times["median"], times["stopped"]) == (0.05, 1)
    assert "**≤ 0.050**" in report(rows)
    assert "> 20.0000 (1 stopped)" in report(rows)


def test_a_fit_of_ours_that_was_stopped_is_lost():
    from time_to_optimum import METHODS, report, summary

    ours, *theirs = METHODS
    rows = [fit_of(ours, None, 20.0), *(fit_of(name, -1.5, 10.0) for name in theirs)]
    figures = summary(rows)
    assert figures["all"] == {"cases": 1, "at_least_as_good": 0, "better": 0}
    assert figures["seconds_ratio"][theirs[0]]["all"]["median"] == np.inf
    assert "| lost: set |" in report(rows)


def test_fits_are_made_or_stopped():
    from fits import DEFAULT, Fits

    fits = Fits(limit=60.0)
    done = fits.measure("iris", 0, DEFAULT)
    assert not done["stopped"] and done["n"] == 150 and done["converged"]
    fits.limit = 0.0
    assert fits.measure("many", 0, DEFAULT)["stopped"]
    assert fits.process is None


def test_versions_are_two_packages_that_take_turns():
    from versions import OTHER, compare, interval, load

    here, other = load(Path(__file__).parents[1] / "src")
    assert (here.__name__, other.__name__) == ("gaussmix", OTHER)
    assert other.GaussianMixture is not here.GaussianMixture
    row = compare("iris tied", (here, other), 3)
    assert row["from"] <= row["ratio"] <= row["to"]
    # The median lies outside of the extremes of 7 with chance 2 / 2^7; of 9, within the second.
    assert interval([3.0, 1, 2, 7, 5, 6, 4]) == (1, 7)
    assert interval([9.0, 3, 1, 2, 7, 5, 8, 6, 4]) == (2, 8)
