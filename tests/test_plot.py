"""Pictures hold what they should: artists are counted and measured."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Ellipse

from gaussmix import GaussianMixture, ParameterError, plot
from gaussmix.components.covariances import FullCovariances
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
