"""Which columns of an Arrow table are numbers, and what to say of the others."""

from __future__ import annotations

from typing import Any

from .choice import not_numbers

__all__ = ["described", "fault_of", "is_numeric"]

_NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"


def is_numeric(kind: Any) -> bool:
    """Whether an Arrow type is one of numbers."""
    from pyarrow import types

    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)
    return any(test(kind) for test in tests)


def fault_of(name: str, values: Any) -> str:
    """Return what is wrong with a column of text that holds numbers, but for a few values."""
    from pyarrow import compute

    text = _text(values)
    if text is None:
        return ""
    numbers = compute.match_substring_regex(text, _NUMBER)
    n_numbers = compute.sum(numbers).as_py() or 0
    n_others = len(text) - n_numbers
    if not 0 < n_others < n_numbers:
        return ""
    example = text.filter(compute.invert(numbers))[0].as_py()
    return f"{not_numbers(name, n_others, len(text))}, such as {example!r}"


def described(field: Any, values: Any) -> str:
    """Return how people are told of a column."""
    example = next((value.as_py() for value in values if value.is_valid), None)
    if example is None:
        return f"{field.name!r} (without values)"
    shown = repr(example) if isinstance(example, str) else str(example)
    return f"{field.name!r} ({field.type}, such as {shown})"


def _text(column: Any) -> Any:
    """Return the text values of a column that are not missing; None if it is not text."""
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (types.is_string(column.type) or types.is_large_string(column.type)):
        return None
    return column.drop_null()
