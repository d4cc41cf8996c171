"""What the names of folders say of the rows of their files, as in ``year=2025/month=7``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...exceptions import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["constant"]


def constant(path: Path, name: str, keys: dict[str, str]) -> float:
    """Return the value that all rows of a file have in a column; DataError if it is no number."""
    text = keys[name]
    try:
        return np.nan if text == "__HIVE_DEFAULT_PARTITION__" else float(text)
    except ValueError:
        raise DataError(
            f"{path}: {name!r} is {text!r} in the name of its folder, not a number"
        ) from None
