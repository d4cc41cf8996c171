"""The optima that the starts of a fit led to: what can be said of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..components.covariances.spanned import spanned
from ..mixture.bic import icl
from ..mixture.leave_one_out import Estimated, LeaveOneOut, LeaveOneOutFold
from ..rows import MemorySource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._typing import Array
    from ..components.parameters import Parameters
    from ..rows.data import Data
    from ..rows.span import Span
    from .result import FitResult

__all__ = ["Candidate", "Optimum", "describe", "judged", "left_out", "merged"]

# Log-likelihoods a row that are closer than this are of the same optimum.
_SAME = 1e-5
# No variance is less.
_TINY = float(np.finfo(float).tiny)
# Other optima within so many nats are worth a word.
_NEAR = 5.0


@dataclass(frozen=True, eq=False)
class Candidate:
    """A fit that may be chosen.

    Attributes
    ----------
    result : FitResult
    starts : dict of str to int
        Which kinds of start led there, and how many of each.
    trusted : int
        How many of them are of kinds whose basins agree with classes (measured): k-means in
        the units of the data.
    """

    result: FitResult
    starts: Mapping[str, int]
    trusted: int = 1

    def joined(self, other: Candidate) -> Candidate:
        """Return the candidate that other starts led to, too."""
        kinds = [*self.starts, *(kind for kind in other.starts if kind not in self.starts)]
        counts = {kind: self.starts.get(kind, 0) + other.starts.get(kind, 0) for kind in kinds}
        return replace(self, starts=counts, trusted=self.trusted + other.trusted)


@dataclass(frozen=True)
class Optimum:
    """One of the optima that were found.

    Attributes
    ----------
    log_likelihood : float
        Total, over the rows that starts looked at.
    leave_one_out : float
        The same, each row's under the mixture without it.
    icl : float
        Integrated completed likelihood; smaller is better.
    smallest : float
        Rows, by weight, of the smallest component.
    volume_ratio : float
        Of the least voluminous component to the most, a dimension.
    collapsed : tuple of int
        Components held at the floor; (-1,) is the shared covariance.
    starts : dict of str to int
        Which kinds of start led there, and how many of each.
    chosen : bool
        Whether it is the one that was returned.
    n : float
        Rows, by weight, that starts looked at.

    Examples
    --------
    >>> from gaussmix import GaussianMixture
    >>> from sklearn.datasets import load_iris
    >>> model = GaussianMixture(3, random_state=0).fit(load_iris().data)
    >>> any(optimum.chosen for optimum in model.result_.optima)
    True
    """

    log_likelihood: float
    leave_one_out: float
    icl: float
    smallest: float
    volume_ratio: float
    collapsed: tuple[int, ...]
    starts: Mapping[str, int]
    chosen: bool
    n: float


def merged(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return different optima, highest likelihood first; those that are the same are one."""
    found: list[Candidate] = []
    for one in sorted(candidates, key=lambda c: -c.result.log_likelihood):
        if found and _is_same(found[-1].result, one.result):
            found[-1] = found[-1].joined(one)
        else:
            found.append(one)
    return found


def _is_same(higher: FitResult, lower: FitResult) -> bool:
    gap = higher.log_likelihood - lower.log_likelihood
    return gap < _SAME * higher.n and len(higher.collapsed) == len(lower.collapsed)


def left_out(candidates: Sequence[Candidate], data: Data) -> LeaveOneOut:
    """Return how candidates foretell the rows that they were fitted to, each without itself.

    Values stand for all that round to them: where a component is narrower than that, as one
    on tied values, how narrow says nothing.
    """
    # The floor of the fit where nothing is known of rounding, as of constant columns.
    floors = [own.result.floor for own in candidates if own.result.floor is not None]
    floor = np.max(floors, axis=0)
    least = np.maximum(np.maximum(data.resolutions, floor), _TINY)
    span = data.directions(least) if all(map(_is_held, candidates)) else None
    several, source = [], data.source if span is None else data.rows_in(span)
    for result in (candidate.result for candidate in candidates):
        assert result.statistics is not None
        several.append(
            Estimated(
                _widened(result.mixture.parameters, least, span),
                result.statistics.counts,
                result.family,
                result.model.equal_weights,
            )
        )
    summary = data.summary
    widths = np.maximum(summary.maximum - summary.minimum, np.sqrt(12.0 * data.resolutions))
    log_volume = float(np.log(widths, where=widths > 0, out=np.zeros_like(widths)).sum())
    fold = LeaveOneOutFold(several, summary.total.total, log_volume)
    if summary.incomplete and span is None:
        # A row is left out whole: what near rows have stands in its holes.
        source = MemorySource(data.whole, data.weights, n_jobs=source.n_threads)
    return source.reduce(fold)


def _is_held(candidate: Candidate) -> bool:
    """Whether in directions of no row nothing but the floor holds all covariances."""
    result = candidate.result
    held = len(result.collapsed) == len(result.mixture.covariances.values)
    return held and result.family.coordinate_free and result.mixture.noise is None


def _widened(parameters: Parameters, least: Array, span: Span | None) -> Parameters:
    """Return parameters whose covariances are above diag(least), in a span if there is one."""
    if span is None:
        return replace(parameters, covariances=parameters.covariances.floored(least)[0])
    own, n_features = parameters.covariances, span.n_features
    values = np.zeros((len(own.values), n_features, n_features))
    values[:, :-1, :-1] = span.taken(own.values)
    kind = spanned(span.n_left_out, span.log_volume)
    inner = kind(values, own.n_components, n_features, own.shared)
    wide = inner.floored(np.ones(n_features))[0]
    return replace(parameters, means=span.coordinates(parameters.means), covariances=wide)


def judged(candidates: Sequence[Candidate], sums: LeaveOneOut, chosen: int) -> tuple[Optimum, ...]:
    """Return the optima that candidates are."""
    return tuple(
        _optimum(candidate, sums, place, chosen=place == chosen)
        for place, candidate in enumerate(candidates)
    )


def _optimum(candidate: Candidate, sums: LeaveOneOut, place: int, *, chosen: bool) -> Optimum:
    result = candidate.result
    assert result.statistics is not None
    log_det = result.mixture.scales.log_det()
    d = result.mixture.n_features
    certainty = float(sums.certainty[place])
    return Optimum(
        log_likelihood=result.log_likelihood,
        leave_one_out=float(sums.log_likelihood[place]),
        icl=icl(result.log_likelihood, result.n_parameters, result.n, certainty),
        smallest=float(result.statistics.counts.min()),
        volume_ratio=float(np.exp((log_det.min() - log_det.max()) / d)),
        collapsed=result.collapsed,
        starts=dict(candidate.starts),
        chosen=chosen,
        n=result.n,
    )


def describe(optima: Sequence[Optimum]) -> str:
    """Return what to know of other optima than the chosen one; empty if nothing is near."""
    chosen = next((own for own in optima if own.chosen), None)
    if chosen is None:
        return ""
    near = [
        own
        for own in optima
        if not own.chosen and own.log_likelihood > chosen.log_likelihood - _NEAR
    ]
    return "\n".join(_sentence(own, chosen) for own in near)


def _sentence(own: Optimum, chosen: Optimum) -> str:
    gain = own.log_likelihood - chosen.log_likelihood
    foretold = own.leave_one_out - chosen.leave_one_out
    kinds = ", ".join(f"{count} x {kind}" for kind, count in own.starts.items())
    held = f", {len(own.collapsed)} collapsed" if own.collapsed else ""
    return (
        f"another optimum: log-likelihood {gain:+.2f}, leave-one-out {foretold:+.2f}, smallest "
        f"component {own.smallest:.1f} rows{held} (from {kinds})"
    )
