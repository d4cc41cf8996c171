"""Summaries: right numbers, text that fits, tables that are plain, and less where less is known."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from scipy.integrate import quad
from scipy.stats import norm
from sklearn.datasets import load_iris

from gaussmix import (
    CollapseWarning,
    DataError,
    GaussianMixture,
    GaussianMixtureIC,
    Mixture,
    Noise,
    Summary,
)
from gaussmix.cli.report import summary_report
from gaussmix.interchange.model import load_model, model_from_result, save_model
from gaussmix.mixture.summary.figures import fixed, from_log, measured, number, shortened, whole

from .variants import FAMILIES, STRUCTURES, blobs, random_mixture

X, _ = blobs(n=300, d=3, k=3, separation=1.5)
WEIGHTS = np.random.default_rng(0).integers(0, 4, len(X)).astype(float)


def model(k=3, **options):
    return GaussianMixture(k, **{"random_state": 0, **options})


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_its_numbers_are_those_of_the_mixture_and_of_the_rows(family):
    fitted = model(covariance_type=family.name).fit(X)
    found, mixture = fitted.summary(X), fitted.mixture_
    dense = mixture.covariances.to_dense()
    np.testing.assert_array_equal(found.weights, mixture.weights)
    np.testing.assert_array_equal(found.means, mixture.means)
    np.testing.assert_allclose(found.deviations**2, dense.diagonal(axis1=1, axis2=2))
    np.testing.assert_allclose(found.log_volumes, 0.5 * np.linalg.slogdet(dense)[1])
    shares = fitted.predict_proba(X)
    labels, largest = shares.argmax(axis=1), shares.max(axis=1)
    np.testing.assert_array_equal(found.counts, np.bincount(labels, minlength=3))
    np.testing.assert_allclose(found.certainty, [largest[labels == k].mean() for k in range(3)])
    assert found.unsure == pytest.approx((largest < 0.8).mean())
    assert found.log_likelihood == pytest.approx(fitted.score_samples(X).sum())
    assert found.bic == pytest.approx(fitted.bic(X)) and found.icl == pytest.approx(fitted.icl(X))
    assert found.fit.bic == pytest.approx(fitted.bic(X))
    assert found.fit.aic == pytest.approx(fitted.aic(X))
    assert found.fit.n_iter == fitted.n_iter_ and found.fit.converged


def test_overlaps_are_integrals_of_the_root_of_the_product():
    found = Mixture([0.4, 0.6], [-1.0, 2.0], [0.25, 1.0]).summary().overlaps
    densities = norm(-1, 0.5), norm(2, 1)

    def root(x):
        return np.sqrt(densities[0].pdf(x) * densities[1].pdf(x))

    assert found[0, 1] == pytest.approx(quad(root, -20, 20)[0])
    np.testing.assert_array_equal(found.diagonal(), 1.0)
    np.testing.assert_allclose(found, found.T)


def test_the_nearest_component_is_told_where_all_overlaps_are_0():
    means = [0.0, 1e6, 1.1e6]
    text = str(Mixture(np.full(3, 1 / 3), means, np.ones(3)).summary())
    nearest = [line.split()[3] for line in text.splitlines() if re.match(r" +\d  0\.3333", line)]
    assert nearest == ["1", "2", "1"]


def test_weights_count_as_rows():
    fitted = model().fit(X, sample_weight=WEIGHTS)
    repeated = np.repeat(X, WEIGHTS.astype(int), axis=0)
    found, expected = fitted.summary(X, WEIGHTS), fitted.summary(repeated)
    for name in ("counts", "certainty", "unsure", "log_likelihood", "bic", "icl"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name))
    assert "of total weight" in str(found)


def test_noise_is_told_and_counted():
    fitted = model(2, noise=0.1).fit(X)
    found = fitted.summary(X)
    assert found.noise == fitted.mixture_.noise.weight and "a uniform background" in str(found)
    assert len(found.counts) == 3 and found.counts.sum() == len(X)
    assert found.counts[-1] == (fitted.predict(X) == -1).sum()


def test_it_says_less_where_less_is_known(tmp_path):
    fitted = model().fit(X)
    alone, kept, told = fitted.mixture_.summary(), fitted.summary(), fitted.summary(X)
    assert alone.fit is None and "BIC" not in str(alone)
    assert kept.counts is None and "certainty" not in str(kept) and "BIC" in str(kept)
    assert "certainty" in str(told) and "ICL" in str(told)
    with_rows = fitted.mixture_.summary(X)
    assert with_rows.bic is None and with_rows.unsure == told.unsure
    save_model(model_from_result(fitted.result_), tmp_path / "m.json")
    assert str(load_model(tmp_path / "m.json").summary()) == str(kept)
    fitted.mixture_.save(tmp_path / "alone.json")
    assert str(load_model(tmp_path / "alone.json").summary()) == str(alone)


def test_files_of_before_have_no_notices(tmp_path):
    save_model(model_from_result(model().fit(X).result_), tmp_path / "m.json")
    content = json.loads((tmp_path / "m.json").read_text())
    for name in ("told", "n_dropped"):
        del content["fit"][name]
    (tmp_path / "m.json").write_text(json.dumps(content))
    assert load_model(tmp_path / "m.json").fit.told == ()


def test_what_was_told_of_the_fit_is_there():
    with pytest.warns(CollapseWarning):
        fitted = model(2).fit(
            np.repeat([[0.0, 0.0], [5.0, 1.0], [6.0, 3.0], [7.0, 2.0]], 5, axis=0)
        )
    found = fitted.summary()
    assert found.fit.collapsed and "collapsed" in str(found) and "floor" in str(found)
    assert set(fitted.result_.warnings()) <= set(found.fit.told)


def test_a_search_tells_what_was_nearly_chosen():
    search = GaussianMixtureIC([1, 2, 3], families=["EEE", "VVI", "VVV"], random_state=0).fit(X)
    found = search.summary(X)
    rows = search.results_.best()
    assert [(own.family, own.n_components) for own in found.nearly_chosen] == [
        (row["family"], row["n_components"]) for row in rows[1:6]
    ]
    differences = [own.difference for own in found.nearly_chosen]
    assert differences == sorted(differences) and differences[0] >= 0
    assert differences[0] == pytest.approx(rows[1]["bic"] - rows[0]["bic"])
    text = str(found)
    assert "Nearly chosen" in text and f"+{differences[0]:.3f}" in text
    assert found.counts.sum() == len(X)


def test_to_dict_is_json():
    search = GaussianMixtureIC([1, 2], families=["VVV"], random_state=0).fit(X)
    content = json.loads(json.dumps(search.summary(X).to_dict()))
    assert content["fit"]["bic"] == search.criterion_
    assert content["nearly_chosen"][0]["n_components"] in (1, 2)
    assert np.shape(content["means"]) == np.shape(search.means_)


def test_frames_names_and_rows_that_do_not_fit():
    frame = load_iris(as_frame=True).data
    fitted = model(2).fit(frame)
    assert "petal width (cm)" in str(fitted.summary(frame))
    assert str(fitted.mixture_.summary(frame[frame.columns[::-1]])) == str(
        fitted.mixture_.summary(frame)
    )
    with pytest.raises(DataError, match=r"columns|shape"):
        fitted.mixture_.summary(X)
    with pytest.raises(AttributeError, match="not fitted"):
        model().summary()


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("scale", [1e-140, 1e-3, 1.0, 1e140])
@pytest.mark.parametrize(("k", "d"), [(1, 1), (2, 1), (1, 30), (12, 4), (40, 12)])
def test_text_fits_80_columns_and_no_figure_is_cut(structure, scale, k, d, capsys):
    """For any number of features and components, names of any length, numbers of any size."""
    plain = random_mixture(structure, k=k, d=d)
    names = [
        f"a very long name, with unit (cm per second) and number {j} of them" for j in range(d)
    ]
    held = structure(plain.covariances.values * scale**2, k, d)
    mixture = Mixture(plain.weights, plain.means * scale, held, feature_names=names)
    summary = mixture.summary()
    text = str(summary)
    assert max(map(len, text.splitlines())) <= 80
    cells = [cell for part in summary.sections() for own in part.columns[1:] for cell in own.cells]
    assert cells and not [cell for cell in cells if cell not in text]
    for width in (60, 80):
        Console(width=width, highlight=False).print(summary_report(summary))
        out = capsys.readouterr().out
        assert max(map(len, out.splitlines())) <= width
        assert not [cell for cell in cells if cell not in out]


def test_what_is_cut_is_said():
    rng = np.random.default_rng(0)
    means = np.zeros((25, 40))
    means[:, [3, 17]] = rng.normal(size=(25, 2)) * 5  # all that tells components apart
    text = str(Mixture(np.full(25, 1 / 25), means, np.ones((25, 40))).summary())
    assert "10 of 40 features, those in which components differ most" in text
    assert "The 20 heaviest of 25 components" in text
    assert re.search(r"^  x3 ", text, re.M) and re.search(r"^  x17 ", text, re.M)


def test_html_is_plain_and_escaped():
    frame = pd.DataFrame(X, columns=["<b>", "a & b", "c"])
    html = model(2).fit(frame).summary(frame)._repr_html_()
    assert "&lt;b&gt;" in html and "a &amp; b" in html and "<b>" not in html
    assert "color" not in html and "background" not in html
    assert html.count("<table>") == html.count("</table>") == 3
    for tag in ("tr", "td", "th", "p", "div"):
        assert len(re.findall(rf"<{tag}[ >]", html)) == html.count(f"</{tag}>")


def test_estimators_keep_scikit_learns_own_picture():
    fitted = model(2).fit(X)
    assert "sk-estimator" in fitted._repr_html_() or "sk-container" in fitted._repr_html_()
    assert isinstance(fitted.summary(), Summary) and repr(fitted.summary()) == str(fitted.summary())


def test_a_stream_has_one_too():
    stream = model(2)
    for rows in np.split(np.tile(X, (8, 1)), 8):
        stream.partial_fit(rows)
    assert "updated by partial_fit" in str(stream.summary())


def test_what_takes_too_long_is_left_out():
    k, d = 40, 200
    summary = Mixture(np.full(k, 1 / k), np.zeros((k, d)), np.ones((k, d))).summary()
    assert summary.overlaps is None and "overlap" not in str(summary)


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(min_value=1e-300, max_value=1e300),
)
def test_means_are_told_to_the_digits_of_their_deviation(mean, deviation):
    mean_told, deviation_told = map(float, measured(mean, deviation).split(" ± "))
    assert deviation_told == pytest.approx(deviation, rel=6e-3)
    assert mean_told == pytest.approx(mean, rel=1e-5, abs=0.006 * deviation)
    assert len(measured(mean, deviation)) <= 36


@given(st.floats(-1e6, 1e6))
def test_volumes_of_any_size(value):
    told = from_log(value)
    mantissa, _, exponent = told.partition("e")
    found = np.log(float(mantissa)) + int(exponent or 0) * np.log(10)
    assert found == pytest.approx(value, rel=1e-9, abs=1e-3)


def test_figures():
    assert (number(1234567.0), whole(2.5), whole(7.0)) == ("1.235e+06", "2.5", "7")
    assert fixed(float("nan"), 2) == "nan" and from_log(-np.inf) == "0"
    assert measured(float("nan"), 1.0) == "nan ± 1"
    assert len(shortened("x" * 99, 17)) == 17


def test_a_mixture_with_noise_of_its_own_has_a_summary():
    noise = Noise(0.2, [-9.0], [9.0], [[1.0]])
    text = str(Mixture([0.4, 0.4], [0.0, 5.0], [1.0, 1.0], noise=noise).summary())
    assert "noise  weight 0.2000" in text


def test_signs_of_two_places_fit_80_columns_and_stand_below_each_other():
    from unicodedata import east_asian_width

    names = ["漢字" * 40, "length", "é" * 50]
    mixture = Mixture([0.5, 0.5], np.eye(3)[:2], 2 * [np.eye(3)], feature_names=names)
    lines = str(mixture.summary()).splitlines()
    taken = [sum(1 + (east_asian_width(sign) in "WF") for sign in line) for line in lines]
    assert max(taken) <= 80
    ends = [width for line, width in zip(lines, taken, strict=True) if line.endswith(" ± 1.00")]
    assert len(ends) == 3 and len(set(ends)) == 1


def test_of_a_component_without_rows_there_is_no_certainty():
    mixture = Mixture([0.5, 0.5], [0.0, 9.0], [1.0, 1.0])
    text = str(mixture.summary(np.zeros((5, 1))))
    assert "nan" not in text.replace("determinant", "")
