"""The pictures of `gaussmix iris`; each shows a fit that the text reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .demo import misplaced, save_figure
from .lesson import brief
from .report import plural

if TYPE_CHECKING:
    from ..mixture.mixture import Mixture
    from .demo import Comparison
    from .lesson import Lesson

__all__ = ["draw_lesson"]

# More marks than this hide the picture.
_MOST_MARKED = 30
_BINS = 20
# Species have shapes and colours of their own: a component is not one.
_SHAPES = ("o", "^", "s")
_COLOURS = ("#56B4E9", "#CC3377", "#5F4B1F")


def draw_lesson(lesson: Lesson, out: Path) -> dict[Path, str]:
    """Draw all pictures into a folder; return what each shows."""
    from ..plot._style import pyplot

    drawn: dict[Path, str] = {}
    for name, (figure, shown) in {
        "1-scatter.png": _species(lesson),
        "2-clusters.png": _clusters(lesson.lead),
        "3-log-likelihood.png": _climb(lesson.lead),
        "4-first-two.png": _first_two(lesson.pair),
        "5-univariate.png": _one_attribute(lesson),
    }.items():
        drawn[save_figure(figure, out / name)] = shown
    pyplot().close("all")
    return drawn


def _species(lesson: Lesson) -> tuple[Any, str]:
    from ..plot._style import axes

    ax = axes(None)
    _draw_species(ax, lesson.pair)
    ax.set_title("IRIS: the first two attributes, by species (darker: several flowers)")
    return ax.figure, "the first two attributes, by species"


def _draw_species(ax: Any, fit: Comparison) -> None:
    """Draw two columns; flowers of equal values are seen through each other."""
    from ..plot._style import clean

    for k, name in enumerate(fit.data.class_names):
        ax.scatter(
            *fit.rows[fit.data.classes == k].T,
            marker=_SHAPES[k],
            color=_COLOURS[k],
            s=34,
            alpha=0.55,
            linewidths=0,
            label=name,
        )
    _in_cm(ax, fit)
    ax.legend(frameon=False)
    clean(ax)


def _in_cm(ax: Any, fit: Comparison) -> None:
    names = [f"{fit.data.names[j]} (cm)" for j in fit.columns]
    ax.set_xlabel(names[0])
    if len(names) > 1:
        ax.set_ylabel(names[1])


def _first_two(fit: Comparison) -> tuple[Any, str]:
    """Draw the species, and beside them the components."""
    from ..plot._style import pyplot

    figure, (left, right) = pyplot().subplots(
        1, 2, figsize=(11.5, 4.8), sharex=True, sharey=True, layout="constrained"
    )
    _draw_species(left, fit)
    left.set_title("the species, which EM is not told")
    _draw_components(right, fit)
    right.set_title(_title(fit))
    right.set_ylabel("")
    return figure, f"{brief(fit)}: the species, and the components"


def _draw_components(ax: Any, fit: Comparison) -> None:
    """Draw flowers in the colours of components, and these as ellipses."""
    from .. import plot

    plot.scatter(fit.rows, fit.labels, **_marks(fit), ax=ax)
    plot.ellipses(fit.result.mixture, ax=ax)
    _name_sigmas(ax, fit.result.mixture)
    _in_cm(ax, fit)


def _name_sigmas(ax: Any, mixture: Mixture) -> None:
    """Write on the ellipses of the heaviest component how many standard deviations they are."""
    from matplotlib.patheffects import withStroke

    k = int(np.argmax(mixture.weights))
    covariance = mixture.covariances.to_dense()[k]
    step = -covariance[:, 1] / np.sqrt(covariance[1, 1])  # to the lowest point
    for sigma in (1, 2):
        ax.annotate(
            f"{sigma} sigma",
            mixture.means[k] + sigma * step,
            xytext=(0, -3),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize="small",
            zorder=6,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def _one_attribute(lesson: Lesson) -> tuple[Any, str]:
    """Draw the components, and beneath them how many flowers of each species there are."""
    from .. import plot
    from ..plot._style import clean, pyplot

    fit = lesson.single
    figure, (above, below) = pyplot().subplots(
        2, 1, figsize=(6.4, 6), sharex=True, height_ratios=(3, 1.3), layout="constrained"
    )
    plot.univariate(fit.result.mixture, fit.rows, bins=_BINS, ax=above)
    above.set(xlabel="")
    preferred = next(sizes.preferred for one, sizes in lesson.sizes if one is fit)
    above.set_title(_title(fit) + ("" if preferred is None else f"; BIC prefers {preferred}"))
    classes = fit.data.classes
    below.hist(
        [fit.rows[classes == k, 0] for k in range(len(_COLOURS))],
        bins=np.histogram_bin_edges(fit.rows, _BINS),
        stacked=True,
        color=_COLOURS,
        label=fit.data.class_names,
    )
    below.set_ylabel("flowers")
    below.legend(frameon=False, fontsize="small")
    _in_cm(clean(below), fit)
    return figure, f"{brief(fit)}: components and their sum; the species"


def _clusters(fit: Comparison) -> tuple[Any, str]:
    """Draw a fit as its number of attributes allows, flowers in the colours of components."""
    from .. import plot
    from ..plot._style import axes

    mixture, n_features = fit.result.mixture, len(fit.columns)
    if n_features == 1:
        ax = plot.univariate(mixture, fit.rows, bins=_BINS)
        ax.set_title(_title(fit))
        _in_cm(ax, fit)
        return ax.figure, f"{brief(fit)}: the components and their sum"
    if n_features == 2:
        ax = axes(None)
        _draw_components(ax, fit)
        ax.set_title(_title(fit))
        return ax.figure, f"{brief(fit)}: components as ellipses"
    marks = _marks(fit)
    figure = plot.pairs(mixture, fit.rows, fit.labels, **marks)
    figure.suptitle(f"{_title(fit)} (cm): 2-sigma ellipses")
    shown = "components as ellipses" if marks["marked"] is None else "misplaced flowers marked"
    return figure, f"{brief(fit)}: {shown}"


def _title(fit: Comparison) -> str:
    return f"{plural(fit.result.mixture.n_components, 'Gaussian')} fitted by EM to {brief(fit)}"


def _marks(fit: Comparison) -> dict[str, Any]:
    away = misplaced(fit.labels, fit.data.classes)
    if away is not None and away.sum() > _MOST_MARKED:
        away = None
    return {"marked": away, "marked_name": "not in the component of its species"}


def _climb(fit: Comparison) -> tuple[Any, str]:
    from .. import plot

    history = fit.result.history
    ax = plot.trace(history)
    start = history.log_likelihood[0]
    begun = "K-means" if fit.climb is fit.result else "after a race of many starts"
    ax.annotate(
        f"start: {begun}, {start:.2f}",
        (0, start),
        xytext=(12, 0),
        textcoords="offset points",
        va="center",
    )
    ax.set_title("EM climbs: the log-likelihood never drops")
    return ax.figure, "the log-likelihood by iteration"
