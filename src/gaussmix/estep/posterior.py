"""What stands between the two products of an E-step: what rows tell of components.

Sample weights, rows of known component, a uniform background, the density of the
components and Bayes' theorem: forms know of none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.densities import NORMAL
from ..numerics.groups import Groups
from .scaled import pays, scaled
from .softmax import exponentiate, sums_of_logs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._typing import AnyArray, Array
    from ..components.densities import Density
    from ..components.parameters import Parameters
    from ..components.statistics import SufficientStatistics

__all__ = ["Posterior", "Tally"]


_NO_TERMS = np.empty((0, 1))


@dataclass
class Tally:
    """What a posterior counts, beside what a form adds up, for G mixtures of J components.

    Attributes
    ----------
    log_likelihood, noise : ndarray (G,)
    n_rows : int
    own : ndarray (J, 1 + m)
        Of a density that weighs: counts, and the m numbers that it adds up.  (J, 0) of others.
    """

    log_likelihood: Array
    noise: Array
    own: Array
    n_rows: int = 0

    def merge(self, other: Tally) -> Tally:
        return Tally(
            self.log_likelihood + other.log_likelihood,
            self.noise + other.noise,
            self.own + other.own,
            self.n_rows + other.n_rows,
        )

    def add(self, part: Tally, mixtures: AnyArray, components: AnyArray) -> None:
        """Add what was counted of some mixtures and their components; of the same rows."""
        self.log_likelihood[mixtures] += part.log_likelihood
        self.noise[mixtures] += part.noise
        self.own[components] += part.own


class Posterior:
    """Bayes' theorem for G mixtures of J components in all.

    Parameters
    ----------
    groups : Groups
    backgrounds : ndarray (G,) or None
        Log-joint densities of uniform backgrounds, -inf where there is none.
    density : Density
        Of the components.
    terms : ndarray (J, m)
        See `Density.terms`; of those that are not plain.
    n_rows : int or None
        Of a pass, None if unknown: loops are compiled only for many.

    Laws: without weights, responsibilities of a mixture and of its background sum to 1 in
    each row; for the normal density the masses are the responsibilities times the weights,
    in the array that was given; a row of weight w counts as w rows.
    """

    def __init__(
        self,
        groups: Groups,
        backgrounds: Array | None = None,
        density: Density = NORMAL,
        terms: Array = _NO_TERMS,
        n_rows: int | None = 0,
    ) -> None:
        self.groups, self.backgrounds = groups, backgrounds
        self.density, self.terms = density, terms
        self._in_loops = pays(self, n_rows)
        self._background = None if backgrounds is None else backgrounds[:, None]

    @classmethod
    def of(cls, several: Sequence[Parameters], n_rows: int | None = 0) -> Posterior:
        """Return the posterior of the mixtures of several parameters, one after the other."""
        first = several[0]
        if len(several) == 1 and first.density.plain:
            return cls(first.groups, first.backgrounds)
        groups = Groups.joined([parameters.groups for parameters in several])
        found = [parameters.backgrounds for parameters in several]
        backgrounds = None
        if any(own is not None for own in found):
            each = zip(found, several, strict=True)
            backgrounds = np.concatenate(
                [np.full(len(p.groups), -np.inf) if own is None else own for own, p in each]
            )
        density = first.density.joined([parameters.density for parameters in several])
        if density.plain:
            return cls(groups, backgrounds, density)
        scales = np.concatenate([parameters.log_scales() for parameters in several])
        return cls(groups, backgrounds, density, density.terms(scales, first.n_features), n_rows)

    def part(self, mixtures: AnyArray, components: AnyArray) -> Posterior:
        """Return the posterior of some mixtures, whose components are at these places."""
        terms = self.terms if self.density.plain else self.terms[components]
        return Posterior(
            self.groups.chosen(mixtures),
            None if self.backgrounds is None else self.backgrounds[mixtures],
            self.density.take(components),
            terms,
        )

    def open(self) -> Tally:
        """Return a tally of no rows."""
        n_groups, density = len(self.groups), self.density
        own = np.zeros((self.groups.n_components, 1 + density.n_sums if density.weighs else 0))
        return Tally(np.zeros(n_groups), np.zeros(n_groups), own)

    # -- for sums -----------------------------------------------------------------

    def __call__(
        self, joint: Array, weights: AnyArray | None, labels: AnyArray | None, tally: Tally
    ) -> Array:
        """Turn what a form gives (J, B) into the masses of its sums, in place; count the rest.

        Parameters
        ----------
        joint : ndarray (J, B)
        weights : ndarray (B,), or (G, B) of each mixture, or None
        labels : ndarray of int (B,) or None
            Known components of rows, -1 where unknown: those have no other choice.
        tally : Tally
        """
        tally.n_rows += joint.shape[1]
        own = scaled(self, joint) if self._in_loops else None
        scale = self.density.log_joint(joint, self.terms) if own is None else None
        background = self._keep_labels(joint, labels)
        largest, total, noise = exponentiate(joint, self.groups, background, sparse=True)
        if weights is None:
            share = 1.0 / total
            tally.log_likelihood += largest.sum(axis=1, dtype=np.float64) + sums_of_logs(total)
        else:
            share = (weights / total).astype(joint.dtype, copy=False)
            largest += np.log(total, out=total)
            one = weights.ndim == 1
            tally.log_likelihood += (
                largest @ weights if one else np.einsum("gb,gb->g", largest, weights)
            )
        self.groups.multiply(joint, share)
        if noise is not None:
            tally.noise += np.einsum("gb,gb->g", noise, share)
        if own is not None:
            own.weigh(joint, self, tally)
        elif scale is not None:
            tally.own[:, 0] += joint.sum(axis=1, dtype=np.float64)
            if self.density.n_sums:
                tally.own[:, 1:] += self.density.sums(joint, scale, self.terms)
            joint *= scale
        return joint

    def log_joint(self, joint: Array) -> Array | None:
        """Turn what a form gives (J, B) into log-joint densities; see `Density.log_joint`."""
        own = scaled(self, joint) if self._in_loops else None
        return self.density.log_joint(joint, self.terms) if own is None else own.scale

    def log_joint_of(self, values: Array, components: AnyArray) -> Array:
        """Return the same of pairs of a component and a row: of values (p,) of some components."""
        if not self.density.plain:
            values = values[:, None]
            self.density.log_joint(values, self.terms[components])
        return values.reshape(-1)

    def _keep_labels(self, joint: Array, labels: AnyArray | None) -> Array | None:
        """Leave rows of known component no other choice; return the backgrounds' densities."""
        if labels is None:
            return self._background
        rows = np.flatnonzero(labels >= 0)
        places = self.groups.first[:, None] + labels[rows]
        own = joint[places, rows]
        joint[:, rows] = -np.inf
        joint[places, rows] = own
        if self._background is None:
            return None
        background = np.repeat(self._background, joint.shape[1], axis=1)
        background[:, rows] = -np.inf
        return background

    def counted(self, tally: Tally) -> dict[str, Any]:
        """Return what was counted, by the names that statistics have for it."""
        return {
            "log_likelihood": tally.log_likelihood,
            "n_rows": tally.n_rows,
            "noise": tally.noise,
            "groups": self.groups,
        }

    def told_apart(self, statistics: SufficientStatistics, tally: Tally) -> SufficientStatistics:
        """Return statistics with counts beside masses, where the density tells them apart."""
        if not self.density.weighs:
            return statistics
        own, masses = tally.own, statistics.counts
        return statistics.changed(counts=own[:, 0], masses=masses, tally=own[:, 1:])

    # -- for each row ---------------------------------------------------------------

    @property
    def n_others(self) -> int:
        """What there is beside the components of one mixture: a background, or nothing."""
        return int(self.backgrounds is not None)

    def joint_of_others(self) -> Array:
        """Return the log-joint densities of those, which are the same everywhere (n_others, 1)."""
        return np.empty((0, 1)) if self._background is None else self._background
