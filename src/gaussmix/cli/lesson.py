"""What `gaussmix iris` fits: each set of attributes once, and how many components BIC prefers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ..components.families import get_family
from ..em.model import Model
from ..em.options import Options
from ..selection import best_cell, get_criterion, search
from ..selection.fitter import Plan
from ..starts import get_start
from .demo import Comparison, compare, source_of

if TYPE_CHECKING:
    from ..em.result import Callback
    from ..mixture.datasets import LabelledData

__all__ = ["Lesson", "Sizes", "brief", "fit_lesson"]

_ALL, _FIRST_TWO, _PETALS, _PETAL_LENGTH = [0, 1, 2, 3], [0, 1], [2, 3], [2]
# Numbers of components that BIC is asked about.
_SIZES = range(1, 6)
_CRITERION = "bic"


@dataclass(frozen=True)
class Sizes:
    """BIC by number of components.

    Attributes
    ----------
    bic : dict of int to float or None
        None where a component collapses: BIC would say how low the floor is.
    n_parameters : dict of int to int
    preferred : int or None
        The number with the smallest.
    """

    bic: dict[int, float | None]
    n_parameters: dict[int, int]
    preferred: int | None


@dataclass(frozen=True, eq=False)
class Lesson:
    """The fits of a lesson, each to other attributes.

    Attributes
    ----------
    flowers : LabelledData
    lead : Comparison
        Of the attributes that were asked for.
    pair, single : Comparison
        Of the first two, and of the length of petals; `lead` where that is the same.
    sizes : list of (Comparison, Sizes)
        How many components each of these and some others prefers.
    """

    flowers: LabelledData
    lead: Comparison
    pair: Comparison
    single: Comparison
    sizes: list[tuple[Comparison, Sizes]]

    @property
    def fits(self) -> list[Comparison]:
        """All of them, each once."""
        return [fit for fit, _ in self.sizes]

    @property
    def everything(self) -> Comparison:
        """The fit to all attributes."""
        return max(self.fits, key=lambda fit: len(fit.columns))


def fit_lesson(
    flowers: LabelledData,
    columns: list[int],
    n_components: int,
    covariance_type: str,
    seed: int,
    callback: Callback | None = None,
) -> Lesson:
    """Fit each set of attributes once: pictures and text of one set show one fit."""
    made: dict[frozenset[int], Comparison] = {}
    for wanted in (columns, _ALL, _FIRST_TWO, _PETALS, _PETAL_LENGTH):
        if frozenset(wanted) not in made:
            made[frozenset(wanted)] = compare(
                flowers, wanted, n_components, covariance_type, seed, callback
            )
    numbers = sorted({*_SIZES, n_components})
    sizes = [(fit, _ask(fit, numbers, covariance_type, seed)) for fit in made.values()]
    return Lesson(
        flowers,
        lead=made[frozenset(columns)],
        pair=made[frozenset(_FIRST_TWO)],
        single=made[frozenset(_PETAL_LENGTH)],
        sizes=sizes,
    )


def brief(fit: Comparison) -> str:
    """Name the columns of a fit, a word that is repeated but once: sepal length & width."""
    names = [fit.data.names[j] for j in fit.columns]
    if len(names) == len(fit.data.names):
        return "all four attributes"
    first = [name.split(" ")[0] for name in names]
    again = [False, *(one == other for one, other in pairwise(first))]
    return " & ".join(
        name.removeprefix(f"{word} ") if repeated else name
        for name, word, repeated in zip(names, first, again, strict=True)
    )


def _ask(fit: Comparison, numbers: list[int], covariance_type: str, seed: int) -> Sizes:
    family = get_family(covariance_type)
    cells = list(
        search(
            source_of(fit.data, fit.columns),
            [family],
            numbers,
            get_start("race"),
            [get_criterion(_CRITERION)],
            Plan(Model(1, family), Options(), seed=seed),
        )
    )
    best = best_cell(cells, _CRITERION)
    bic = {cell.n_components: cell.values.get(_CRITERION) for cell in cells}
    return Sizes(
        {k: bic[k] for k in sorted(bic)},
        {cell.n_components: cell.n_parameters for cell in cells},
        None if best is None else best.n_components,
    )
