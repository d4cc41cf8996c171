"""What foretells rows best, and agrees with where most starts lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..optima import judged, left_out
from .base import Choice
from .likelihood import HighestLikelihood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...rows.data import Data
    from ..optima import Candidate, Optimum

__all__ = ["Predictive"]

# The share of the entropy of responsibilities that counts against a fit; what it is worth, in
# nats, that e times as many trusted starts lead there; and by how many standard errors another
# must foretell rows better (all measured: docs/higher-likelihood.md).
_ENTROPY = 0.5
_AGREEMENT = 3.0
_ERRORS = 2.0


class Predictive(Choice):
    """The optimum that most trusted starts agree on, or one that foretells rows surely better.

    On few rows the highest likelihood is often a component of hardly any rows, or two across
    each other.  Of those that trusted starts lead to, the best has the largest sum of
    leave-one-out log-likelihood, less half the entropy, plus three times the logarithm of how
    many lead there.  It is left for another only if that one's leave-one-out log-likelihood is
    higher by two standard errors of the paired rows.
    """

    name = "predictive"
    summary = "where most starts lead, unless another foretells rows surely better"
    weighs = True

    def __call__(
        self, candidates: Sequence[Candidate], data: Data
    ) -> tuple[int, tuple[Optimum, ...]]:
        plain = all(c.result.mixture.parameters.density.plain for c in candidates)
        if not plain or data.source.measurement is not None:
            return HighestLikelihood()(candidates, data)
        sums = left_out(candidates, data)
        values = np.nan_to_num(sums.log_likelihood, nan=-np.inf)
        # How narrow a held covariance is says nothing: such a fit must be surely better.
        trusted = np.array([0 if c.result.collapsed else c.trusted for c in candidates])
        if not trusted.any():
            trusted = np.array([0 if c.result.collapsed else 1 for c in candidates])
        if not trusted.any():
            trusted = np.array([max(1, c.trusted) for c in candidates])
        with np.errstate(divide="ignore"):
            agreed = values - _ENTROPY * sums.entropy + _AGREEMENT * np.log(trusted)
        chosen = int(agreed.argmax())
        for place in np.argsort(-values, kind="stable").tolist():
            gain, error = sums.gain(place, chosen)
            if gain > _ERRORS * error and gain > 0:
                chosen = place
                break
        return chosen, judged(candidates, sums, chosen)
