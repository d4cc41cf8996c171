"""Fits and comparisons as tables for people (rich) and as plain values for machines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from ..mixture.summary.layout import fit_facts
from .console import in_options
from .folded import Column, FoldedTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import JustifyMethod, RenderableType

    from .._typing import AnyArray
    from ..interchange.model import Model
    from ..mixture.mixture import Mixture
    from ..mixture.summary import Summary

__all__ = [
    "component_tables",
    "contingency",
    "contingency_table",
    "facts_table",
    "feature_names",
    "fit_table",
    "listed",
    "model_report",
    "overview_table",
    "plural",
    "summary_report",
    "whole_report",
]

# Beyond this a matrix no longer fits a terminal: means and deviations are shown alone.
_MOST_FEATURES = 5


def model_report(
    model: Model, words: Callable[[str], str] = str, *, correlations: bool = True
) -> RenderableType:
    """Return all of a model for people: its components, then how it was fitted.

    `words` rewrites sentences that name arguments, for readers who set them otherwise.
    """
    tables = component_tables(model.mixture, correlations=correlations)
    return Group(*tables, fit_table(model, words))


def whole_report(model: Model, *, told: bool = True) -> RenderableType:
    """Return what `gaussmix fit` and `gaussmix show` print: covariances, then a summary.

    `told` is whether warnings and notices are among it.
    """
    summary = model.summary()
    if summary.fit is not None and not told:
        summary = replace(summary, fit=replace(summary.fit, told=()))
    few = model.mixture.n_features <= _MOST_FEATURES
    # What matters most comes last: that is what a terminal shows.
    tables = component_tables(model.mixture) if few else []
    return Group(*tables, summary_report(summary, in_options))


def component_tables(mixture: Mixture, *, correlations: bool = True) -> list[RenderableType]:
    """Return a titled table for each component: means, deviations, covariances, correlations."""
    if mixture.n_features > _MOST_FEATURES:
        return [overview_table(mixture)]
    dense = mixture.scales.to_dense()
    return [
        Group(
            Text(_heading(mixture, k), style="bold"),
            _component(mixture, k, dense[k], correlations),
        )
        for k in range(mixture.n_components)
    ]


def _heading(mixture: Mixture, k: int) -> str:
    return "    ".join(
        filter(
            None,
            [
                f"Component {k}",
                f"weight {mixture.weights[k]:.4f}",
                mixture.density.described(k),
            ],
        )
    )


def _words(mixture: Mixture) -> tuple[str, str, str]:
    """Return what deviations, covariances and variances are called: those of scales, if such."""
    if mixture.density.plain:
        return "std dev", "cov", "variance"
    return "scale", "S", "squared scale"


def _component(
    mixture: Mixture, k: int, covariance: AnyArray, correlations: bool
) -> RenderableType:
    names, (width, of_two, squared) = feature_names(mixture), _words(mixture)
    deviations = np.sqrt(np.diagonal(covariance))
    moments = [
        Column("mean", [number(value) for value in mixture.means[k]]),
        Column(width, [number(value) for value in deviations]),
    ]
    if mixture.n_features == 1:
        variance = Column(squared, [number(covariance[0, 0])], "cyan")
        return FoldedTable([Column("attribute", names)], [[*moments, variance]])
    covariances = [
        Column(f"{of_two} {j}", [number(value) for value in column], "cyan")
        for j, column in enumerate(covariance.T, 1)
    ]
    groups = [moments, covariances]
    if correlations:
        groups.append(
            [
                Column(f"corr {j}", [f"{value:.3f}" for value in column], "green")
                for j, column in enumerate((covariance / np.outer(deviations, deviations)).T, 1)
            ]
        )
    numbered = [f"{i} {name}" for i, name in enumerate(names, 1)]
    return FoldedTable([Column("attribute", numbered)], groups)


def overview_table(mixture: Mixture) -> RenderableType:
    """Return one table: a row a component, mean and deviation of the leading features."""
    names = feature_names(mixture)
    shown = min(len(names), 8)
    deviations = np.sqrt(mixture.scales.variances())
    features = [
        Column(
            names[j],
            [
                f"{number(mean)} ± {number(deviation)}"
                for mean, deviation in zip(mixture.means[:, j], deviations[:, j], strict=True)
            ],
        )
        for j in range(shown)
    ]
    weights = [Column("weight", [f"{weight:.4f}" for weight in mixture.weights])]
    if not mixture.density.plain:
        own = [mixture.density.described(k) for k in range(mixture.n_components)]
        weights.append(Column("density", own))
    numbers = Column("component", [str(k) for k in range(mixture.n_components)])
    some = f" of {shown} of {len(names)} features (all with --json)"
    title = f"Components: mean ± {_words(mixture)[0]}" + ("" if shown == len(names) else some)
    return Group(
        Text(title, style="bold"),
        FoldedTable([numbers], [[*weights, *features]]),
    )


def fit_table(model: Model, words: Callable[[str], str] = str) -> Table:
    """Return how a model was fitted: likelihood, iterations, criteria."""
    mixture, fit = model.mixture, model.summary().fit
    dimensions = plural(mixture.n_features, "dimension")
    facts = [("components", f"{mixture.n_components} in {dimensions}")]
    if mixture.noise is not None:
        told = f"weight {mixture.noise.weight:.4f}, a uniform background (label -1)"
        facts.append(("noise", told))
    facts += [("fit", "none: the mixture was built by hand")] if fit is None else fit_facts(fit)
    return facts_table(facts, words)


def summary_report(summary: Summary, words: Callable[[str], str] = str) -> RenderableType:
    """Return a summary for people at a terminal."""
    parts: list[RenderableType] = []
    for section in summary.sections():
        parts += [Text(section.title, style="bold")]
        parts += [facts_table(section.facts, words)] if section.facts else []
        if section.columns:
            first, *others = section.columns
            side: JustifyMethod = "left" if section.named else "right"
            parts.append(FoldedTable([first], [others], justify=side))
        parts += [Text(words(sentence), style="dim") for sentence in section.sentences]
        parts.append("")
    return Group(*parts[:-1])


def facts_table(facts: Sequence[tuple[str, str]], words: Callable[[str], str] = str) -> Table:
    """Return names and what is told of them, for people."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, told in facts:
        style = "red" if name == "collapsed" else ""
        table.add_row(Text(words(name) if name == "rows" else name, style=style), words(told))
    return table


def contingency(labels: AnyArray, classes: AnyArray) -> AnyArray:
    """Return counts (n_labels, n_classes) of integer labels against integer classes."""
    counts = np.zeros((labels.max() + 1, classes.max() + 1), dtype=int)
    np.add.at(counts, (labels, classes), 1)
    return counts


def contingency_table(
    title: str, counts: AnyArray, over: str, rows: Sequence[str], columns: Sequence[str]
) -> RenderableType:
    """Return a contingency table for people; zeros are dots, `over` says what columns are."""
    shown = [[str(count) if count else "·" for count in column] for column in counts.T]
    cells = [Column(name, column) for name, column in zip(columns, shown, strict=True)]
    return Group(
        Text(title, style="bold"), FoldedTable([Column(over, rows)], [cells], justify="right")
    )


def feature_names(mixture: Mixture) -> list[str]:
    """Return the features' names, or made-up ones."""
    return list(mixture.feature_names or (f"x{j}" for j in range(mixture.n_features)))


def plural(count: int, word: str) -> str:
    """Write how many of something there are."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """Join names, with "and" before the last: a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def number(value: Any) -> str:
    """Write a number with four significant digits, and no exponent where it can be helped."""
    value = float(value)
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return f"{value:.4f}" if abs(value) < 100 else f"{value:.2f}"
    return f"{value:.3e}"
