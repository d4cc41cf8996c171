"""The page of `gaussmix iris`, for people who have not seen a mixture before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from ..interchange.model import model_from_result
from .demo import label_tables
from .lesson import brief
from .lesson_words import (
    agreement,
    ascent,
    beside_kmeans,
    in_flowers,
    in_short,
    opening,
    other_optima,
    what_bic_says,
)
from .report import model_report, overview_table, plural

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console, RenderableType

    from .demo import Comparison
    from .lesson import Lesson, Sizes

__all__ = ["print_lesson"]


def print_lesson(lesson: Lesson, pictures: dict[Path, str], console: Console) -> None:
    """Print the whole lesson, and what each picture shows."""
    lead, pair, single = lesson.lead, lesson.pair, lesson.single
    parts = [*_first(lesson), *_lead(lead)]
    if pair is not lead:
        parts += _aside("The first two attributes alone", pair)
    if single is not lead:
        parts += _aside("One attribute", single)
    parts += [*_other_optima(lesson), *_how_many(lesson), *_beside_species(lesson)]
    console.print(*parts, sep="\n")
    folder = next(iter(pictures)).parent
    console.print(f"Pictures in {folder}:", markup=False, soft_wrap=True)  # to be copied
    table = Table.grid(padding=(0, 2))
    for path, shown in pictures.items():
        table.add_row(f"  {path.name}", shown)
    console.print(table)


def _first(lesson: Lesson) -> list[RenderableType]:
    told = Table.grid(padding=(0, 1))
    for sentence in in_short(lesson):
        told.add_row("-", Text(sentence))
    return [
        Text.assemble(("IRIS", "bold"), f"{opening(lesson)}\n"),
        _heading("In short"),
        told,
        "",
    ]


def _lead(fit: Comparison) -> list[RenderableType]:
    gaussians = plural(fit.result.mixture.n_components, "Gaussian")
    legend = "weight: a component's share of the flowers"
    if len(fit.columns) > 1:
        legend += "; cov 2: covariance with attribute 2"
    return [
        _heading(f"{gaussians} on {brief(fit)}"),
        Text(f"{legend}\n"),
        model_report(model_from_result(fit.result), in_flowers, correlations=False),
        Text(f"\n{ascent(fit)}\n"),
        label_tables(fit),
        Text(f"{agreement(fit)}\n"),
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
            f"{agreement(fit)} More: gaussmix iris --features {positions}\n"
        ),
    ]


def _other_optima(lesson: Lesson) -> list[RenderableType]:
    told = other_optima(lesson)
    return [_heading("Other optima"), Text(f"{told}\n")] if told else []


def _how_many(lesson: Lesson) -> list[RenderableType]:
    """Return BIC by number of components, and what to make of it."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("components")
    for k in lesson.sizes[0][1].bic:
        table.add_column(f"{k} ", justify="right", no_wrap=True)
    for fit, sizes in lesson.sizes:
        table.add_row(brief(fit), *(_bic(sizes, k) for k in sizes.bic))
    return [
        _heading("How many components? BIC"),
        Text("The smallest of a row is starred. Compare along a row only: rows are other data."),
        table,
        Text(f"{what_bic_says(lesson)}\n"),
    ]


def _bic(sizes: Sizes, k: int) -> str:
    value = sizes.bic[k]
    if value is None:  # a component collapses
        return "– "
    return f"{value:.0f}{'*' if k == sizes.preferred else ' '}"


def _beside_species(lesson: Lesson) -> list[RenderableType]:
    """Return how well each fit agrees with the species, and K-means, and why."""
    k = lesson.lead.result.mixture.n_components
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("adjusted Rand index")
    for name in ("mixture", "K-means"):
        table.add_column(name, justify="right", style="cyan", no_wrap=True)
    for fit in lesson.fits:
        table.add_row(brief(fit), f"{fit.ari:.3f}", f"{fit.kmeans_ari:.3f}")
    told = beside_kmeans(lesson)
    return [
        _heading(f"Agreement with the species, of {plural(k, 'component')} or clusters"),
        table,
        *([Text(f"{told}\n")] if told else []),
    ]


def _heading(text: str) -> RenderableType:
    return Text(text, style="bold")
