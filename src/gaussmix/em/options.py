"""How to fit: nothing here changes what is fitted, only how far and how fast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .choices import Choice, Predictive

__all__ = ["PREDICTIVE", "Options"]

#: The choice unless the user says otherwise.
PREDICTIVE = Predictive()


@dataclass(frozen=True)
class Options:
    """How to fit.

    Attributes
    ----------
    tol : float
        Stop when the mean log-likelihood a row still to come, as predicted, is below it.
    max_iter : int
    n_init : int
        Number of starts; one is kept.
    select : Choice
        Which of the optima that were found is kept.
    accelerate : bool
        Whether to leap ahead where EM is slow (see `Leaps`), if the objective is climbed.
    dtype : type
        Of the arithmetic within a block of rows: float64 or float32.
    give_up_collapsed : bool
        Whether to stop as soon as a covariance is held at the floor: for searches that
        have no use for such a fit.
    """

    tol: float = 1e-6
    max_iter: int = 1000
    n_init: int = 1
    select: Choice = PREDICTIVE
    accelerate: bool = True
    dtype: type = np.float64
    give_up_collapsed: bool = False
