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
# The rooms, from the ground up: each imports only what stands below it, and itself.
ROOMS = [
    "numerics",
    "components",
    "rows",
    "estep",
    "mixture",
    "em",
    "starts",
    "fitting",
    "interchange",
    "selection",
    "plot",
    "inference",
    "estimators",
    "cli",
]
LEVEL = {room: level for level, room in enumerate(ROOMS)}
# What is no room: the face of the package, types, errors.
NO_ROOMS = {"__init__", "__main__", "_typing", "exceptions"}


def modules():
    return list(SOURCE.rglob("*.py"))


def room(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def is_door(path):
    """Whether a module at the top only passes on what stands in a room."""
    body = ast.parse(path.read_text()).body
    return path.parent == SOURCE and all(
        isinstance(node, ast.ImportFrom | ast.Expr)
        or (isinstance(node, ast.Assign) and node.targets[0].id == "__all__")
        for node in body
    )


def imported_rooms(path):
    """Yield the rooms that a file imports, for types alone or when called too."""
    depth = len(path.relative_to(SOURCE).parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from (name.split(".")[0] for name in names)
        elif isinstance(node, ast.ImportFrom) and node.level > depth:
            yield "outside"
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gaussmix"):
            yield "by its full name"


PLACED = [path for path in modules() if room(path) not in NO_ROOMS and not is_door(path)]


def test_the_rooms_are_few_and_known():
    assert {room(path) for path in PLACED} == set(ROOMS)
    assert len(ROOMS) <= 16


@pytest.mark.parametrize("path", PLACED, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_down(path):
    """Those for type checking and those made when called count too: so there is no circle."""
    own = LEVEL[room(path)]
    for other in imported_rooms(path):
        if other not in NO_ROOMS:
            assert other in LEVEL, f"{other} is no room below the roof"
            assert LEVEL[other] <= own, f"{path.relative_to(SOURCE)} must not import {other}"


def test_what_all_rooms_use_imports_no_room():
    for name in ("_typing", "exceptions"):
        assert not set(imported_rooms(SOURCE / f"{name}.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_code_branches_on_the_name_of_a_family_or_structure(path):
    if "families" in path.parts:
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
    long = {p.name: n for p in modules() if (n := p.read_text().count("\n")) > 400}
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
import gaussmix.components.families as families
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
        "from gaussmix.families import Family\n"
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


def test_without_extras_all_pieces_are_found_and_fit():
    """As after `pip install .`: what a folder's registry imports must not need what is an extra."""
    code = """
import sys
for extra in EXTRAS:
    sys.modules[extra] = None
from importlib import import_module
from pathlib import Path
import gaussmix
from gaussmix.numerics.registry import Registry
source, found = Path(gaussmix.__file__).parent, 0
for path in source.rglob("registry.py"):
    module = import_module(".".join(("gaussmix", *path.relative_to(source).with_suffix("").parts)))
    for registry in vars(module).values():
        if isinstance(registry, Registry):
            assert registry.classes, path
            found += 1
assert found > 9
import numpy as np
X = np.random.default_rng(0).standard_normal((60, 2))
for estimator in (gaussmix.GaussianMixture, gaussmix.StudentMixture, gaussmix.GaussianMixtureIC):
    assert estimator(2, random_state=0).fit(X).predict(X).shape == (60,)
assert len(gaussmix.fit_many(X.reshape(60, 1, 2).repeat(9, axis=1), 2, random_state=0)) == 60
"""
    extras = {
        *("numba", "matplotlib", "pyarrow", "duckdb", "h5py", "zarr", "dask", "distributed"),
        *("pyspark", "pandas", "polars", "typer", "rich"),
    }
    code = code.replace("EXTRAS", repr(sorted(extras)))
    subprocess.run([sys.executable, "-c", code], check=True)
