"""Bayesian mixtures: an iteration, whole fits, and how many components they find.

`iteration`: seconds an iteration of `BayesianGaussianMixture`, beside one of `GaussianMixture`
and one of scikit-learn's `BayesianGaussianMixture`: the difference between a long and a short
fit from the same labels, over the iterations between them.

`fits`: whole fits with the same most components, priors and covariance type, ours and
scikit-learn's as they come otherwise (and its with more iterations, so that it converges), in
turns; the evidence lower bound of each, computed for all by the same arithmetic, with all
constants.

`truth`: on 20 sets drawn from a known number of components, from far apart to overlapping, how
many are found: components in use (ours), of weight above 1 per cent (scikit-learn's, as users
count), and the number chosen by BIC (`GaussianMixtureIC`, the same family).

`integrals`: what scikit-learn's ``score_samples``, and ours, would have to integrate to 1 to be
log-densities: by draws from the predictive density, and in closed form.

Seconds are those of a processor, one thread for all, so that a busy machine hardly matters.
Each row is saved as it is measured, in place of an earlier one.

    python benchmarks/bayesian.py                      # an hour
    python benchmarks/bayesian.py --small --no-save    # a trial: minutes
    python benchmarks/bayesian.py --parts truth --share 0.2
    python benchmarks/bayesian.py --parts fits --shapes AB
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from common import Results, Row, gaussian_rows
from sklearn.datasets import load_iris
from sklearn.mixture import BayesianGaussianMixture as ScikitLearn
from threadpoolctl import threadpool_limits

from gaussmix import BayesianGaussianMixture, GaussianMixture, GaussianMixtureIC, Mixture
from gaussmix.em.steps import EStep
from gaussmix.estimators.settings import settings_of_bayesian
from gaussmix.fitting.fit import summarise
from gaussmix.rows import MemorySource

# Rows, features, components.
SHAPES = {
    "A": (1_000_000, 2, 3),
    "B": (1_000_000, 8, 16),
    "C": (200_000, 32, 32),
    "D": (50_000, 128, 16),
}
LONG = 6
TYPES = ("full", "diag", "tied", "spherical")
MOST = 15


@dataclass(frozen=True)
class Known:
    """A set drawn from a known number of components."""

    k: int
    n: int
    d: int
    separation: float
    seed: int

    def rows(self, share: float) -> np.ndarray:
        """Draw the rows: centers at random, no two nearer than a multiple of their widths."""
        rng = np.random.default_rng(self.seed)
        # Deviations are about 1: centers are so many of them apart at least.
        centers: list[np.ndarray] = []
        width = self.separation * self.k ** (1.0 / self.d)
        while len(centers) < self.k:
            center = rng.uniform(-width, width, self.d)
            if all(np.linalg.norm(center - own) > self.separation for own in centers):
                centers.append(center)
            width *= 1.01
        n = max(200, int(self.n * share))
        sizes = rng.multinomial(n, rng.dirichlet(np.full(self.k, 8.0)))
        parts = []
        for center, size in zip(centers, sizes, strict=True):
            turn = np.linalg.qr(rng.standard_normal((self.d, self.d)))[0]
            scales = rng.uniform(0.5, 1.5, self.d)
            parts.append(center + (rng.standard_normal((size, self.d)) * scales) @ turn)
        return rng.permutation(np.concatenate(parts))


KNOWN = [
    Known(k, n, d, separation, seed)
    for seed, (k, n, d, separation) in enumerate(
        [
            (1, 500, 2, 6.0),
            (2, 200, 2, 6.0),
            (3, 1_000, 4, 6.0),
            (5, 10_000, 8, 6.0),
            (8, 5_000, 3, 6.0),
            (10, 20_000, 5, 6.0),
            (10, 100_000, 8, 6.0),
            (2, 300, 2, 4.0),
            (3, 1_000, 2, 4.0),
            (5, 2_000, 3, 4.0),
            (6, 20_000, 4, 4.0),
            (8, 100_000, 4, 4.0),
            (2, 500, 2, 3.0),
            (3, 2_000, 3, 3.0),
            (4, 10_000, 2, 3.0),
            (5, 50_000, 5, 3.0),
            (6, 100_000, 3, 3.0),
            (2, 1_000, 2, 2.0),
            (3, 10_000, 3, 2.0),
            (4, 100_000, 4, 2.0),
        ]
    )
]


def fitted(model: object, X: np.ndarray) -> tuple[object, float]:
    """Fit on one thread; return the model and the seconds of a processor that it took."""
    if "n_jobs" in model.get_params():  # type: ignore[attr-defined]
        model.set_params(n_jobs=1)  # type: ignore[attr-defined]
    with threadpool_limits(1):
        began = time.process_time()
        model.fit(X)  # type: ignore[attr-defined]
        return model, time.process_time() - began


def bound(model: object, X: np.ndarray) -> float:
    """The evidence lower bound of a fitted model, with all constants, whoever fitted it."""
    own = BayesianGaussianMixture(
        model.n_components,  # type: ignore[attr-defined]
        covariance_type=model.covariance_type,  # type: ignore[attr-defined]
        weight_concentration_prior_type=model.weight_concentration_prior_type,  # type: ignore[attr-defined]
    )
    settings = settings_of_bayesian(own)
    beliefs = settings.model.beliefs  # type: ignore[attr-defined]
    by_size = isinstance(model, BayesianGaussianMixture)
    beliefs = replace(beliefs, weights=replace(beliefs.weights, by_size=by_size))
    source, family = MemorySource(X), settings.model.family
    summary = summarise(source, family.held.moment)
    objective = replace(settings.model, beliefs=beliefs).objective(summary.total)
    counts = model.mean_precision_ - model.mean_precision_prior_  # type: ignore[attr-defined]
    mixture = Mixture(
        np.full(len(counts), 1.0 / len(counts)),
        model.means_,  # type: ignore[attr-defined]
        model.covariances_,  # type: ignore[attr-defined]
        covariance_type=model.covariance_type,  # type: ignore[attr-defined]
    )
    weights = np.maximum(counts / len(X), np.finfo(float).tiny)
    parameters = replace(mixture.parameters, weights=weights)
    (found,) = EStep(source, summary)([(objective.working(parameters), family)])
    return float(objective.value(found, parameters)[0])


# -- the parts ---------------------------------------------------------------------------


def iterations(share: float, repeats: int, shapes: str) -> Iterator[Row]:
    """Seconds an iteration, in turns."""
    for shape, (n, d, k) in SHAPES.items():
        if shape not in shapes:
            continue
        X = gaussian_rows(int(n * share), d, k)
        labels = np.random.default_rng(0).integers(k, size=len(X))
        for kind in TYPES if shape in "AB" else TYPES[:1]:
            makers = {
                "Bayesian": lambda steps, kind=kind, k=k, labels=labels: BayesianGaussianMixture(
                    k,
                    covariance_type=kind,
                    init_params=labels,
                    tol=0,
                    accelerate=False,
                    max_iter=steps,
                ),
                "EM": lambda steps, kind=kind, k=k, labels=labels: GaussianMixture(
                    k,
                    covariance_type=kind,
                    init_params=labels,
                    tol=0,
                    accelerate=False,
                    max_iter=steps,
                ),
                "scikit-learn": lambda steps, kind=kind, k=k: ScikitLearn(
                    n_components=k,
                    covariance_type=kind,
                    init_params="random_from_data",
                    tol=0,
                    max_iter=steps,
                    random_state=0,
                ),
            }
            seconds: dict[str, list[float]] = {name: [] for name in makers}
            for make in makers.values():
                fitted(make(1), X)  # whatever is compiled
            for _ in range(repeats):
                for name, make in makers.items():
                    short, long = (fitted(make(steps), X)[1] for steps in (1, LONG))
                    seconds[name].append((long - short) / (LONG - 1))
            own = np.array(seconds["Bayesian"])
            yield (
                {
                    "part": "iteration",
                    "case": f"{shape} ({len(X):,} x {d}, K={k})",
                    "covariance_type": kind,
                    "milliseconds": 1e3 * float(np.median(own)),
                    "to_em": float(np.median(own / seconds["EM"])),
                    "scikit_learn_to_own": float(np.median(seconds["scikit-learn"] / own)),
                }
            )


def fits(share: float, repeats: int, shapes: str) -> Iterator[Row]:
    """Whole fits, and the bounds that they reach."""
    cases = {
        f"{name} ({int(n * share):,} x {d})": (gaussian_rows(int(n * share), d, k), k)
        for name, (n, d, k) in {
            "A": (100_000, 2, 3),
            "B": (100_000, 8, 16),
            "C": (50_000, 32, 32),
            "D": (20_000, 128, 16),
        }.items()
        if name in shapes
    }
    for case, (X, k) in cases.items():
        found: dict[str, list[tuple[float, float]]] = {}
        fitted(BayesianGaussianMixture(k, random_state=0), X)  # whatever is compiled
        for turn in range(repeats):
            makers = {
                "own": BayesianGaussianMixture(k, random_state=turn),
                "scikit-learn": ScikitLearn(n_components=k, random_state=turn),
                "scikit-learn, converged": ScikitLearn(
                    n_components=k, random_state=turn, max_iter=2000
                ),
            }
            for name, maker in makers.items():
                model, seconds = fitted(maker, X)
                found.setdefault(name, []).append((seconds, bound(model, X)))
        own = np.array(found["own"])
        for name, values in found.items():
            theirs = np.array(values)
            yield (
                {
                    "part": "fits",
                    "case": case,
                    "method": name,
                    "seconds": float(np.median(theirs[:, 0])),
                    "to_own": float(np.median(theirs[:, 0] / own[:, 0])),
                    "bound_below_own": float(np.median(own[:, 1] - theirs[:, 1])),
                }
            )


def truth(share: float, seeds: int, shapes: str) -> Iterator[Row]:
    """How many components are found where it is known how many there are."""
    for known in KNOWN:
        X = known.rows(share)
        for seed in range(seeds):
            model, seconds = fitted(BayesianGaussianMixture(MOST, random_state=seed), X)
            peer, theirs = fitted(ScikitLearn(n_components=MOST, random_state=seed), X)
            search, searched = fitted(
                GaussianMixtureIC(range(1, MOST + 1), families=["VVV"], random_state=seed), X
            )
            yield (
                {
                    "part": "truth",
                    "seed": seed,
                    "case": f"{len(X):,} x {known.d}, {known.separation:g} apart",
                    "known": known.k,
                    "own": model.n_effective_,  # type: ignore[attr-defined]
                    "scikit-learn": int((peer.weights_ > 0.01).sum()),  # type: ignore[attr-defined]
                    "BIC": search.n_components_,  # type: ignore[attr-defined]
                    "seconds": seconds,
                    "scikit_learn_to_own": theirs / seconds,
                    "search_to_own": searched / seconds,
                    "bound_above_scikit_learn": bound(model, X) - bound(peer, X),
                }
            )


def integrals(share: float, repeats: int, shapes: str) -> Iterator[Row]:
    """What exponentials of scores integrate to."""
    rng = np.random.default_rng(0)
    cases = [(f"normal, {n} rows", rng.standard_normal((n, 1)), 1, "full") for n in (20, 100, 1000)]
    cases += [("iris", load_iris().data, 3, kind) for kind in TYPES]
    for case, X, k, kind in cases:
        peer = ScikitLearn(
            n_components=k, covariance_type=kind, tol=1e-9, max_iter=5000, random_state=0
        ).fit(X)
        own = BayesianGaussianMixture(
            k, covariance_type=kind, init_params=peer.predict_proba(X), reg_covar=1e-6
        ).fit(X)
        draws, _ = own.predictive_.sample(int(400_000 * max(share, 0.25)), random_state=0)
        density = own.log_predictive(draws)
        found = np.exp(peer.score_samples(draws) - density)
        yield (
            {
                "part": "integrals",
                "case": case,
                "covariance_type": kind,
                "scikit_learn": float(found.mean()),
                "error": float(found.std() / np.sqrt(len(draws))),
                # Each component's part is its normal density times this.
                "own": float(np.exp(own._posterior.averaged.log_weights).sum()),
            }
        )


PARTS = {"iteration": iterations, "fits": fits, "truth": truth, "integrals": integrals}


def report(rows: list[Row]) -> str:
    """Return the tables people read."""
    of = {name: [row for row in rows if row["part"] == name] for name in PARTS}
    lines: list[str] = []
    if of["iteration"]:
        lines += [
            "Seconds of a processor an iteration, one thread.",
            "",
            "| shape | covariance | ms | over EM's | scikit-learn's over it |",
            "|---|---|---:|---:|---:|",
        ]
        lines += [
            f"| {row['case']} | {row['covariance_type']} | {row['milliseconds']:.1f} "
            f"| {row['to_em']:.2f} | {row['scikit_learn_to_own']:.1f} |"
            for row in of["iteration"]
        ]
    if of["fits"]:
        lines += [
            "",
            "Whole fits, seconds of a processor, one thread.",
            "",
            "| rows | method | seconds | over ours | bound below ours, nats |",
            "|---|---|---:|---:|---:|",
        ]
        lines += [
            f"| {row['case']} | {row['method']} | {row['seconds']:.2f} | {row['to_own']:.1f} "
            f"| {row['bound_below_own']:.1f} |"
            for row in of["fits"]
        ]
    if of["truth"]:
        lines += [
            "",
            f"Components found, of at most {MOST}.",
            "",
            "| rows | known | in use | scikit-learn, above 1 % | by BIC | scikit-learn's time "
            "over ours | the search's | bound above scikit-learn's |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
        ]
        lines += [
            f"| {row['case']} | {row['known']} | {row['own']} | {row['scikit-learn']} "
            f"| {row['BIC']} | {row['scikit_learn_to_own']:.1f} | {row['search_to_own']:.1f} "
            f"| {row['bound_above_scikit_learn']:.1f} |"
            for row in of["truth"]
        ]
        right = {
            name: sum(row[name] == row["known"] for row in of["truth"])
            for name in ("own", "scikit-learn", "BIC")
        }
        n = len(of["truth"])
        told = ", ".join(f"{name} {found} of {n}" for name, found in right.items())
        lines += ["", f"Right: {told}."]
    if of["integrals"]:
        lines += [
            "",
            "What the exponentials of `score_samples` integrate to.",
            "",
            "| rows | covariance | scikit-learn's | its standard error | ours, exactly |",
            "|---|---|---:|---:|---:|",
        ]
        lines += [
            f"| {row['case']} | {row['covariance_type']} | {row['scikit_learn']:.4f} "
            f"| {row['error']:.4f} | {row['own']:.4f} |"
            for row in of["integrals"]
        ]
    return "\n".join(lines)


def _order(row: Row) -> object:
    """Put parts in their order; rows of a part stay as they were measured."""
    return list(PARTS).index(str(row["part"]))


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--shapes", default="ABCD", help="of iteration and fits")
    parser.add_argument("--share", type=float, default=1.0, help="of the rows")
    parser.add_argument("--small", action="store_true", help="a twentieth of the rows")
    parser.add_argument("--fresh", action="store_true", help="forget what was saved before")
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    share = 0.05 if options.small else options.share
    results = Results(
        "bayesian", ("part", "case", "of"), order=_order, fresh=options.fresh or options.no_save
    )
    for part in options.parts:
        times = options.seeds if part == "truth" else options.repeats
        for row in PARTS[part](share, times, options.shapes):
            own = [row.get(name, "") for name in ("known", "covariance_type", "method", "seed")]
            results.add({**row, "of": " ".join(map(str, own)).strip(), "share": share})
            print(row, flush=True)
            if not options.no_save:
                results.save(report)
    print(report(results.rows))


if __name__ == "__main__":
    main()
