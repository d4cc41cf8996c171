"""What pictures show is right: curves, colours and counts against definitions and slow oracles."""

from __future__ import annotations

import itertools
import warnings
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from scipy import stats
from scipy.optimize import brentq

from gaussmix import (
    DataError,
    GaussianMixture,
    GaussianMixtureIC,
    Mixture,
    Noise,
    ParameterError,
    datasets,
    plot,
)
from gaussmix.components.covariances import FullCovariances
from gaussmix.mixture.comparing import best_assignment
from gaussmix.plot._flat import flatten
from gaussmix.plot._ranks import ranked
from gaussmix.plot._style import _contrast, _ground, color, shades_of_lines, subsample
from gaussmix.plot._words import fitted
from tests.variants import random_mixture

IRIS = datasets.iris()


def with_noise(d, turned=True, weight=0.3):
    rng = np.random.default_rng(d)
    axes = np.linalg.qr(rng.standard_normal((d, d)))[0] if turned else np.eye(d)
    noise = Noise(weight, -rng.uniform(4, 9, d), rng.uniform(4, 9, d), axes)
    return random_mixture(FullCovariances, d=d).with_noise(noise)


def names_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def line(ax, name):
    return next(line for line in ax.get_lines() if line.get_label().startswith(name)).get_data()


# -- one dimension --------------------------------------------------------------------


def true_cdf(mixture, values):
    deviations = np.sqrt(mixture.covariances.variances()[:, 0])
    parts = stats.norm.cdf(values[:, None], mixture.means[:, 0], deviations)
    return parts @ mixture.weights


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e100])
def test_cdf_draws_the_mixtures_and_how_far_the_data_are_from_it(scale):
    mixture = random_mixture(FullCovariances, d=1)
    mixture = Mixture(
        mixture.weights, mixture.means * scale, mixture.covariances.values[:, 0, 0] * scale**2
    )
    X, labels = mixture.sample(300, 0)
    ax = plot.cdf(mixture, X)
    at, below = line(ax, "mixture")
    np.testing.assert_allclose(below, true_cdf(mixture, at), rtol=1e-12, atol=1e-15)
    at, share = line(ax, "data")
    np.testing.assert_array_equal(at[1:-1], np.sort(X[:, 0]))
    np.testing.assert_allclose(share[1:-1], np.arange(1, 301) / 300)
    distance = stats.kstest(X[:, 0], lambda x: true_cdf(mixture, x)).statistic
    assert f"data, at most {distance:.3f} from it" in names_of(ax)
    rugs = {tuple(c.get_color()[0]): len(c.get_segments()) for c in ax.collections}
    assert sorted(rugs.values()) == sorted(np.unique(mixture.predict(X), return_counts=True)[1])
    assert len(labels) == sum(rugs.values())


def test_weights_count_as_repeated_values_and_equal_ones_as_one_step():
    values, weights = np.array([3.0, 1.0, 2.0, 3.0, 9.0]), np.array([1.0, 2.0, 3.0, 1.0, 0.0])
    found, repeated = ranked(values, weights), ranked(np.repeat(values, weights.astype(int)), None)
    for name in ("values", "below", "upto"):
        np.testing.assert_allclose(getattr(found, name), getattr(repeated, name))
    np.testing.assert_allclose(found.upto, [2 / 7, 5 / 7, 1.0])
    some = ranked(np.random.default_rng(0).standard_normal(400), None)
    uniform = stats.norm.cdf(some.values)
    assert some.distance(uniform) == pytest.approx(stats.kstest(some.values, "norm").statistic)


@pytest.mark.parametrize(("d", "turned"), [(1, False), (2, False), (3, True), (5, True)])
def test_the_cdf_of_a_background_is_that_of_its_rows(d, turned):
    flat = flatten(with_noise(d, turned), d - 1)
    draws = np.sort(flat.sample(50_000)[:, 0])
    distance = np.abs(flat.cdf(draws) - np.arange(1, 50_001) / 50_000).max()
    assert distance < 1.63 / np.sqrt(50_000)  # one time in a hundred by chance (Kolmogorov)
    grid = np.linspace(*flat.limits(4)[:, 0], 4001)
    slopes = np.diff(flat.cdf(grid)) / np.diff(grid)
    middles = (grid[1:] + grid[:-1]) / 2
    inside = (middles > flat.background.corners()[0]) & (middles < flat.background.corners()[1])
    np.testing.assert_allclose(slopes[inside], flat.pdf(middles)[inside], atol=0.03 * slopes.max())


@pytest.mark.parametrize("mixture", [random_mixture(FullCovariances, d=1), with_noise(1)])
def test_quantiles_are_where_the_cdf_says(mixture):
    flat = flatten(mixture, 0)
    shares = np.array([1e-9, 0.01, 0.2, 0.5, 0.77, 0.999])
    found = flat.ppf(shares)
    np.testing.assert_allclose(flat.cdf(found), shares, rtol=1e-9, atol=1e-15)
    slow = [brentq(lambda x, p=p: flat.cdf(np.array([x]))[0] - p, -100, 100, xtol=1e-13)
            for p in shares[1:]]  # fmt: skip
    np.testing.assert_allclose(found[1:], slow, rtol=1e-9)


def test_quantile_picture_sets_values_against_those_of_their_rank():
    mixture = random_mixture(FullCovariances, d=2)
    X, _ = mixture.sample(200, 0)
    X[:5, 1] = X[0, 1]  # ties
    ax = plot.quantiles(mixture, X, feature=1)
    points = next(c for c in ax.collections if c.get_label() == "data").get_offsets()
    values, counts = np.unique(X[:, 1], return_counts=True)
    np.testing.assert_array_equal(points[:, 1], values)
    shares = (np.cumsum(counts) - counts / 2) / 200
    np.testing.assert_allclose(true_cdf(mixture.marginal(1), np.asarray(points[:, 0])), shares)
    band = next(c for c in ax.collections if c.get_label().startswith("95 %"))
    edges = band.get_paths()[0].vertices
    for x, share in zip(points[::20, 0], shares[::20], strict=True):
        low, high = np.sort(np.unique(edges[np.isclose(edges[:, 0], x, rtol=1e-12), 1]))[[0, -1]]
        wanted = stats.beta.ppf([0.025, 0.975], 200 * share + 0.5, 200 * (1 - share) + 0.5)
        np.testing.assert_allclose(true_cdf(mixture.marginal(1), np.array([low, high])), wanted)
    weighted = plot.quantiles(mixture, X, feature=1, weights=np.ones(200))
    assert not any(c.get_label().startswith("95 %") for c in weighted.collections)


# -- two dimensions -------------------------------------------------------------------


@pytest.mark.parametrize("noisy", [False, True])
def test_regions_are_those_of_the_most_probable_component(noisy):
    mixture = with_noise(2) if noisy else random_mixture(FullCovariances, d=2)
    ax = plot.decision_regions(mixture)
    mesh = next(c for c in ax.collections if c.get_array() is not None and c.get_array().ndim == 3)
    image = np.asarray(mesh.get_array())
    corners = np.asarray(mesh.get_coordinates())
    centers = (corners[:-1, :-1] + corners[1:, 1:]) / 2
    labels = mixture.predict(centers.reshape(-1, 2))
    shades = np.array([*(to_rgb(color(k, 3, ax)) for k in range(3)), to_rgb("#8A8A8A")])
    right = np.isclose(image.reshape(-1, 4)[:, :3], shades[labels]).all(axis=1)
    assert right.mean() > 0.999  # a cell on a line has the one colour or the other
    sure = mixture.responsibilities(centers.reshape(-1, 2)).max(axis=1)
    assert np.corrcoef(sure, image.reshape(-1, 4)[:, 3])[0, 1] > 0.999
    for contour in (c for c in ax.collections if hasattr(c, "levels")):
        for path in contour.get_paths():
            two = np.sort(mixture.responsibilities(path.vertices), axis=1)[:, -2:]
            assert np.median(np.ptp(two, axis=1)) < 0.05
    assert ("noise" in names_of(ax)) == noisy


def test_far_from_all_components_a_region_still_is_the_nearest():
    mixture = Mixture([0.5, 0.5], [[0, 0], [1, 0]], [np.eye(2) * 1e-4, np.eye(2) * 1e-4])
    ax = plt.subplots()[1]
    ax.plot([-1000, 1000], [-1000, 1000])
    plot.decision_regions(mixture, ax=ax)
    image = next(c for c in ax.collections if np.ndim(c.get_array()) == 3).get_array()
    shades = [np.isclose(image[..., :3], to_rgb(color(k, 2))).all(axis=-1) for k in range(2)]
    assert shades[0].mean() == pytest.approx(0.5, abs=0.05)
    assert (shades[0] | shades[1]).all()


def test_contours_enclose_the_mass_that_is_written_on_them():
    mixture = random_mixture(FullCovariances, d=3)
    masses = [0.9, 0.25, 0.5]
    ax = plot.density_contours(mixture, features=(2, 0), masses=masses)
    contours = next(c for c in ax.collections if hasattr(c, "levels"))
    flat = mixture.marginal([2, 0])
    density = flat.pdf(flat.sample(200_000, 5)[0])
    inside = [(density > level).mean() for level in contours.levels]
    np.testing.assert_allclose(inside, [0.9, 0.5, 0.25], atol=0.012)
    words = sorted(text.get_text() for text in ax.texts)
    assert words == ["25 %", "50 %", "90 %"]
    for text in ax.texts:  # each on its own line
        level = contours.levels[["90 %", "50 %", "25 %"].index(text.get_text())]
        place = [text.get_position()]
        np.testing.assert_allclose(flat.pdf(np.array(place)), level, rtol=0.2)
    for wrong in (0, 1, [0.5, 1.5], [], "half"):
        with pytest.raises(ParameterError, match="masses: expected"):
            plot.density_contours(mixture, masses=wrong)
    noisy = with_noise(2)
    assert plot.density_contours(noisy, masses=0.3)
    with pytest.raises(ParameterError, match=r"masses: no contour encloses 0.95: 0\.\d\d stands"):
        plot.density_contours(noisy, masses=[0.5, 0.95])


@pytest.mark.parametrize("log", [False, True])
def test_heat_map_holds_the_density_and_says_what_colours_mean(log):
    mixture = with_noise(2)
    ax = plot.density(mixture, log=log)
    mesh = ax.collections[0]
    corners = np.asarray(mesh.get_coordinates()).reshape(-1, 2)
    np.testing.assert_allclose(mesh.get_array().ravel(), mixture.pdf(corners), rtol=1e-9)
    assert mesh.norm.vmax == mesh.get_array().max()
    (bar,) = [other for other in ax.figure.axes if other is not ax]
    assert bar.get_ylabel() == "density"


def test_components_thinner_than_a_step_of_the_grid_are_seen():
    thin = Mixture([0.5, 0.5], [[0, 0], [1000, 1000]], [np.eye(2) * 1e4, np.eye(2) * 1e-4])
    peak = thin.pdf(np.array([[1000.0, 1000.0]]))[0]
    assert plot.density(thin).collections[0].get_array().max() == pytest.approx(peak)
    _, density = line(plot.univariate(thin), "mixture")
    assert density.max() == pytest.approx(thin.marginal(0).pdf(np.array([[1000.0]]))[0])


# -- classes --------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (4, 3), (5, 2), (2, 4)])
def test_the_assignment_is_the_best_there_is(shape):
    rng = np.random.default_rng(sum(shape))
    for _ in range(30):
        counts = rng.integers(0, 9, shape)
        found = best_assignment(counts)
        each = [
            order
            for order in itertools.product(range(shape[1]), repeat=shape[0])
            if len(set(order)) == min(shape)
        ]
        best = max(sum(counts[k, c] for k, c in enumerate(order)) for order in each)
        assert tuple(found) in each
        assert counts[np.arange(shape[0]), found].sum() == best


def crossed(ax):
    drawn = next(c for c in ax.collections if str(c.get_label()).startswith("misplaced"))
    return np.asarray(drawn.get_offsets())


def test_misplaced_rows_are_those_in_the_component_of_another_class():
    model = GaussianMixture(3, random_state=0).fit(IRIS.rows)
    labels = model.predict(IRIS.rows)
    fewest = min(
        (np.array(order)[labels] != IRIS.classes).sum()
        for order in itertools.permutations(range(3))
    )
    species = np.array(IRIS.class_names)[IRIS.classes]
    for classes in (IRIS.classes, species, 7.5 * IRIS.classes, 2000 + IRIS.classes * 10):
        ax = plot.misplaced(model, IRIS.rows, classes, features=(2, 3))
        assert names_of(ax)[-1] == f"misplaced: {fewest} of 150 (3.3 %)"
        assert len(crossed(ax)) == fewest
    assert names_of(plot.misplaced(model, IRIS.rows, species))[:3] == list(IRIS.class_names)


def test_classes_that_are_not_known_are_not_counted():
    mixture = Mixture([0.5, 0.5], [[0, 0], [9, 9]], [np.eye(2), np.eye(2)])
    X = np.array([[0.0, 0], [9, 9], [9, 9], [0, 0], [1, 1], [8, 8]])
    for unknown in (None, np.nan):
        given = np.array(["a", "b", "b", "b", unknown, unknown], dtype=object)
        ax = plot.misplaced(mixture, X, given)
        assert names_of(ax) == ["class not known", "a", "b", "misplaced: 1 of 4 (25.0 %)"]
        np.testing.assert_array_equal(crossed(ax), [[0, 0]])
    given = np.array([0, 1, 1, 1, np.nan, np.nan])
    assert names_of(plot.misplaced(mixture, X, given))[1:3] == ["class 0", "class 1"]
    for wrong, message in (
        ([0, 1], "classes: expected 6, one a row of X, got shape"),
        ("species", "classes: expected 6, one a row of X, got a text"),
        ([None] * 6, "classes: none is known"),
    ):
        with pytest.raises(DataError, match=message):
            plot.misplaced(mixture, X, wrong)


def test_rows_of_the_background_are_in_no_class_but_noise():
    mixture = with_noise(2, False)
    X, truth = mixture.sample(400, 0)
    labels = mixture.predict(X)
    order = {**dict(enumerate(best_assignment(_table(labels, truth)))), -1: -1}
    away = np.array([order[k] for k in labels]) != truth
    assert len(crossed(plot.misplaced(mixture, X, truth))) == away.sum() > 0


def _table(labels, truth):
    return np.array([[((labels == k) & (truth == c)).sum() for c in range(3)] for k in range(3)])


# -- how sure -------------------------------------------------------------------------


def test_rootograms_count_rows_by_responsibility():
    mixture = with_noise(2)
    X, _ = mixture.sample(500, 0)
    figure = plot.rootograms(mixture, X, bins=10)
    shares, labels = mixture.responsibilities(X), mixture.predict(X)
    assert len(figure.axes) == 6 or sum(ax.get_visible() for ax in figure.axes) == 4
    for k, ax in enumerate(figure.axes[:4]):
        heights = np.array([bar.get_height() for bar in ax.patches]).reshape(2, 10)
        column = shares[:, k]
        expected = np.histogram(column[column >= 1e-4], 10, (0, 1))[0]
        np.testing.assert_allclose(heights[0] ** 2, expected)
        own = labels == (k if k < 3 else -1)
        assert (heights[1] ** 2).sum() == pytest.approx(own.sum())
    assert [ax.get_title().split(":")[0] for ax in figure.axes[2:4]] == ["component 2", "noise"]


def test_sizes_by_quantiles_of_uncertainty():
    mixture = random_mixture(FullCovariances, d=2)
    X, _ = mixture.sample(200, 0)
    ax = plot.uncertainty(mixture, X, quantiles=(0.75, 0.95))
    sizes = np.concatenate([c.get_sizes() for c in ax.collections if len(c.get_offsets()) > 0])
    assert np.unique(sizes, return_counts=True)[1].tolist() == [150, 40, 10]
    for wrong in ((0.9, 0.5), (0.5,), (0, 0.5), "ab"):
        with pytest.raises(ParameterError, match="quantiles: expected"):
            plot.uncertainty(mixture, X, quantiles=wrong)


# -- model choice ---------------------------------------------------------------------


class Table(list):
    criterion, criteria = "bic", ("bic",)

    def __init__(self, values):
        super().__init__(
            {"family": family, "n_components": k + 1, "bic": value, "reason": ""}
            for family, row in values.items()
            for k, value in enumerate(row)
        )


def families(bad):
    return Table(
        {"EEE": [500, 430, 400.0], "VVV": [505, 410, 420], "VVI": [560, 470, 450],
         "EII": [bad, bad + 10, bad - 10], "VII": [np.nan, np.nan, np.nan]}
    )  # fmt: skip


def test_bad_families_do_not_set_the_scale_of_colours_or_lines():
    some, other = (plot.criterion_map(families(bad)).collections[0] for bad in (1e4, 1e9))
    good = np.array([100.0, 30, 0, 105, 10, 20, 160, 70, 50])
    np.testing.assert_allclose(some.get_array().compressed()[:9], good)
    assert (some.norm.vmin, some.norm.vmax) == (other.norm.vmin, other.norm.vmax)
    np.testing.assert_allclose(some.norm(good), other.norm(good))
    assert np.ptp(np.asarray(some.norm(good))) > 0.6  # they are told apart
    for bad in (1e4, 1e9):
        ax = plot.criterion(families(bad))
        assert ax.get_ylim()[1] < 600
        assert any("EII" in text.get_text() and "above" in text.get_text() for text in ax.texts)
    assert plot.criterion(families(600)).get_ylim()[1] > 600
    # Cells say what they hold, the best that it is.
    texts = [text.get_text() for text in plot.criterion_map(families(1e4)).texts]
    assert texts[:3] == ["100", "30", "best"]
    assert len(texts) == 12  # none where there is no fit


@pytest.mark.parametrize(
    "values",
    [{"EEE": [3.0]}, {"EEE": [3.0, 3.0]}, {"EEE": [1e-9, 2e-9], "VVV": [3e-9, np.inf]},
     {"E" * 40: [5e300, 6e300]}, {f"F{k}": list(np.arange(30.0) * k) for k in range(20)}],
)  # fmt: skip
def test_a_criterion_of_any_size_is_drawn(values):
    for draw in (plot.criterion, plot.criterion_map):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            draw(Table(values)).figure.draw_without_rendering()
    with pytest.raises(DataError, match="no model could be fitted"):
        plot.criterion_map(Table({"EEE": [np.nan]}))


# -- words and looks ------------------------------------------------------------------


def fit_of(noise=None):
    X = np.vstack([IRIS.rows, np.random.default_rng(0).uniform(0, 9, (15, 4))])
    return GaussianMixture(3, noise=noise, random_state=0).fit(X), X


def test_a_picture_alone_says_which_model_it_is_of():
    model, X = fit_of(noise=0.1)
    told = f"VVV, 3 components and noise, BIC {model.bic(X):.2f}"
    search = GaussianMixtureIC([2], families=["EEE"], random_state=0).fit(IRIS.rows)
    for draw in (plot.ellipses, plot.density, plot.univariate, plot.cdf, plot.density_contours):
        assert draw(model).get_title() == draw(model.result_).get_title() == told
        assert draw(model.mixture_).get_title() == "3 components and noise"
        assert draw(search).get_title() == f"EEE, 2 components, BIC {search.bic(IRIS.rows):.2f}"
        plt.close("all")
    assert plot.pairs(model, X).get_suptitle() == told
    _, (left, right) = plt.subplots(1, 2)
    left.set_title("mine")
    assert plot.ellipses(model, ax=left).get_title() == "mine"
    assert plot.ellipses(model, ax=right).get_title() == ""


EVERY = {
    "scatter": lambda m, X, y: plot.scatter(X, y),
    "plain scatter": lambda m, X, y: plot.scatter(X),
    "ellipses": lambda m, X, y: plot.ellipses(m),
    "contours": lambda m, X, y: plot.density_contours(m, masses=[0.3, 0.5]),
    "density": lambda m, X, y: plot.density(m),
    "regions": lambda m, X, y: plot.decision_regions(m, X),
    "uncertainty": lambda m, X, y: plot.uncertainty(m, X),
    "misplaced": plot.misplaced,
    "univariate": lambda m, X, y: plot.univariate(m, X, labels=y),
    "cdf": plot.cdf,
    "quantiles": plot.quantiles,
    "rootograms": lambda m, X, y: plot.rootograms(m, X),
    "pairs": lambda m, X, y: plot.pairs(m, X, y, features=[0, 1, 2]),
    "trace": lambda m, X, y: plot.trace(m),
    "intervals": lambda m, X, y: plot.intervals(_Sure(m.mixture_.without_noise())),
    "bands": lambda m, X, y: plot.confidence(_Sure(m.mixture_), features=1),
    "crosses": lambda m, X, y: plot.confidence(_Sure(m.mixture_), features=[2, 0]),
}
LONG = [
    f"mean concentration of nitrogen in $\\bad$ water, _{j} micromoles per litre" for j in range(4)
]


class _Sure:
    """Errors of a mixture's means, made up."""

    level, kind, standard_errors, draws = 0.95, "made up", {}, {}

    def __init__(self, mixture):
        self.mixture = mixture
        self.intervals = {"means": np.array([mixture.means - 0.1, mixture.means + 0.2])}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    ("library", "style"), [("pandas", "default"), ("polars", "dark_background")]
)
def test_everything_is_seen_and_in_its_place(name, library, style):
    """Odd long names, text labels, noise, a frame; on light and dark: nothing is cut or hidden."""
    frames = pytest.importorskip(library)
    model, X = fit_of(noise=0.1)
    frame = frames.DataFrame(dict(zip(LONG, X.T, strict=True)))
    model = GaussianMixture(3, noise=0.1, init_params=model.mixture_, max_iter=3)
    classes = np.array([f"_kind $x$ $\\bad$ {k} of a very long name of a class" for k in range(4)])
    y = classes[np.r_[IRIS.classes, [3] * 15]]
    with plt.style.context(style), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(frame)
        warnings.simplefilter("error")
        drawn = EVERY[name](model, frame, y)
        figure = drawn if hasattr(drawn, "axes") and hasattr(drawn, "savefig") else drawn.figure
        figure.draw_without_rendering()
        _check_looks(figure)


def _check_looks(figure):
    whole = figure.bbox
    texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    for text in texts:
        box = text.get_window_extent()
        if text in figure.texts or any(text in (ax.title, ax.xaxis.label, ax.yaxis.label)
                                       for ax in figure.axes):  # fmt: skip
            assert box.x0 >= -2 and box.y0 >= -2, text
            assert box.x1 <= whole.x1 + 2 and box.y1 <= whole.y1 + 2, text
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend()] + figure.legends
    for legend in legends:
        box = legend.get_window_extent()
        assert box.x0 >= -2 and box.x1 <= whole.x1 + 2
    for ax in figure.axes:
        ground = _ground(ax)
        shades = [entry.get_color() for entry in ax.get_lines()]
        shades += [edge for c in ax.collections if c.get_array() is None and len(c.get_offsets())
                   for edge in c.get_facecolor()[:, :3]]  # fmt: skip
        shades += [edge for c in ax.collections if hasattr(c, "levels")
                   for edge in np.reshape(c.get_edgecolor(), (-1, 4))[:, :3]]  # fmt: skip
        shades += [ax.xaxis.label.get_color(), ax.title.get_color()]
        for shade in shades:
            assert _contrast(np.array(to_rgb(shade)), ground) > 1.9, (ax, shade)
    by_axis = [[ax.xaxis.label for ax in figure.axes], [ax.yaxis.label for ax in figure.axes]]
    for labels in by_axis:
        boxes = [label.get_window_extent() for label in labels if label.get_text()]
        for one, other in itertools.combinations(boxes, 2):
            assert not one.overlaps(other)


@pytest.mark.parametrize("ground", ["white", "black", "#E5E5E5", "#303030", "#777777", "#FDF6E3"])
@pytest.mark.parametrize("count", [1, 8, 9, 12, 40, 200])
def test_colours_are_seen_on_any_ground_and_differ(ground, count):
    figure, ax = plt.subplots()
    ax.set_facecolor(ground)
    found = [color(k, count, ax) for k in range(count)]
    assert len({tuple(np.round(c, 6)) for c in found}) == count
    assert min(_contrast(np.array(c), _ground(ax)) for c in found) > 1.5
    lines = shades_of_lines(ax).colors
    assert len(lines) > 60 and min(_contrast(c, _ground(ax)) for c in lines) >= 2.0
    ax.set_facecolor("none")
    figure.set_facecolor(ground)
    assert [color(k, count, ax) for k in range(count)] == found


def test_names_are_cut_in_their_middle_and_never_longer_than_asked():
    rng = np.random.default_rng(0)
    for _ in range(300):
        name = "".join(rng.choice(list("ab cdé-_$\n"), rng.integers(0, 120)))
        letters, lines = int(rng.integers(6, 40)), int(rng.integers(1, 3))
        found = fitted(name, letters, lines).split("\n")
        assert len(found) <= lines + 1
        assert max(map(len, found)) <= letters + 1
        assert all(found)
    assert fitted("sepal length (cm)", 30) == "sepal length (cm)"
    ends = {fitted(f"{'a long name ' * 9}{k}", 12) for k in range(10)}
    assert len(ends) == 10


def test_names_are_shown_as_they_are():
    ax = plot.scatter(np.eye(3), ["_a", "$x$", ""], names=["$p$ and $\\q$", "_y", "z"])
    ax.figure.draw_without_rendering()  # no formula, which would be wrong
    assert [name.strip("\N{WORD JOINER}") for name in names_of(ax)] == ["(empty)", "$x$", "_a"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$p$ and $\\q$", "_y")


def test_of_many_rows_a_sample_is_drawn_that_has_all_groups_and_is_told():
    rng = np.random.default_rng(0)
    X, labels = rng.standard_normal((100_000, 3)), np.zeros(100_000, dtype=int)
    labels[:3], labels[10:40] = 1, -1
    kept = subsample(100_000, 20_000, labels)
    assert (labels[kept] == 1).sum() == 3 and (labels[kept] == -1).sum() >= 20
    ax = plot.scatter(X, labels)
    n_drawn = sum(len(c.get_offsets()) for c in ax.collections)
    assert ax.get_legend().get_title().get_text() == f"{n_drawn:,} of 100,000 rows"
    assert names_of(plot.scatter(X)) == ["20,000 of 100,000 rows"]
    assert all(c.get_rasterized() for c in ax.collections)
    mixture = replace(random_mixture(FullCovariances), feature_names=("a", "b", "c"))
    figure = plot.pairs(mixture, X, marked=np.arange(100_000) == 77_777, features=(0, 2))
    assert figure.legends[0].get_title().get_text().endswith("of 100,000 rows")
    assert len(figure.axes[1].collections[1].get_offsets()) == 1  # marked
    again = plot.ellipses(mixture, ax=plot.scatter(X, labels))
    assert again.get_legend().get_title().get_text() == f"{n_drawn:,} of 100,000 rows"


def test_rows_labelled_as_incomplete_are_of_no_group():
    ax = plot.scatter(np.eye(4), [0, 1, -3, -1])
    assert names_of(ax) == ["component 0", "component 1", "noise"]
    assert ax.get_legend().get_title().get_text() == "3 of 4 rows"


def test_rows_with_nan_in_the_features_drawn_are_left_out_and_told():
    X = np.array([[0.0, 1, 2], [np.nan, 1, 2], [3, 4, np.nan]])
    assert names_of(plot.scatter(X)) == ["2 of 3 rows"]
    ax = plot.scatter(X, [0, 1, 1], features=(0, 1))
    assert ax.get_legend().get_title().get_text() == "2 of 3 rows"
    with pytest.raises(DataError, match="X: every row has NaN"):
        plot.scatter(np.full((2, 2), np.nan))


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (lambda m, X, y: plot.decision_regions(m, X), 26),
        (plot.decision_regions, 28),  # labels of rows with a hole
        (lambda m, X, y: plot.uncertainty(m, X), 26),
        (plot.misplaced, 26),
        (lambda m, X, y: plot.univariate(m, X), 28),
        (lambda m, X, y: plot.univariate(m, X, feature=1, labels=y), 30),
        (lambda m, X, y: plot.cdf(m, X), 28),
        (plot.quantiles, 28),
        (lambda m, X, y: plot.pairs(m, X), 26),
        (lambda m, X, y: plot.rootograms(m, X), 26),
    ],
)
def test_pictures_leave_out_rows_with_missing_values_and_say_so(picture, expected):
    mixture = random_mixture(FullCovariances, d=3)
    X, y = mixture.sample(30, 0)
    X[:2, 0], X[5:7, 2] = [np.nan, np.inf], np.nan
    drawn = picture(mixture, X, y)
    figure = drawn if hasattr(drawn, "savefig") else drawn.figure
    told = [text.get_text() for text in figure.findobj(Text)]
    assert any(f"{expected} of 30 rows" in text for text in told) == (expected < 30)


def test_values_that_are_missing_do_not_count():
    mixture, rng = random_mixture(FullCovariances, d=2), np.random.default_rng(0)
    X, y = mixture.sample(60, 0)
    weights = rng.uniform(1, 2, 60)
    holed, gone = X.copy(), np.arange(60) % 7 == 0
    holed[gone, 0] = np.nan
    for draw in (plot.cdf, plot.quantiles):
        one, two = draw(mixture, holed, y, weights=weights), draw(
            mixture, X[~gone], y[~gone], weights=weights[~gone]
        )  # fmt: skip
        for line, other in zip(one.get_lines(), two.get_lines(), strict=True):
            np.testing.assert_array_equal(line.get_data(), other.get_data())


def test_marked_rows_are_named_without_groups_too():
    ax = plot.scatter(np.eye(3), marked=[True, False, False], marked_name="odd")
    assert names_of(ax) == ["odd"]
    assert plot.scatter(np.eye(3)).get_legend() is None


class TestAxesOfTheUsersOwn:
    """What is on axes already stays: their direction, scale, title and names."""

    @staticmethod
    def drawn():
        mixture = random_mixture(FullCovariances, d=2)
        X, y = mixture.sample(60, 0)
        search = GaussianMixtureIC([1, 2], families=["EII", "VVI"], random_state=0).fit(X)
        return {
            "density": lambda ax: plot.density(mixture, ax=ax),
            "decision_regions": lambda ax: plot.decision_regions(mixture, X, ax=ax),
            "univariate": lambda ax: plot.univariate(mixture, X, labels=y, ax=ax),
            "cdf": lambda ax: plot.cdf(mixture, X, ax=ax),
            "quantiles": lambda ax: plot.quantiles(mixture, X, ax=ax),
            "trace": lambda ax: plot.trace([-3.0, -2.0, -1.9], ax=ax),
            "criterion": lambda ax: plot.criterion(search, ax=ax),
            "criterion_map": lambda ax: plot.criterion_map(search, ax=ax),
        }

    def test_directions_and_names(self):
        for name, draw in self.drawn().items():
            ax = plt.figure().subplots()
            ax.set(title="mine", xlabel="my x", ylabel="my y")
            ax.xaxis.set_inverted(True)
            ax.yaxis.set_inverted(name != "criterion_map")  # which turns it itself
            draw(ax)
            assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("mine", "my x", "my y")
            assert ax.xaxis_inverted() and ax.yaxis_inverted(), name

    def test_logarithmic_scales_and_those_of_space(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for name in ("univariate", "cdf", "criterion", "trace"):
                ax = plt.figure().subplots()
                ax.set_yscale("symlog" if name == "trace" else "log")
                self.drawn()[name](ax)
        with pytest.raises(ParameterError, match="ax: expected axes of a plane"):
            self.drawn()["density"](plt.figure().add_subplot(projection="3d"))


def test_no_number_below_zero_stands_beside_a_rug():
    import pickle

    mixture = random_mixture(FullCovariances, d=1)
    X, _ = mixture.sample(100, 0)
    for ax in (plot.cdf(mixture, X), plot.univariate(mixture, X, labels=X[:, 0] > 0)):
        assert ax.get_ylim()[0] < 0 <= min(ax.get_yticks())
        assert len(pickle.loads(pickle.dumps(ax.figure)).axes) == 1
