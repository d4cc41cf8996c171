"""What all pictures share: colours, axes, and the import of matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import MissingExtraError, ParameterError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..mixture.mixture import Mixture

__all__ = ["INK", "axes", "clean", "color", "label_axes", "pyplot", "two_features"]

INK = "#222222"
# Okabe & Ito's palette: distinguishable with every common colour vision.
_PALETTE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
    "#8B6D00",
    "#5A4FCF",
)


def pyplot() -> Any:
    """Return matplotlib.pyplot, or raise an error that says what to install."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "gaussmix.plot") from None
    return plt


def axes(ax: Axes | None, size: tuple[float, float] = (6.4, 4.8)) -> Axes:
    """Return `ax`, or the axes of a new figure."""
    if ax is not None:
        return ax
    return pyplot().subplots(figsize=size, layout="constrained")[1]


def clean(ax: Axes) -> Axes:
    """Take away what carries no information."""
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def color(k: int, n_components: int) -> Any:
    """Return the colour of component k of n."""
    if n_components <= len(_PALETTE):
        return _PALETTE[k]
    return pyplot().get_cmap("turbo")((k + 0.5) / n_components)


def two_features(mixture: Mixture, features: Any) -> Mixture:
    """Return the marginal on two features (the first two when None)."""
    if features is None:
        features = (0, 1)
    if mixture.n_features < 2 or len(features) != 2:
        raise ParameterError(
            f"features: this picture needs two, got {features!r} of {mixture.n_features}; "
            "use plot.univariate for one"
        )
    return gaussians(mixture).marginal(features)


def label_axes(ax: Axes, names: Any) -> None:
    """Write feature names on axes that have none yet."""
    if names is None:
        return
    if not ax.get_xlabel():
        ax.set_xlabel(names[0])
    if len(names) > 1 and not ax.get_ylabel():
        ax.set_ylabel(names[1])


def subsample(n_rows: int, most: int) -> Any:
    """Return indices of at most `most` rows, fixed for a given number of rows."""
    if n_rows <= most:
        return np.arange(n_rows)
    return np.sort(np.random.default_rng(0).choice(n_rows, most, replace=False))


def gaussians(mixture: Mixture) -> Mixture:
    """Return what can be drawn as curves: the components, without a uniform background."""
    return mixture if mixture.noise is None else mixture.without_noise()
