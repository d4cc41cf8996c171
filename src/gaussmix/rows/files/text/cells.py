"""What a cell of text looks like, as conditions of a query in which ``@`` is the cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .engine import is_one_of, literal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BY_COMMAS",
    "BY_DOTS_ALONE",
    "IS_DOUBLE",
    "LOOKS",
    "LOOKS_OF_NUMBERS",
    "ONE_DOT",
    "WITH_COMMA",
    "empty",
    "of",
    "swallows",
]

_SIGN = "[+-]?"
_EXPONENT = rf"([eE]{_SIGN}\d+)?"
_DIGITS = rf"^{_SIGN}\d+{_EXPONENT}$"
_COMMA = rf"^{_SIGN}(\d+,\d*|,\d+){_EXPONENT}$"
# Beside their thousands, numbers have a mark at most once: 1.234.567,89 or 1,234,567.89.
_BY_COMMAS = rf"^{_SIGN}[1-9]\d{{0,2}}(,\d{{3}})+(\.\d*)?$"
_BY_DOTS = rf"^{_SIGN}[1-9]\d{{0,2}}(\.\d{{3}})+(,\d*)?$"
_ONE_COMMA = rf"^{_SIGN}[1-9]\d{{0,2}},\d{{3}}$"
_ONE_DOT = rf"^{_SIGN}[1-9]\d{{0,2}}\.\d{{3}}$"
# It begins as a number does, but for signs of money and quotation marks.
_LIKE = r"""^[\s"'(\[{\x{200B}]*[+\-−]?\s*[$€£¥]?\s*[+\-−]?[.,]?\d"""
# A number and something beside it: signs of money, per cent, a unit, spaces or apostrophes
# between thousands, a typesetter's minus, an exponent of Fortran's, quotation marks.
_BESIDE = (
    r"""^["'(\[{\x{200B}]*[+\-−]?\s*[$€£¥]?\s*[+\-−]?(\d[\d.,_'’\s\x{A0}\x{202F}]*|[.,]\d+)"""
    r"""([eEdD][+\-−]?\d+)?\s?(%|‰|°|[$€£¥]|°?\s[^\s\d:/\-.,]+)?["')\]}]*$|^[+-]?\d+\.\d*([+-]\d*\.?\d*)+$|^[+-]?0[xX][0-9a-fA-F]+$"""
)
_DATE = r"^\d{1,4}(-\d{1,2}-|\.\d{1,2}\.|/\d{1,2}/)\d{1,4}|^\d{1,2}:\d{2}"


def _matches(*patterns: str) -> str:
    found = (f"regexp_matches(trim(@), {literal(pattern)})" for pattern in patterns)
    return f"({' OR '.join(found)})"


#: A number as the library reads it.
IS_DOUBLE = "TRY_CAST(@ AS DOUBLE) IS NOT NULL"
#: A number if the comma is the decimal mark.
WITH_COMMA = _matches(_DIGITS, _COMMA, _BY_DOTS)
#: A number whose thousands commas may part: 1,234 or 1,234.5.
BY_COMMAS = _matches(_BY_COMMAS)
#: A number without a comma whose thousands only dots may part: 1.234.567.
BY_DOTS_ALONE = f"({_matches(_BY_DOTS)} AND NOT contains(@, ',') AND NOT {_matches(_ONE_DOT)})"
#: Four numbers with dots between, as of the internet.
ADDRESS = _matches(r"^\d{1,3}(\.\d{1,3}){3}$")
#: A number as 1.234, which may have a decimal point or a dot of thousands.
ONE_DOT = _matches(_ONE_DOT)

#: Asked of columns that are not all numbers.
LOOKS = {
    "flags": is_one_of("lower(trim(@))", ["true", "false"]),
    "begins_anew": "starts_with(@, chr(10)) OR starts_with(@, chr(13))",
    "like": _matches(_LIKE),
}
#: Asked of those that may be, for the most part.
LOOKS_OF_NUMBERS = {
    "with_comma": WITH_COMMA,
    "by_commas": BY_COMMAS,
    "sure_comma": f"({_matches(_COMMA)} AND NOT {_matches(_ONE_COMMA)}) "
    f"OR ({_matches(_BY_DOTS)} AND NOT {ONE_DOT})",
    "sure_thousands": f"{BY_COMMAS} AND NOT {_matches(_ONE_COMMA)}",
    "by_dots_alone": BY_DOTS_ALONE,
    "beside": f"{_matches(_BESIDE)} AND NOT {_matches(_DATE)} AND NOT {ADDRESS}",
    "addresses": ADDRESS,
}


def empty(missing: Sequence[str]) -> str:
    """Return the condition of a cell without a value."""
    return is_one_of("trim(@)", ["", *missing])


def swallows(separator: str, width: int) -> str:
    """Return the condition of a cell of several lines that look like rows."""
    mark = re.escape(separator)
    row = rf"([^{mark}\n]*{mark}){{{width - 1}}}[^{mark}\n]*\n"
    pattern = rf"^[^\n]*\n({row}){{2,}}"
    return f"regexp_matches(@, {literal(pattern)})"


def of(column: int, condition: str) -> str:
    """Return a condition, or any expression, of a column."""
    return condition.replace("@", f"c{column}")
