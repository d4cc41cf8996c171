"""Which source opens data that do not lie in memory as an array."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..numerics.registry import named_classes
from .source import Source

__all__ = ["open_source"]


@lru_cache(maxsize=1)
def _sources() -> tuple[type[Source], ...]:
    found = named_classes(__package__ or "", Source)  # type: ignore[type-abstract]
    return tuple(found.values())


def open_source(data: Any, sample_weight: Any = None, n_jobs: int | None = None) -> Source | None:
    """Return the source that is made for such data, or None: they are an array or a frame."""
    for kind in _sources():
        if kind.opens(data):
            return kind.open(data, sample_weight, n_jobs)
    return None
