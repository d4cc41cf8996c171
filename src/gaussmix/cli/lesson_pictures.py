"""The pictures of `gaussmix iris`; each shows a fit that the text reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .demo import misplaced, save_figure
from .lesson import brief
from .report import plural

if TYPE_CHECKING:
    from .demo import Comparison
    from .lesson import Lesson

__all__ = ["draw_lesson"]

# More marks than this hide the picture.
_MOST_MARKED = 30


def draw_lesson(lesson: Lesson, out: Path) -> dict[Path, str]:
    """Draw all pictures into a folder; return what each shows."""
    from ..plot._style import pyplot

    drawn: dict[Path, str] = {}
    for name, (figure, shown) in {
        "1-scatter.png": _species(lesson),
        "2-clusters.png": _clusters(lesson.lead),
        "3-log-likelihood.png": _climb(lesson.lead),
        "4-first-two.png": _clusters(lesson.pair),
        "5-univariate.png": _clusters(lesson.single),
    }.items():
        drawn[save_figure(figure, out / name)] = shown
    pyplot().close("all")
    return drawn


def _species(lesson: Lesson) -> tuple[Any, str]:
    from .. import plot

    flowers = lesson.flowers
    ax = plot.scatter(
        flowers.rows,
        flowers.classes,
        names=[f"{name} (cm)" for name in flowers.names],
        label_names=flowers.class_names,
    )
    ax.set_title("IRIS: the first two attributes, by species")
    return ax.figure, "the first two attributes, by species"


def _clusters(fit: Comparison) -> tuple[Any, str]:
    """Draw a fit as its number of attributes allows, flowers in the colours of components."""
    from .. import plot

    mixture, n_features = fit.result.mixture, len(fit.columns)
    away = misplaced(fit.labels, fit.data.classes)
    if away is not None and away.sum() > _MOST_MARKED:
        away = None
    marks: dict[str, Any] = {
        "marked": away,
        "marked_name": "not in the component of its species",
    }
    title = f"{plural(mixture.n_components, 'Gaussian')} fitted by EM to {brief(fit)} (cm)"
    if n_features == 1:
        ax = plot.univariate(mixture, fit.rows, bins=20)
        ax.set_title(title)
        return ax.figure, f"{brief(fit)}: the components and their sum"
    if n_features == 2:
        ax = plot.scatter(fit.rows, fit.labels, **marks)
        plot.ellipses(mixture, ax=ax)
        ax.set_title(title)
        return ax.figure, f"{brief(fit)}: components as ellipses"
    figure = plot.pairs(mixture, fit.rows, fit.labels, **marks)
    figure.suptitle(f"{title}: 2-sigma ellipses")
    shown = "components as ellipses" if away is None else "misplaced flowers marked"
    return figure, f"{brief(fit)}: {shown}"


def _climb(fit: Comparison) -> tuple[Any, str]:
    from .. import plot

    ax = plot.trace(fit.result.history)
    ax.set_title("EM climbs: the log-likelihood never drops")
    return ax.figure, "the log-likelihood by iteration"
