"""Which densities are tried with which families."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..components.codes import family_of_code
from ..components.densities import NORMAL, kind_of_density, student_of
from ..components.families import Family
from ..exceptions import ParameterError
from .fitter import Fitter, Plan
from .search import choose_families, search_with, warn_of_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..components.densities import Density
    from ..rows import Source
    from ..starts import Start
    from .cells import Cell
    from .criteria import Criterion

__all__ = ["choose_kinds", "search_kinds"]


def choose_kinds(
    families: Any, density: Any, dof: Any, n_features: int
) -> list[tuple[Density, list[Family]]]:
    """Return the densities to try, and the families of each.

    Parameters
    ----------
    families : "all", str, Family, or several of them
        As `choose_families` takes them.  teigen's codes name a density, too.
    density : "normal", "student", or both
    dof : "free", "equal", a number, or several of these
        For "student".
    n_features : int

    Raises
    ------
    ParameterError
        If a name is unknown, or there is none.

    Examples
    --------
    >>> from gaussmix.selection.kinds import choose_kinds
    >>> choose_kinds(["full", "UUUC"], "student", "free", n_features=2)
    [(StudentT(10, 'free'), [VVV (full)]), (StudentT(10, 'equal'), [VVV (full)])]
    """
    several = [families] if isinstance(families, str | Family) else list(families)
    codes = [found for given in several if (found := family_of_code(given)) is not None]
    plain = [given for given in several if family_of_code(given) is None]
    chosen: dict[str, tuple[Density, list[Family]]] = {}

    def add(own: Density, more: list[Family]) -> None:
        kept = chosen.setdefault(own.rule, (own, []))[1]
        kept += [family for family in more if family not in kept]

    if plain or not codes:
        every = choose_families(families if not codes else plain, n_features)
        for own in _densities(density, dof):
            add(own, every)
    for family, estimated in codes:
        add(student_of(estimated), [family])
    return list(chosen.values())


def search_kinds(
    source: Source,
    kinds: Sequence[tuple[Density, list[Family]]],
    n_components: Sequence[int],
    start: Start,
    criteria: Sequence[Criterion],
    plan: Plan,
    *,
    n_jobs: int | None = None,
) -> Iterator[Cell]:
    """Do what `search` does with each density, of its families."""
    every = list(dict.fromkeys(family for _, families in kinds for family in families))
    fitter = Fitter(source, every, start, plan)
    warn_of_rows(fitter, stacklevel=3)
    for density, families in kinds:
        own = fitter.of_density(density)
        yield from search_with(own, families, n_components, criteria, n_jobs=n_jobs)


def _densities(density: Any, dof: Any) -> list[Density]:
    names = [density] if isinstance(density, str) else list(density)
    dofs = list(dof) if isinstance(dof, tuple | list) else [dof]
    if not names or not dofs:
        raise ParameterError("density, dof: expected at least one, got none")
    found: list[Density] = []
    for name in names:
        plain = kind_of_density(name).plain
        found += [NORMAL] if plain else [student_of(own) for own in dofs]
    return found
