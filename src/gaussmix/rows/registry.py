"""Which source opens data that do not lie in memory as an array."""

from __future__ import annotations

from typing import Any

from ..numerics.registry import Registry
from .source import Source

__all__ = ["open_source"]


_SOURCES = Registry(__package__, Source)  # type: ignore[type-abstract]


def open_source(data: Any, sample_weight: Any = None, n_jobs: int | None = None) -> Source | None:
    """Return the source that is made for such data, or None: they are an array or a frame.

    What is a source already, its weights in it, is returned as it is.
    """
    if isinstance(data, Source):
        return data
    for kind in _SOURCES.classes.values():
        if kind.opens(data):
            return kind.open(data, sample_weight, n_jobs)
    return None
