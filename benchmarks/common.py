"""What the benchmarks share: data of known origin, the machine, and result files."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from gaussmix.sources.threads import available_cores

RESULTS = Path(__file__).parent / "results"


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


def machine() -> dict[str, object]:
    """Describe where and with what the figures were measured."""
    return {
        "processor": _processor(),
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
            name: version(name) for name in ("gaussmix", "numpy", "scipy", "scikit-learn")
        },
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")


def save(name: str, table: str, rows: list[dict[str, object]]) -> None:
    """Write a result as JSON, and the table people read as Markdown."""
    RESULTS.mkdir(exist_ok=True)
    where = machine()
    (RESULTS / f"{name}.json").write_text(
        json.dumps({"machine": where, "rows": rows}, indent=1) + "\n"
    )
    (RESULTS / f"{name}.md").write_text(f"{table}\n\nMeasured on: {json.dumps(where)}\n")
