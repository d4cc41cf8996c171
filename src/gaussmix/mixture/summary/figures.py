"""Figures as people read them: as many digits as say something, whatever their size."""

from __future__ import annotations

import math
from unicodedata import combining, east_asian_width

__all__ = ["fixed", "from_log", "measured", "number", "places", "shortened", "whole"]

# Beyond these a number is written with an exponent.
_SMALLEST, _LARGEST = 1e-4, 1e6
_LARGEST_FIXED = 1e15
_LARGEST_MEAN = 1e10


def number(value: float, digits: int = 4) -> str:
    """Write a number with so many significant digits.

    Examples
    --------
    >>> number(0.0123456), number(1e300), number(0.0)
    ('0.01235', '1e+300', '0')
    """
    return f"{value:.{digits}g}"


def fixed(value: float, decimals: int) -> str:
    """Write a number with so many decimals; with an exponent if it is so large that none is known.

    Examples
    --------
    >>> fixed(-180.18543, 2), fixed(1e300, 2)
    ('-180.19', '1.00000e+300')
    """
    return f"{value:.{decimals}f}" if abs(value) < _LARGEST_FIXED else f"{value:.5e}"


def whole(value: float) -> str:
    """Write a weight of rows: a whole number as such.

    Examples
    --------
    >>> whole(150.0), whole(49.25)
    ('150', '49.25')
    """
    return (
        f"{value:.0f}" if value == round(value) and abs(value) < _LARGEST_FIXED else number(value)
    )


def measured(mean: float, deviation: float) -> str:
    """Write a mean ± standard deviation, both to the third digit of the deviation.

    Examples
    --------
    >>> measured(5.00601, 0.34894), measured(100_000_000, 1.0), measured(1.0, 1e-300)
    ('5.006 ± 0.349', '100000000.00 ± 1.00', '1 ± 1e-300')
    """
    if _SMALLEST <= deviation < _LARGEST and abs(mean) < _LARGEST_MEAN:
        decimals = max(0, 2 - math.floor(math.log10(deviation)))
        return f"{mean:.{decimals}f} ± {deviation:.{decimals}f}"
    return f"{number(mean, 6)} ± {number(deviation, 3)}"


def from_log(value: float) -> str:
    """Write exp(value), which may be far beyond what a float holds.

    Examples
    --------
    >>> from_log(0.0), from_log(-3.0), from_log(5000.0)
    ('1', '0.04979', '2.968e+2171')
    """
    if abs(value) < 690:
        return number(math.exp(value))
    if not math.isfinite(value):
        return number(math.inf if value > 0 else 0.0)
    exponent = math.floor(value / math.log(10))
    rest = math.exp(value - exponent * math.log(10))
    return f"{rest:.3f}e{exponent:+d}"


def places(text: str) -> int:
    """Return how many places a text takes in a terminal: a Chinese sign has two, an accent none.

    Examples
    --------
    >>> places("value"), places("\u6f22\u5b57"), places("e\u0301")
    (5, 4, 1)
    """
    if text.isascii():
        return len(text)
    wide = sum(east_asian_width(sign) in "WF" for sign in text)
    return len(text) + wide - sum(combining(sign) > 0 for sign in text)


def shortened(name: str, width: int) -> str:
    """Return a name with its middle left out if it takes more than so many places.

    Examples
    --------
    >>> shortened("sepal length (cm)", 30), shortened("a" * 20 + "b" * 20, 12)
    ('sepal length (cm)', 'aaaaaaaa…bbb')
    """
    kept = width
    shown = name
    while places(shown) > width and kept > 0:
        end = (kept - 1) // 3
        shown = f"{name[: kept - 1 - end]}…{name[len(name) - end :]}"
        kept -= 1
    return shown
