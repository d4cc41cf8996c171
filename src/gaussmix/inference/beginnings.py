"""Where both hypotheses of a likelihood ratio begin: Ward's clusters, components split in two."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..components.parameters import picked
from ..estep.many import ManyRows
from ..mixture.comparing import best_assignment
from ..numerics.groups import Groups
from ..rows.filled import filled
from ..starts.ward import ward_of_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..components.noise import Noise
    from ..components.parameters import Parameters
    from ..em.problem import Problem

__all__ = ["Clusters", "Starts", "split"]

# How far the halves of a split component are from its mean, in deviations along its main axis.
_APART = 0.7
# Trees are built of at most this many rows: their time grows with the square.
_MOST_ROWS = 2000


class Starts(NamedTuple):
    """Mixtures to begin at, and which data set each is of.

    Attributes
    ----------
    stack : Parameters
        Of R mixtures.
    places : ndarray of int (R,)
    """

    stack: Parameters
    places: AnyArray

    @classmethod
    def at(cls, one: Parameters, count: int) -> Starts:
        """Return the same beginning for so many data sets."""
        return cls(picked([one], np.zeros(count, dtype=int)), np.arange(count))

    @classmethod
    def joined(cls, several: Sequence[Starts]) -> Starts:
        """Return all of several."""
        stacks = [own.stack for own in several]
        groups = Groups.joined([stack.groups for stack in stacks])
        return cls(
            stacks[0].joined(stacks, groups), np.concatenate([own.places for own in several])
        )


def split(starts: Starts) -> Starts:
    """Return mixtures with each of the components in turn two, along its main axis."""
    stack, r = starts.stack, len(starts.places)
    k, d = stack.groups.sizes[0], stack.n_features
    values, vectors = np.linalg.eigh(stack.each.to_dense())
    steps = (_APART * np.sqrt(values[:, -1:]) * vectors[:, :, -1]).reshape(r, k, d)
    every = np.arange(k)
    order = np.column_stack([np.tile(every, (k, 1)), every])
    places = (stack.groups.first[:, None, None] + order).reshape(-1)
    found = stack.cut(places, np.repeat(np.arange(r), k), Groups.alike(k + 1, r * k))
    weights, means = found.weights.reshape(r, k, k + 1), found.means.reshape(r, k, k + 1, d)
    weights[:, every, every] /= 2.0
    weights[:, every, k] /= 2.0
    means[:, every, every] += steps
    means[:, every, k] -= steps
    halves = replace(found, weights=weights.reshape(-1), means=means.reshape(-1, d))
    return Starts(halves, np.repeat(starts.places, k))


class Clusters:
    """Ward's clusters of data sets, in units of their deviations, for some numbers of them.

    Parameters
    ----------
    rows : ndarray (G, n, d)
    sizes : sequence of int
    counts : ndarray (n,), optional
        How many rows each row of all data sets counts as.
    known : ndarray of int (n,), optional
        Components are in the order that agrees best with it; -1 where unknown.
    n_jobs : int, optional
        Threads.
    """

    def __init__(
        self,
        rows: Array,
        sizes: Sequence[int],
        counts: Array | None = None,
        known: AnyArray | None = None,
        n_jobs: int | None = 1,
    ) -> None:
        used = np.ones(rows.shape[1], dtype=bool) if counts is None else counts > 0
        self.counts = None if counts is None else np.tile(counts[used], (len(rows), 1))
        self.known, self.rows = None if known is None else known[used], rows[:, used]
        self.labels: dict[int, AnyArray] = {}
        wanted = [k for k in sizes if 1 < k <= used.sum()]
        if used.sum() > _MOST_ROWS or not wanted:
            return
        if np.isnan(self.rows).any():
            self.rows = np.array([filled(own) for own in self.rows])
        widths = self.rows.std(axis=1, keepdims=True)
        if self.counts is not None:
            shares = (self.counts / self.counts.sum(axis=1, keepdims=True))[:, :, None]
            middles = (shares * self.rows).sum(axis=1, keepdims=True)
            widths = np.sqrt((shares * (self.rows - middles) ** 2).sum(axis=1, keepdims=True))
        scaled = self.rows / np.where(widths > 0, widths, 1.0)
        self.labels = dict(zip(wanted, ward_of_many(scaled, wanted, n_jobs), strict=True))

    def starts(self, problem: Problem, noise: Noise | None) -> list[Starts]:
        """Return beginnings of a model before a background: one of each data set, if there are any.

        All components are as wide as clusters are on average.
        """
        k, family = problem.n_components, problem.family
        if k not in self.labels:
            return []
        labels = self.labels[k] if self.known is None else self._agreeing(self.labels[k], k)
        found = ManyRows(self.rows, self.counts).divided(labels, k, family)
        groups, moment = found.groups, found.moment
        within = groups.sum(found.scatters) / moment.expand(groups.sum(found.counts))
        scatters = moment.expand(found.counts) * groups.spread(within)
        whole = (found.counts > 0) & np.isfinite(scatters.reshape(len(scatters), -1)).all(axis=1)
        places = np.flatnonzero(~groups.any(~whole))
        if not len(places):
            return []
        stack, _ = problem.objective.update(picked([found.changed(scatters=scatters)], places))
        return [Starts(stack if noise is None else stack.with_noise(noise), places)]

    def _agreeing(self, labels: AnyArray, k: int) -> AnyArray:
        """Return labels (G, n) in the order that agrees best with known components."""
        assert self.known is not None
        found = np.empty_like(labels)
        for g, own in enumerate(labels):
            counts = np.ones(len(own)) if self.counts is None else self.counts[g]
            here = [self.known == c for c in range(k)]
            agreed = [np.bincount(own[c], counts[c], minlength=k) for c in here]
            order = best_assignment(np.array(agreed))  # which cluster is each component
            found[g] = np.argsort(order)[own]
        return found
