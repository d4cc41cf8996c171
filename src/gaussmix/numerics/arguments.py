"""Arguments become numbers and arrays here, or a clear error.

Messages name the argument, what was found and what to do.
"""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exceptions import DataError, ParameterError

if TYPE_CHECKING:
    from .._typing import AnyArray, Array

__all__ = [
    "LARGEST",
    "SMALLEST",
    "as_generator",
    "as_numbers",
    "check_dtype",
    "check_integer",
    "check_noise",
    "check_number",
    "check_sample_weight",
    "require_weight",
    "require_weights",
]

# Beyond these, squares of values and their sums over rows overflow or vanish.
LARGEST = 1e140
SMALLEST = 1e-140


def check_integer(name: str, value: object, *, minimum: int) -> int:
    """Return `value` as an int of at least `minimum`, or raise ParameterError."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < minimum:
        raise ParameterError(f"{name}: expected an integer of at least {minimum}, got {value!r}")
    return int(value)


def check_number(name: str, value: object, *, minimum: float = 0.0) -> float:
    """Return `value` as a finite float of at least `minimum`, or raise ParameterError."""
    valid = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not valid or not np.isfinite(float(value)) or float(value) < minimum:  # type: ignore[arg-type]
        raise ParameterError(f"{name}: expected a number of at least {minimum:g}, got {value!r}")
    return float(value)  # type: ignore[arg-type]


def check_dtype(value: Any) -> type:
    """Return float64 or float32 for a name or a type; raise ParameterError if it is neither."""
    try:
        found = np.dtype(value).type
    except TypeError:
        found = None
    if value is None or found not in (np.float64, np.float32):
        raise ParameterError(f"dtype: expected 'float64' or 'float32', got {value!r}")
    return found


def check_noise(noise: Any) -> float | AnyArray | None:
    """Return a share between 0 and 1, a mask (n,), or None; raise ParameterError otherwise."""
    if noise is None:
        return None
    if isinstance(noise, (float, int, np.floating)) and noise is not True and noise is not False:
        if not 0.0 < float(noise) < 1.0:
            raise ParameterError(f"noise: expected a share between 0 and 1, got {noise!r}")
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
            f"got {random_state!r}"
        ) from None


def check_sample_weight(sample_weight: Any, n_rows: int) -> Array | None:
    """Return weights as float64 (n,), or None; raise ParameterError if they cannot be weights."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, numbers.Number):
        sample_weight = np.full(n_rows, sample_weight)
    weights = np.ascontiguousarray(as_numbers("sample_weight", sample_weight))
    if weights.shape != (n_rows,):
        raise ParameterError(
            f"sample_weight: sample_weight.shape == {weights.shape}, expected {(n_rows,)}: "
            "one weight a row"
        )
    require_weights(weights)
    require_weight(float(weights.max(initial=0.0)))
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
