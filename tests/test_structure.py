"""The structure stays as designed: imports go one way, words stay in their place."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gaussmix

SOURCE = Path(gaussmix.__file__).parent
# Each layer may import from earlier ones and from itself.
LAYERS = [
    {"_typing", "exceptions", "groups", "matrices", "moments", "blocks"},
    {"discovery", "files", "keeping"},
    {"statistics", "covariances"},
    {"stacks"},
    {"acceleration", "coordinates"},
    {"families", "kernels", "sources", "summary", "validation", "convergence"},
    {"criteria", "evaluate", "stepwise", "noise", "prior", "hierarchy"},
    {"mixture", "distances"},
    {"estep", "mstep", "datacheck", "subsample", "known"},
    {"options", "result"},
    {"em", "watch"},
    {"lockstep"},
    {"init"},
    {"fitting"},
    {"federated", "online", "io"},
    {"checkpoint"},
    {"estimator", "fitted", "streaming", "datasets", "plot", "report"},
    {"selection"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
# Loading a model file is a method of Mixture for convenience; it is imported when called.
LAZY = {("mixture", "io"), ("statistics", "io")}


def modules():
    return [p for p in SOURCE.rglob("*.py") if p != SOURCE / "__init__.py"]


def piece(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path):
    """Yield the pieces of gaussmix that a file imports, except for type checking."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and getattr(block.test, "id", "") == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    depth = len(path.relative_to(SOURCE).parts)
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or id(node) in typing_only:
            continue
        if node.level == depth:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from (name.split(".")[0] for name in names)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_down(path):
    own = piece(path)
    assert own in LEVEL, f"{own} needs a place in LAYERS"
    for other in imports(path):
        if other in LEVEL and other != own and (own, other) not in LAZY:
            assert LEVEL[other] <= LEVEL[own], f"{own} must not import {other}"


def test_no_cycles_within_a_layer():
    graph = {}
    for path in modules():
        graph.setdefault(piece(path), set()).update(
            other for other in imports(path) if other in LEVEL and other != piece(path)
        )
    for own, name in LAZY:
        graph[own].discard(name)

    def reachable(start, seen):
        for other in graph.get(start, ()):
            if other not in seen:
                seen.add(other)
                reachable(other, seen)
        return seen

    for name in graph:
        assert name not in reachable(name, set()), f"{name} imports itself in a circle"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_code_branches_on_the_name_of_a_family_or_structure(path):
    if piece(path) == "families":
        return
    code = ast.parse(path.read_text())
    compared = [
        constant.value
        for node in ast.walk(code)
        if isinstance(node, ast.Compare | ast.Match)
        for constant in ast.walk(node)
        if isinstance(constant, ast.Constant)
    ]
    words = {"full", "tied", "diag", "diagonal", "spherical", "VVV", "EEE", "VVI", "VII"}
    assert not words & {word for word in compared if isinstance(word, str)}


def test_modules_stay_small():
    long = {p.name: n for p in modules() if (n := p.read_text().count("\n")) > 460}
    assert long == {}


def test_exports_are_documented_and_importable():
    reference = (SOURCE.parents[1] / "docs" / "reference.md").read_text()
    for name in gaussmix.__all__:
        assert getattr(gaussmix, name) is not None
        assert re.search(rf"`(gaussmix\.)?{name}\b", reference), (
            f"{name} is not in docs/reference.md"
        )


def test_import_is_lazy():
    code = (
        "import sys, gaussmix; "
        "assert 'sklearn' not in sys.modules and 'numpy' not in sys.modules; "
        "from gaussmix import Mixture; "
        "assert 'sklearn' not in sys.modules and 'matplotlib' not in sys.modules; "
        "from gaussmix import GaussianMixture; assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_adding_a_family_is_adding_a_file(tmp_path):
    """A new family dropped into the folder is found under both names and fits."""
    code = f"""
import gaussmix.families as families
families.__path__.append({str(tmp_path)!r})
from gaussmix import GaussianMixture
import numpy as np
X = np.random.default_rng(0).standard_normal((50, 2))
model = GaussianMixture(2, covariance_type="IVI", random_state=0).fit(X)
assert model.covariances_.shape == (), model.covariances_
same = GaussianMixture(2, covariance_type="tied-spherical", random_state=0).fit(X)
assert same.bic(X) == model.bic(X)
"""
    (tmp_path / "ivi.py").write_text(
        "from gaussmix.covariances import SphericalCovariances\n"
        "from gaussmix.families.base import Family\n"
        "class IVI(Family):\n"
        "    name, synonym, summary = 'IVI', 'tied-spherical', 'equal spheres'\n"
        "    held, shared = SphericalCovariances, True\n"
        "    def estimate(self, statistics, previous=None):\n"
        "        values = statistics.scatters / (statistics.total * statistics.n_features)\n"
        "        return self.hold(values, statistics.n_components, statistics.n_features)\n"
        "    def n_parameters(self, n_components, n_features):\n"
        "        return 1\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
