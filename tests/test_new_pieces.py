"""A worked example: a family, a density, a start and a source, each one new file.

Nothing else is edited: the files are put into the folders, and all of the library goes on with
them.
"""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

FILES = {
    "components/families": (
        "evi2.py",
        '''
        """Ellipses along the coordinates whose first feature has the same variance everywhere."""

        import numpy as np

        from gaussmix.covariances import DiagonalCovariances
        from gaussmix.families import Family


        class FirstEqual(Family):
            name, synonym = "FEQ", "first-equal"
            summary = "along the coordinates, the first variance equal"
            held, free = DiagonalCovariances, False

            def estimate(self, statistics, previous=None):
                values = statistics.scatters / statistics.counts[:, None]
                values[:, 0] = statistics.scatters[:, 0].sum() / statistics.counts.sum()
                return self.hold(values, statistics.n_components, statistics.n_features)

            def n_parameters(self, n_components, n_features):
                return 1 + n_components * (n_features - 1)
        ''',
    ),
    "components/densities": (
        "tempered.py",
        '''
        """Responsibilities of densities to a power: deterministic annealing."""

        from dataclasses import dataclass

        from gaussmix.components.densities import Density


        @dataclass(frozen=True)
        class Tempered(Density):
            power: float = 0.5

            def log_joint(self, joint, log_scales):
                joint *= self.power
                return None

            def update(self, statistics):
                return Tempered(min(1.0, 1.3 * self.power))

            def take(self, components):
                return self

            def joined(self, several):
                return self
        ''',
    ),
    "starts": (
        "slices.py",
        '''
        """Slices of equal size along the first feature."""

        import numpy as np

        from gaussmix.starts import Division


        class Slices(Division):
            name = "slices"

            def divide(self, problem, rng):
                rows = problem.data.sample
                places = np.argsort(np.argsort(rows[:, 0]))
                return places * problem.n_components // len(rows)
        ''',
    ),
    "rows": (
        "repeated.py",
        '''
        """Rows that are counted rather than repeated."""

        from dataclasses import dataclass

        import numpy as np

        from gaussmix.rows import MemorySource


        @dataclass
        class Counted:
            rows: np.ndarray
            counts: np.ndarray


        class CountedSource(MemorySource):
            name = "counted rows"

            @classmethod
            def opens(cls, data):
                return isinstance(data, Counted)

            @classmethod
            def open(cls, data, sample_weight=None, n_jobs=None):
                return cls(data.rows, data.counts.astype(float), n_jobs=n_jobs)
        ''',
    ),
    "rows/missing": (
        "filled.py",
        '''
        """Missing values become the mean of their column, for what lies in memory."""

        import numpy as np

        from gaussmix.rows import MemorySource
        from gaussmix.rows.missing import Missing


        class Filled(Missing):
            name, summary = "mean", "they become the mean of their column"

            def admit(self, source):
                rows, means = source.array, np.nanmean(source.array, axis=0)
                rows = np.where(np.isnan(rows), means, rows)
                return MemorySource(rows, source.weights, feature_names=source.feature_names)
        ''',
    ),
}

TRIAL = """
import importlib, warnings
import numpy as np
for folder, path in {folders!r}.items():
    importlib.import_module("gaussmix." + folder.replace("/", ".")).__path__.append(path)
from gaussmix import GaussianMixture, GaussianMixtureIC, datasets
from gaussmix.components.densities.tempered import Tempered
from gaussmix.em.model import Model
from gaussmix.em.options import Options
from gaussmix.fitting.fit import fit_mixture
from gaussmix.families import get_family
from gaussmix.rows import MemorySource
from gaussmix.rows.repeated import Counted
from gaussmix.starts import get_start, list_starts

X = datasets.iris().rows
assert "slices" in list_starts()
# The family: fits, leaps and all; in a search; with a background and known rows.
y = np.where(np.arange(150) % 10, -1, datasets.iris().classes)
own = {{"covariance_type": "first-equal", "init_params": "slices"}}
model = GaussianMixture(3, noise=0.01, **own).fit(X, known=y)
variances = model.covariances_[:, 0]
assert np.ptp(variances) < 1e-12 * variances[0], variances
assert (np.diff(model.lower_bounds_) > -1e-9).all()
search = GaussianMixtureIC([2, 3], families=["FEQ", "VVI"], init_params="slices").fit(X)
values = {{(row["family"], row["n_components"]): row for row in search.results_}}
assert values["FEQ", 3]["n_parameters"] == values["VVI", 3]["n_parameters"] - 2
assert values["FEQ", 3]["log_likelihood"] < values["VVI", 3]["log_likelihood"]
# The source: counted rows are repeated rows, for fits and predictions.
counts = np.random.default_rng(0).integers(0, 4, 150)
counted, repeated = Counted(X, counts), np.repeat(X, counts, axis=0)
start = model.mixture_.without_noise()
own = {{"covariance_type": "VVI", "init_params": start}}
a, b = (GaussianMixture(3, **own).fit(Z) for Z in (counted, repeated))
np.testing.assert_allclose(a.means_, b.means_, rtol=1e-6)
assert a.predict(counted).shape == (150,)
# The word for missing values: fits, searches, predictions and the command line know it.
holey = X.copy()
holey[::9, 1] = np.nan
filled = np.where(np.isnan(holey), np.nanmean(holey, axis=0), holey)
a, b = (GaussianMixture(3, missing="mean", random_state=0).fit(Z) for Z in (holey, filled))
assert a.mixture_ == b.mixture_ and (a.predict(holey) == b.predict(filled)).all()
search = GaussianMixtureIC([2], families=["VVI"], missing="mean", random_state=0).fit(holey)
assert search.score(holey) == search.score(filled)
from gaussmix.cli import reading
assert "mean: they become" in reading._OPTIONS["incomplete"].__metadata__[0].help
# The density: annealing ends at plain EM's optimum, from a start that it does not depend on much.
family = get_family("VVV")
options = Options(tol=0, max_iter=300, accelerate=False)
fits = [
    fit_mixture(MemorySource(X), Model(3, family, density=density), get_start("slices"), options,
                rng=np.random.default_rng(0))
    for density in (Tempered(0.3), Tempered(1.0))
]
plain = GaussianMixture(3, init_params="slices", tol=0, accelerate=False, max_iter=300).fit(X)
ends = [fit.history.log_likelihood for fit in fits]
assert abs(ends[1][-1] - plain.result_.log_likelihood) < 1e-6
assert ends[0][0] != ends[1][0]  # it begins with other responsibilities,
assert abs(ends[0][-1] - fits[0].mixture.logpdf(X).sum()) < 1e-6  # and ends as plain EM
"""


def test_a_family_a_density_a_start_a_source_and_a_word_for_missing_values_are_a_file_each(
    tmp_path,
):
    folders = {}
    for folder, (name, text) in FILES.items():
        own = tmp_path / folder
        own.mkdir(parents=True)
        (own / name).write_text(dedent(text))
        folders[folder] = str(own)
    subprocess.run([sys.executable, "-c", TRIAL.format(folders=folders)], check=True)
