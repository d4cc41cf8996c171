"""Fits of one model to many data sets, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.parameters import one_of
from ..em.mstep import RELATIVE_FLOOR
from ..em.result import FitResult, Status
from ..mixture import Mixture
from ..mixture.bic import bic
from ..numerics.extras import imported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._typing import AnyArray, Array
    from ..components.parameters import Parameters
    from ..em.climb import Ended

__all__ = ["ManyFits"]


@dataclass(frozen=True, eq=False)
class ManyFits(Sequence["FitResult | None"]):
    """Fits of one model to many data sets, in the order of those.

    The numbers of all are arrays; a result is made when it is asked for.

    Attributes
    ----------
    keys : list
        What the data sets are called: their numbers, unless they have names.
    n_components, n_features : int
    feature_names : tuple of str or None
    lengths : ndarray of int (G,)
        Rows of each data set.
    ends : tuple of Ended
        Fits that were made together, by the numbers of their data sets.
    alone : dict of int to (FitResult or None, str)
        Those made one by one: no result has a reason.

    Examples
    --------
    >>> import numpy as np
    >>> import gaussmix
    >>> rows = np.random.default_rng(0).normal(size=(100, 50, 1))  # 100 data sets
    >>> fits = gaussmix.fit_many(rows, 2, random_state=0)
    >>> len(fits), fits.means.shape
    (100, (100, 2, 1))
    """

    keys: list[Any]
    n_components: int
    n_features: int
    feature_names: tuple[str, ...] | None
    lengths: AnyArray
    ends: tuple[Ended, ...]
    alone: dict[int, tuple[FitResult | None, str]]

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[g] for g in range(len(self))[place]]
        number = range(len(self))[place]
        if number in self.alone:
            return self.alone[number][0]
        which, i = self._where[number].tolist()
        return self._result(which, i)

    @cached_property
    def _where(self) -> AnyArray:
        """Which of `ends` has the fit of each data set, and where in it (G, 2)."""
        found = np.zeros((len(self), 2), dtype=int)
        for which, ended in enumerate(self.ends):
            found[ended.numbers] = np.column_stack(
                [np.full(len(ended.numbers), which), np.arange(len(ended.numbers))]
            )
        return found

    @cached_property
    def _stacks(self) -> tuple[Parameters, ...]:
        """The parameters of `ends`, components of each mixture in the order of their means."""
        found = []
        for ended in self.ends:
            stack = ended.best.evaluated
            order = np.lexsort((*stack.means.T[::-1], stack.groups.owner))
            found.append(stack.cut(order, slice(None), stack.groups))
        return tuple(found)

    def _result(self, which: int, i: int) -> FitResult:
        parameters = one_of((self._stacks[which], i))
        mixture = Mixture.of_parameters(parameters, self.feature_names)
        result = self.ends[which].result(i)
        assert result.statistics is not None
        total = result.statistics.as_one()
        return replace(
            result,
            mixture=mixture,
            statistics=None,
            total=total,
            n_rows=int(self.lengths[self.ends[which].numbers[i]]),
            floor=RELATIVE_FLOOR * total.variances,
        )

    @property
    def results(self) -> list[FitResult | None]:
        """The result of each; None where a data set could not be fitted."""
        return list(self)

    @property
    def reasons(self) -> list[str]:
        """Why a data set could not be fitted; empty where it could."""
        found = [""] * len(self)
        for number, (_, reason) in self.alone.items():
            found[number] = reason
        return found

    @property
    def weights(self) -> Array:
        """Mixing weights (G, K); NaN where there is no fit."""
        each = [stack.weights for stack in self._stacks]
        return self._of(each, lambda r: r.mixture.weights, (self.n_components,))

    @property
    def means(self) -> Array:
        """Means (G, K, d); NaN where there is no fit."""
        each = [stack.means for stack in self._stacks]
        return self._of(each, lambda r: r.mixture.means, (self.n_components, self.n_features))

    @property
    def covariances(self) -> Array:
        """Covariances (G, K, d, d); NaN where there is no fit."""
        shape = (self.n_components, self.n_features, self.n_features)
        each = [stack.each.to_dense() for stack in self._stacks]
        return self._of(each, lambda r: r.mixture.covariances.to_dense(), shape)

    @property
    def log_likelihood(self) -> Array:
        """Total log-likelihoods (G,); NaN where there is no fit."""
        return self._of([own.log_likelihood for own in self.ends], lambda r: r.log_likelihood, ())

    @property
    def bic(self) -> Array:
        """Bayesian information criteria (G,); smaller is better."""
        each = []
        for own in self.ends:
            n_free = own.climbs[0].model.n_parameters(self.n_features)
            values = zip(own.log_likelihood.tolist(), own.weights.tolist(), strict=True)
            each.append(np.array([bic(value, n_free, n) for value, n in values]))
        return self._of(each, lambda r: bic(r.log_likelihood, r.n_parameters, r.n), ())

    @property
    def converged(self) -> Array:
        """Whether each fit has converged (G,)."""
        each = [
            np.array([status is Status.CONVERGED for status in own.statuses]) for own in self.ends
        ]
        found = self._of(each, lambda r: r.status is Status.CONVERGED, ())
        return np.asarray(found == 1.0)

    def _of(self, each: Sequence[Array], part: Any, shape: tuple[int, ...]) -> Array:
        """Return a part of all fits: of those made together, and of results."""
        found = np.full((len(self), *shape), np.nan)
        for own, ended in zip(each, self.ends, strict=True):
            found[ended.numbers] = own.reshape(len(ended.numbers), *shape)
        for number, (result, _) in self.alone.items():
            if result is not None:
                found[number] = part(result)
        return found

    def to_frame(self) -> Any:
        """Return a pandas.DataFrame of a row for each component of each data set."""
        rows = [
            row
            for key, result, reason in zip(self.keys, self, self.reasons, strict=True)
            for row in self._rows(key, result, reason)
        ]
        return imported("pandas", None, "to_frame()").DataFrame(rows)

    def _rows(self, key: Any, result: FitResult | None, reason: str) -> Iterator[dict[str, Any]]:
        if result is None:
            yield {"key": key, "component": 0, "reason": reason}
            return
        mixture = result.mixture
        names = mixture.feature_names or tuple(str(j) for j in range(self.n_features))
        deviations = np.sqrt(mixture.scales.variances())
        for k in range(self.n_components):
            means = {f"mean_{name}": mixture.means[k, j] for j, name in enumerate(names)}
            widths = {f"deviation_{name}": deviations[k, j] for j, name in enumerate(names)}
            figures = {"n": result.n, "log_likelihood": result.log_likelihood, "reason": ""}
            figures["collapsed"] = k in result.collapsed
            yield {"key": key, "component": k, "weight": mixture.weights[k], **means, **widths} | {
                **figures,
                "bic": bic(result.log_likelihood, result.n_parameters, result.n),
            }

    def __repr__(self) -> str:
        failed = sum(result is None for result, _ in self.alone.values())
        told = f", {failed} of them without a fit" if failed else ""
        return f"ManyFits({len(self)} data sets{told}; {self.n_components} components)"
