"""The mixture's density as contours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import ParameterError
from ..numerics.arguments import as_numbers, check_integer, shown
from ._flat import draw_box, flatten
from ._given import as_mixture, two_features
from ._plane import plane
from ._style import axes, clean, ink, shades_of_lines
from ._words import entitle, label_axes, legend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from .._typing import Array
    from ._flat import Flat

__all__ = ["density_contours"]

# How far above the highest noise the lowest contour of a mixture with noise is.
_ABOVE = 1.02
# Draws that say how much probability a contour encloses: to a third of a per cent.
_DRAWS = 20_000
# Where what a contour encloses is written on it: on the next one some way around.
_FIRST, _TURN = 1.8, 1.3


def density_contours(
    mixture: Any,
    *,
    features: Any = None,
    levels: int = 12,
    masses: Sequence[float] | float | None = None,
    filled: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw lines of equal density; each encloses 2 to 99.5 % of the probability.

    A uniform background is part of the density.  Where there is nothing else no line can be
    drawn, so then the lines enclose at most what stands above it, and its edges are dashed.

    Parameters
    ----------
    mixture : Mixture, fitted GaussianMixture or GaussianMixtureIC, or its ``result_``
        With more than two features, the marginal on `features` is drawn.
    features : two indices or names, default the first two
    levels : int, default 12
        Number of contours.
    masses : numbers between 0 and 1, optional
        In place of `levels`: the probability that each contour encloses, which is written on
        it.  They are the edges of highest density regions (see `Mixture.hdr_level`), right to
        about a third of a per cent.
    filled : bool, default False
    ax : Axes, optional
        If it already shows data, their limits are kept.

    Raises
    ------
    ParameterError
        If there are no such features, or no such contours: where the background is all there
        is, no line encloses so much.

    Examples
    --------
    >>> import gaussmix, gaussmix.plot
    >>> mixture = gaussmix.Mixture([0.4, 0.6], [[0, 0], [3, 1]], 2 * [[[2, 1], [1, 3]]])
    >>> ax = gaussmix.plot.density_contours(mixture, levels=6)
    >>> ax = gaussmix.plot.density_contours(mixture, masses=[0.5, 0.95])
    """
    given, mixture = mixture, as_mixture(mixture)
    levels, inside = check_integer("levels", levels, minimum=1), _masses(masses)
    columns = two_features(features, mixture)
    flat = flatten(mixture, columns)
    heights = _levels(flat, levels) if inside is None else _heights(flat, inside)
    ax = axes(ax)
    x, y, points = plane(flat, ax)
    density = flat.pdf(points).reshape(len(y), len(x))
    if len(heights) > filled:  # filled ones lie between two lines
        draw = ax.contourf if filled else ax.contour
        style: dict[str, Any] = {"cmap": "viridis"}
        if not filled:
            style = {"cmap": shades_of_lines(ax), "linewidths": 0.9 if inside is None else 1.3}
        lines = draw(x, y, density, levels=heights, **style)
        if inside is not None:
            words = {
                height: f"{mass:.3g} %" for height, mass in zip(heights, 100 * inside, strict=True)
            }
            on = lines if not filled else ax.contour(x, y, density, levels=heights, colors=ink(ax))
            _write(ax, on, words)
    if draw_box(ax, flat):
        legend(ax)
    entitle(ax, given, mixture)
    label_axes(ax, mixture.feature_names, columns, mixture.n_features)
    return clean(ax)


def _masses(given: Any) -> Array | None:
    """Return shares inside of contours, from the outermost."""
    if given is None:
        return None
    masses = np.atleast_1d(as_numbers("masses", given))
    if masses.ndim != 1 or len(masses) == 0 or not ((masses > 0) & (masses < 1)).all():
        raise ParameterError(
            f"masses: expected shares between 0 and 1, such as [0.5, 0.95], got {shown(given)}"
        )
    return np.unique(masses)[::-1]


def _levels(flat: Flat, levels: int) -> Array:
    """Return the densities of contours that enclose shares from most to hardly any."""
    density, most = _draws(flat)
    if most == 0.0:
        return np.empty(0)
    most = min(most, 0.995)
    shares = np.linspace(most, min(0.02, most / 2), levels)
    return np.asarray(np.unique(np.quantile(density, 1.0 - shares)))


def _heights(flat: Flat, masses: Array) -> Array:
    """Return the densities (m,) of contours that enclose given shares, ascending."""
    if flat.background is None:
        return np.asarray(flat.gaussians.hdr_level(masses, n_samples=_DRAWS))
    density, most = _draws(flat)
    if masses[0] > most:
        raise ParameterError(
            f"masses: no contour encloses {masses[0]:g}: {most:.2f} stands above the uniform "
            "noise, which is equally high everywhere; ask for less"
        )
    return np.asarray(np.quantile(density, 1.0 - masses))


def _draws(flat: Flat) -> tuple[Array, float]:
    """Return the density at draws (n,), and the share of them that a contour can enclose."""
    draws = flat.sample(_DRAWS)
    density = flat.pdf(draws)
    if flat.background is None:
        return density, 1.0
    # On a plain there is no line: a share of it is anywhere.
    return density, float((density > _ABOVE * flat.noise(draws).max()).mean())


def _write(ax: Axes, lines: Any, words: dict[float, str]) -> None:
    """Write on each contour, once, what it encloses, seen on whatever it crosses."""
    from matplotlib.patheffects import withStroke

    behind = withStroke(linewidth=2.5, foreground=ax.get_facecolor())
    pieces = [piece for path in lines.get_paths() for piece in [_longest(path)] if len(piece)]
    places = [_at_angle(piece, _FIRST + place * _TURN) for place, piece in enumerate(pieces)]
    style: dict[str, Any] = {"fmt": words, "fontsize": "small", "colors": ink(ax)}
    for text in ax.clabel(lines, manual=places, **style):
        text.set_path_effects([behind])


def _longest(path: Any) -> Array:
    """Return the points (n, 2) of the longest piece of a contour."""
    pieces = [np.asarray(piece) for piece in path.to_polygons(closed_only=False)]
    if not pieces:
        return np.empty((0, 2))
    return max(pieces, key=lambda piece: float(np.ptp(piece, axis=0).prod()))


def _at_angle(piece: Array, angle: float) -> Array:
    """Return the point of a contour in a direction from its middle."""
    offsets = piece - piece.mean(axis=0)
    width = np.ptp(piece, axis=0)
    across = offsets / np.where(width > 0, width, 1.0)
    return np.asarray(piece[np.argmax(across @ [np.cos(angle), np.sin(angle)])])
