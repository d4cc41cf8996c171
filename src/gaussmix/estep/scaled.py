"""Scale mixtures of normals on whole blocks, in compiled loops.

What `Posterior` asks a density for otherwise, where forms have done the products of many rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .compiled import OwnTerms, compiled_loops, natural_form

if TYPE_CHECKING:
    from types import ModuleType

    from .._typing import Array
    from .posterior import Posterior, Tally

__all__ = ["Scaled", "pays", "scaled"]

# Half the largest squared distances that loops can tell apart, by the bytes of a number.
_FARTHEST = {8: -1e290, 4: -1e30}


def pays(posterior: Posterior, n_rows: int | None) -> bool:
    """Whether to load loops for a posterior of so many rows (None: unknown) in all."""
    n_joint = posterior.groups.n_components
    return posterior.density.in_loops and natural_form(n_joint, n_rows).in_loops


def scaled(posterior: Posterior, joint: Array) -> Scaled | None:
    """Turn -distance / 2 of components and rows (J, B) into log-joint densities, in place.

    None, and nothing is changed, if loops cannot: some distances are no numbers.
    """
    loops = compiled_loops()
    if loops is None or not joint.min(initial=0.0) > _FARTHEST[joint.itemsize]:
        return None
    return Scaled(loops, posterior, joint)


class Scaled:
    """What is known of each component and row beside its log-joint density.

    Attributes
    ----------
    scale, excess : ndarray (J, B)
        u, which responsibilities are multiplied by, and u - 1 - log(u).
    """

    def __init__(self, loops: ModuleType, posterior: Posterior, joint: Array) -> None:
        self._loops, self._own = loops, OwnTerms.of(posterior, 1, joint.dtype)
        memory = np.empty((2, loops.TILE), joint.dtype)
        scratch = (memory, memory.view(f"i{joint.itemsize}"))
        self.scale, self.excess = np.empty_like(joint), np.empty_like(joint)
        own = self._own
        loops.fall_block(joint, own.terms[0], own.logs, scratch, self.scale, self.excess)

    def weigh(self, responsibilities: Array, posterior: Posterior, tally: Tally) -> None:
        """Turn weighted responsibilities (J, B) into masses, in place; count them."""
        own = self._own
        self._loops.weigh_block(
            responsibilities, self.scale, self.excess, own.sums[0], self._loops.TILE
        )
        own.tell(posterior, tally)
