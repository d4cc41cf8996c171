"""How loops are compiled, and what their exponentials and logarithms need."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._typing import AnyArray

__all__ = ["ANY_ORDER", "CAREFUL", "EXACT", "ExpTerms", "LogTerms", "compiled", "copy"]

# Allowed everywhere: sums and products may be fused.  Sums of many rows may be reordered too.
EXACT = frozenset({"contract", "nnan", "ninf", "nsz"})
ANY_ORDER = EXACT | {"reassoc"}
# Nothing is allowed where numbers that are none, or infinite, are looked for.
CAREFUL: frozenset[str] = frozenset()


def compiled(fastmath: frozenset[str], *, inline: bool = False) -> Callable[[Any], Any]:
    """Compile without Python's lock; keep the result on disk where that is possible.

    What is called from one place alone may be `inline`: it is then compiled once, with that.
    """

    def decorate(function: Any) -> Any:
        options: dict[str, Any] = {
            "nogil": True,
            "error_model": "numpy",
            "fastmath": set(fastmath) or False,
            "inline": "always" if inline else "never",
        }
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # no folder to write to
            return njit(**options)(function)

    return decorate


@compiled(CAREFUL)
def copy(source: AnyArray, out: AnyArray) -> None:
    """Copy numbers, as many as `out` has: to assign arrays to arrays takes seconds to compile."""
    for i in range(len(out)):
        out[i] = source[i]


class ExpTerms(NamedTuple):
    """What exp() of a number type needs: x = n ln 2 + r, exp(x) = 2^n polynomial(r).

    Attributes
    ----------
    numbers : ndarray
        log2(e); a number that leaves the nearest integer in the last bits of what it is
        added to; ln 2 in two parts; the least x; the Taylor coefficients 1, 1/2!, ...
    bias, shift : int
        Of the exponent; integers of the same size as the numbers.
    """

    # A type among these would cost each call of a loop 20 us: Numba looks at it anew.
    numbers: AnyArray
    bias: Any
    shift: Any

    @property
    def bits(self) -> Any:
        """The type of integers of the same size."""
        return type(self.shift)

    @classmethod
    def of(cls, dtype: type, lowest: float) -> ExpTerms:
        """Return the terms for float64 or float32."""
        double = np.dtype(dtype).itemsize == 8
        mantissa, bias, degree = (52, 1023, 12) if double else (23, 127, 6)
        high = 6.93147180369123816490e-01 if double else 0.693359375
        low = 1.90821492927058770002e-10 if double else -2.12194440e-4
        taylor = [1.0 / math.factorial(i) for i in (0, *range(2, degree + 1))]
        numbers = [math.log2(math.e), 1.5 * 2.0**mantissa, high, low, lowest, *taylor]
        bits = np.int64 if double else np.int32
        return cls(np.array(numbers, dtype), bits(bias), bits(mantissa))


class LogTerms(NamedTuple):
    """What log() of a number type needs: x = 2^n m, log(m) = 2 artanh(s), s = (m - 1) / (m + 1).

    Attributes
    ----------
    numbers : ndarray
        ln 2 in two parts, the number whose last bits are an integer, 1/2, and the coefficients
        2/3, 2/5, ... of the odd powers of s.
    root, shift, whole : int
        Bits of the root of 1/2, from which m begins; of the exponent; of the number above.
    """

    numbers: AnyArray
    root: Any
    shift: Any
    whole: Any

    @classmethod
    def of(cls, dtype: type) -> LogTerms:
        """Return the terms for float64 or float32."""
        double = np.dtype(dtype).itemsize == 8
        mantissa, n_terms = (52, 10) if double else (23, 5)
        bits: Any = np.int64 if double else np.int32
        high = 6.93147180369123816490e-01 if double else 0.693359375
        low = 1.90821492927058770002e-10 if double else -2.12194440e-4
        whole: Any = np.array(1.5 * 2.0**mantissa, dtype)
        series = [2.0 / (2 * i + 3) for i in range(n_terms)]
        numbers: AnyArray = np.array([high, low, whole, 0.5, *series], dtype)
        root = np.array(math.sqrt(0.5), dtype).view(bits)[()]
        return cls(numbers, root, bits(mantissa), whole.view(bits)[()])
