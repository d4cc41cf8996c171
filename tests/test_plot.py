"""Pictures hold what they should: artists are counted and measured."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Ellipse
from matplotlib.path import Path

from gaussmix import (
    DataError,
    GaussianMixture,
    GaussianMixtureIC,
    MixtureClassifier,
    Noise,
    ParameterError,
    fit_many,
    plot,
)
from gaussmix.components.covariances import FullCovariances
from gaussmix.plot._flat import flatten
from tests.variants import STRUCTURES, random_mixture


@pytest.fixture
def mixture():
    return random_mixture(FullCovariances)


def test_scatter_draws_every_row_in_its_colour(mixture):
    X, labels = mixture.sample(200, 0)
    ax = plot.scatter(X, labels, names=["a", "b", "c"], label_names=["x", "y", "z"])
    assert sum(len(c.get_offsets()) for c in ax.collections) == 200
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["x", "y", "z"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "b")
    colours = {tuple(c.get_facecolor()[0]) for c in ax.collections}
    assert len(colours) == 3
    _, given = plt.subplots()
    assert plot.scatter(X, features=(2, 1), ax=given) is given


def names_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_go_where_arrays_go(mixture, library):
    frames = pytest.importorskip(library)
    X, labels = mixture.sample(60, 0)
    kind = np.array(["u", "v", "w"])[labels]
    frame = frames.DataFrame({"c": X[:, 2], "kind": kind, "b": X[:, 1], "a": X[:, 0]})
    ax = plot.scatter(frame, frame["kind"], features=("b", "a"))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("b", "a")
    assert names_of(ax) == ["u", "v", "w"]
    for k, drawn in enumerate(ax.collections):
        np.testing.assert_array_equal(drawn.get_offsets(), X[labels == k][:, [1, 0]])
    named = replace(mixture, feature_names=("a", "b", "c"))  # columns are found by name
    bars = [
        [patch.get_height() for patch in plot.univariate(named, given, feature="c").patches]
        for given in (frame, X, X[:, 2])
    ]
    assert bars[0] == bars[1] == bars[2]
    grid = plot.pairs(named, frame, frame["kind"], features=["c", "a"])
    assert [text.get_text() for text in grid.legends[0].get_texts()] == ["u", "v", "w"]
    with pytest.raises(DataError, match="X: 1 of 2 columns are not numeric: 'kind'"):
        plot.scatter(frame)


def test_a_fit_its_result_and_its_mixture_are_drawn_alike():
    X = np.random.default_rng(0).standard_normal((90, 2)) * [1, 4]
    model = GaussianMixture(2, random_state=0).fit(X)
    search = GaussianMixtureIC([1, 2], families=["VVV"], random_state=0).fit(X)
    for draw in (plot.ellipses, plot.density_contours, plot.univariate, plot.pairs):
        for given in (model, model.result_, model.mixture_, search, search.result_):
            assert draw(given) is not None
        plt.close("all")
    first, second = (plot.ellipses(given).patches for given in (model, model.mixture_))
    assert [tuple(one.get_center()) for one in first] == [
        tuple(other.get_center()) for other in second
    ]
    for given in (model, model.result_, search):
        assert len(plot.trace(given).get_lines()[0].get_ydata()) >= 2


@pytest.mark.parametrize(("count", "outside"), [(8, False), (12, True), (45, True), (200, True)])
def test_any_number_of_groups_has_a_legend(count, outside):
    X, labels = np.random.default_rng(0).standard_normal((400, 2)), np.arange(400) % count
    for given, more in ((labels, {"label_names": [f"g{k:03}" for k in range(count)]}),
                        ([f"g{k:03}" for k in labels], {})):  # fmt: skip
        ax = plot.scatter(X, given, **more)
        names = names_of(ax)
        assert names[:8] == [f"g{k:03}" for k in range(8)]
        assert len(names) == min(count, 61)
        ax.figure.draw_without_rendering()
        axes, legend = ax.get_window_extent(), ax.get_legend().get_window_extent()
        assert (legend.x0 >= axes.x1) == outside
        assert legend.x1 <= ax.figure.bbox.x1  # whole
        assert axes.width > 0.3 * ax.figure.bbox.width
        plt.close("all")
    assert names == [f"g{k:03}" for k in range(count)] or names[-1] == "and 140 more"


def shapes_of(ax):
    return {c.get_paths()[0].vertices.tobytes() for c in ax.collections}


def test_shapes_tell_groups_apart():
    X, labels = np.random.default_rng(0).standard_normal((80, 2)), np.arange(80) % 8
    for more, count in (({}, 8), ({"shapes": True}, 8), ({"shapes": False}, 1)):
        assert len(shapes_of(plot.scatter(X, labels, **more))) == count
    many, few = np.tile(X, (40, 1)), np.tile(labels, 40)
    assert len(shapes_of(plot.scatter(many, few))) == 1  # points are too small
    twenty = plot.scatter(X, np.arange(80) % 20)
    looks = {
        (c.get_paths()[0].vertices.tobytes(), *c.get_facecolor()[0]) for c in twenty.collections
    }
    assert len(looks) == 20


def test_labels_of_any_kind_are_groups():
    X = np.eye(4)
    years = plot.scatter(X, [2019, 2021, 2019, 2020])
    assert names_of(years) == ["2019", "2020", "2021"]
    assert names_of(plot.scatter(X, [True, False, True, True])) == ["False", "True"]
    assert names_of(plot.scatter(X, [0.0, 2.0, 0.0, -1.0])) == [
        "component 0", "component 2", "noise",
    ]  # fmt: skip
    assert names_of(plot.scatter(X, [0.5, 1.5, 0.5, 1.5])) == ["0.5", "1.5"]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda m, X: plot.ellipses(GaussianMixture(2)), "mixture: .* not fitted yet; call fit"),
        (lambda m, X: plot.ellipses(GaussianMixtureIC()), "mixture: .* not fitted yet; call fit"),
        (lambda m, X: plot.pairs(X, m), "mixture: expected a Mixture, .*, got ndarray"),
        (lambda m, X: plot.ellipses(m, sigmas=[-1]), "sigmas: expected numbers above 0"),
        (lambda m, X: plot.ellipses(m, features="a"), "features: no feature is called 'a'"),
        (lambda m, X: plot.ellipses(m, features=1), "features: this picture needs two, got 1"),
        (lambda m, X: plot.ellipses(m, ax=plt.subplots(2)[1]), "ax: expected the axes"),
        (lambda m, X: plot.density_contours(m, levels=0), "levels: expected an integer"),
        (lambda m, X: plot.univariate(m, X[:, :2]), r"X: expected shape \(n_samples, 3\)"),
        (lambda m, X: plot.univariate(m, X * np.nan), "X: every row has NaN"),
        (lambda m, X: plot.univariate(m, X, feature=[0, 1]), "feature: this picture needs one"),
        (lambda m, X: plot.univariate(m, X, feature=3), "feature: 3 is no index"),
        (lambda m, X: plot.univariate(m, X, bins="many"), "bins: expected a number"),
        (lambda m, X: plot.univariate(m, X, weights=[1]), "weights: expected 30 numbers"),
        (lambda m, X: plot.univariate(m, X, weights=np.zeros(30)), "weights: all are zero"),
        (lambda m, X: plot.pairs(m, X, [0, 1]), "labels: expected 30, one a row"),
        (lambda m, X: plot.pairs(m, X, features=["a", "b"]), "features: no feature is called"),
        (lambda m, X: plot.scatter(X, "species"), "labels: expected one a row, got the text"),
        (lambda m, X: plot.scatter(X, X), "labels: .*; of responsibilities give .argmax"),
        (lambda m, X: plot.scatter(X, features=(0, 7)), "features: 7 is no index or out of range"),
        (lambda m, X: plot.scatter(X, features=(0,)), "features: this picture needs two"),
        (lambda m, X: plot.scatter(X, names=["a"]), "names: expected 3, one a column"),
        (lambda m, X: plot.scatter(X, np.ones(30, int), label_names=["a"]), "expected 2 names"),
        (lambda m, X: plot.scatter(X, ["a"] * 30, label_names=["b"]), "label_names: .* such as a"),
        (lambda m, X: plot.scatter(X, marked=[True]), "marked: expected 30 booleans"),
        (lambda m, X: plot.scatter(X[:, 0]), r"X: expected shape \(n, d\), got \(30,\)"),
        (lambda m, X: plot.scatter(X[:0]), "X: has no rows"),
        (lambda m, X: plot.scatter([["a", "b"]]), "X: expected an array of numbers"),
        (lambda m, X: plot.trace(GaussianMixture()), "history: .* not fitted yet"),
        (lambda m, X: plot.trace(m), "history: .* got Mixture, which has no trace"),
        (lambda m, X: plot.trace(MixtureClassifier().fit(X, X[:, 0] > 0)), "which has no trace"),
        (lambda m, X: plot.criterion(GaussianMixture().fit(X)), "which did not choose"),
        (lambda m, X: plot.ellipses(fit_many([X, X], 1)), "got ManyFits, .*; give one of them"),
        (lambda m, X: plot.trace([]), "history: has no iterations"),
        (lambda m, X: plot.criterion(GaussianMixtureIC()), "results: .* not fitted yet"),
        (lambda m, X: plot.criterion(m), "results: expected a fitted GaussianMixtureIC"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(mixture, draw, message):
    with pytest.raises((ParameterError, DataError), match=message):
        draw(mixture, mixture.sample(30, 0)[0])


def test_a_mixture_of_scikit_learn_is_told_how_to_become_one():
    from sklearn.mixture import GaussianMixture as Other

    other = Other(2).fit(np.random.default_rng(0).standard_normal((20, 2)))
    with pytest.raises(ParameterError, match=r"mixture: .*gaussmix.Mixture\(m.weights_"):
        plot.ellipses(other)


def test_large_data_are_thinned():
    ax = plot.scatter(np.random.default_rng(0).standard_normal((50_000, 2)))
    assert len(ax.collections[0].get_offsets()) == 20_000


def test_ellipses_have_the_axes_of_the_covariances(mixture):
    ax = plot.ellipses(mixture, sigmas=[2.0], features=[0, 2])
    outlines = [p for p in ax.patches if isinstance(p, Ellipse) and not p.get_fill()]
    assert len(outlines) == 3
    marginal = mixture.marginal([0, 2])
    for k, patch in enumerate(outlines):
        lengths = 4.0 * np.sqrt(np.linalg.eigvalsh(marginal.covariances.to_dense()[k]))
        np.testing.assert_allclose(sorted([patch.width, patch.height]), lengths)
        # A point of the outline is at Mahalanobis distance 2.
        edge = patch.get_patch_transform().transform([[1.0, 0.0]])
        offset = edge - marginal.means[k]
        assert np.sqrt(marginal.covariances.mahalanobis(k, offset))[0] == pytest.approx(2.0)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_contours_are_levels_of_the_density(structure):
    mixture = random_mixture(structure, d=2)
    ax = plot.density_contours(mixture, levels=5)
    contours = ax.collections[0]
    assert len(contours.levels) == 5
    inner = contours.get_paths()[2].vertices
    np.testing.assert_allclose(mixture.pdf(inner), contours.levels[2], rtol=0.05)
    plot.density_contours(mixture, filled=True, ax=plot.scatter(mixture.sample(50, 0)[0]))


def test_univariate_curves_are_the_weighted_densities(mixture):
    X, _ = mixture.sample(500, 0)
    ax = plot.univariate(mixture, X, feature=1)
    lines = ax.get_lines()
    assert len(lines) == 4
    total = lines[-1]
    np.testing.assert_allclose(
        total.get_ydata(), mixture.marginal(1).pdf(total.get_xdata()), rtol=1e-12
    )
    np.testing.assert_allclose(
        sum(line.get_ydata() for line in lines[:-1]), total.get_ydata(), rtol=1e-12
    )
    heights = [p.get_height() * p.get_width() for p in ax.patches]
    assert sum(heights) == pytest.approx(1.0)


def with_noise(d, turned, weight=0.4):
    """Return a mixture with a background in a box whose edges go along axes, or do not."""
    rng = np.random.default_rng(d)
    axes = np.linalg.qr(rng.standard_normal((d, d)))[0] if turned else np.eye(d)
    noise = Noise(weight, -rng.uniform(4, 9, d), rng.uniform(4, 9, d), axes)
    return random_mixture(FullCovariances, d=d).with_noise(noise)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_univariate_shows_the_background_at_its_weight(d, turned):
    mixture = with_noise(d, turned)
    ax = plot.univariate(mixture, feature=d - 1)
    *parts, noise, total = ax.get_lines()
    at, density = total.get_data()
    np.testing.assert_allclose(sum(p.get_ydata() for p in (*parts, noise)), density, rtol=1e-12)
    names = [f"component {k}, weight {w:.2f}" for k, w in enumerate(mixture.weights)]
    assert names_of(ax) == [*names, "noise, weight 0.40", "mixture"]
    if d == 1:
        np.testing.assert_allclose(density, mixture.pdf(at[:, None]), rtol=1e-12)
        return
    step = at[1] - at[0]
    assert noise.get_ydata().sum() * step == pytest.approx(0.4, rel=0.01)
    values = mixture.sample(200_000, 0)[0][:, -1]
    counts, edges = np.histogram(values, at[::40])
    expected = ((density[1:] + density[:-1]) / 2)[:760].reshape(19, 40).mean(axis=1)
    np.testing.assert_allclose(
        counts / 200_000 / np.diff(edges), expected, atol=0.04 * density.max()
    )


@pytest.mark.parametrize(("d", "turned"), [(2, True), (3, False), (3, True), (6, True)])
def test_the_background_of_two_features_is_that_of_its_rows(d, turned):
    mixture = with_noise(d, turned)
    flat = flatten(mixture, [1, 0])
    rows = mixture.noise.sample(200_000, np.random.default_rng(1))[:, [1, 0]]
    shape = Path(flat.background.outline()).contains_points(rows, radius=1e-9)
    assert shape.mean() > 0.99999  # the outline holds them all, and nothing else
    low, high = flat.background.corners()
    extent = flat.background.outline()
    np.testing.assert_allclose([extent.min(axis=0), extent.max(axis=0)], [low, high])
    counts, *edges = np.histogram2d(*rows.T, bins=9, range=np.transpose([low, high]))
    cell = np.prod((high - low) / 9)
    at = np.random.default_rng(2).uniform(low, high, (40_000, 2))
    found = np.histogram2d(*at.T, bins=edges, weights=flat.noise(at) / 0.4)[0] / 40_000 * 81
    most = counts.max() / 200_000 / cell
    if d > 2:  # of all features it is constant outside of the box, too
        np.testing.assert_allclose(found, counts / 200_000 / cell, atol=0.12 * most)
    else:
        np.testing.assert_allclose(flat.pdf(at), mixture.pdf(at[:, ::-1]), rtol=1e-9)


def test_contours_of_a_mixture_with_noise_are_of_the_whole_density():
    mixture = with_noise(2, True)
    ax = plot.density_contours(mixture, levels=5)
    (contours,) = ax.collections
    assert len(contours.levels) == 5
    inner = contours.get_paths()[2].vertices
    np.testing.assert_allclose(mixture.pdf(inner), contours.levels[2], rtol=0.05)
    rows = mixture.sample(20_000, 1)[0]
    assert (mixture.pdf(rows) > contours.levels[-1]).mean() == pytest.approx(0.02, abs=0.01)
    assert contours.levels[0] > np.exp(mixture.noise.log_joint)
    assert names_of(ax) == ["box of the noise, weight 0.40"]
    plot.density_contours(mixture, filled=True, ax=ax)
    assert len(ax.get_legend().get_texts()) == 1


def test_pictures_name_the_noise_and_draw_it_grey():
    mixture = with_noise(3, False)
    X, labels = mixture.sample(300, 0)
    ax = plot.ellipses(mixture, ax=plot.scatter(X, labels))
    names = [*(f"component {k}" for k in range(3)), "noise", "box of the noise, weight 0.40"]
    assert names_of(ax) == names
    grey = ax.collections[3]
    np.testing.assert_array_equal(grey.get_offsets(), X[labels == -1][:, :2])
    assert len(set(grey.get_facecolor()[0][:3])) == 1
    (legend,) = plot.pairs(mixture, X, labels).legends
    assert [text.get_text() for text in legend.get_texts()] == names


@pytest.mark.parametrize("noisy", [False, True])
def test_areas_say_how_unsure_labels_are(noisy):
    mixture = with_noise(3, True) if noisy else random_mixture(FullCovariances)
    X, _ = mixture.sample(150, 0)
    ax = plot.uncertainty(mixture, X, features=(2, 0))
    unsure = 1 - mixture.responsibilities(X).max(axis=1)
    labels, drawn = mixture.predict(X), [c for c in ax.collections if len(c.get_offsets())]
    assert len(drawn) == 3 + noisy
    for k, points in zip((0, 1, 2, -1), drawn, strict=False):
        own = np.flatnonzero(labels == k)
        own = own[np.argsort(unsure[own], kind="stable")]
        np.testing.assert_array_equal(points.get_offsets(), X[own][:, [2, 0]])
        np.testing.assert_allclose(points.get_sizes(), 8 + 180 * unsure[own])
    assert names_of(ax)[-3:] == [f"uncertainty {value}" for value in (0, 0.2, 0.5)]
    assert ("noise" in names_of(ax)) == noisy


def test_trace_accepts_a_model_its_history_or_numbers():
    X = np.random.default_rng(0).standard_normal((100, 2))
    model = GaussianMixture(2, random_state=0).fit(X)
    for given in (model, model.history_, model.history_.log_likelihood):
        ax = plot.trace(given)
        np.testing.assert_allclose(ax.get_lines()[0].get_ydata(), model.history_.log_likelihood)


def test_pairs_is_a_grid(mixture):
    X, _ = mixture.sample(80, 0)
    figure = plot.pairs(mixture, X)
    assert len(figure.axes) == 9
    assert len(plot.pairs(mixture, features=[0, 2]).axes) == 4
    with pytest.raises(ParameterError, match="2 to 12 features"):
        plot.pairs(mixture, features=[0])


def test_marked_rows_have_squares_and_a_name(mixture):
    X, labels = mixture.sample(80, 0)
    marked = np.arange(80) < 3
    ax = plot.scatter(X, labels, marked=marked, marked_name="odd")
    np.testing.assert_array_equal(ax.collections[-1].get_offsets(), X[:3, :2])
    assert ax.get_legend().get_texts()[-1].get_text() == "odd"
    (legend,) = plot.pairs(mixture, X, marked=marked).legends
    names = ["component 0", "component 1", "component 2", "marked"]
    assert [text.get_text() for text in legend.get_texts()] == names
    unmarked = plot.scatter(X, labels, marked=np.zeros(80, dtype=bool))
    assert len(unmarked.get_legend().get_texts()) == 3


def test_pictures_of_two_features_refuse_one():
    flat = random_mixture(FullCovariances, d=1)
    for draw in (plot.ellipses, plot.density_contours):
        with pytest.raises(ParameterError, match="needs two"):
            draw(flat)
    assert plot.univariate(flat).get_lines()


def test_many_components_still_have_different_colours():
    from gaussmix.plot._style import color

    assert len({color(k, 40) for k in range(40)}) == 40
