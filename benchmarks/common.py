"""What the benchmarks share: data, a neutral likelihood, the machine, and result files."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable
from importlib.metadata import distributions, version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp
from threadpoolctl import threadpool_info

import gaussmix
from gaussmix.rows.threads import available_cores

RESULTS = Path(__file__).parent / "results"
LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Row = dict[str, object]


def gaussian_rows(n: int, d: int, k: int, seed: int = 0, separation: float = 1.5) -> np.ndarray:
    """Rows from k overlapping Gaussians whose axes have deviations from 0.5 to 1.5."""
    rng = np.random.default_rng(seed)
    means = separation * rng.standard_normal((k, d))
    labels = rng.integers(k, size=n)
    X = rng.standard_normal((n, d)) * rng.uniform(0.5, 1.5, (k, d))[labels]
    for j in range(k):
        rotation = np.linalg.qr(rng.standard_normal((d, d)))[0]
        own = labels == j
        X[own] = X[own] @ rotation + means[j]
    return X


def nearly_singular(
    n: int, d: int, k: int, some: int, separation: float = 3.0, width: float = 3e-5
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of k clusters, some with deviations from 1 down to a width; and whose they are."""
    rng = np.random.default_rng(1)
    labels, means = rng.integers(k, size=n), separation * rng.standard_normal((k, d))
    X = rng.standard_normal((n, d))
    for c in range(k):
        own = labels == c
        axes = np.linalg.qr(rng.standard_normal((d, d)))[0]
        widths = np.geomspace(1.0, width, d) if c < some else rng.uniform(0.5, 1.5, d)
        X[own] = (X[own] * widths) @ axes.T + means[c]
    return X, labels


def log_likelihood_a_row(
    X: np.ndarray, weights: np.ndarray, means: np.ndarray, covariances: np.ndarray
) -> float:
    """Mean log-density of the rows: the same float64 arithmetic for every library.

    Covariances are (k, d, d).  Each component whitens the rows by its Cholesky factor.
    """
    d = X.shape[1]
    factors = np.linalg.cholesky(covariances)
    constants = np.log(weights) - np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
    total = 0.0
    for begin in range(0, len(X), 50_000):
        block = np.asarray(X[begin : begin + 50_000], dtype=float)
        joint = [
            constant - 0.5 * (solve_triangular(factor, (block - mean).T, lower=True) ** 2).sum(0)
            for constant, factor, mean in zip(constants, factors, means, strict=True)
        ]
        total += logsumexp(joint, axis=0).sum()
    return float(total / len(X) - 0.5 * d * np.log(2.0 * np.pi))


# -- the machine -------------------------------------------------------------------------


def machine(packages: tuple[str, ...] = ("numpy", "scipy", "scikit-learn")) -> dict[str, object]:
    """Describe where and with what the figures were measured."""
    return {
        "processor": _processor(),
        # Processors of one name differ in it, and times by half.
        "simd": np.show_config(mode="dicts")["SIMD Extensions"]["found"],
        "cores": available_cores(),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "blas": sorted(
            {
                f"{i['internal_api']} {i['version']} {i.get('architecture', '')}".strip()
                for i in threadpool_info()
                if i["user_api"] == "blas"
            }
        ),
        "versions": {
            "gaussmix": gaussmix.__version__,
            **{name: version(name) for name in packages},
            **{name: version(name) for name in ("numba",) if find_spec(name)},
        },
        "source": _source(),
        # Limits that were set on threads: none, unless the run was told so.
        "limits": {name: os.environ[name] for name in LIMITS if name in os.environ},
    }


def installed(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of some packages that are there."""
    found = {own.metadata["Name"].lower() for own in distributions()}
    return tuple(name for name in packages if name in found)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")


def _source() -> str:
    """Git's name of the measured source's tree, with a + where it was edited since."""
    here = Path(gaussmix.__file__).parent
    tree = _git(here, "rev-parse", "HEAD:./")
    return tree[:12] + ("+" if tree and _git(here, "status", "--porcelain", ".") else "")


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


# -- result files ------------------------------------------------------------------------


def save(
    name: str, table: str, rows: list[Row], peers: tuple[str, ...] = (), **more: object
) -> None:
    """Write a result as JSON, and the table people read as Markdown.

    `peers` are packages that were measured beside: their versions are told too.
    """
    RESULTS.mkdir(exist_ok=True)
    where = machine(("numpy", "scipy", "scikit-learn", *installed(peers)))
    (RESULTS / f"{name}.json").write_text(
        json.dumps({"machine": where, **more, "rows": rows}, indent=1) + "\n"
    )
    (RESULTS / f"{name}.md").write_text(f"{table}\n\nMeasured on: {json.dumps(where)}\n")


class Results:
    """Rows of one benchmark that may be measured in several runs.

    Rows with the same key replace earlier ones.  Only rows of the same machine,
    versions and source are kept together: others would compare what was never
    measured side by side.

    Parameters
    ----------
    name : str
        The files are results/name.json and results/name.md.
    key : tuple of str
        The fields that name a row.
    order : callable
        The order of rows in the files.
    fresh : bool
        Forget what earlier runs measured.
    """

    def __init__(
        self, name: str, key: tuple[str, ...], order: Callable[[Row], object], fresh: bool = False
    ) -> None:
        self.name = name
        self.key = key
        self.order = order
        self.rows = [] if fresh else self._earlier()

    def _earlier(self) -> list[Row]:
        path = RESULTS / f"{self.name}.json"
        if not path.exists():
            return []
        earlier, here = json.loads(path.read_text()), machine()
        changed = [key for key in here if earlier["machine"].get(key) != here[key]]
        if changed:
            raise SystemExit(
                f"{path} was measured with another {', '.join(changed)}: pass --fresh to begin "
                f"anew, or --no-save to leave it as it is"
            )
        return earlier["rows"]

    def add(self, row: Row) -> None:
        """Add a row, in place of an earlier one with the same key."""
        name = [row[field] for field in self.key]
        self.rows = [r for r in self.rows if [r[field] for field in self.key] != name]
        self.rows.append(row)
        self.rows.sort(key=self.order)

    def save(self, table: Callable[[list[Row]], str], **more: object) -> None:
        """Write all rows."""
        save(self.name, table(self.rows), self.rows, **more)
