"""How fast a stream is forgotten."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..exceptions import ParameterError
from ..numerics.arguments import check_integer, check_number

__all__ = ["Stepwise", "get_stepwise"]

# Rows of a step by default, for each component and for each mean's coordinate.
_ROWS_PER_COMPONENT = 300
_ROWS_PER_MEAN = 10


@dataclass(frozen=True)
class Stepwise:
    """How fast a stream is forgotten: options of ``partial_fit``.

    Parameters
    ----------
    exponent : float, default 0.6
        Steps shrink as time to the power of -`exponent`, above 0.5 and at most 1.  1 weighs
        all rows alike, and is slow to leave its start; smaller ones forget sooner.
    delay : float, default 1
        Steps that count as taken before the first one: more make the first ones smaller.
    memory : float, optional
        Follow a drift: a row's weight in the statistics falls by a factor of e over so many
        later rows.  None remembers more and more.
    batch_rows : int, optional
        The unit of time, in rows; larger blocks are cut into several steps of so many rows,
        and the first fit waits for so many, or for d + 1 a component.  The default is 300 a
        component, or 10 for each coordinate of their means if that is more.

    Notes
    -----
    Time is counted in rows: a block of weight w takes the step
    g = 1 - exp(-integral of (u + delay)^-exponent du) over the time from W / b to
    (W + w) / b, where W is the weight seen before and b that of `batch_rows` rows.  This is
    (t + delay)^-exponent for one block of b rows at a time, the running mean for
    exponent 1, and the same for the same rows in other blocks.

    References
    ----------
    Cappe & Moulines (2009), On-line expectation-maximization algorithm for latent data
    models, JRSS B 71, section 2.2.  Liang & Klein (2009), Online EM for unsupervised
    models, NAACL, section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from gaussmix import GaussianMixture, Stepwise
    >>> rng = np.random.default_rng(0)
    >>> model = GaussianMixture(stepwise=Stepwise(memory=500))
    >>> for block in range(40):  # the mean moves from 0 to 20
    ...     model = model.partial_fit(rng.normal(block / 2, 1.0, size=(250, 1)))
    >>> bool(abs(model.means_[0, 0] - 18.75) < 0.5)  # two memories ago
    True
    """

    exponent: float = 0.6
    delay: float = 1.0
    memory: float | None = None
    batch_rows: int | None = None

    def __post_init__(self) -> None:
        check_number("stepwise: exponent", self.exponent)
        if not 0.5 < self.exponent <= 1.0:
            raise ParameterError(
                f"stepwise: exponent: expected a number above 0.5 and at most 1, got "
                f"{self.exponent!r}; a stream that drifts is followed by memory=..."
            )
        check_number("stepwise: delay", self.delay)
        if self.memory is not None and check_number("stepwise: memory", self.memory) == 0:
            raise ParameterError("stepwise: memory: expected a positive number of rows, got 0")
        if self.batch_rows is not None:
            check_integer("stepwise: batch_rows", self.batch_rows, minimum=1)

    def rows_of_a_step(self, n_components: int, n_features: int) -> int:
        """Return `batch_rows`, or its default for a model of this size."""
        if self.batch_rows is not None:
            return self.batch_rows
        return n_components * max(_ROWS_PER_COMPONENT, _ROWS_PER_MEAN * n_features)

    def kept(self, before: float, rows: float, unit: float) -> float:
        """Return the share of the statistics that is kept when so many rows come after others."""
        first, last = before / unit + self.delay, (before + rows) / unit + self.delay
        if self.exponent == 1.0:
            decay = math.log(last / first) if first > 0 else math.inf
        else:
            rest = 1.0 - self.exponent
            decay = (last**rest - first**rest) / rest
        return math.exp(-decay if self.memory is None else -max(decay, rows / self.memory))


def get_stepwise(given: object) -> Stepwise:
    """Return the options for None or a `Stepwise`; raise ParameterError if it is neither."""
    if given is None:
        return Stepwise()
    if isinstance(given, Stepwise):
        return given
    raise ParameterError(
        f"stepwise: expected None or Stepwise(memory=..., ...), got {type(given).__name__}"
    )
