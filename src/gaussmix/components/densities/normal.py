"""The normal density: nothing of its own, and responsibilities are the weights of all sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .base import Density

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._typing import AnyArray, Array
    from ..statistics import SufficientStatistics

__all__ = ["NORMAL", "Normal"]


class Normal(Density):
    """Gaussian components."""

    name: ClassVar[str] = "normal"
    plain = True
    falls = True

    @property
    def choice(self) -> str:
        return ""

    def log_joint(self, joint: Array, terms: Array) -> Array | None:
        return None

    def update(self, statistics: SufficientStatistics) -> Normal:
        return self

    def take(self, components: slice | AnyArray) -> Normal:
        return self

    def joined(self, several: Sequence[Normal]) -> Normal:
        return self

    def __repr__(self) -> str:
        return "Normal()"


NORMAL = Normal()
