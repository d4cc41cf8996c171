"""What is said of a fit that has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..mixture.summary import FitFacts, Summary, summarise_mixture
from .mstep import RELATIVE_FLOOR
from .optima import describe

if TYPE_CHECKING:
    from .._typing import AnyArray
    from ..mixture import Mixture
    from ..rows.missingness import Missingness
    from .result import FitResult

__all__ = ["collapse", "notices", "summary"]

# Components that are named one by one.
_NAMED = 5
# A variance of so many floors is still no width.
_AT_THE_FLOOR = 4.0
# A component of less weight than so many rows is a single one.
_ONE_ROW = 1.5
# Components of fewer rows together have none: the background took all.
_NO_ROWS = 1e-3
# A component of less than so many rows for each that its covariance needs is a sliver, and so is
# one of less than such a share of the largest volume, a dimension.
_FEW_ROWS = 2.0
_FLAT = 1e-3


def collapse(result: FitResult) -> str:
    """Return what to know of the covariances that are held at the floor."""
    shown = result.collapsed[:_NAMED]
    if result.collapsed == (-1,):
        which = "the shared covariance has no width in some direction"
    else:
        which = "; ".join(f"component {k} {_where(result, k)}" for k in shown)
    if len(result.collapsed) > len(shown):
        which += f"; and {len(result.collapsed) - len(shown)} more"
    return (
        f"covariance collapsed: {which}. It is held at a floor of {RELATIVE_FLOOR:g} of the "
        f"data's variance, and the log-likelihood is then arbitrary: {_advice(result)}"
    )


def _advice(result: FitResult) -> str:
    every = result.collapsed == (-1,) or len(result.collapsed) == result.mixture.n_components > 1
    if every:
        return (
            "raise reg_covar, or choose a simpler family; where no component has a width, columns "
            "may depend on each other (a sum that is constant): drop one of them"
        )
    return "raise reg_covar, use fewer components, or choose a simpler family"


def _where(result: FitResult, k: int) -> str:
    """Return where a component has no width: on tied values of some features, or in between."""
    mixture, weight = result.mixture, f"(weight {result.mixture.weights[k]:.3g})"
    tied = _tied(result, k)
    if not len(tied):
        return f"{weight} has no width in some direction"
    names = mixture.feature_names or [f"column {j}" for j in range(mixture.n_features)]
    variances = mixture.scales.variances()[k]
    means = np.where(mixture.means[k] ** 2 > variances, mixture.means[k], 0.0)  # no -1e-14
    values = ", ".join(f"{names[j]} = {means[j]:.6g}" for j in tied[:_NAMED])
    more = ", ..." if len(tied) > _NAMED else ""
    if result.n_rows * mixture.weights[k] < _ONE_ROW:
        return f"{weight} is one row, {values}{more} (leave it out, or give noise=)"
    return (
        f"{weight} sits on tied values, {values}{more} in all its rows (if that is a code for "
        "missing or cut-off values, leave those rows out)"
    )


def _tied(result: FitResult, k: int) -> AnyArray:
    """Return the features in which a component has no width by itself."""
    if result.floor is None:
        return np.empty(0, dtype=int)
    covariances = result.mixture.scales
    variances, floor = covariances.variances()[k], result.floor
    if covariances.moment.n_axes == 0:  # one variance for all
        floor = np.full_like(floor, floor.max())
    return np.flatnonzero(variances <= _AT_THE_FLOOR * floor)


def notices(result: FitResult) -> list[str]:
    """Return what is worth a thought, a sentence each."""
    found = [] if result.missing is None else [_missing(result.missing)]
    found += [] if result.n_dropped == 0 or result.missing else [_dropped(result)]
    if _is_all_background(result):
        found.append(
            "all rows are of the background: it is denser than any component could be; bring "
            "columns to like units, take a family of variances by column, or leave the noise out"
        )
    elif not result.model.is_bound:
        found += [_sliver(result, k) for k in _slivers(result)]
    told = describe(result.optima)
    return [*found, *result.mixture.density.notices(), *told.splitlines()]


def _dropped(result: FitResult) -> str:
    dropped, total = result.n_dropped, result.n_rows + result.n_dropped
    return (
        f"{dropped} of {total} rows ({dropped / total:.1%}) left out for a missing value: the fit "
        "is one to complete rows, which may differ from the others"
    )


def _missing(missing: Missingness) -> str:
    share = missing.by_column.sum() / max(1, missing.n_rows * len(missing.by_column))
    patterns = f"{len(missing.patterns)}{' or more' if missing.n_others else ''} patterns"
    told = (
        f"{share:.1%} of the values are missing, in {missing.n_incomplete} of {missing.n_rows} "
        f"rows and {patterns}: the likelihood is that of what is seen"
    )
    if missing.n_unseen:
        rows = "1 row" if missing.n_unseen == 1 else f"{missing.n_unseen} rows"
        told += f"; of {rows} nothing is seen, which counts nowhere"
    return told


def _is_all_background(result: FitResult) -> bool:
    noise = result.mixture.noise
    return noise is not None and (1.0 - noise.weight) * result.n < _NO_ROWS


def _slivers(result: FitResult) -> list[int]:
    """Return the components of hardly any rows, or of hardly any volume beside the others."""
    statistics, covariances = result.statistics, result.mixture.scales
    if statistics is None or covariances.shared:
        return []
    fewest = _FEW_ROWS * covariances.moment.rows_to_span(covariances.n_features)
    log_det = covariances.log_det() / covariances.n_features
    few = statistics.counts * (result.n_rows / result.n) < fewest
    flat = log_det < log_det.max() + np.log(_FLAT)
    found = np.flatnonzero(few | flat).tolist()
    return [k for k in found if k not in result.collapsed][:_NAMED]


def _own(mixture: Mixture) -> list[str]:
    """Return what components have of their own, in a line; none of normal ones."""
    if mixture.density.plain:
        return []
    every = ", ".join(mixture.density.described(k) for k in range(mixture.n_components))
    return [f"{mixture.density.name} components: {every}"]


def _sliver(result: FitResult, k: int) -> str:
    assert result.statistics is not None
    rows = result.statistics.counts[k]
    return (
        f"component {k} is a sliver: {rows:.1f} rows in a small volume; the likelihood gains much "
        "there, and says little of other rows: try fewer components, a prior, or a simpler family"
    )


def summary(result: FitResult) -> Summary:
    """Return what is known of a fit without its rows."""
    family = result.family
    facts = FitFacts(
        family="; ".join([f"{family!r}: {family.summary}", *_own(result.mixture)]),
        log_likelihood=result.log_likelihood,
        n=result.n,
        n_rows=result.n_rows,
        n_parameters=result.n_parameters,
        n_iter=result.n_iter,
        converged=result.converged,
        reason=result.status.value,
        collapsed=result.collapsed,
        n_dropped=result.n_dropped,
        is_bound=result.model.is_bound,
        told=(*result.warnings(), *notices(result)),
    )
    return summarise_mixture(result.mixture, facts)
