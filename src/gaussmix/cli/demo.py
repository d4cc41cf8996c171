"""What the demonstrations share: a mixture and K-means on the same data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.families import get_family
from ..em.model import Model
from ..em.options import Options
from ..em.result import FitResult
from ..fitting.fit import fit_mixture
from ..mixture.datasets import LabelledData
from ..numerics.arguments import check_integer
from ..numerics.atomic import writing
from ..rows import MemorySource
from ..starts import get_start
from .report import contingency, contingency_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from .._typing import AnyArray
    from ..em.result import Callback

__all__ = ["Comparison", "compare", "label_tables", "save_figure"]

# Demonstrations show the optimum, not where a first start happens to end.
_STARTS = 10
_TOL = 1e-8
_MAX_ITER = 2000


@dataclass(frozen=True, eq=False)
class Comparison:
    """A mixture and K-means fitted to the same columns, and how they match the classes."""

    columns: list[int]
    result: FitResult
    labels: AnyArray
    kmeans_labels: AnyArray
    ari: float
    kmeans_ari: float


def compare(
    data: LabelledData,
    columns: list[int],
    n_components: int,
    covariance_type: str,
    seed: int,
    callback: Callback | None = None,
    *,
    start: str = "k-means++",
) -> Comparison:
    """Fit a mixture and K-means, each from several starts, and score both against the classes.

    k-means++ starts far from the optimum, so there is an ascent to show.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    n_components = check_integer("--components", n_components, minimum=1)
    rows = data.rows[:, columns]
    result = fit_mixture(
        MemorySource(rows, feature_names=tuple(data.names[j] for j in columns)),
        Model(n_components, get_family(covariance_type)),
        get_start(start),
        Options(tol=_TOL, max_iter=_MAX_ITER, n_init=_STARTS),
        rng=np.random.default_rng(seed),
        callback=callback,
    )
    labels = result.mixture.predict(rows)
    kmeans = KMeans(n_components, n_init=_STARTS, random_state=seed)
    kmeans_labels = kmeans.fit_predict(rows)
    return Comparison(
        columns,
        result,
        labels,
        kmeans_labels,
        ari=float(adjusted_rand_score(data.classes, labels)),
        kmeans_ari=float(adjusted_rand_score(data.classes, kmeans_labels)),
    )


def label_tables(data: LabelledData, fit: Comparison, truth: str) -> list[RenderableType]:
    """Return the labels of the mixture and of K-means, each against the classes."""
    tables = []
    for method, cluster, labels, score in (
        ("Mixture", "component", fit.labels, fit.ari),
        ("K-means", "cluster", fit.kmeans_labels, fit.kmeans_ari),
    ):
        counts = contingency(labels, data.classes)
        title = f"{method} against {truth}    adjusted Rand index {score:.3f}"
        names = [f"{cluster} {k}" for k in range(len(counts))]
        tables.append(contingency_table(title, counts, names, data.class_names))
    return tables


def save_figure(figure: Any, path: Path) -> Path:
    """Write a picture, whole or not at all."""
    with writing(path) as temporary:
        figure.savefig(temporary, dpi=130)
    return path
