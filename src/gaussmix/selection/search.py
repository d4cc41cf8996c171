"""The loop over models: one cell for each family and number of components."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..components.families import Family, get_family, list_families
from ..components.moments import PRODUCTS
from ..em.loop import fit_together
from ..estep.choice import MOST_TERMS
from ..exceptions import DataError, ParameterError
from ..numerics.arguments import check_integer
from ..numerics.jobs import done, effective
from ..rows.blas import single_threaded_blas
from ..rows.suspicions import warn_of_columns
from ..rows.threads import count_threads
from .cells import Cell
from .criteria import Criterion, list_criteria
from .fitter import FAILURES, Fitter, Plan, SizedFitter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..em.problem import Problem
    from ..em.result import FitResult
    from ..mixture import Mixture
    from ..rows import Source
    from ..starts import Start

__all__ = [
    "DEFAULT_START",
    "choose_families",
    "choose_sizes",
    "pays",
    "row_threads",
    "search",
    "search_with",
    "wanted_criteria",
    "warn_of_rows",
]

# On more rows the arithmetic outweighs the calls, and forms made for each structure win.
_MOST_ROWS = 3_000
# Of one feature there is little arithmetic, and one structure (measured).
_MOST_ROWS_OF_ONE = 20_000
# Rows of a sample in which odd columns are looked for.
_LOOKED_AT = 2_000

#: Where fits begin unless the user says otherwise.
DEFAULT_START = "mbahc"


def search(
    source: Source,
    families: Sequence[Family],
    n_components: Sequence[int],
    start: Start,
    criteria: Sequence[Criterion],
    plan: Plan,
    *,
    n_jobs: int | None = None,
) -> Iterator[Cell]:
    """Fit all models, and yield their cells as they are done.

    A model that the data cannot support, or that collapses, is a cell with a reason
    and no result, as mclust's NA.

    Parameters
    ----------
    source : Source
    families : sequence of Family
    n_components : sequence of int
    start : Start
    criteria : sequence of Criterion
    plan : Plan
    n_jobs : int, optional
        Models fitted at a time, each in a process of its own; results do not depend
        on it.  On few rows all models are fitted together instead.

    Raises
    ------
    DataError
        If no model at all can be fitted to such data (NaN, for instance).

    Examples
    --------
    >>> from gaussmix.em.model import Model
    >>> from gaussmix.em.options import Options
    >>> from gaussmix.families import get_family
    >>> from gaussmix.rows import MemorySource
    >>> from gaussmix.selection import get_criterion, search
    >>> from gaussmix.selection.fitter import Plan
    >>> from gaussmix.starts import get_start
    >>> from sklearn.datasets import load_iris
    >>> family = get_family("VVV")
    >>> plan = Plan(Model(1, family), Options(), seed=0)
    >>> source, start = MemorySource(load_iris().data), get_start("mbahc")
    >>> cells = list(search(source, [family], [1, 2], start, [get_criterion("bic")], plan))
    >>> [cell.n_components for cell in cells]
    [1, 2]
    """
    fitter = Fitter(source, families, start, plan)
    warn_of_rows(fitter, stacklevel=3)
    yield from search_with(fitter, families, n_components, criteria, n_jobs=n_jobs)


def warn_of_rows(fitter: Fitter, *, stacklevel: int) -> None:
    """Warn of columns that are hardly measurements."""
    source = fitter.source
    some, _ = source.sample(_LOOKED_AT, np.random.default_rng(0))
    seen = np.asarray(some)[np.isfinite(some).all(axis=1)]
    if len(seen):
        names = source.feature_names
        warn_of_columns(seen, fitter.regularised, names, stacklevel=stacklevel + 1)


def search_with(
    fitter: Fitter,
    families: Sequence[Family],
    n_components: Sequence[int],
    criteria: Sequence[Criterion],
    *,
    n_jobs: int | None = None,
) -> Iterator[Cell]:
    """Fit the same with a fitter that others may share; families are some of its own."""
    source = fitter.source
    # Fits of few rows are faster together than in processes of their own.
    if pays(source) and not any(criterion.refits for criterion in criteria):
        yield from _together(fitter, families, n_components, criteria)
        return
    jobs = _jobs(fitter, families, n_components, criteria)
    if n_jobs is not None:
        count_threads(n_jobs)  # raises where it is no number of them
    yield from done(list(jobs), n_jobs if source.portable else None)


def pays(source: Source) -> bool:
    """Whether fits to these rows are faster together than one after the other."""
    few_terms = PRODUCTS.n_terms(source.n_features) <= MOST_TERMS
    most_rows = _MOST_ROWS_OF_ONE if source.n_features == 1 else _MOST_ROWS
    return source.n_rows <= most_rows and few_terms


@dataclass(frozen=True, eq=False)
class _Size:
    """What the cells of one size share, or why there is none."""

    cells: list[Cell]
    fitter: SizedFitter | None = None
    shared: list[tuple[Criterion, Any]] = field(default_factory=list)
    reason: str = ""


def _sizes(
    fitter: Fitter,
    families: Sequence[Family],
    n_components: Sequence[int],
    criteria: Sequence[Criterion],
) -> Iterator[_Size]:
    for size in n_components:
        d = fitter.source.n_features
        counts = [fitter.model(family, size).n_parameters(d) for family in families]
        density = fitter.plan.model.density
        cells = [
            Cell(family, size, n, density=density)
            for family, n in zip(families, counts, strict=True)
        ]
        try:
            sized = fitter.of_size(size)
            shared = [(criterion, criterion.share(sized)) for criterion in criteria]
        except (DataError, ParameterError) as error:
            yield _Size(cells, reason=str(error))
        else:
            yield _Size(cells, sized, shared)


def _jobs(
    fitter: Fitter,
    families: Sequence[Family],
    n_components: Sequence[int],
    criteria: Sequence[Criterion],
) -> Iterator[Callable[[], Cell]]:
    """Yield the work of each cell; what cells of one size share is done here."""
    for size in _sizes(fitter, families, n_components, criteria):
        for cell in size.cells:
            if size.fitter is None:
                yield partial(_skipped, cell, size.reason)
            else:
                yield partial(_fitted, cell, size.fitter, size.shared)


def _fitted(cell: Cell, fitter: SizedFitter, criteria: list[tuple[Criterion, Any]]) -> Cell:
    """Return the cell with its fit, or with the reason why there is none."""
    try:
        return _judged(cell, fitter.fit(cell.family), fitter, criteria)
    except FAILURES as error:
        return _skipped(cell, str(error))


def _judged(
    cell: Cell, result: FitResult, fitter: SizedFitter, criteria: list[tuple[Criterion, Any]]
) -> Cell:
    """Return the cell with its fit and criteria, or with the reason why there are none."""
    if result.collapsed:
        return _skipped(cell, _collapse(result))
    try:
        values = {
            criterion.name: criterion(result, fitter, shared) for criterion, shared in criteria
        }
    except (DataError, ParameterError) as error:
        return _skipped(cell, str(error))
    return replace(cell, result=result, values=values)


def _together(
    fitter: Fitter,
    families: Sequence[Family],
    n_components: Sequence[int],
    criteria: Sequence[Criterion],
) -> Iterator[Cell]:
    """Fit all cells together, and yield each as it is done."""
    fits: list[tuple[Problem, Mixture]] = []
    waiting: list[tuple[Cell, SizedFitter, list[tuple[Criterion, Any]], list[FitResult]]] = []
    owner: list[int] = []
    sizes = list(_sizes(fitter, families, n_components, criteria))
    yield from (_skipped(cell, size.reason) for size in sizes if size.reason for cell in size.cells)
    able = [(size, size.fitter) for size in sizes if size.fitter is not None]
    found = [fitter.problems(family, [sized for _, sized in able]) for family in families]
    for (size, sized), of_size in zip(able, zip(*found, strict=True), strict=True):
        for cell, own in zip(size.cells, of_size, strict=True):
            if isinstance(own, Exception):
                yield _skipped(cell, str(own))
                continue
            owner += [len(waiting)] * len(own)
            waiting.append((cell, sized, size.shared, []))
            fits += own
    told: set[int] = set()
    try:
        with single_threaded_blas():
            known = next((problem.data.facts.known for problem, _ in fits), None)
            for i, result in fit_together(fitter.estep(known), fits):
                cell, sized, shared, results = waiting[owner[i]]
                results.append(result)
                if len(results) == owner.count(owner[i]):
                    yield _judged(cell, sized.best_of(results), sized, shared)
                    told.add(owner[i])
    except FAILURES:
        # One of them cannot be fitted, or judged: alone, each fails for itself.
        for j, (cell, sized, shared, _) in enumerate(waiting):
            if j not in told:
                yield _fitted(cell, sized, shared)


def _skipped(cell: Cell, reason: str) -> Cell:
    return replace(cell, reason=reason)


def _collapse(result: FitResult) -> str:
    which = (
        "the shared covariance"
        if result.collapsed == (-1,)
        else f"the covariance of component {', '.join(map(str, result.collapsed))}"
    )
    return f"{which} collapsed: it has no width in some direction"


# -- what users write ------------------------------------------------------------------


def choose_families(given: Any, n_features: int) -> list[Family]:
    """Return the families for "all", a name, a Family, or several of these.

    In one dimension many families are the same model: "all" then keeps one for each
    number of parameters, as mclust keeps E and V.

    Raises
    ------
    ParameterError
        If a name is unknown, or there is none.

    Examples
    --------
    >>> from gaussmix.selection import choose_families
    >>> [family.name for family in choose_families(["tied", "VVV"], n_features=2)]
    ['EEE', 'VVV']
    >>> [family.name for family in choose_families("all", n_features=1)]
    ['E', 'V']
    """
    if isinstance(given, str) and given.lower() == "all":
        if n_features == 1:
            return _different_in_one_dimension()
        return [family for family in list_families() if not family.univariate]
    several = [given] if isinstance(given, str | Family) else list(given)
    chosen: list[Family] = []
    for name in several:
        family = get_family(name, "families")
        if family not in chosen:
            chosen.append(family)
    if not chosen:
        raise ParameterError("families: expected 'all' or at least one family, got none")
    return chosen


def _different_in_one_dimension() -> list[Family]:
    def rank(family: Family) -> tuple[bool, bool, int]:  # the best known last
        return family.univariate, family.synonym is not None, family.held.moment.n_axes

    by_parameters = {
        family.n_parameters(2, 1): family for family in sorted(list_families(), key=rank)
    }
    return [by_parameters[count] for count in sorted(by_parameters)]


def choose_sizes(given: Any) -> list[int]:
    """Return the numbers of components for an int or an iterable of them, ascending.

    Raises
    ------
    ParameterError
        If one is not an integer of at least 1, or there is none.
    """
    try:
        several = list(given)
    except TypeError:
        several = [given]
    sizes = {check_integer("n_components", size, minimum=1) for size in several}
    if not sizes:
        raise ParameterError("n_components: expected at least one number, got none")
    return sorted(sizes)


def wanted_criteria(chosen: Criterion) -> list[Criterion]:
    """Return the criteria that every table has, and the chosen one."""
    others = [criterion for criterion in list_criteria() if criterion.always]
    return [*(other for other in others if other.name != chosen.name), chosen]


def row_threads(n_jobs: int | None) -> int | None:
    """Return how many threads work on the rows of one fit: one if models have the cores."""
    if n_jobs is not None:
        count_threads(n_jobs)  # raises where it is no number of them
    return None if effective(n_jobs) == 1 else 1
