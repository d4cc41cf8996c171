"""The natural form: log-densities are linear in features of a row.

With phi(x) = [1, x, second(x)] an E-step is two matrix products around a
softmax: L = Theta phi, R = softmax(L), S = R phi'.  It is the fastest form while
the features of a block stay in cache, and accurate while
eps * max |x|' |P| |x| is small (rows are centred first).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ..components.moments import NOTHING
from ..components.statistics import SufficientStatistics
from ..rows.folds import BLOCK_BYTES
from .form import Form, Sums
from .gathered import GatheredSums, negligible

if TYPE_CHECKING:
    from .._typing import AnyArray, Array
    from ..components.covariances import Covariances
    from ..components.moments import Moment
    from ..components.parameters import Parameters
    from ..numerics.groups import Groups
    from ..rows.folds import Workspace

__all__ = ["NaturalForm", "NaturalSums", "ReadyForm", "features_of", "moments_to_statistics"]

# With at least this many products of features, and at most this share of responsibilities
# that are not negligible, gathering rows beats the second matrix product (measured).
_GATHER_TERMS = 300
_GATHER_SHARE = 0.2
# Blocks of more than 16384 rows leave the cache, whatever they hold (measured).
_LEAST_BYTES_PER_ROW = 256


@dataclass
class NaturalSums(Sums):
    """R phi' of most blocks (J, n_terms), and gathered rows of sparse ones."""

    moments: Array
    gathered: GatheredSums | None = None

    def merge(self, other: NaturalSums) -> NaturalSums:
        gathered = self.gathered
        if gathered is None or other.gathered is None:
            gathered = gathered or other.gathered
        else:
            gathered = gathered.merge(other.gathered)
        return NaturalSums(self.moments + other.moments, gathered)


def features_of(
    rows: AnyArray, center: Array, second: Moment, workspace: Workspace, dtype: type = np.float64
) -> Array:
    """Return [1, x, second(x)] of rows (B, d) about `center` (d,), shape (n_terms, B)."""
    d = len(center)
    features: Array = workspace.array("features", 1 + d + second.n_terms(d), len(rows), dtype=dtype)
    features[0] = 1.0
    np.subtract(rows.T, center[:, None], out=features[1 : d + 1], casting="same_kind")
    second.write(features[1 : d + 1], features[d + 1 :])
    return features


def moments_to_statistics(
    moments: Array, center: Array, moment: Moment, **counted: Any
) -> SufficientStatistics:
    """Return statistics for sums of features (J, n_terms) about `center`: (d,), or (J, d).

    `counted` is the rest of them.
    """
    d, counts = center.shape[-1], moments[:, 0]
    occupied = counts > 0
    every = np.count_nonzero(occupied) == len(occupied)
    safe = counts if every else np.where(occupied, counts, 1.0)
    offsets = moments[:, 1 : d + 1] / safe[:, None]
    scatters = moment.unpack(moments[:, d + 1 :], d)
    if moment is not NOTHING:
        scatters = scatters - moment.expand(counts) * moment.outer(offsets)
    means = offsets + center
    if not every:
        means = np.where(occupied[:, None], means, 0.0)
    return SufficientStatistics(counts, means, scatters, moment, **counted)


class NaturalForm(Form):
    """Natural parameters `theta` (J, n_terms) about `center` (d,), of any number of mixtures.

    Of covariances that all components share the quadratic term is the same for all and may
    be left out: with `NOTHING` as moment features are [1, x], and so are the sums.

    In float32 the arithmetic within a block costs about half, and the sums over blocks
    stay float64.
    """

    #: Whether its block is done in compiled loops.
    in_loops: ClassVar[bool] = False

    def __init__(
        self,
        theta: Array,
        groups: Groups,
        moment: Moment,
        center: Array,
        dtype: type = np.float64,
    ) -> None:
        super().__init__(groups, center.shape[-1], moment)
        self.center, self.dtype = center, dtype
        self.theta: Array = theta.astype(dtype, copy=False)
        # Where rows are gathered: about the means, once they are known.
        self.origins: Array | None = None
        self._common: Covariances | None = None
        self._lay_out()

    @classmethod
    def of(
        cls, parameters: Parameters, moment: Moment, center: Array, dtype: type = np.float64
    ) -> Self:
        """Return the form of some parameters, with features about `center`."""
        form = cls(parameters.natural(center, moment), parameters.groups, moment, center, dtype)
        form.origins, form._common = parameters.means, parameters.covariances
        return form

    def _lay_out(self) -> None:
        """Decide how long blocks are, and the strips in which wide features are written."""
        n_joint, n_terms = self.theta.shape
        wide = self.moment is not NOTHING and n_terms >= _GATHER_TERMS
        # Wide features are built strip by strip, so that blocks can stay long: gathering has
        # a price for each component and block.
        width = self.n_features if wide else n_terms
        needed = self.theta.itemsize * (width + n_joint + 4)
        self.bytes_per_row = max(_LEAST_BYTES_PER_ROW, needed)
        self._strip = max(64, BLOCK_BYTES // (self.theta.itemsize * n_terms))
        self._wide = wide

    def joint(
        self,
        rows: AnyArray,
        out: Array,
        workspace: Workspace,
        labels: AnyArray | None = None,
        sums: NaturalSums | None = None,
    ) -> None:
        for part in self._strips(len(rows)):
            np.matmul(self.theta, self.features(rows[part], workspace), out=out[:, part])

    def _strips(self, n_rows: int) -> list[slice]:
        return [slice(i, i + self._strip) for i in range(0, n_rows, self._strip)]

    def row_terms(self, rows: AnyArray) -> Array | float:
        if self.moment is not NOTHING:
            return 0.0
        assert self._common is not None
        return -0.5 * self._common.mahalanobis(0, rows - self.center)

    def features(self, rows: AnyArray, workspace: Workspace) -> Array:
        """Return the features of rows (B, d), shape (n_terms, B)."""
        return features_of(rows, self.center, self.moment, workspace, self.dtype)

    # -- sums -----------------------------------------------------------------

    def open(self) -> NaturalSums:
        return NaturalSums(np.zeros(self.theta.shape))

    def add(self, sums: NaturalSums, rows: AnyArray, masses: Array, workspace: Workspace) -> None:
        if self._wide and self.origins is not None:
            threshold = negligible(masses)
            kept = int(np.count_nonzero(masses > threshold))
            if kept < _GATHER_SHARE * masses.size:
                if sums.gathered is None:
                    sums.gathered = GatheredSums.empty(self.origins, self.moment)
                sums.gathered.add(rows, masses, threshold, workspace)
                return
        strips = self._strips(len(rows))
        for part in strips:
            features = (
                self._still_filled(len(rows), workspace)
                if len(strips) == 1
                else self.features(rows[part], workspace)
            )
            sums.moments += masses[:, part] @ features.T

    def add_divided(
        self, sums: NaturalSums, rows: AnyArray, masses: Array, workspace: Workspace
    ) -> None:
        """Add rows under masses (J, B) most of which are 0, of which `joint` has not been asked."""
        if not self._wide:
            sums.moments += masses @ self.features(rows, workspace).T
            return
        if sums.gathered is None:
            origins = np.broadcast_to(self.center, (len(masses), self.n_features))
            sums.gathered = GatheredSums.empty(origins, self.moment)
        sums.gathered.add(rows, masses, 0.0, workspace)

    def _still_filled(self, n_rows: int, workspace: Workspace) -> Array:
        """Return the features that `joint` has left in the workspace."""
        return workspace.array("features", self.theta.shape[1], n_rows, dtype=self.dtype)

    def close(self, sums: NaturalSums, **counted: Any) -> SufficientStatistics:
        statistics = moments_to_statistics(sums.moments, self.center, self.moment, **counted)
        return statistics if sums.gathered is None else statistics.merge(sums.gathered.statistics())


class ReadyForm(NaturalForm):
    """The natural form of rows that are features already: for many passes over few rows."""

    def features(self, rows: AnyArray, workspace: Workspace) -> Array:
        return rows.T

    def joint(
        self,
        rows: AnyArray,
        out: Array,
        workspace: Workspace,
        labels: AnyArray | None = None,
        sums: NaturalSums | None = None,
    ) -> None:
        np.matmul(self.theta, rows.T, out=out)

    def add(self, sums: NaturalSums, rows: AnyArray, masses: Array, workspace: Workspace) -> None:
        sums.moments += masses @ rows

    add_divided = add
