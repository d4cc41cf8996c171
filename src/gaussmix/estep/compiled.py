"""The natural form with compiled loops in place of NumPy's calls, where Numba is installed."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from .natural import NaturalForm
from .softmax import lowest_log, sums_of_logs

if TYPE_CHECKING:
    from types import ModuleType

    from .._typing import AnyArray, Array
    from ..components.moments import Moment
    from ..rows.folds import Workspace
    from .natural import NaturalSums
    from .posterior import Posterior, Tally

__all__ = [
    "CompiledForm",
    "OwnTerms",
    "Tiles",
    "bytes_of_tiles",
    "compiled_loops",
    "exp_terms",
    "expect_each",
    "goes_in_tiles",
    "loop_terms",
    "loops_of_many",
    "natural_form",
    "pairs_of",
    "sum_each",
    "with_constants",
]

# Rows times components from which a fit gains more than it takes to load the loops.
_LEAST_WORK = 200_000
# Components times terms from which the matrix products of BLAS are faster (measured).
_MOST_PRODUCTS = 4_500
# Where BLAS is faster, features are written in strips that stay in the second cache.
_STRIP_BYTES = 2**20
# Blocks are as long as they can be while threads have some of them each: returning to Python
# costs as much as some thousand rows.  So many bytes stand for one product of a row.
_BYTES_A_PRODUCT = 2
_LEAST_BYTES_PER_ROW = 64
# An exponential and the passes around it cost as much as so many products.
_EXP_PRODUCTS = 8
_NO_WEIGHTS = np.empty(0)
# The log of a density that is 0, which loops need not tell from others.
_NOWHERE = -1e30


def natural_form(n_joint: int, n_rows: int | None) -> type[NaturalForm]:
    """Return the natural form to use for so many rows (None: unknown) and densities of each."""
    much = n_rows is None or n_rows * n_joint >= _LEAST_WORK
    return CompiledForm if much and _is_installed() else NaturalForm


def goes_in_tiles(n_joint: int, n_terms: int, n_rows: int | None) -> bool:
    """Whether loops do all of an E-step of so many densities of so many terms; they are not loaded.

    `n_rows` is as for `natural_form`.
    """
    return natural_form(n_joint, n_rows) is CompiledForm and _is_for_tiles(n_joint * n_terms)


def _is_for_tiles(n_products: int) -> bool:
    return n_products <= _MOST_PRODUCTS


def bytes_of_tiles(n_joint: int, n_terms: int) -> int:
    """Return what stands for the bytes of a row where loops do so many densities of it."""
    products = n_joint * n_terms + _EXP_PRODUCTS * n_joint
    return max(_LEAST_BYTES_PER_ROW, _BYTES_A_PRODUCT * products)


@lru_cache(maxsize=1)
def _is_installed() -> bool:
    return find_spec("numba") is not None


@lru_cache(maxsize=1)
def compiled_loops() -> ModuleType | None:
    """Return the compiled loops; None on a machine that cannot have them."""
    try:
        from . import compiled_loops as loops
    except ImportError:
        return None
    return loops


@lru_cache(maxsize=4)
def exp_terms(dtype: np.dtype[Any]) -> Any:
    """Return what exponentials in compiled loops need."""
    from .compiling import ExpTerms

    return ExpTerms.of(dtype.type, lowest_log(dtype))


@lru_cache(maxsize=4)
def _log_terms(dtype: np.dtype[Any]) -> Any:
    from .compiling import LogTerms

    return LogTerms.of(dtype.type)


@lru_cache(maxsize=64)
def pairs_of(moment: Moment, n_features: int) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Return which features are multiplied for which second-order term."""
    return moment.pairs(n_features)


class CompiledForm(NaturalForm):
    """The natural form (see `NaturalForm`), a tile of rows at a time.

    Between few terms and few components an E-step is as many passes over memory as calls;
    compiled, it is one.  Where terms and components are many, BLAS has the products, and
    only features are written by a compiled loop.  Threads do not wait for Python's lock.

    May be sent to machines without Numba: there it is the natural form.
    """

    holds_lock = False
    in_loops = True

    def _lay_out(self) -> None:
        super()._lay_out()
        n_terms = self.theta.shape[1]
        self._strip = max(64, _STRIP_BYTES // (self.theta.itemsize * n_terms))
        self._bytes_of_joint = self.bytes_per_row
        # Mixtures of one size are done one after the other while a tile is in the cache.
        self._in_tiles = _is_for_tiles(max(self.groups.sizes) * n_terms)
        if self._in_tiles:
            self.bytes_per_row = min(bytes_of_tiles(*self.theta.shape), self._bytes_of_joint)

    @property
    def bytes_of_joint(self) -> int:
        return self._bytes_of_joint

    @property
    def _pairs(self) -> tuple[AnyArray, AnyArray, AnyArray]:
        return pairs_of(self.moment, self.n_features)

    def features(self, rows: AnyArray, workspace: Workspace) -> Array:
        loops = compiled_loops()
        if loops is None:
            return super().features(rows, workspace)
        out: Array = workspace.array("features", self.theta.shape[1], len(rows), dtype=self.dtype)
        loops.write_features(_plain(rows), len(rows), self.center, *self._pairs, out)
        return out

    def at_once(
        self,
        sums: NaturalSums,
        rows: AnyArray,
        weights: AnyArray | None,
        posterior: Posterior,
        tally: Tally,
        workspace: Workspace,
    ) -> bool:
        loops = compiled_loops()
        if loops is None or not self._in_tiles:
            return False
        if not self.groups.size:
            self._in_parts(sums, rows, weights, posterior, tally, workspace)
            return True
        n_groups = len(self.groups)
        theta = self.theta.reshape(n_groups, -1, self.theta.shape[1])
        k, backgrounds = theta.shape[1], posterior.backgrounds
        if backgrounds is not None:
            theta = with_constants(theta, backgrounds)
        moments = np.zeros(theta.shape)
        tile = Tiles.of(loops, rows, weights, n_groups, self.theta.dtype, workspace)
        own = OwnTerms.of(posterior, n_groups, theta.dtype)
        loops.expect(
            tile.rows, tile.weights, self.center, theta, self._pairs, own, *tile.rest(moments)
        )
        sums.moments += moments[:, :k].reshape(self.theta.shape)
        tile.tell(tally, weights, moments[:, k:, 0])
        own.tell(posterior, tally)
        return True

    def _in_parts(
        self,
        sums: NaturalSums,
        rows: AnyArray,
        weights: AnyArray | None,
        posterior: Posterior,
        tally: Tally,
        workspace: Workspace,
    ) -> None:
        """Do it for mixtures of each size by themselves."""
        for mixtures, components in self.groups.by_size:
            theta, groups = self.theta[components], self.groups.chosen(mixtures)
            form = CompiledForm(theta, groups, self.moment, self.center, self.dtype)
            own = posterior.part(mixtures, components)
            found, counted = form.open(), own.open()
            form.at_once(found, rows, weights, own, counted, workspace)
            sums.moments[components] += found.moments
            tally.add(counted, mixtures, components)
        tally.n_rows += len(rows)


def with_constants(theta: Array, constants: Array) -> Array:
    """Return natural parameters (G, K, n_terms) with one more density each, that is constant.

    One that is 0 everywhere is far below the least that a number can tell.
    """
    last = np.zeros((len(theta), 1, theta.shape[2]), theta.dtype)
    last[:, 0, 0] = np.maximum(constants, _NOWHERE)
    return np.concatenate([theta, last], axis=1)


@lru_cache(maxsize=1)
def loops_of_many() -> ModuleType | None:
    """Return the compiled loops over many data sets; None on a machine that cannot have them."""
    try:
        from . import many_loops as loops
    except ImportError:
        return None
    return loops


def expect_each(given: tuple[Any, ...], found: tuple[Array, Array]) -> None:
    """Do the E-steps of mixtures that are each of rows of their own; see `expect_many`."""
    loops = loops_of_many()
    assert loops is not None
    terms = loop_terms()
    memory = np.empty((2, loops.TILE))
    loops.expect_many(*given, terms, (memory, memory.view(np.int64)), *found)


def loop_terms() -> tuple[Any, Any]:
    """Return what exponentials and logarithms of float64 need in loops."""
    return exp_terms(np.dtype(float)), _log_terms(np.dtype(float))


def sum_each(*given: Any) -> None:
    """Add up data sets that are divided; see `sum_many`."""
    loops = loops_of_many()
    assert loops is not None
    loops.sum_many(*given)


class OwnTerms(NamedTuple):
    """What loops are given of a density that is not normal; nothing of the normal one.

    Attributes
    ----------
    terms : ndarray (G, K, 5)
    logs : LogTerms
    sums : ndarray (G, K, 2)
        Become counts, and sums of u - 1 - log(u).
    """

    terms: AnyArray
    logs: Any
    sums: Array

    @classmethod
    def of(
        cls,
        posterior: Posterior,
        n_groups: int,
        dtype: np.dtype[Any],
        order: AnyArray | None = None,
    ) -> Self:
        """Return what loops are given of a posterior's density, components in some order."""
        found = np.empty((n_groups, 0, 5), dtype)
        if not posterior.density.plain:
            own = posterior.terms if order is None else posterior.terms[order]
            own = np.column_stack([own[:, :4], np.log(own[:, 3])])
            found = own.reshape(n_groups, -1, 5).astype(dtype)
        return cls(found, _log_terms(dtype), np.zeros((*found.shape[:2], 2)))

    def tell(self, posterior: Posterior, tally: Tally, order: AnyArray | None = None) -> None:
        """Tell a tally what was added up."""
        if posterior.density.plain:
            return
        sums = self.sums.reshape(-1, 2)
        if order is not None:
            sums = sums[np.argsort(order)]
        tally.own[:, 0] += sums[:, 0]
        if posterior.density.n_sums:
            tally.own[:, 1] += sums[:, 1] + posterior.terms[:, 4] * sums[:, 0]


class Tiles(NamedTuple):
    """What loops over tiles are given, whatever they do: rows (B, d) and memory of G mixtures.

    Attributes
    ----------
    rows, weights : ndarray
        Row by row in memory; no weights are an empty array.
    terms : ExpTerms
    power : ndarray (2, TILE)
    largest, total : ndarray (G, B)
        Log-densities become largest + log(total); in workspace memory.
    """

    rows: AnyArray
    weights: AnyArray
    terms: Any
    power: AnyArray
    largest: Array
    total: Array

    @classmethod
    def of(
        cls,
        loops: ModuleType,
        rows: AnyArray,
        weights: AnyArray | None,
        n_groups: int,
        dtype: np.dtype[Any],
        workspace: Workspace,
    ) -> Self:
        """Return what loops of a type of numbers are given for some rows."""
        kind = dtype.type
        largest = workspace.array("largest", n_groups, len(rows), dtype=kind)
        total = workspace.array("total", n_groups, len(rows), dtype=kind)
        power = workspace.array("power", 2, loops.TILE, dtype=kind)
        given = _NO_WEIGHTS if weights is None else _plain(weights)
        return cls(_plain(rows), given, exp_terms(dtype), power, largest, total)

    def rest(self, moments: Array) -> tuple[Any, ...]:
        """Return the arguments that follow a form's own."""
        scratch = (self.power, self.power.view(self.terms.bits))
        return self.terms, scratch, moments, self.largest, self.total

    def tell(self, tally: Tally, weights: AnyArray | None, noise: Array) -> None:
        """Tell a tally what was found: `noise` (G, 0 or 1) is of the backgrounds."""
        tally.n_rows += len(self.rows)
        tally.noise += noise.sum(axis=1)
        if weights is None:
            tally.log_likelihood += self.largest.sum(axis=1, dtype=np.float64)
            tally.log_likelihood += sums_of_logs(self.total)
        else:
            np.add(self.largest, np.log(self.total, out=self.total), out=self.largest)
            tally.log_likelihood += self.largest @ weights


def _plain(values: AnyArray) -> AnyArray:
    """Return values row by row in memory, as float64 or float32: few kinds to compile for."""
    kept = values.dtype in (np.float64, np.float32)
    return np.ascontiguousarray(values, dtype=None if kept else np.float64)
