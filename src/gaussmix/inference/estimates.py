"""How sure the parameters of a fit are: estimates, standard errors and intervals as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..numerics.extras import imported

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .._typing import Array
    from ..components.parameters import Parameters
    from ..mixture import Mixture

__all__ = ["Uncertainty", "parameters_of", "parameters_of_many"]

_MATRICES = ("covariances", "scales")


def parameters_of(mixture: Mixture) -> dict[str, Array]:
    """Return the parameters of a mixture by name, shaped as those of an estimator.

    Those of Student's t are scales, which are there whatever the tails are, and "dofs".
    """
    found = {"weights": mixture.weights, "means": mixture.means}
    if mixture.density.plain:
        return {**found, "covariances": mixture.covariances.array}
    dofs = mixture.density.numbers(mixture.n_components)[:, 0]
    return {**found, "scales": mixture.scales.array, "dofs": dofs}


def parameters_of_many(stack: Parameters, like: Mixture) -> dict[str, Array]:
    """Return the same of R mixtures that are as another is, each (R, ...)."""
    each, count = parameters_of(like), len(stack.groups)
    found = {"weights": stack.weights, "means": stack.means}
    found |= dict.fromkeys(_MATRICES, stack.covariances.values)
    if "dofs" in each:
        found["dofs"] = stack.density.numbers(len(stack.weights))[:, 0]
    return {name: found[name].reshape(count, *own.shape) for name, own in each.items()}


class Entry(NamedTuple):
    """Where one number of a mixture's parameters stands.

    Attributes
    ----------
    parameter : str
    component : int
        -1 if all share it.
    features : tuple of str
        Of a weight none, of a covariance two.
    place : tuple of int
        In the array.
    """

    parameter: str
    component: int
    features: tuple[str, ...]
    place: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Estimates of a mixture's parameters, and how sure they are.

    Each of the dicts has the keys "weights" (K,), "means" (K, d) and "covariances", shaped as
    the attributes of an estimator; of a `StudentMixture` "scales" and "dofs" (K,) in place of the
    last.

    Attributes
    ----------
    kind : str
        Where it is from: "nonparametric", "weighted", "parametric", "jackknife" or
        "information".
    mixture : Mixture
        The fit itself.
    standard_errors : dict of str to ndarray
    intervals : dict of str to ndarray (2, ...)
        Lower and upper limits.
    level : float
        Share of data sets whose interval would hold the parameter.
    draws : dict of str to ndarray (R, ...)
        The parameters of each replicate, components in the fit's order; empty where there are
        no replicates.
    n_resamples : int
        Replicates that were fitted.
    n_failed : int
        Replicates left out: a covariance had collapsed, or the fit failed.

    Examples
    --------
    >>> from gaussmix import GaussianMixture, datasets, inference
    >>> X = datasets.iris().rows
    >>> model = GaussianMixture(3, random_state=0).fit(X)
    >>> sure = inference.bootstrap(model, X, n_resamples=50, random_state=0)
    >>> sure.standard_errors["means"].shape, sure.intervals["weights"].shape
    ((3, 4), (2, 3))
    """

    kind: str
    mixture: Mixture
    standard_errors: dict[str, Array]
    intervals: dict[str, Array]
    level: float
    draws: dict[str, Array] = field(default_factory=dict)
    n_resamples: int = 0
    n_failed: int = 0

    @property
    def estimates(self) -> dict[str, Array]:
        """The fit's own parameters, by name."""
        return parameters_of(self.mixture)

    def rows(self) -> list[dict[str, Any]]:
        """Return a dict for each parameter: its name and place, estimate, error and limits."""
        return [
            {
                "parameter": entry.parameter,
                "component": entry.component,
                "feature": ", ".join(entry.features),
                "estimate": float(self.estimates[entry.parameter][entry.place]),
                "standard_error": float(self.standard_errors[entry.parameter][entry.place]),
                "lower": float(self.intervals[entry.parameter][(0, *entry.place)]),
                "upper": float(self.intervals[entry.parameter][(1, *entry.place)]),
            }
            for entry in self.entries()
        ]

    def entries(self) -> list[Entry]:
        """Return where each parameter stands; of two that are the same the first."""
        names = self.mixture.feature_names or [str(j) for j in range(self.mixture.n_features)]
        found = []
        for parameter, values in self.estimates.items():
            shared = parameter in _MATRICES and self.mixture.scales.shared
            for place in np.ndindex(values.shape):
                features = place if shared else place[1:]
                if len(features) == 2 and features[0] > features[1]:
                    continue  # symmetric
                component = -1 if shared else place[0]
                found.append(Entry(parameter, component, tuple(names[j] for j in features), place))
        return found

    def to_frame(self) -> Any:
        """Return a pandas.DataFrame of a row for each parameter.

        A covariance that all components share has component -1.

        Raises
        ------
        MissingExtraError
            If pandas is not installed.
        """
        return imported("pandas", None, "to_frame()").DataFrame(self.rows())

    def plot(self, ax: Axes | None = None, *, features: Any = None) -> Axes | Figure:
        """Draw how sure the fit is; return the axes.

        Of one or two features, or of `features` if they are given, `plot.confidence`; of more
        `plot.intervals`, a row for each feature.
        """
        if features is None and self.mixture.n_features > 2:
            from ..plot.intervals import intervals

            return intervals(self, ax=ax)
        from ..plot.confidence import confidence

        return confidence(self, features=features, ax=ax)

    def __str__(self) -> str:
        left_out = f", {self.n_failed} of them left out" if self.n_failed else ""
        how = f"{self.n_resamples} replicates{left_out}" if self.n_resamples else "one pass"
        lines = [f"{self.kind}: {how}; intervals of {self.level:.0%}"]
        head = f"{'parameter':10} {'k':>3} {'feature':14} {'estimate':>11} {'error':>9}"
        lines.append(f"{head} {'lower':>11} {'upper':>11}")
        lines += [
            f"{row['parameter']:10} {row['component']:>3} {row['feature'][:14]:14} "
            f"{row['estimate']:>11.4g} {row['standard_error']:>9.3g} "
            f"{row['lower']:>11.4g} {row['upper']:>11.4g}"
            for row in self.rows()
            if row["parameter"] not in _MATRICES
        ]
        return "\n".join(lines)
