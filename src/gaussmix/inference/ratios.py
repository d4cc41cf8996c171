"""Likelihood ratios of tests, and what they are by chance, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..numerics.extras import imported

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._typing import Array

__all__ = ["RatioTest"]


@dataclass(frozen=True, eq=False)
class RatioTest:
    """Tests of K components against K + 1, for K = 1, 2, ...

    Attributes
    ----------
    family : str
    n_components : int
        The first K that is not rejected, or the last one that was looked at.
    tested : tuple of int
        Each K that was tested against K + 1.
    statistics : ndarray (len(tested),)
        Twice the gain in log-likelihood.
    p_values : ndarray (len(tested),)
        (1 + b) / (1 + B), where b of B replicates gained at least as much.
    replicates : tuple of ndarray
        The statistics of the replicates of each test.
    n_failed : tuple of int
        Replicates of each test without a fit: a covariance of all their fits collapsed.
    level : float
        At which a test is rejected.

    A test that was interrupted is of the replicates that were done.

    Examples
    --------
    >>> from gaussmix import datasets, inference
    >>> X = datasets.iris().rows[:, :1]
    >>> test = inference.likelihood_ratio_test(X, "V", 3, n_resamples=99, random_state=0)
    >>> len(test.statistics) == len(test.p_values) == len(test.tested)
    True
    """

    family: str
    n_components: int
    tested: tuple[int, ...]
    statistics: Array
    p_values: Array
    replicates: tuple[Array, ...]
    n_failed: tuple[int, ...]
    level: float

    def rows(self) -> list[dict[str, Any]]:
        """Return a dict for each test."""
        return [
            {
                "n_components": k,
                "against": k + 1,
                "statistic": float(self.statistics[i]),
                "p_value": float(self.p_values[i]),
                "n_resamples": len(self.replicates[i]),
                "n_failed": self.n_failed[i],
            }
            for i, k in enumerate(self.tested)
        ]

    def to_frame(self) -> Any:
        """Return a pandas.DataFrame of a row for each test; its column ``p_value`` says most."""
        return imported("pandas", None, "to_frame()").DataFrame(self.rows())

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what the statistics of replicates are, and where those of the data lie."""
        from ..plot.ratios import ratios

        return ratios(self, ax=ax)

    def __str__(self) -> str:
        lines = [f"{self.family}: likelihood ratios by bootstrap (McLachlan 1987)"]
        lines.append(f"{'components':>12} {'statistic':>12} {'p':>8} {'replicates':>11}")
        lines += [
            f"{row['n_components']:>6} / {row['against']:<3} {row['statistic']:>12.4g} "
            f"{row['p_value']:>8.4f} {row['n_resamples']:>11}"
            for row in self.rows()
        ]
        lines.append(f"{self.n_components} components at level {self.level:g}")
        return "\n".join(lines)
