"""The text of `gaussmix iris`, for people who have not seen a mixture before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from ..interchange.model import model_from_result
from .demo import homes, in_numbers, label_tables, misplaced
from .lesson import brief
from .report import contingency, model_report, overview_table, plural

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console, RenderableType

    from .demo import Comparison
    from .lesson import Lesson, Sizes

__all__ = ["print_lesson"]

# More rows than this are counted, not listed.
_MOST_LISTED = 12


def print_lesson(lesson: Lesson, pictures: dict[Path, str], console: Console) -> None:
    """Print the whole lesson, and what each picture shows."""
    lead, pair, single = lesson.lead, lesson.pair, lesson.single
    parts = [_opening(lesson), *_lead(lead)]
    if pair is not lead:
        parts += _aside("The first two attributes alone", pair)
    if single is not lead:
        parts += _aside("One attribute", single)
    console.print(*parts, *_how_many(lesson), sep="\n")
    folder = next(iter(pictures)).parent
    console.print(f"Pictures in {folder}:", markup=False, soft_wrap=True)  # to be copied
    table = Table.grid(padding=(0, 2))
    for path, shown in pictures.items():
        table.add_row(f"  {path.name}", shown)
    console.print(table)


def _opening(lesson: Lesson) -> RenderableType:
    flowers = lesson.flowers
    return Text.assemble(
        ("IRIS", "bold"),
        f": {len(flowers.rows)} flowers of {len(flowers.class_names)} species, "
        f"{len(flowers.names)} attributes in cm. EM is told the attributes, never the species. "
        "It repeats two steps until the log-likelihood converges: each flower's share in each "
        "Gaussian, by Bayes' theorem; then each Gaussian's weight, mean and covariance, from the "
        "flowers' shares.\n",
    )


def _lead(fit: Comparison) -> list[RenderableType]:
    gaussians = plural(fit.result.mixture.n_components, "Gaussian")
    return [
        _heading(f"{gaussians} on {brief(fit)}\n"),
        model_report(model_from_result(fit.result), in_numbers, correlations=False),
        Text(f"\n{_ascent(fit)}\n"),
        label_tables(fit),
        Text(f"{_agreement(fit)}\n"),
    ]


def _aside(head: str, fit: Comparison) -> list[RenderableType]:
    """Return another fit in short."""
    result = fit.result
    positions = ",".join(map(str, fit.columns))
    return [
        _heading(f"{head}: {brief(fit)}"),
        overview_table(result.mixture),
        Text(
            f"Log-likelihood {result.log_likelihood:.4f}, {plural(result.n_iter, 'iteration')}. "
            f"{_agreement(fit)} More: gaussmix iris --features {positions}\n"
        ),
    ]


def _ascent(fit: Comparison) -> str:
    """Say where the iterations begin, and whether more starts lead there."""
    climb = fit.climb
    if climb is fit.result:
        return (
            "EM began with the clusters of K-means, at log-likelihood "
            f"{climb.history.log_likelihood[0]:.2f}, and climbed to the optimum that `gaussmix "
            "fit` finds from many starts."
        )
    held = ", where a component collapses" if climb.collapsed else ""
    return (
        "This is the fit of `gaussmix fit`, from many starts; the iterations are its last. From "
        f"the clusters of K-means EM ends at log-likelihood {climb.log_likelihood:.4f}{held}."
    )


def _agreement(fit: Comparison) -> str:
    """Say which flowers are misplaced; where two species share a component, how much of each."""
    classes = fit.data.classes
    away, theirs = misplaced(fit.labels, classes), misplaced(fit.kmeans_labels, classes)
    if away is None:
        return _shared(fit)
    rows = np.flatnonzero(away)
    text = f"In another component than most of their species: {plural(len(rows), 'flower')}"
    if 0 < len(rows) <= _MOST_LISTED:
        text += f", rows {', '.join(map(str, rows))} (counted from 0)"
    return text + ("." if theirs is None else f"; of the clusters of K-means {theirs.sum()}.")


def _shared(fit: Comparison) -> str:
    """Say what each component holds that more than one species has most flowers in."""
    classes, names = fit.data.classes, fit.data.class_names
    counts, home = contingency(fit.labels, classes), homes(fit.labels, classes)
    sizes = counts.sum(axis=0)
    told = []
    for k in np.unique(home):
        group = [f"{counts[k, j]} of {sizes[j]} {names[j]}" for j in np.flatnonzero(home == k)]
        if len(group) > 1:
            told.append(f"Component {k} holds {', '.join(group[:-1])} and {group[-1]}.")
    return " ".join(told)


def _how_many(lesson: Lesson) -> list[RenderableType]:
    """Return BIC by number of components, and what to make of it."""
    shown = lesson.lead.result.mixture.n_components
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("components")
    for k in lesson.sizes[0][1].bic:
        table.add_column(f"{k} ", justify="right", no_wrap=True)
    for name in ("mixture", "K-means"):
        table.add_column(name, justify="right", style="cyan", no_wrap=True)
    for fit, sizes in lesson.sizes:
        cells = [_bic(sizes, k) for k in sizes.bic]
        table.add_row(brief(fit), *cells, f"{fit.ari:.3f}", f"{fit.kmeans_ari:.3f}")
    return [
        _heading("How many components?"),
        Text(
            "BIC, its smallest starred; then the adjusted Rand index of "
            f"{plural(shown, 'component')} or clusters against the species"
        ),
        table,
        Text(f"{_verdict(lesson)}\n"),
    ]


def _bic(sizes: Sizes, k: int) -> str:
    value = sizes.bic[k]
    if value is None:  # a component collapses
        return "– "
    return f"{value:.0f}{'*' if k == sizes.preferred else ' '}"


def _verdict(lesson: Lesson) -> str:
    """Say what BIC can and cannot tell, and where K-means does better."""
    n = len(lesson.flowers.class_names)

    def where(holds: Callable[[Comparison, int], bool]) -> str:
        return ", ".join(
            brief(fit) for fit, s in lesson.sizes if s.preferred and holds(fit, s.preferred)
        )

    told = []
    if names := where(lambda fit, k: k < n):
        told.append(
            f"BIC prefers fewer than {n} on {names}: species that overlap are one component to "
            f"it, and that there are {n} is what we know of the flowers."
        )
    if names := where(lambda fit, k: k == n):
        told.append(f"It finds {n} by itself on {names}.")
    if names := where(lambda fit, k: k > n):
        told.append(f"It takes several components for a species on {names}.")
    fitted = lesson.lead.result.mixture.n_components
    if fitted == n and (names := where(lambda fit, k: fit.kmeans_ari > fit.ari)):
        told.append(
            f"K-means is nearer the species on {names}: it cuts what overlaps into parts of like "
            "extent, as these species happen to be."
        )
    return " ".join(told)


def _heading(text: str) -> RenderableType:
    return Text(text, style="bold")
