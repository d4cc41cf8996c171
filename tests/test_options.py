"""Prior, noise, equal weights and known labels: R's mclust 6.0.0 figures, and laws."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from gaussmix import (
    ConjugatePrior,
    DataError,
    GaussianMixture,
    GaussianMixtureIC,
    Mixture,
    Noise,
    ParameterError,
    StudentMixture,
)
from gaussmix.components.families import get_family
from gaussmix.components.statistics import SufficientStatistics
from gaussmix.fitting.background import enclosing_box
from gaussmix.interchange.model import load_model
from gaussmix.rows import MemorySource
from gaussmix.rows.summary import SummaryFold
from tests.variants import FAMILIES, blobs, mclust

X = np.array(mclust()["iris"]["rows"])
SPECIES = np.repeat([0, 1, 2], 50)
PRECISE = {"tol": 1e-11, "max_iter": 20_000}
# mclust's EII leaves the prior's scale out, its EEI and EEV the mean's shrinkage.
WITHOUT_SCALE, WITHOUT_SHRINKAGE = {"EII"}, {"EEI", "EEV"}
# Its EEI, EEV and EVI take other formulas when iterating (`me`) than in one step (`mstep`).
OTHER_WHEN_ITERATING = {"EII", "EEI", "EEV", "EVI"}


@lru_cache(maxsize=1)
def figures():
    return json.loads((Path(__file__).parent / "data" / "mclust_options.json").read_text())


def fit(family="full", data=X, known=None, n_components=3, **options):
    return GaussianMixture(
        n_components, covariance_type=family, **{"random_state": 0, **options}
    ).fit(data, known=known)


# -- prior -----------------------------------------------------------------------------


def posterior_step(name, rows, responsibilities):
    family = get_family(name)
    summary = MemorySource(rows).reduce(SummaryFold(family.held.moment, rows.shape[1]))
    statistics = SufficientStatistics.from_responsibilities(
        rows, responsibilities, family.held.moment
    )
    statistics = statistics.pool() if family.shared else statistics
    prior = ConjugatePrior().on(summary.total, family, responsibilities.shape[1])
    statistics = prior.add_to(statistics, family)
    return statistics.means, family.estimate(statistics).to_dense()


@pytest.mark.parametrize("name", list(figures()["prior"]))
def test_an_m_step_with_prior_is_mclusts(name):
    expected = figures()["prior"][name]
    means, covariances = posterior_step(name, X, 0.8 * np.eye(3)[SPECIES] + 0.2 / 3)
    loose = name in WITHOUT_SHRINKAGE
    np.testing.assert_allclose(means.ravel(), expected["means"], rtol=1e-3 if loose else 1e-9)
    loose = loose or name in WITHOUT_SCALE
    tolerance = 2e-3 if loose else 2e-9
    np.testing.assert_allclose(covariances.ravel(), expected["covariances"], atol=tolerance)


@pytest.mark.parametrize("name", ["E", "V"])
def test_an_m_step_with_prior_is_mclusts_in_one_dimension(name):
    expected = figures()["prior1"][name]
    means, covariances = posterior_step(name, X[:, :1], 0.8 * np.eye(3)[SPECIES] + 0.2 / 3)
    np.testing.assert_allclose(means.ravel(), expected["means"], rtol=1e-10)
    variances = np.unique(covariances.ravel())
    np.testing.assert_allclose(variances, np.unique(expected["covariances"]), rtol=1e-10)


@pytest.mark.parametrize("name", list(figures()["prior"]))
def test_a_fit_with_prior_is_mclusts_and_climbs_the_posterior(name):
    model = fit(name, prior="conjugate", init_params=SPECIES, **PRECISE)
    expected = figures()["prior"][name]
    tolerance = 0.5 if name in OTHER_WHEN_ITERATING else 2e-4
    assert model.result_.log_likelihood == pytest.approx(expected["loglik"], abs=tolerance)
    family = get_family(name)
    summary = MemorySource(X).reduce(SummaryFold(family.held.moment, 4))
    prior = ConjugatePrior().on(summary.total, family, 3)
    posterior = []
    for n_iter in (1, 2, 3, 5, 10, 40):
        step = fit(name, prior="conjugate", init_params=SPECIES, max_iter=n_iter, tol=0)
        density = prior.log_density(step.means_, step.mixture_.covariances, family)
        posterior.append(step.result_.log_likelihood + density)
    assert np.diff(posterior).min() >= -1e-9


def test_a_prior_keeps_a_small_component_from_collapsing():
    data, labels = blobs(n=60, d=2, separation=4.0)
    data = np.vstack([data, np.full((8, 2), 40.0)])
    labels = np.append(labels, np.full(8, 3))
    with pytest.warns(UserWarning, match="collapsed"):
        fit(data=data, n_components=4, init_params=labels)
    assert fit(data=data, n_components=4, init_params=labels, prior="conjugate").converged_


@pytest.mark.parametrize(
    ("prior", "family", "message"),
    [
        ("flat", "full", "prior: expected None, 'conjugate' or a ConjugatePrior, got 'flat'"),
        ("conjugate", "VVE", "prior: there is no conjugate prior for the family VVE"),
        (ConjugatePrior(shrinkage=-1), "full", "prior: shrinkage: expected a number"),
        (ConjugatePrior(mean=[1.0]), "full", r"prior: mean: expected shape \(4,\)"),
        (np.array([1, 2]), "full", "prior: expected None, 'conjugate' or a ConjugatePrior"),
        (ConjugatePrior(mean=[np.nan] * 4), "full", "prior: mean: contains NaN"),
        (ConjugatePrior(scale=np.eye(3)), "full", r"expected a number or shape \(4, 4\)"),
        (ConjugatePrior(scale=-1.0), "full", "prior: scale: expected a number of at least 0"),
        (ConjugatePrior(scale=-np.eye(4)), "full", "prior: scale: is not positive definite"),
        (ConjugatePrior(scale=np.tri(4)), "full", "prior: scale: is not symmetric"),
    ],
)
def test_impossible_priors_are_refused(prior, family, message):
    with pytest.raises(ParameterError, match=message):
        fit(family, prior=prior)


def test_a_prior_takes_parameters_of_its_own():
    strong = ConjugatePrior(shrinkage=1e6, mean=np.zeros(4), dof=10, scale=2.0)
    assert np.abs(fit(prior=strong).means_).max() < 0.01
    matrix = ConjugatePrior(scale=2.0 * np.eye(4), dof=10, shrinkage=1e6, mean=np.zeros(4))
    assert fit(prior=matrix).mixture_.allclose(fit(prior=strong).mixture_)


def test_a_hierarchical_start_with_a_prior_does_not_depend_on_where_the_data_are():
    data, _ = blobs(n=2500, d=2)
    options = {"init_params": "mbahc", "prior": "conjugate", "max_iter": 1, "tol": 0}
    near, far = (fit(data=data + shift, **options).lower_bounds_ for shift in (0.0, 1e5))
    np.testing.assert_allclose(far, near, rtol=1e-6)


@pytest.mark.parametrize("family", ["full", "diag", "spherical"])
def test_a_matrix_is_a_scale_for_every_family(family):
    number, matrix = (ConjugatePrior(scale=scale) for scale in (2.0, 2.0 * np.eye(4)))
    assert fit(family, prior=matrix).mixture_ == fit(family, prior=number).mixture_


def test_a_prior_needs_weights_that_count_rows():
    model = GaussianMixture(3, prior="conjugate")
    with pytest.raises(ParameterError, match="the sample weights sum to 1, and a row of weight"):
        model.fit(X, sample_weight=np.full(150, 1 / 150))


# -- noise -----------------------------------------------------------------------------

NOISE_ROWS = np.array(figures()["noise"]["rows"]).reshape(-1, 4)
NOISY = np.vstack([X, NOISE_ROWS])
IS_NOISE = np.arange(len(NOISY)) >= len(X)


@pytest.mark.parametrize("name", list(figures()["noise"]["fits"]))
def test_a_fit_with_noise_is_mclusts(name):
    expected = figures()["noise"]["fits"][name]
    labels = np.append(SPECIES, np.zeros(len(NOISE_ROWS), dtype=int))
    model = fit(name, NOISY, noise=IS_NOISE, init_params=labels, **PRECISE)
    assert model.result_.log_likelihood == pytest.approx(expected["loglik"], abs=1e-6)
    assert model.bic(NOISY) == pytest.approx(-expected["bic"], abs=1e-6)
    weights = [*model.weights_, model.mixture_.noise.weight]
    np.testing.assert_allclose(weights, expected["weights"], atol=1e-5)


def test_the_box_is_mclusts_hypvol():
    box = enclosing_box(MemorySource(NOISY), 0.1)
    assert np.exp(box.log_volume) == pytest.approx(figures()["noise"]["volume"], rel=1e-12)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_noise_climbs_and_its_density_is_that_of_the_mixture(family):
    model = fit(family, NOISY, noise=0.2)
    trace = np.array(model.history_.log_likelihood)
    assert np.diff(trace).min() >= -1e-9 * np.abs(trace).max()
    assert model.mixture_.logpdf(NOISY).sum() == pytest.approx(trace[-1], rel=1e-12)
    responsibilities = model.predict_proba(NOISY)
    assert responsibilities.shape == (len(NOISY), 4)
    np.testing.assert_allclose(responsibilities.sum(axis=1), 1.0)
    labels = model.predict(NOISY)
    expected = responsibilities.argmax(axis=1)
    np.testing.assert_array_equal(labels, np.where(expected == 3, -1, expected))
    assert (labels[IS_NOISE] == -1).mean() > 0.6
    total = model.weights_.sum() + model.mixture_.noise.weight
    assert total == pytest.approx(1.0)


def test_a_mixture_with_noise_samples_saves_and_compares(tmp_path):
    mixture = fit(data=NOISY, noise=0.2).mixture_
    rows, labels = mixture.sample(200_000, random_state=0)
    assert (labels == -1).mean() == pytest.approx(mixture.noise.weight, abs=0.005)
    np.testing.assert_allclose(rows.mean(axis=0), mixture.mean, atol=0.02)
    np.testing.assert_allclose(np.cov(rows.T), mixture.covariance, atol=0.06)
    mixture.save(tmp_path / "noisy.json")
    assert load_model(tmp_path / "noisy.json").mixture == mixture
    assert mixture.without_noise() != mixture
    assert mixture.without_noise().weights.sum() == pytest.approx(1.0)
    assert mixture.reorder("weight").noise is mixture.noise
    assert "noise=0.2" in repr(mixture)
    wider = replace(mixture.noise, upper=mixture.noise.upper + 1.0)
    assert mixture.allclose(replace(mixture))
    assert not mixture.allclose(replace(mixture, noise=wider))
    with pytest.raises(ParameterError, match="without_noise"):
        mixture.marginal(0)


@pytest.mark.parametrize("estimator", [GaussianMixture, StudentMixture])
def test_the_background_may_take_all_rows(estimator):
    rows = np.random.default_rng(0).normal(size=(150, 3)) * [1000.0, 0.1, 0.003]
    model = estimator(2, covariance_type="VII", noise=0.05, random_state=0).fit(rows)
    # Spheres wide enough for the first column are thinner than the box everywhere.
    assert model.mixture_.noise.weight == pytest.approx(1.0)
    assert model.lower_bound_ == pytest.approx(-np.log(np.ptp(rows, axis=0)).sum())
    assert (model.predict(rows) == -1).all()
    assert [told.split(":")[0] for told in model.result_.notices()] == [
        "all rows are of the background"
    ]
    with pytest.raises(ParameterError, match="all zero"):
        model.mixture_.with_noise(model.mixture_.noise.weighing(1.0))


def test_a_mixture_with_noise_can_be_built_by_hand():
    noise = Noise(0.5, np.array([0.0]), np.array([10.0]), np.eye(1))
    mixture = Mixture([0.5], [5.0], [1.0], noise=noise)
    assert mixture.pdf([5.0])[0] == pytest.approx(0.05 + 0.5 / np.sqrt(2 * np.pi))
    assert mixture.predict([5.0, 9.0]).tolist() == [0, -1]
    with pytest.raises(ParameterError, match=r"with that of the noise, got sum 1\.5"):
        Mixture([1.0], [5.0], [1.0], noise=noise)


@pytest.mark.parametrize(
    ("noise", "data", "message"),
    [
        (1.5, X, "noise: expected a share between 0 and 1, got 1.5"),
        ("some", X, "noise: expected None, a share"),
        (np.zeros(150, dtype=bool), X, "noise: no row of positive weight is marked"),
        (np.ones(150, dtype=bool), X, "noise: every row of positive weight is marked"),
        (np.ones(7, dtype=bool), X, r"150 booleans, one a row, got shape \(7,\)"),
    ],
)
def test_impossible_noise_is_refused(noise, data, message):
    with pytest.raises(ParameterError, match=message):
        fit(data=data, noise=noise)


def test_noise_without_volume_is_refused():
    flat = np.column_stack([X[:, 0], X[:, 0] * 0 + 1.0])
    dependent = np.column_stack([X, X[:, 0] + X[:, 1]])
    for data in (flat, dependent, X[:4]):
        with pytest.raises(DataError, match="no volume"):
            fit("spherical", data, noise=0.1)


def test_a_mask_of_weighted_rows_is_that_of_repeated_rows():
    times = np.random.default_rng(0).integers(0, 4, len(NOISY))
    labels = np.append(SPECIES, np.zeros(len(NOISE_ROWS), dtype=int))
    options = {"covariance_type": "diag", "max_iter": 1, "tol": 0}
    weighted = GaussianMixture(3, noise=IS_NOISE, init_params=labels, **options)
    weighted.fit(NOISY, sample_weight=times)
    every = np.repeat(np.arange(len(NOISY)), times)
    repeated = GaussianMixture(3, noise=IS_NOISE[every], init_params=labels[every], **options)
    repeated.fit(NOISY[every])
    np.testing.assert_allclose(weighted.lower_bounds_, repeated.lower_bounds_, rtol=1e-12)


# -- equal weights -----------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_equal_weights_are_held_and_climb(family):
    model = fit(family, equal_weights=True, init_params=SPECIES, **PRECISE)
    np.testing.assert_allclose(model.weights_, 1 / 3)
    trace = np.array(model.history_.log_likelihood)
    assert np.diff(trace).min() >= -1e-9 * np.abs(trace).max()
    free = fit(family, init_params=SPECIES)
    assert model.result_.n_parameters == free.result_.n_parameters - 2
    # mclust's own VVI, VEE and EVV with equalPro are not at their likelihood.
    expected = figures()["equal"].get(family.name)
    if expected is not None and family.name not in {"VVI", "VEE", "EVV"}:
        assert model.result_.log_likelihood == pytest.approx(expected["loglik"], abs=1e-6)
        assert model.bic(X) == pytest.approx(-expected["bic"], abs=1e-6)


# -- known labels ------------------------------------------------------------------------

SOME = np.full(150, -1)
SOME[::10] = SPECIES[::10]


@pytest.mark.parametrize("name", ["EII", "VII", "EEI", "VVI", "EEE"])
def test_a_semi_supervised_fit_is_mclusts(name):
    model = fit(name, known=SOME, init_params=SPECIES, **PRECISE)
    expected = figures()["known"][name]
    assert model.result_.log_likelihood == pytest.approx(expected["loglik"], abs=1e-4)
    assert model.result_.n_parameters == expected["df"]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_known_rows_keep_their_component_under_any_numbering(family):
    turned = np.where(SOME >= 0, 2 - SOME, -1)
    model = fit(family, known=SOME)
    trace = np.array(model.history_.log_likelihood)
    assert np.diff(trace).min() >= -1e-9 * np.abs(trace).max()
    other = fit(family, known=turned)
    assert other.result_.log_likelihood == pytest.approx(model.result_.log_likelihood, rel=1e-6)
    np.testing.assert_allclose(other.means_[::-1], model.means_, rtol=1e-3)
    agreement = (model.predict(X) == SPECIES).mean()
    assert agreement > 0.8


def test_the_likelihood_of_known_rows_is_that_of_their_component():
    model = fit(known=SOME)
    joint = np.log(model.predict_proba(X)) + model.score_samples(X)[:, None]
    known = SOME >= 0
    expected = model.score_samples(X)[~known].sum() + joint[known, SOME[known]].sum()
    assert model.result_.log_likelihood == pytest.approx(expected, rel=1e-12)


def test_no_known_label_is_a_fit_without_and_all_known_is_one_m_step():
    assert fit(known=np.full(150, -1)).mixture_ == fit().mixture_
    model = fit(known=SPECIES)
    for k in range(3):
        np.testing.assert_allclose(model.means_[k], X[k == SPECIES].mean(axis=0), rtol=1e-9)


RATINGS = np.random.default_rng(0).integers(-2, 3, 150).astype(float)
TARGETS = {
    "species": SPECIES,
    "ratings": RATINGS,
    "one sort": np.full(150, -1),
    "texts": np.array(["a", "b", "c"])[SPECIES],
    "ragged": [[1], [1, 2]],
    "short": [1, 2],
}


@pytest.mark.parametrize("target", TARGETS)
def test_y_is_ignored_as_in_scikit_learn(target):
    model = GaussianMixture(3, random_state=0)
    search = GaussianMixtureIC([2, 3], families=["VVV"], random_state=0)
    y = TARGETS[target]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.fit(X, y).mixture_ == fit().mixture_
        np.testing.assert_array_equal(search.fit_predict(X, y), search.fit_predict(X))
        for block in np.array_split(X, 3):
            clone(model).partial_fit(block, y)


def test_y_that_looks_like_known_labels_is_ignored_with_a_warning():
    told = r"y: is ignored.*give it as known="
    for y in (SOME, SOME.tolist(), pd.Series(SOME)):
        with pytest.warns(UserWarning, match=told) as caught:
            model = GaussianMixture(3, random_state=0).fit(X, y)
        assert (len(caught), caught[0].filename) == (1, __file__)
        assert model.mixture_ == fit().mixture_
    with pytest.warns(UserWarning, match=told):
        GaussianMixtureIC([2, 3], families=["VVV"]).fit(X, SOME)
    with pytest.warns(UserWarning, match=told):
        GaussianMixture(3).partial_fit(X, SOME)


def test_impossible_known_labels_are_refused():
    with pytest.raises(ParameterError, match="known: labels must be integers from 0 to 1, or -1"):
        fit(known=SOME, n_components=2)
    with pytest.raises(ParameterError, match="known: expected 150 labels, one a row, got 7"):
        fit(known=SOME[:7] * 0 - 1)
    noise = np.arange(150) < 11
    with pytest.raises(
        ParameterError, match="known: 2 rows of known component are marked as noise"
    ):
        fit(known=SOME, noise=noise)
    with pytest.raises(ValueError, match="known: 2 rows of known component are marked as noise"):
        GaussianMixtureIC([3], noise=noise).fit(X, known=SOME)
    for wrong in ("species", [[1], [1, 2]], np.zeros((150, 2)), ["a"] * 150, SOME > 0):
        for own in (
            GaussianMixture(3).fit,
            GaussianMixture(3).partial_fit,
            GaussianMixtureIC(3).fit,
        ):
            with pytest.raises(ParameterError, match="known: expected"):
                own(X, known=wrong)
    with pytest.raises(ParameterError, match="known: labels must be integers"):
        fit(known=np.where(SOME < 0, np.nan, SOME))
