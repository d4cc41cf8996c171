"""Sufficient statistics: everything an M-step needs, as a value that adds up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..exceptions import ParameterError
from ..numerics.arguments import check_integer
from ..numerics.encoding import checked_keys, stored
from ..numerics.groups import Groups
from .moments import MOMENTS, PRODUCTS, Moment
from .statistics_check import require_of_rows

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from .._typing import AnyArray, Array

__all__ = ["SufficientStatistics"]

# What files hold.
_ARRAYS = ("counts", "means", "scatters")
_FIELDS = (*_ARRAYS, "moment", "log_likelihood", "n_rows", "noise")
# And of a density that is not normal.
_MORE = ("masses", "tally")
# All components are of one mixture.
_ONE = Groups(0, 0)


@stored("statistics")
@dataclass(frozen=True, eq=False)
class SufficientStatistics:
    """Weighted counts, means and centred scatters of K components.

    Of one mixture, or of G mixtures whose components stand one after the other.

    Attributes
    ----------
    counts : ndarray (K,)
        Sum of responsibilities (times sample weights): N_k.
    means : ndarray (K, d)
        Weighted mean of each component; 0 where the count is 0.
    scatters : ndarray ``(K, *shape)``, or ``(G, *shape)`` if pooled
        Scatter about the component's own mean, held as `moment` says: (d, d), (d,) or a
        trace.  Pooled scatters are sums over each mixture's components.
    moment : Moment
        How scatters are held.
    log_likelihood : ndarray (G,)
        Weighted sum of the rows' log-densities under the mixture that gave
        the responsibilities.
    n_rows : int
        Rows seen, whatever their weight.
    noise : ndarray (G,)
        Sum of responsibilities (times sample weights) of a uniform background.
    groups : Groups
        Whose the components are; one mixture's unless said otherwise.
    masses : ndarray (K,) or None
        What means and scatters are weighted by in all; None if by the counts.
    tally : ndarray (K, m) or None
        What else the density of the components adds up.

    Notes
    -----
    Two statistics merge by the pairwise update of Chan, Golub & LeVeque (1983),
    so blocks, files and machines are all the same to the M-step.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import Mixture
    >>> from gaussmix.federated import Site
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> one, other = (Site(rows).totals for rows in (X[:30], X[30:]))
    >>> bool(np.allclose(one.merge(other).means, X.mean(axis=0)))
    True
    """

    counts: Array
    means: Array
    scatters: Array
    moment: Moment = PRODUCTS
    log_likelihood: Array = field(default_factory=lambda: np.zeros(1))
    n_rows: int = 0
    noise: Array = field(default_factory=lambda: np.zeros(1))
    groups: Groups = _ONE
    masses: Array | None = None
    tally: Array | None = None

    def __post_init__(self) -> None:
        if self.groups is _ONE:
            object.__setattr__(self, "groups", Groups.of((len(self.counts),)))
        if not (type(self.log_likelihood) is type(self.noise) is np.ndarray):
            for name in ("log_likelihood", "noise"):  # numbers, where a user builds them
                value = np.atleast_1d(np.asarray(getattr(self, name), dtype=np.float64))
                object.__setattr__(self, name, value)

    def changed(self, **parts: Any) -> Self:
        """Return the statistics with other parts, which are arrays already."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, **parts)
        return other

    @property
    def pooled(self) -> bool:
        """Whether scatters are those of whole mixtures."""
        return len(self.scatters) < len(self.counts)

    @property
    def mass(self) -> Array:
        """What means and scatters are weighted by in all, shape (K,)."""
        return self.counts if self.masses is None else self.masses

    @property
    def n_components(self) -> int:
        return len(self.counts)

    @property
    def n_features(self) -> int:
        return self.means.shape[1]

    @property
    def total(self) -> float:
        """Sum of all counts: the weighted number of rows, less those of the background."""
        return float(self.counts.sum())

    @property
    def variances(self) -> Array:
        """Variances of all rows, by feature (d,): for statistics of one component."""
        return self.moment.diagonal(self.scatters, self.n_features)[0] / self.total

    def require_valid(self, argument: str = "statistics") -> None:
        """Raise ParameterError if they cannot be the statistics of any rows of one mixture.

        Wherever they come from: a file, a table, another machine, or the user's own hands.
        """
        try:
            require_of_rows(self)
        except ValueError as problem:
            raise ParameterError(f"{argument}: {problem}") from None

    def merge(self, other: SufficientStatistics) -> SufficientStatistics:
        """Return the statistics of both sets of rows together.

        Raises
        ------
        ParameterError
            If they are of other numbers of components or features, or hold scatters
            in another way.
        """
        self._require_alike(other)
        mine, theirs = self.mass, other.mass
        safe = np.where(mine + theirs > 0, mine + theirs, 1.0)
        shift = other.means - self.means
        between = self.moment.outer(shift * np.sqrt(mine * theirs / safe)[:, None])
        if self.pooled:
            between = self.groups.sum(between)
        return self.changed(
            counts=self.counts + other.counts,
            means=self.means + shift * (theirs / safe)[:, None],
            scatters=self.scatters + other.scatters + between,
            log_likelihood=self.log_likelihood + other.log_likelihood,
            n_rows=self.n_rows + other.n_rows,
            noise=self.noise + other.noise,
            masses=None if self.masses is None else mine + theirs,
            tally=None if self.tally is None or other.tally is None else self.tally + other.tally,
        )

    def _require_alike(self, other: SufficientStatistics) -> None:
        shapes = [(s.moment.name, s.means.shape, s.scatters.shape) for s in (self, other)]
        if shapes[0] != shapes[1]:
            raise ParameterError(
                "statistics: cannot be merged, they are of other models: moment, means and "
                f"scatters are {shapes[0]} and {shapes[1]}"
            )

    def scaled(self, factor: float) -> SufficientStatistics:
        """Return the statistics with every row's weight multiplied by `factor`."""
        return self.changed(
            counts=self.counts * factor,
            scatters=self.scatters * factor,
            log_likelihood=self.log_likelihood * factor,
            noise=self.noise * factor,
            masses=None if self.masses is None else self.masses * factor,
            tally=None if self.tally is None else self.tally * factor,
        )

    def widened(self, variances: Array, which: AnyArray | None = None) -> SufficientStatistics:
        """Return the statistics as if every row had these variances (d,) around itself.

        Or the rows of some scatters, if `which` says of which.  Whatever the family, the
        covariances estimated from them are then larger by about diag(variances), and still
        of the family.
        """
        counts = self.groups.sum(self.counts) if self.pooled else self.counts
        if which is not None:
            counts = np.where(which, counts, 0.0)
        extra = self.moment.expand(counts) * self.moment.of_diagonal(variances)
        return self.changed(scatters=self.scatters + extra)

    def pooled_within(self, total: SufficientStatistics, **other: Any) -> SufficientStatistics:
        """Return these first moments with the pooled within-component scatter.

        Fields given as `other` take the place of these statistics' own.

        `total` holds the same rows as one component.  The scatter about the
        components' means is the total scatter minus the scatter between means,
        so it needs no pass over the data.
        """
        offsets = (self.means - total.means) * np.sqrt(self.counts)[:, None]
        between = total.moment.outer(offsets).sum(axis=0, keepdims=True)
        scatters = total.scatters - between
        return self.changed(scatters=scatters, moment=total.moment, **other)

    def pool(self) -> SufficientStatistics:
        """Return the statistics with per-component scatters summed into one of each mixture."""
        if self.pooled:
            return self
        return self.changed(scatters=self.groups.sum(self.scatters))

    def as_one(self) -> SufficientStatistics:
        """Return the statistics of the components' rows together, as one component."""
        counts, mass = self.counts.sum(keepdims=True), self.mass
        means = (mass / mass.sum(keepdims=True)) @ self.means
        offsets = (self.means - means) * np.sqrt(mass)[:, None]
        scatters = self.scatters.sum(axis=0) + self.moment.outer(offsets).sum(axis=0)
        groups = Groups.of((1,))
        return self.changed(
            counts=counts,
            means=means[None],
            scatters=scatters[None],
            groups=groups,
            masses=None,
            tally=None,
        )

    def take(self, order: AnyArray) -> SufficientStatistics:
        """Return the components of one mixture in another order (or a subset)."""
        return self.cut(order, slice(None), Groups.of((len(order),)))

    def cut(
        self, components: slice | AnyArray, mixtures: slice | AnyArray, groups: Groups
    ) -> SufficientStatistics:
        """Return some of the mixtures.

        `components` and `mixtures` are their places, `groups` whose the components then are.
        """
        return SufficientStatistics(
            self.counts[components],
            self.means[components],
            self.scatters[mixtures if self.pooled else components],
            self.moment,
            self.log_likelihood[mixtures],
            self.n_rows,
            self.noise[mixtures],
            groups,
            None if self.masses is None else self.masses[components],
            None if self.tally is None else self.tally[components],
        )

    def joined(
        self, several: Sequence[SufficientStatistics], groups: Groups
    ) -> SufficientStatistics:
        """Return the mixtures of several, one after the other; `groups` says whose they are."""
        extra = [
            None
            if getattr(self, name) is None
            else np.concatenate([getattr(own, name) for own in several])
            for name in ("masses", "tally")
        ]
        return SufficientStatistics(
            np.concatenate([own.counts for own in several]),
            np.concatenate([own.means for own in several]),
            np.concatenate([own.scatters for own in several]),
            self.moment,
            np.concatenate([own.log_likelihood for own in several]),
            self.n_rows,
            np.concatenate([own.noise for own in several]),
            groups,
            *extra,
        )

    def held_as(self, moment: Moment) -> SufficientStatistics:
        """Return the statistics with scatters held as a moment that keeps no more than this one.

        Products hold squares, and squares hold the norm: no pass over the data is needed.
        """
        if moment is self.moment:
            return self
        assert moment.n_axes < self.moment.n_axes
        own = self.moment.diagonal(self.scatters, self.n_features)
        scatters = moment.of_diagonals(own)
        return self.changed(scatters=scatters, moment=moment)

    @classmethod
    def from_responsibilities(
        cls,
        rows: Array,
        responsibilities: Array,
        moment: Moment = PRODUCTS,
        weights: Array | None = None,
    ) -> SufficientStatistics:
        """Compute the statistics of rows whose responsibilities are given.

        Parameters
        ----------
        rows : ndarray (n, d)
        responsibilities : ndarray (n, K)
        moment : Moment, default PRODUCTS
        weights : ndarray (n,), optional

        Examples
        --------
        >>> import numpy as np
        >>> from gaussmix import SufficientStatistics
        >>> rows = np.array([[0.0], [2.0], [10.0]])
        >>> stats = SufficientStatistics.from_responsibilities(
        ...     rows, np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
        >>> stats.counts.tolist(), stats.means[:, 0].tolist(), stats.scatters[0].tolist()
        ([2.0, 1.0], [1.0, 10.0], [[2.0]])
        """
        resp = responsibilities if weights is None else responsibilities * weights[:, None]
        counts = resp.sum(axis=0)
        safe = np.where(counts > 0, counts, 1.0)
        center = rows.mean(axis=0)
        rows = rows - center
        offsets = (resp.T @ rows) / safe[:, None]

        def scatter(k: int) -> Array:
            own = resp[:, k]
            chosen = np.flatnonzero(own)  # hard labels leave few rows of many components
            return moment.of_rows(rows[chosen] - offsets[k], own[chosen])

        scatters = np.stack([scatter(k) for k in range(resp.shape[1])])
        means = np.where(counts[:, None] > 0, offsets + center, 0.0)
        return cls(counts, means, scatters, moment, n_rows=len(rows))

    def to_fields(self) -> dict[str, Any]:
        """Return what files hold of them, by name; files are of one mixture."""
        return {
            "counts": self.counts,
            "means": self.means,
            "scatters": self.scatters,
            "moment": self.moment.name,
            "log_likelihood": float(self.log_likelihood[0]),
            "n_rows": self.n_rows,
            "noise": float(self.noise[0]),
            **{name: getattr(self, name) for name in _MORE if getattr(self, name) is not None},
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> SufficientStatistics:
        """Return the statistics of such fields; an error says why they can be of no rows."""
        more = [name for name in _MORE if name in fields]
        held = checked_keys(fields, (*_FIELDS, *more))
        arrays = [np.asarray(held[name], dtype=np.float64) for name in _ARRAYS]
        statistics = cls(
            arrays[0],
            arrays[1],
            arrays[2],
            moment=MOMENTS[held["moment"]],
            log_likelihood=np.atleast_1d(np.float64(held["log_likelihood"])),
            n_rows=check_integer("n_rows", held["n_rows"], minimum=0),
            noise=np.atleast_1d(np.float64(held["noise"])),
        )
        extra = {name: np.asarray(held[name], dtype=np.float64) for name in more}
        statistics = statistics.changed(**extra)
        statistics.require_valid()
        return statistics

    # -- files ------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the statistics to a file (npz), whole or not at all."""
        from .statistics_file import save_statistics

        save_statistics(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SufficientStatistics:
        """Read statistics that `save` has written; raise StatisticsFileError if they are not."""
        from .statistics_file import load_statistics

        return load_statistics(path)

    def to_arrow(self) -> Any:
        """Return the statistics as an Arrow RecordBatch of one row."""
        from .statistics_file import to_arrow

        return to_arrow(self)

    @classmethod
    def from_arrow(cls, table: Any) -> SufficientStatistics:
        """Return the statistics of an Arrow RecordBatch or Table, all its rows merged."""
        from .statistics_file import from_arrow

        return from_arrow(table)
