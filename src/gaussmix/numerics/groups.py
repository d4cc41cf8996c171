"""Groups of components: those of several mixtures, one after the other in one array.

On few rows the work costs the calls of NumPy, not the arithmetic: what is written in sums over
groups does many mixtures in one call each.  One mixture is the case of one group.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array

__all__ = ["Groups"]

# Groups of different sizes that hold so many values on average are reduced one by one; NumPy's
# own way takes longer there (measured).
_LARGE = 600


class Groups:
    """Which of J components in a row belong together.

    Build them by `of`, which keeps those of recent sizes.

    Attributes
    ----------
    sizes : tuple of int (G,)
        Components of each group; at least one.
    size : int
        Of all groups; 0 if they are of different sizes.
    n_components : int
        All of them: J.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix.numerics.groups import Groups
    >>> groups = Groups.of((2, 1))
    >>> groups.sum(np.array([1.0, 2.0, 5.0])).tolist()
    [3.0, 5.0]
    >>> groups.spread(np.array([10.0, 20.0])).tolist()
    [10.0, 10.0, 20.0]
    """

    def __init__(self, size: int, count: int, sizes: tuple[int, ...] = ()) -> None:
        self.size, self._count = size, count
        self.n_components = sum(sizes) if sizes else size * count
        if sizes:
            self.__dict__["sizes"] = sizes
        self._single, self._separate = count == 1, self.n_components == count

    @staticmethod
    @lru_cache(maxsize=512)
    def of(sizes: tuple[int, ...]) -> Groups:
        """Return groups of these sizes."""
        if len(set(sizes)) == 1:
            return Groups.alike(sizes[0], len(sizes))
        return Groups(0, len(sizes), sizes)

    @staticmethod
    @lru_cache(maxsize=512)
    def alike(size: int, count: int) -> Groups:
        """Return so many groups of one size."""
        return Groups(size, count)

    @classmethod
    def joined(cls, several: Sequence[Groups]) -> Groups:
        """Return the groups of several, one after the other."""
        first = several[0].size
        if first and all(groups.size == first for groups in several):
            return cls.alike(first, sum(map(len, several)))
        return cls.of(tuple(size for groups in several for size in groups.sizes))

    def chosen(self, numbers: AnyArray) -> Groups:
        """Return some of the groups, in any order."""
        if self.size:
            return self.alike(self.size, len(numbers))
        return self.of(tuple(self.counts[numbers].tolist()))

    def components(self, numbers: AnyArray) -> AnyArray:
        """Return the places of the components of some groups, in the order of those."""
        if self.size:
            return (numbers[:, None] * self.size + np.arange(self.size)).reshape(-1)
        return self.places[numbers][self.present[numbers]]

    def __len__(self) -> int:
        return self._count

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        return (self.size,) * self._count

    @cached_property
    def counts(self) -> AnyArray:
        """The sizes as an array (G,)."""
        return np.full(self._count, self.size) if self.size else np.array(self.sizes)

    @cached_property
    def bounds(self) -> list[int]:
        """Where groups begin and end (G + 1,): group g is bounds[g]:bounds[g + 1]."""
        return [0, *np.cumsum(self.counts).tolist()]

    @cached_property
    def first(self) -> AnyArray:
        """The place of each group's first component (G,)."""
        return np.array(self.bounds[:-1])

    @cached_property
    def owner(self) -> AnyArray:
        """The group of each component (J,)."""
        return np.repeat(np.arange(len(self)), self.counts)

    @cached_property
    def places(self) -> AnyArray:
        """Components of each group (G, K), K the largest; those it lacks are any."""
        places: AnyArray = self.first[:, None] + np.arange(self.counts.max())
        return np.where(self.present, places, 0)

    @cached_property
    def present(self) -> AnyArray:
        """Which of `places` are components (G, K)."""
        return np.asarray(np.arange(self.counts.max()) < self.counts[:, None])

    def sum(self, array: Array) -> Array:
        """Sum an array (J, ...) over each group, shape (G, ...)."""
        if self._single:
            return np.add.reduce(array, axis=0, keepdims=True)
        if self._separate:
            return array
        return self._reduced(np.add, array)

    def max(self, array: Array) -> Array:
        """Return the largest of an array (J, ...) in each group, shape (G, ...)."""
        if self._single:
            return np.maximum.reduce(array, axis=0, keepdims=True)
        return self._reduced(np.maximum, array)

    def _reduced(self, operation: np.ufunc, array: Array) -> Array:
        if self.size:
            found: Array = operation.reduce(self._apart(array), axis=1)
            return found
        if array.size < _LARGE * self._count:
            return operation.reduceat(array, self.first, axis=0)
        found = np.empty((self._count, *array.shape[1:]), array.dtype)
        for g, own in enumerate(self._slices):
            operation.reduce(array[own], axis=0, out=found[g])
        return found

    @cached_property
    def _slices(self) -> list[slice]:
        """The places of each group's components."""
        return [self.own(g) for g in range(self._count)]

    @cached_property
    def by_size(self) -> list[tuple[AnyArray, AnyArray]]:
        """For each size, which groups have it (m,), and the places of their components (m K,)."""
        found = []
        for size in np.unique(self.counts):
            groups = np.flatnonzero(self.counts == size)
            found.append((groups, (self.first[groups][:, None] + np.arange(size)).reshape(-1)))
        return found

    def any(self, mask: AnyArray) -> AnyArray:
        """Whether a mask (J,) holds anywhere in each group, shape (G,)."""
        return np.logical_or.reduceat(mask, self.first)

    def spread(self, array: AnyArray) -> AnyArray:
        """Return an array (G, ...) for each component: (J, ...), or (1, ...) of a single group."""
        return array if self._single or self._separate else array.take(self.owner, axis=0)

    def subtract(self, array: Array, each: Array) -> None:
        """Subtract values of the groups (G, ...) from those of their components (J, ...)."""
        with np.errstate(invalid="ignore"):  # beyond arithmetic all may be infinite
            np.subtract(*self._facing(array, each), out=self._apart(array) if self.size else array)

    def multiply(self, array: Array, each: Array) -> None:
        """Multiply those of components (J, ...) by values of their groups (G, ...)."""
        np.multiply(*self._facing(array, each), out=self._apart(array) if self.size else array)

    def _facing(self, array: Array, each: Array) -> tuple[Array, Array]:
        """Return arrays of components and of groups so that they broadcast."""
        if self.size:
            return self._apart(array), each[:, None]
        return array, self.spread(each)

    def _apart(self, array: Array) -> Array:
        """Return a view (G, K, ...) of an array (J, ...), for groups of one size."""
        return array.reshape(self._count, self.size, *array.shape[1:])

    def some(self, components: AnyArray) -> Groups:
        """Return the groups of components at some places; those without any go."""
        sizes = np.bincount(self.owner[components])
        return Groups.of(tuple(sizes[sizes > 0].tolist()))

    def own(self, g: int) -> slice:
        """Return the places of one group's components."""
        return slice(self.bounds[g], self.bounds[g + 1])

    def part(self, array: AnyArray, g: int) -> AnyArray:
        """Return one group's part of an array (J, ...)."""
        return array[self.own(g)]

    def parts(self, array: AnyArray) -> list[AnyArray]:
        """Return an array (J, ...) cut into those of the groups."""
        return [self.part(array, g) for g in range(len(self))]
