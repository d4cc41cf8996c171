"""Fits and comparisons as tables for people (rich) and as plain values for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from ._typing import AnyArray
    from .io.model_file import Model
    from .mixture import Mixture

__all__ = ["component_tables", "contingency", "contingency_table", "fit_table", "overview_table"]

# Beyond this a matrix no longer fits a terminal: means and deviations are shown alone.
_MOST_FEATURES = 5


def component_tables(mixture: Mixture) -> list[RenderableType]:
    """Return a titled table for each component: means, deviations, covariances, correlations."""
    if mixture.n_features > _MOST_FEATURES:
        return [overview_table(mixture)]
    dense = mixture.covariances.to_dense()
    return [
        _titled(
            f"Component {k}    weight {mixture.weights[k]:.4f}", _component(mixture, k, dense[k])
        )
        for k in range(mixture.n_components)
    ]


def _component(mixture: Mixture, k: int, covariance: AnyArray) -> Table:
    names = feature_names(mixture)
    deviations = np.sqrt(np.diagonal(covariance))
    correlations = covariance / np.outer(deviations, deviations)
    several = mixture.n_features > 1
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("attribute", no_wrap=True)
    table.add_column("mean", justify="right")
    table.add_column("std dev", justify="right")
    columns = range(1, mixture.n_features + 1)
    for j in columns:
        table.add_column(f"cov {j}" if several else "variance", justify="right", style="cyan")
    for j in columns if several else ():
        table.add_column(f"corr {j}", justify="right", style="green")
    for i, name in enumerate(names):
        row: list[RenderableType] = [Text(f"{i + 1} {name}" if several else name)]
        row += [number(mixture.means[k, i]), number(deviations[i])]
        row += [number(value) for value in covariance[i]]
        row += [f"{value:.3f}" for value in correlations[i]] if several else []
        table.add_row(*row)
    return table


def _titled(title: str, table: Table) -> RenderableType:
    # A table's own title is folded to the table's width.
    return Group(Text(title, style="bold"), table)


def overview_table(mixture: Mixture) -> RenderableType:
    """Return one table: a row a component, mean and deviation of the leading features."""
    names = feature_names(mixture)
    shown = min(len(names), 8)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("component", justify="right")
    table.add_column("weight", justify="right")
    for name in names[:shown]:
        table.add_column(Text(name), justify="right")
    deviations = np.sqrt(mixture.covariances.variances())
    for k in range(mixture.n_components):
        cells = [
            f"{number(mixture.means[k, j])} ± {number(deviations[k, j])}" for j in range(shown)
        ]
        table.add_row(str(k), f"{mixture.weights[k]:.4f}", *cells)
    title = f"Components: mean ± std dev of {shown} of {len(names)} features"
    return _titled(title + ("" if shown == len(names) else " (all with --json)"), table)


def fit_table(model: Model) -> Table:
    """Return how a model was fitted: likelihood, iterations, criteria."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    mixture, fit = model.mixture, model.fit
    table.add_row("components", f"{mixture.n_components} in {mixture.n_features} dimensions")
    if fit is None:
        table.add_row("fit", "none: the mixture was built by hand")
        return table
    table.add_row("covariance family", _family(fit.family))
    table.add_row(
        "log-likelihood", f"{fit.log_likelihood:.4f}  ({fit.log_likelihood / fit.n:.6f} a row)"
    )
    table.add_row("iterations", str(fit.n_iter))
    table.add_row("why it stopped", fit.reason)
    table.add_row("BIC", f"{fit.bic:.3f}  ({fit.n_parameters} parameters, smaller is better)")
    rows = f"{fit.n_rows}" if fit.n == fit.n_rows else f"{fit.n_rows} of total weight {fit.n:g}"
    table.add_row("rows", rows)
    if fit.collapsed:
        which = "shared" if list(fit.collapsed) == [-1] else ", ".join(map(str, fit.collapsed))
        table.add_row("[red]collapsed[/red]", f"{which}: raise --reg-covar or use fewer components")
    return table


def _family(name: str) -> str:
    from .families import get_family

    family = get_family(name)
    return f"{family!r}: {family.summary}"


def contingency(labels: AnyArray, classes: AnyArray) -> AnyArray:
    """Return counts (n_labels, n_classes) of integer labels against integer classes."""
    counts = np.zeros((labels.max() + 1, classes.max() + 1), dtype=int)
    np.add.at(counts, (labels, classes), 1)
    return counts


def contingency_table(
    title: str, counts: AnyArray, rows: Sequence[str], columns: Sequence[str]
) -> RenderableType:
    """Return a contingency table for people; zeros are dots."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for name in columns:
        table.add_column(name, justify="right")
    for name, row in zip(rows, counts, strict=True):
        table.add_row(name, *(str(count) if count else "·" for count in row))
    return _titled(title, table)


def feature_names(mixture: Mixture) -> list[str]:
    """Return the features' names, or made-up ones."""
    return list(mixture.feature_names or (f"x{j}" for j in range(mixture.n_features)))


def number(value: Any) -> str:
    """Write a number with four significant digits, and no exponent where it can be helped."""
    value = float(value)
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return f"{value:.4f}" if abs(value) < 100 else f"{value:.2f}"
    return f"{value:.3e}"
