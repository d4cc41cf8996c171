"""What the documentation says of the house is so: its rooms and its files."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
# Pages that name files of the source, and where those may be.
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "CONTRIBUTING.md"]
PLACES = [ROOT / "src" / "gaussmix", ROOT, ROOT / "benchmarks", ROOT / "tests"]
# Names of files and folders in backticks.
NAMED = re.compile(r"`((?:[a-z_0-9]+/)+(?:[a-z_0-9]+\.(?:py|md|json))?|[a-z_]+\.py)`")


@pytest.fixture(scope="module")
def house():
    spec = importlib.util.spec_from_file_location("house", DOCS / "images" / "house.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["house"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["house"]


def test_the_drawing_is_of_the_imports(house):
    """If this fails: python docs/images/house.py, and look at what it draws."""
    page = (DOCS / "how-it-works.md").read_text()
    assert f"{house.BEGIN}\n{house.text()}\n{house.END}" in page
    assert "(images/house.png)" in page


def test_every_room_has_a_colour_and_says_what_it_is_for(house):
    names = [name for wing in house.WINGS for name in wing]
    assert sorted(names) == sorted(house.order())
    assert len(house.COLOURS) == len(house.WINGS)
    for room in house.rooms():
        assert room.purpose, f"{room.name}/__init__.py has no docstring"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_pages_name_are_there(page):
    for name in set(NAMED.findall(page.read_text())):
        assert any((place / name).exists() for place in PLACES), f"{page.name} names {name}"


def test_the_merging_cost_of_a_page_is_a_file(tmp_path):
    """The example of docs/extending.md, dropped into the folder, merges nearest means."""
    page = (DOCS / "extending.md").read_text()
    (example,) = [text for text in page.split("```python\n") if "class Centroid" in text]
    (tmp_path / "centroid.py").write_text(example.split("```")[0])
    code = f"""
import gaussmix.starts.hierarchy.costs as costs
costs.__path__.append({str(tmp_path)!r})
import numpy as np
from gaussmix.hierarchy import agglomerate, list_criteria
assert "centroid" in list_criteria()
# By the means alone the large clusters are nearest; Ward's method would merge others.
rows = np.repeat([[0.0], [1.0], [2.1], [4.0]], [30, 30, 1, 1], axis=0)
labels = np.repeat([0, 1, 2, 3], [30, 30, 1, 1])
merged = [agglomerate(rows, kind, "VARS", partition=labels).labels(3)[[0, 30, 60, 61]].tolist()
          for kind in ("centroid", "EII")]
assert merged == [[0, 0, 1, 2], [0, 1, 1, 2]], merged
"""
    subprocess.run([sys.executable, "-c", code], check=True)
