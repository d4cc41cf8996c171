"""Data for the demonstrations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .mixture import Mixture

if TYPE_CHECKING:
    from .._typing import AnyArray, Array

__all__ = ["LabelledData", "iris", "sizes", "sizes_mixture"]


@dataclass(frozen=True, eq=False)
class LabelledData:
    """Rows with known classes.

    Attributes
    ----------
    rows : ndarray (n, d)
    names : tuple of str
        Names of the features.
    classes : ndarray (n,)
        Integers from 0.
    class_names : tuple of str
    """

    rows: Array
    names: tuple[str, ...]
    classes: AnyArray
    class_names: tuple[str, ...]


def iris() -> LabelledData:
    """Return Fisher's IRIS: 150 flowers, 4 attributes in cm, 3 species (from scikit-learn).

    References
    ----------
    Fisher (1936), The use of multiple measurements in taxonomic problems,
    Annals of Eugenics 7.

    Examples
    --------
    >>> from gaussmix.datasets import iris
    >>> flowers = iris()
    >>> flowers.rows.shape, flowers.class_names
    ((150, 4), ('setosa', 'versicolor', 'virginica'))
    """
    from sklearn.datasets import load_iris

    loaded = load_iris()
    names = tuple(name.removesuffix(" (cm)") for name in loaded.feature_names)
    return LabelledData(loaded.data, names, loaded.target, tuple(map(str, loaded.target_names)))


def sizes_mixture() -> Mixture:
    """Return the mixture that `sizes` draws from: a wide, a long and two small clusters."""
    covariances = [
        [[6.0, 0.0], [0.0, 6.0]],
        [[7.0, 4.6], [4.6, 3.4]],
        [[0.10, 0.0], [0.0, 0.10]],
        [[0.15, -0.08], [-0.08, 0.10]],
    ]
    means = [[0.0, 0.0], [10.5, -1.5], [4.5, 4.0], [5.0, -4.5]]
    return Mixture([0.6, 0.25, 0.08, 0.07], means, covariances, ("x", "y"))


def sizes(n_samples: int = 2000, random_state: int | None = 0) -> LabelledData:
    """Draw clusters of different sizes and shapes, which K-means cannot tell apart.

    Parameters
    ----------
    n_samples : int, default 2000
    random_state : int, optional

    Examples
    --------
    >>> from gaussmix import datasets
    >>> data = datasets.sizes(500)
    >>> data.rows.shape, data.class_names
    ((500, 2), ('wide', 'long', 'dot', 'dash'))
    """
    rows, classes = sizes_mixture().sample(n_samples, random_state)
    return LabelledData(rows, ("x", "y"), classes, ("wide", "long", "dot", "dash"))
