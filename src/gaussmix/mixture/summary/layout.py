"""What a summary shows, in parts: facts, tables and sentences, however they are then drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..certainty import UNSURE
from .figures import fixed, from_log, measured, number, places, shortened, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._typing import AnyArray
    from .value import FitFacts, Summary

__all__ = ["Column", "Section", "fit_facts", "sections"]

# Beyond these a table is no longer read, and a sentence says what is left out.
_MOST_FEATURES = 10
_MOST_COMPONENTS = 20
_LONGEST_NAME = 30


@dataclass(frozen=True)
class Column:
    """A heading and the cells below it; `style` is how a terminal may draw them."""

    header: str
    cells: Sequence[str]
    style: str = ""

    @property
    def width(self) -> int:
        return max(map(places, [self.header, *self.cells]))

    def headed(self, width: int) -> Column:
        """Return the column with a heading that is not longer than this, or than the cells."""
        longest = max([width, *map(places, self.cells)])
        return replace(self, header=shortened(self.header, longest))

    def narrowed(self, width: int) -> Column:
        """Return the column with names that are not longer than this."""
        cells = [shortened(cell, width) for cell in self.cells]
        return replace(self, header=shortened(self.header, width), cells=cells)


@dataclass(frozen=True)
class Section:
    """A part of a summary.

    Attributes
    ----------
    title : str
    facts : tuple of (str, str)
        Names, and what there is to say.
    columns : tuple of Column
        Of a table; the first says what a row is about.
    named : bool
        Whether the first column holds names, and not numbers.
    sentences : tuple of str
        Below it.
    """

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    columns: tuple[Column, ...] = ()
    named: bool = False
    sentences: tuple[str, ...] = ()


def sections(summary: Summary) -> list[Section]:
    """Return the parts of a summary, those of which nothing is known left out."""
    found = [_head(summary), _components(summary), _means(summary)]
    if summary.nearly_chosen:
        found.append(_nearly(summary))
    if summary.fit is not None and summary.fit.told:
        found.append(Section("Told of the fit", sentences=summary.fit.told))
    return found


def _head(summary: Summary) -> Section:
    k, d = summary.n_components, summary.n_features
    facts = [] if summary.fit is None else fit_facts(summary.fit)
    if summary.noise is not None:
        facts.append(("noise", f"weight {summary.noise:.4f}, a uniform background (label -1)"))
    if summary.n_rows is not None:
        facts += _rows(summary)
    title = f"Mixture of {_plural(k, 'component')} in {_plural(d, 'feature')}"
    return Section(title, tuple(facts))


def fit_facts(fit: FitFacts) -> list[tuple[str, str]]:
    """Return how a mixture was fitted, each fact with its name."""
    rows = whole(fit.n_rows)
    rows += "" if fit.n == fit.n_rows else f" of total weight {number(fit.n, 6)}"
    rows += f", {fit.n_dropped} more left out for a missing value" if fit.n_dropped else ""
    likelihood = fit.log_likelihood
    climbed = "lower bound" if fit.is_bound else "log-likelihood"
    facts = [
        ("covariance family", fit.family),
        (climbed, f"{fixed(likelihood, 4)}  ({fixed(likelihood / fit.n, 6)} a row)"),
        ("iterations", str(fit.n_iter)),
        ("why it stopped", fit.reason),
    ]
    if not fit.is_bound:
        told = f"{fixed(fit.bic, 3)}  ({fit.n_parameters} parameters, smaller is better)"
        facts += [("BIC", told), ("AIC", fixed(fit.aic, 3))]
    facts.append(("rows", rows))
    if fit.collapsed:
        shared = list(fit.collapsed) == [-1]
        which = "shared" if shared else _few([str(k) for k in fit.collapsed])
        facts.append(("collapsed", f"{which}: raise reg_covar or use fewer components"))
    return facts


def _rows(summary: Summary) -> list[tuple[str, str]]:
    assert summary.counts is not None and summary.log_likelihood is not None
    n, found = summary.counts.sum(), summary.log_likelihood
    weight = "" if n == summary.n_rows else f" of total weight {number(n, 6)}"
    facts = [
        ("given rows", f"{summary.n_rows}{weight}"),
        ("their likelihood", f"{fixed(found, 4)}  ({fixed(found / n, 6)} a row)"),
    ]
    if summary.bic is not None and summary.icl is not None:
        facts.append(("their BIC, ICL", f"{fixed(summary.bic, 3)}, {fixed(summary.icl, 3)}"))
    facts.append(
        (
            "how sure",
            f"the largest responsibility is below {UNSURE:g} for {summary.unsure:.1%} of them",
        )
    )
    return facts


def _share(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"


def _components(summary: Summary) -> Section:
    shown = _heaviest(summary.weights)
    columns = [
        Column("component", [str(k) for k in shown]),
        Column("weight", [f"{summary.weights[k]:.4f}" for k in shown]),
    ]
    if summary.counts is not None and summary.certainty is not None:
        columns += [
            Column("rows", [whole(summary.counts[k]) for k in shown]),
            # Of no row there is none to be sure of.
            Column("certainty", [_share(summary.certainty[k]) for k in shown]),
        ]
    if summary.tails:
        columns.append(Column("tails", [summary.tails[k] for k in shown]))
    columns.append(Column("volume", [from_log(summary.log_volumes[k]) for k in shown]))
    matrix = "scale matrix" if summary.tails else "covariance"
    volume = f"Volume: the square root of the {matrix}'s determinant."
    sentences = [volume]
    if summary.distances is not None and summary.n_components > 1:
        nearest = np.where(np.eye(summary.n_components), np.inf, summary.distances).argmin(axis=1)
        columns += [
            Column("nearest", [str(nearest[k]) for k in shown]),
            Column("overlap", [f"{np.exp(-summary.distances[k, nearest[k]]):.4f}" for k in shown]),
        ]
        whose = " of Gaussians of these scales" if summary.tails else ""
        sentences = [
            f"{volume} Overlap: with the nearest component, from 0 (apart) to 1 (the same; "
            f"Bhattacharyya's coefficient{whose})."
        ]
    if summary.counts is not None:
        sentences.append(
            "Rows: given ones that are most probably the component's, and the mean of their "
            "responsibilities."
        )
    if len(shown) < summary.n_components:
        sentences.append(
            f"The {len(shown)} heaviest of {summary.n_components} components; all are in .weights."
        )
    return Section("Components", columns=tuple(columns), sentences=tuple(sentences))


def _means(summary: Summary) -> Section:
    shown, features = _heaviest(summary.weights), _telling(summary)
    names = [shortened(summary.feature_names[j], _LONGEST_NAME) for j in features]
    columns = [Column("feature", names)]
    for k in shown:
        pairs = zip(summary.means[k, features], summary.deviations[k, features], strict=True)
        columns.append(Column(str(k), [measured(*pair) for pair in pairs]))
    sentences = []
    if summary.tails:
        sentences.append(
            "Scales: of a unit of distance from the middle, whatever the tails are. They are not "
            "standard deviations; covariances have those, where there are any."
        )
    if len(features) < summary.n_features:
        what = "the first" if summary.n_components == 1 else "those in which components differ most"
        sentences.append(
            f"{len(features)} of {summary.n_features} features, {what}; all are in .means and "
            ".deviations."
        )
    return Section(
        "Middles ± scales" if summary.tails else "Means ± standard deviations",
        columns=tuple(columns),
        named=True,
        sentences=tuple(sentences),
    )


def _nearly(summary: Summary) -> Section:
    name = (summary.criterion or "criterion").upper()
    models = summary.nearly_chosen
    columns = (
        Column("family", [own.family for own in models]),
        Column("components", [str(own.n_components) for own in models]),
        Column(name, [fixed(own.criterion, 3) for own in models]),
        Column("difference", [f"+{fixed(own.difference, 3)}" for own in models]),
    )
    return Section("Nearly chosen", columns=columns, named=True)


def _heaviest(weights: AnyArray) -> list[int]:
    """Return the components that are shown, in their order."""
    order = np.argsort(-weights, kind="stable")[:_MOST_COMPONENTS]
    return sorted(order.tolist())


def _telling(summary: Summary) -> list[int]:
    """Return the features that are shown, in their order: those that tell components apart."""
    every = list(range(summary.n_features))
    if summary.n_features <= _MOST_FEATURES:
        return every
    if summary.n_components == 1:
        return every[:_MOST_FEATURES]
    weights = summary.weights / summary.weights.sum()
    with np.errstate(all="ignore"):  # as ratios, of whatever scale values are
        offsets = (summary.means - weights @ summary.means) / summary.deviations
        between = np.nan_to_num(weights @ np.abs(offsets))
    return sorted(np.argsort(-between, kind="stable")[:_MOST_FEATURES].tolist())


def _few(words: Sequence[str]) -> str:
    more = len(words) - _MOST_COMPONENTS
    return ", ".join(words[:_MOST_COMPONENTS]) + (f" and {more} more" if more > 0 else "")


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
