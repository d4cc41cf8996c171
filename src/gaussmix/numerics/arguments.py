"""Arguments become numbers and arrays here, or a clear error.

Messages name the argument, what was found and what to do.
"""

from __future__ import annotations

import math
import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError, ParameterError

if TYPE_CHECKING:
    from .._typing import AnyArray, Array

__all__ = [
    "LARGEST",
    "LARGEST_SQUARE",
    "SMALLEST",
    "as_float",
    "as_generator",
    "as_numbers",
    "as_row_weights",
    "check_dtype",
    "check_integer",
    "check_noise",
    "check_number",
    "check_sample_weight",
    "require_moderate",
    "require_weight",
    "require_weights",
    "said_by",
    "shown",
]

# Beyond these, squares of values and their sums over rows overflow or vanish.
LARGEST = 1e140
SMALLEST = 1e-140
# Beyond it variances and other squares cannot be computed with.
LARGEST_SQUARE = 1e280
# There cannot be so many rows, components or iterations.
_LARGEST_INTEGER = 2**63 - 1
# Characters of a value that messages repeat.
_LONGEST = 80


def shown(value: object) -> str:
    """Return how messages write a value: whole if it is short."""
    try:
        written = repr(value)
    except ValueError:  # Python writes no integer of thousands of digits
        return "an integer of thousands of digits"
    return written if len(written) <= _LONGEST else f"{written[:_LONGEST]}..."


def said_by(error: BaseException) -> str:
    """Return the first line of what an error says, or its kind if it says nothing."""
    told = str(error).splitlines()
    return told[0].strip() if told and told[0].strip() else type(error).__name__


def as_float(value: Any) -> float:
    """Return a real number as a float, infinite if it is beyond."""
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value > 0 or -1)


def check_integer(
    name: str, value: object, *, minimum: int, maximum: int = _LARGEST_INTEGER
) -> int:
    """Return `value` as an int of at least `minimum`, or raise ParameterError."""
    valid = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    number = int(value) if valid else minimum - 1  # type: ignore[call-overload]
    if minimum <= number <= maximum:
        return number
    limit = f" and at most {maximum}" if number > maximum else ""
    raise ParameterError(
        f"{name}: expected an integer of at least {minimum}{limit}, got {shown(value)}"
    )


def check_number(
    name: str, value: object, *, minimum: float = 0.0, maximum: float = LARGEST_SQUARE
) -> float:
    """Return `value` as a float of at least `minimum`, or raise ParameterError."""
    valid = isinstance(value, numbers.Real) and not isinstance(value, bool)
    number = as_float(value) if valid else math.nan
    if minimum <= number <= maximum:
        return number
    limit = f" and at most {maximum:g}" if number > maximum else ""
    raise ParameterError(
        f"{name}: expected a number of at least {minimum:g}{limit}, got {shown(value)}"
    )


def require_moderate(name: str, array: Array, largest: float = LARGEST) -> None:
    """Raise ParameterError if an array holds NaN, infinity or numbers too large to compute with."""
    if not np.isfinite(array).all():
        raise ParameterError(f"{name}: contains NaN or infinity")
    found = np.abs(array).max(initial=0.0)
    if found > largest:
        raise ParameterError(
            f"{name}: contains {found:.3g}, beyond float64 arithmetic; expected numbers of at "
            f"most {largest:g}"
        )


def check_dtype(value: Any) -> type:
    """Return float64 or float32 for a name or a type; raise ParameterError if it is neither."""
    try:
        found = np.dtype(value).type
    except (TypeError, ValueError):
        found = None
    if value is None or found not in (np.float64, np.float32):
        raise ParameterError(f"dtype: expected 'float64' or 'float32', got {shown(value)}")
    return found


def check_noise(noise: Any) -> float | AnyArray | None:
    """Return a share between 0 and 1, a mask (n,), or None; raise ParameterError otherwise."""
    if noise is None:
        return None
    if isinstance(noise, (float, int, np.floating)) and noise is not True and noise is not False:
        if not 0.0 < as_float(noise) < 1.0:
            raise ParameterError(f"noise: expected a share between 0 and 1, got {shown(noise)}")
        return float(noise)
    mask = np.asarray(noise)
    if mask.dtype != bool or mask.ndim != 1:
        raise ParameterError(
            "noise: expected None, a share between 0 and 1, or booleans (n,), got "
            f"{type(noise).__name__}"
        )
    return mask


def as_numbers(
    name: str,
    value: Any,
    error: type[ParameterError | DataError] = ParameterError,
    *,
    kept: tuple[type, ...] = (),
) -> AnyArray:
    """Return `value` as an array of float64 (or a dtype in `kept`), or raise `error`."""
    if np.ma.isMaskedArray(value):
        raise error(f"{name}: is a masked array; fill it or leave its masked rows out")
    try:
        array = np.asarray(value)
        if array.dtype.kind == "c":
            raise TypeError("complex numbers have no order")
        return array if array.dtype in kept else array.astype(np.float64, copy=False)
    except OverflowError:
        raise error(f"{name}: contains integers beyond float64") from None
    except (TypeError, ValueError) as found:
        raise error(f"{name}: expected an array of numbers ({found})") from None


def as_generator(random_state: Any) -> np.random.Generator:
    """Return a Generator from anything scikit-learn or NumPy accept as a seed.

    None is NumPy's global state, as in scikit-learn: ``np.random.seed`` before a fit makes it
    reproducible.  That and any other RandomState go on by what is drawn from them here, so
    the next Generator is another one.
    """
    if random_state is None:
        random_state = np.random
    if random_state is np.random or isinstance(random_state, np.random.RandomState):
        random_state = random_state.randint(2**32, size=4, dtype=np.uint32)
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError):
        raise ParameterError(
            "random_state: expected an int of at least 0, a RandomState, a Generator or None, "
            f"got {shown(random_state)}"
        ) from None


def check_sample_weight(sample_weight: Any, n_rows: int) -> Array | None:
    """Return weights as float64 (n,), or None; raise ParameterError if they cannot be weights."""
    if sample_weight is None:
        return None
    weights = as_row_weights(sample_weight, n_rows)
    require_weight(float(weights.max(initial=0.0)))
    return weights


def as_row_weights(sample_weight: Any, n_rows: int) -> Array:
    """Return weights as float64 (n,), which may all be 0; raise ParameterError if any is none."""
    if isinstance(sample_weight, numbers.Number):
        sample_weight = np.full(n_rows, as_numbers("sample_weight", sample_weight))
    weights = np.ascontiguousarray(as_numbers("sample_weight", sample_weight))
    if weights.shape != (n_rows,):
        raise ParameterError(
            f"sample_weight: sample_weight.shape == {weights.shape}, expected {(n_rows,)}: "
            "one weight a row"
        )
    require_weights(weights)
    return weights


def require_weights(weights: Array) -> None:
    """Raise ParameterError if some of the weights (n,) cannot be weights."""
    if not np.isfinite(weights).all():
        raise ParameterError("sample_weight: contains NaN or infinity")
    if (weights < 0).any():
        count = int((weights < 0).sum())
        raise ParameterError(
            f"sample_weight: {count} weights are negative (smallest {weights.min():.3g}); "
            "weights count rows, use 0 to leave a row out"
        )


def require_weight(largest: float) -> None:
    """Raise ParameterError if there is no weight above 0, or one beyond arithmetic."""
    if not largest > 0:
        raise ParameterError("sample_weight: all weights are zero, so there are no rows to fit")
    if not SMALLEST < largest < LARGEST:
        raise ParameterError(
            f"sample_weight: the largest weight is {largest:.3g}, beyond float64 arithmetic; "
            "multiply all weights by a constant"
        )
