"""What the demonstrations share: a mixture and K-means on the same data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.columns import Columns

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
    from collections.abc import Sequence

    from rich.console import RenderableType

    from .._typing import AnyArray
    from ..em.optima import Optimum
    from ..em.result import Callback

__all__ = [
    "Comparison",
    "compare",
    "homes",
    "in_numbers",
    "label_tables",
    "misplaced",
    "save_figure",
    "source_of",
]

# Log-likelihoods that differ by less than this, in nats, are of one optimum.
_SAME = 1e-4
_KMEANS_STARTS = 10


@dataclass(frozen=True, eq=False)
class Comparison:
    """A mixture and K-means fitted to the same columns, and how they match the classes.

    Attributes
    ----------
    data : LabelledData
    columns : list of int
    result : FitResult
        The optimum that `gaussmix fit` finds.
    climb : FitResult
        EM from one k-means start: `result` itself where it leads to the same optimum.
    labels, kmeans_labels : ndarray of int (n,)
        Clusters of both are in the same order: by their means' first coordinate.
    optima : tuple of Optimum
        All that `gaussmix fit` found.
    ari, kmeans_ari : float
        Adjusted Rand indices of labels against classes.
    """

    data: LabelledData
    columns: list[int]
    result: FitResult
    climb: FitResult
    labels: AnyArray
    kmeans_labels: AnyArray
    optima: tuple[Optimum, ...]
    ari: float
    kmeans_ari: float

    @property
    def names(self) -> str:
        """The columns, for people."""
        return ", ".join(self.data.names[j] for j in self.columns)

    @property
    def rows(self) -> AnyArray:
        """The rows that were fitted."""
        return self.data.rows[:, self.columns]


def compare(
    data: LabelledData,
    columns: list[int],
    n_components: int,
    covariance_type: str,
    seed: int,
    callback: Callback | None = None,
) -> Comparison:
    """Fit a mixture as `gaussmix fit` does, and K-means, and score both against the classes."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    n_components = check_integer("--components", n_components, minimum=1)
    model = Model(n_components, get_family(covariance_type))
    found, climb = _fit(source_of(data, columns), model, seed, callback)
    # A race's iterations are done before the first that is counted, so there is no ascent to
    # show: where a single start climbs to the same optimum, its fit stands for both.
    same = abs(found.log_likelihood - climb.log_likelihood) < _SAME
    result = climb if same else found
    rows = data.rows[:, columns]
    labels = result.mixture.predict(rows)
    kmeans = KMeans(n_components, n_init=_KMEANS_STARTS, random_state=seed).fit(rows)
    ranks = np.argsort(np.argsort(kmeans.cluster_centers_[:, 0]))
    return Comparison(
        data,
        columns,
        result,
        climb,
        labels,
        ranks[kmeans.labels_],
        found.optima,
        ari=float(adjusted_rand_score(data.classes, labels)),
        kmeans_ari=float(adjusted_rand_score(data.classes, kmeans.labels_)),
    )


def source_of(data: LabelledData, columns: list[int]) -> MemorySource:
    """Return some of the columns as rows to fit."""
    return MemorySource(data.rows[:, columns], feature_names=tuple(data.names[j] for j in columns))


def _fit(
    source: MemorySource, model: Model, seed: int, callback: Callback | None
) -> tuple[FitResult, FitResult]:
    """Return the optimum that `gaussmix fit` finds, and EM from one k-means start."""
    found, climb = (
        fit_mixture(
            source,
            model,
            get_start(start),
            Options(),
            rng=np.random.default_rng(seed),
            callback=callback,
        )
        for start in ("race", "kmeans")
    )
    return found, climb


def misplaced(labels: AnyArray, classes: AnyArray) -> AnyArray | None:
    """Return whether each row is in another cluster than most of its class (n,).

    None if most of two classes are in one cluster: then which rows are at the wrong place
    cannot be said.
    """
    home = homes(labels, classes)
    return labels != home[classes] if len(np.unique(home)) == len(home) else None


def homes(labels: AnyArray, classes: AnyArray) -> AnyArray:
    """Return the cluster that most of each class is in (n_classes,)."""
    return contingency(labels, classes).argmax(axis=0)


def label_tables(fit: Comparison, order: Sequence[int] | None = None) -> RenderableType:
    """Return the classes against labels of the mixture and of K-means, side by side if they fit.

    `order` is that of the classes.
    """
    kept = list(range(len(fit.data.class_names)) if order is None else order)
    classes = [fit.data.class_names[k] for k in kept]
    tables = []
    for method, cluster, labels, score in (
        ("Mixture", "component", fit.labels, fit.ari),
        ("K-means", "cluster", fit.kmeans_labels, fit.kmeans_ari),
    ):
        counts = contingency(labels, fit.data.classes)[:, kept]
        title = f"{method}: adjusted Rand index {score:.3f}"
        names = [str(k) for k in range(len(counts))]
        tables.append(contingency_table(title, counts.T, cluster, classes, names))
    return Columns(tables, padding=(0, 4))


def in_numbers(message: str) -> str:
    """Return a sentence about a fit, tol by its value: demonstrations have no option --tol."""
    still = "the log-likelihood still to come is below tol a row"
    return message.replace(still, f"less than {Options().tol:g} a row is still to come")


def save_figure(figure: Any, path: Path) -> Path:
    """Write a picture, whole or not at all."""
    with writing(path) as temporary:
        figure.savefig(temporary, dpi=130)
    return path
