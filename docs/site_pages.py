"""Pages of the site that are made: of every public name, of benchmarks, and of what is new.

The public names are those of the packages' ``__all__``; a page each.
"""

from __future__ import annotations

import importlib
import inspect
import re
import shutil
from pathlib import Path
from typing import Any

# Packages of public names, and what is said of them.
PACKAGES = {
    "gaussmix": "The estimators, values and errors",
    "gaussmix.plot": "Pictures of fits and mixtures",
    "gaussmix.hierarchy": "Model-based hierarchical clustering",
    "gaussmix.selection": "Families and numbers of components by a criterion",
    "gaussmix.inference": "How sure a fit is, and of how many components",
    "gaussmix.federated": "Fits of rows that stay where they are",
    "gaussmix.covariances": "Covariances of a structure",
    "gaussmix.families": "The covariance families",
    "gaussmix.datasets": "Small data sets",
}
_COPIED = {"benchmarks/README.md": "benchmarks.md", "CHANGELOG.md": "changes.md"}
_RESULTS = "benchmarks/results"
# Links out of docs/ to files that have a page in the site.
_OUTSIDE = (
    (re.compile(r"\]\((?:\.\./)?benchmarks/results/([\w-]+)\.md\)"), r"](/pages/results/\1.md)"),
    (re.compile(r"\]\((?:\.\./)?benchmarks/README\.md\)"), r"](/pages/benchmarks.md)"),
    (re.compile(r"\]\((?:\.\./)?CHANGELOG\.md\)"), r"](/pages/changes.md)"),
    (re.compile(r"\]\(docs/([\w-]+)\.md\)"), r"](/\1.md)"),
)


def public_names(package: str) -> list[str]:
    """Return the public names of a package that are no packages themselves."""
    module = importlib.import_module(package)
    names = sorted(module.__all__, key=str.lower)
    return [name for name in names if not inspect.ismodule(getattr(module, name))]


def write(docs: Path) -> None:
    """Write the pages that are made below `docs`."""
    api = docs / "api"
    api.mkdir(exist_ok=True)
    (api / "index.rst").write_text(_api_index())
    pages = docs / "pages"
    (pages / "results").mkdir(parents=True, exist_ok=True)
    for origin, name in _COPIED.items():
        shutil.copyfile(docs.parent / origin, pages / name)
    for picture in (docs.parent / _RESULTS).glob("*.png"):
        shutil.copyfile(picture, pages / "results" / picture.name)
    results = sorted((docs.parent / _RESULTS).glob("*.md"))
    for path in results:
        title = path.stem.replace("_", " ").capitalize()
        text = path.read_text()
        (pages / "results" / path.name).write_text(
            text if text.startswith("# ") else f"# {title}\n\n{text}"
        )
    names = "\n".join(f"results/{path.stem}" for path in results)
    toctree = f"\n\n```{{toctree}}\n:hidden:\n\n{names}\n```\n"
    with (pages / "benchmarks.md").open("a") as file:
        file.write(toctree)


def skips(app: Any, what: str, name: str, member: Any, skipped: bool, options: Any) -> bool:
    """Leave out what scikit-learn's base classes bring: it is described there."""
    return skipped or str(getattr(member, "__module__", "")).startswith("sklearn.")


def point_inside(app: Any, page: str, source: list[str]) -> None:
    """Make links to files outside of docs/ links to their pages in the site.

    And take away the empty line that ends an example, which a test of the page needs.
    """
    source[0] = source[0].replace("\n\n```\n", "\n```\n")
    for pattern, inside in _OUTSIDE:
        source[0] = pattern.sub(inside, source[0])


def _api_index() -> str:
    lines = ["API", "===", "", "Every public name, with its parameters, sources and an example."]
    for package, told in PACKAGES.items():
        heading = f"{package}: {told[0].lower()}{told[1:]}"
        lines += ["", heading, "-" * len(heading), "", f".. currentmodule:: {package}", ""]
        lines += [".. autosummary::", "   :toctree: .", ""]
        lines += [f"   {name}" for name in public_names(package)]
    return "\n".join(lines) + "\n"
