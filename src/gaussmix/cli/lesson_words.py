"""What `gaussmix iris` says of its fits, in sentences; every number is of a fit."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import numpy as np

from .demo import homes, in_numbers, misplaced
from .lesson import brief
from .report import contingency, listed, plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..em.optima import Optimum
    from .demo import Comparison
    from .lesson import Lesson, Sizes

__all__ = [
    "agreement",
    "ascent",
    "beside_kmeans",
    "in_flowers",
    "in_short",
    "opening",
    "other_optima",
    "what_bic_says",
]

# More flowers than this are counted, not listed.
_MOST_LISTED = 12
# Optima that are higher by less than this, in nats, are not spoken of.
_HIGHER = 0.05


def in_flowers(message: str) -> str:
    """Return words about rows as words about flowers."""
    told = in_numbers(message).replace(" a row", " a flower")
    return "flowers" if told == "rows" else told


def opening(lesson: Lesson) -> str:
    """Say what the data are and what EM does."""
    flowers = lesson.flowers
    return (
        f": {len(flowers.rows)} flowers of {len(flowers.class_names)} species, "
        f"{len(flowers.names)} attributes in cm. EM is told the attributes, never the species. "
        "It repeats two steps: each flower's share in each Gaussian (a component of the "
        "mixture), by Bayes' theorem; then each Gaussian's weight, mean and covariance, from the "
        "flowers' shares. Each pass raises the log-likelihood (the logarithm of the mixture's "
        "density at all flowers), until it converges."
    )


def in_short(lesson: Lesson) -> list[str]:
    """Return the answer before the tables, and what its numbers mean: a sentence an item."""
    fit = lesson.everything
    k = fit.result.mixture.n_components
    away = misplaced(fit.labels, fit.data.classes)
    theirs = misplaced(fit.kmeans_labels, fit.data.classes)
    told = []
    if away is not None and theirs is not None:
        told.append(
            f"On {brief(fit)} EM misplaces {away.sum()} of {plural(len(away), 'flower')} and "
            f"K-means {theirs.sum()}: they are in another group than most of their species. "
            f"K-means puts each flower to the nearest of {plural(k, 'centre')}."
        )
    told.append(
        "Adjusted Rand index (agreement of groups and species: 1 = identical, 0 = chance): "
        f"EM {fit.ari:.3f}, K-means {fit.kmeans_ari:.3f}."
    )
    sizes = next(s for one, s in lesson.sizes if one is fit)
    if sizes.preferred is not None:
        told.append(
            "BIC (misfit plus a price for each parameter; smaller is better) prefers "
            f"{plural(sizes.preferred, 'Gaussian')} on {brief(fit)}{_but_elsewhere(lesson)}."
        )
    return told


def _but_elsewhere(lesson: Lesson) -> str:
    n = len(lesson.flowers.class_names)
    names = [brief(fit) for fit, s in lesson.sizes if s.preferred == n]
    if not names or brief(lesson.everything) in names:
        return ""
    return f", and {n}, as many as there are species, on {listed(names)}"


def ascent(fit: Comparison) -> str:
    """Say where the iterations begin, where they end, and whether there is a higher place."""
    climb, higher = fit.climb, _higher(fit)
    if climb is fit.result:
        told = (
            "EM began with the clusters of K-means, at log-likelihood "
            f"{climb.history.log_likelihood[0]:.2f}, and climbed to the optimum that `gaussmix "
            "fit` takes after many starts."
        )
    else:
        held = ", where a component collapses" if climb.collapsed else ""
        told = (
            "This is the optimum that `gaussmix fit` takes after many starts; the iterations are "
            "its last. From the clusters of K-means EM ends at log-likelihood "
            f"{climb.log_likelihood:.4f}{held}."
        )
    if higher is not None:
        told += f" Another is {_gain(fit, higher):.1f} higher: see Other optima below."
    return told


def _higher(fit: Comparison) -> Optimum | None:
    """Return the highest optimum that was found and not taken, if it is above the one taken."""
    found = max(fit.optima, key=lambda own: own.log_likelihood, default=None)
    return None if found is None or _gain(fit, found) < _HIGHER else found


def _gain(fit: Comparison, own: Optimum) -> float:
    return own.log_likelihood - fit.result.log_likelihood


def other_optima(lesson: Lesson) -> str:
    """Say where other starts lead higher, and why that is not taken; empty where none does."""
    told = [_not_taken(fit, own) for fit in lesson.fits if (own := _higher(fit)) is not None]
    if not told:
        return ""
    return " ".join(
        [
            "Where EM ends depends on where it starts, and `gaussmix fit` need not take the "
            "highest: it asks also how well each flower is foretold by the others "
            "(leave-one-out), and where most starts from K-means lead.",
            *told,
            "Why: docs/higher-likelihood.md (Higher likelihood, worse clusters).",
        ]
    )


def _not_taken(fit: Comparison, own: Optimum) -> str:
    told = f"On {brief(fit)} another optimum is {_gain(fit, own):.1f} higher in log-likelihood"
    taken = next((one for one in fit.optima if one.chosen), None)
    if own.collapsed:
        return f"{told}, but a component collapses there: it has no width."
    if taken is None:
        return f"{told}."
    foretold = own.leave_one_out - taken.leave_one_out
    starts = [one.starts.get("k-means", 0) for one in (taken, own)]
    where = f"; of {sum(starts)} starts from K-means {starts[1]} lead there" if sum(starts) else ""
    return f"{told}, {foretold:+.1f} in leave-one-out (chance may explain that){where}."


def agreement(fit: Comparison) -> str:
    """Say which flowers are misplaced; where two species share a component, how much of each."""
    classes = fit.data.classes
    away, theirs = misplaced(fit.labels, classes), misplaced(fit.kmeans_labels, classes)
    if away is None:
        return _shared(fit)
    which = np.flatnonzero(away)
    text = f"In another component than most of their species: {plural(len(which), 'flower')}"
    if 0 < len(which) <= _MOST_LISTED:
        text += f" ({', '.join(map(str, which))}, counted from 0)"
    return text + ("." if theirs is None else f". K-means misplaces {theirs.sum()}.")


def _shared(fit: Comparison) -> str:
    """Say what each component holds that more than one species has most flowers in."""
    classes, names = fit.data.classes, fit.data.class_names
    counts, home = contingency(fit.labels, classes), homes(fit.labels, classes)
    sizes = counts.sum(axis=0)
    told = []
    for k in np.unique(home):
        group = [f"{counts[k, j]} of {sizes[j]} {names[j]}" for j in np.flatnonzero(home == k)]
        if len(group) > 1:
            told.append(f"Component {k} holds {', '.join(group[:-1])} and {group[-1]}.")
    return " ".join(told)


def what_bic_says(lesson: Lesson) -> str:
    """Say what BIC prefers, and what one component more costs and earns."""
    n = len(lesson.flowers.class_names)

    def where(holds: Callable[[int], bool]) -> list[str]:
        return [brief(fit) for fit, s in lesson.sizes if s.preferred and holds(s.preferred)]

    told = []
    if names := where(lambda k: k < n):
        told.append(f"BIC prefers fewer than {n} on {listed(names)}.")
        prices = [_price(fit, s, n) for fit, s in lesson.sizes if s.preferred and s.preferred < n]
        if any(prices):
            rows = len(lesson.flowers.rows)
            told.append(
                f"Each parameter more costs {log(rows):.1f} points (the logarithm of the "
                f"number of flowers), and {n} components would fit better, but not by as much: "
                f"{'; '.join(filter(None, prices))}."
            )
        told.append(f"We know that there are {n} species; BIC does not.")
    if names := where(lambda k: k == n):
        told.append(f"It finds {n} by itself on {listed(names)}.")
    if names := where(lambda k: k > n):
        told.append(f"It takes several components for a species on {listed(names)}.")
    return " ".join(filter(None, told))


def _price(fit: Comparison, sizes: Sizes, n: int) -> str:
    """Say what n components cost beside those preferred, and what the better fit earns."""
    fewer = sizes.preferred
    assert fewer is not None
    low, high = sizes.bic[fewer], sizes.bic[n]
    if low is None or high is None:
        return ""
    more = sizes.n_parameters[n] - sizes.n_parameters[fewer]
    price = more * log(fit.result.n)
    return (
        f"on {brief(fit)} {more} parameters more than with {plural(fewer, 'component')} cost "
        f"{price:.0f} and gain {price - (high - low):.0f}"
    )


def beside_kmeans(lesson: Lesson) -> str:
    """Say why K-means is nearer the species where it is; empty where it is not."""
    n = len(lesson.flowers.class_names)
    nearer = [fit for fit in lesson.fits if fit.kmeans_ari > fit.ari]
    if not nearer or lesson.lead.result.mixture.n_components != n:
        return ""
    halves = [half for fit in nearer if (half := _halves(fit))]
    here = f" (here {listed(halves)})" if halves else ""
    sizes = np.bincount(lesson.flowers.classes)
    return (
        f"K-means is nearer the species on {listed([brief(fit) for fit in nearer])}. EM maximises "
        "the likelihood and is not told the species, so agreement with them may fall where the "
        "fit gets better. K-means splits an overlapping group roughly in half"
        f"{here}; these species happen to "
        f"be {sizes[-2]} to {sizes[-1]} flowers."
    )


def _halves(fit: Comparison) -> str:
    """Return how many flowers K-means gives to the two species that overlap: the last two."""
    classes = fit.data.classes
    if misplaced(fit.kmeans_labels, classes) is None:
        return ""
    counts = np.bincount(fit.kmeans_labels)[homes(fit.kmeans_labels, classes)]
    return f"{counts[-2]} to {counts[-1]}"
