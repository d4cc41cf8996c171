"""Errors and warnings of gaussmix.

Every message names the argument, says what was found and what to do.  All
errors about input are also ``ValueError``, so code written for scikit-learn
keeps catching them.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "CheckpointError",
    "CollapseWarning",
    "DataError",
    "DataWarning",
    "FitInterrupted",
    "GaussmixError",
    "MissingExtraError",
    "ModelFileError",
    "ParameterError",
    "StatisticsFileError",
]


class GaussmixError(Exception):
    """Base of all errors raised by gaussmix."""


class ParameterError(GaussmixError, ValueError):
    """An argument has a value that cannot be used."""


class DataError(GaussmixError, ValueError):
    """The data cannot be used as they are."""


class ModelFileError(GaussmixError, ValueError):
    """A model file cannot be read, or was not written by gaussmix."""


class CheckpointError(GaussmixError, ValueError):
    """A checkpoint cannot be read, or is of another fit or of other data."""


class StatisticsFileError(GaussmixError, ValueError):
    """A file of sufficient statistics cannot be read, or a table does not hold such."""


class MissingExtraError(GaussmixError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str | None, purpose: str) -> None:
        self._given = (package, extra, purpose)
        wanted = package if extra is None else f"'gaussmix[{extra}]'"
        super().__init__(
            f"{purpose} needs {package}, which is not installed. "
            f"Install it with: pip install {wanted}"
        )

    def __reduce__(self) -> Any:
        return type(self), self._given


class DataWarning(UserWarning):
    """Something about the data, or an argument beside them, is hardly what is meant.

    A column that counts rows, one of two values, columns of a constant sum, weights where
    scikit-learn has a target.  ``warnings.simplefilter("ignore", DataWarning)`` silences them.
    """


class CollapseWarning(UserWarning):
    """A component's covariance would have become singular and was held at a floor."""


class FitInterrupted(KeyboardInterrupt):
    """A fit was interrupted (Ctrl-C); the best state so far is in ``result``.

    It is a ``KeyboardInterrupt``, so programs that do not catch it stop as usual.

    Attributes
    ----------
    result : gaussmix.FitResult
        The mixture with the highest log-likelihood reached before the
        interruption, with its history.  The history is empty, and the log-likelihood
        NaN, if there was no iteration on all rows yet.
    """

    def __init__(self, result: Any) -> None:
        self.result = result
        super().__init__(
            f"fit interrupted {result.reached}; the best mixture so far is in .result.mixture"
        )

    def __reduce__(self) -> Any:
        return type(self), (self.result,)
