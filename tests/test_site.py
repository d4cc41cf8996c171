"""The documentation site: what it must hold, and, where it has been built, that it works."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gaussmix import GaussianMixture

ROOT = Path(__file__).parents[1]
DOCS, EXAMPLES, SITE = ROOT / "docs", ROOT / "examples", ROOT / "site"
PAGES = sorted(path for path in DOCS.glob("*.md") if path.name != "README.md")
MADE = {"api/index", "auto_examples/index", "pages/benchmarks", "pages/changes"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    f"--{flag}"
    for flag in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
    )
]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # where dataclasses look for what they are of
    spec.loader.exec_module(module)
    return module


def public_objects():
    pages = loaded(DOCS / "site_pages.py")
    for package in pages.PACKAGES:
        for name in pages.public_names(package):
            yield pytest.param(
                getattr(importlib.import_module(package), name), id=f"{package}.{name}"
            )


@pytest.mark.parametrize("thing", public_objects())
def test_every_public_name_is_described(thing):
    assert (thing.__doc__ or "").strip()
    is_error = isinstance(thing, type) and issubclass(thing, BaseException)
    is_contract = isinstance(thing, type) and bool(getattr(thing, "__abstractmethods__", ()))
    if callable(thing) and not is_error and not is_contract:
        assert ">>>" in thing.__doc__, "no example"


def test_every_page_is_in_the_site_once():
    listed = re.findall(
        r"^([\w/-]+)$",
        "\n".join(
            block
            for page in PAGES
            for block in re.findall(
                r"```\{toctree\}\n(?::\w+:.*\n)*\n(.*?)```", page.read_text(), re.S
            )
        ),
        re.M,
    )
    assert len(set(listed)) == len(listed)
    assert set(listed) - MADE == {page.stem for page in PAGES} - {"index"}


def test_every_parameter_is_on_the_page_of_pictures():
    page = (DOCS / "parameters.md").read_text()
    assert not [name for name in GaussianMixture().get_params() if name not in page]


def test_the_checks_of_the_site_find_what_is_wrong(tmp_path):
    checks = loaded(DOCS / "site_checks.py")
    (tmp_path / "b.html").write_text('<p id="here"></p><a href="https://elsewhere.org">b</a>')
    (tmp_path / "a.html").write_text(
        '<a href="b.html#here"></a><a href="b.html#there"></a><a href="c.html"></a>'
        '<a href="#x"></a><script src="https://elsewhere.org/a.js"></script>'
        '<h1 id="y"></h1><a href="#y"></a>'
    )
    (tmp_path / "a.css").write_text("@import url('https://elsewhere.org/font.css');")
    assert list(checks.faults(tmp_path)) == [
        "a.html: fetches https://elsewhere.org/a.js",
        "a.html: no #x",
        "a.html: no b.html#there",
        "a.html: no c.html",
        "a.css: fetches https://elsewhere.org/font.css",
    ]


@pytest.mark.parametrize(
    "page", [*PAGES, DOCS / "README.md", ROOT / "README.md"], ids=lambda p: p.name
)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#:]+?)(?:#[\w-]+)?\)", page.read_text()):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda p: p.stem)
def test_examples_of_the_gallery_have_a_title_and_a_picture(example):
    assert example.name.startswith("plot_")
    title, line, *_ = ast.get_docstring(ast.parse(example.read_text())).splitlines()
    assert set(line) == {"="} and len(line) >= len(title)
    assert re.search(r"plot\.\w+\(|subplots\(", example.read_text())


@pytest.mark.skipif(
    not (CHROMIUM and (SITE / "index.html").exists()), reason="no site, or no browser"
)
class TestInABrowser:
    @staticmethod
    def opened(page, tmp_path, *, may_fetch=True):
        done = subprocess.run(
            [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path}", "--enable-logging=stderr",
             "--virtual-time-budget=8000", "--dump-dom", page],
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        told = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
        # A page of a folder may not fetch others: summaries of what the search found.
        kept = [line for line in told if may_fetch or "Failed to fetch" not in line]
        assert not [line for line in kept if "rror" in line], told
        return done.stdout

    def test_pages_open_from_a_folder(self, tmp_path):
        for page in ("index", "getting-started", "api/gaussmix.GaussianMixture"):
            assert "gaussmix" in self.opened(f"file://{SITE}/{page}.html", tmp_path)

    def test_the_search_finds(self, tmp_path):
        found = self.opened(f"file://{SITE}/search.html?q=BIC", tmp_path, may_fetch=False)
        assert "model-choice.html" in found
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE)) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            address = f"http://127.0.0.1:{server.server_port}/search.html?q=BIC"
            assert "model-choice.html" in self.opened(address, tmp_path)
            server.shutdown()

    def test_pictures_of_the_gallery_are_there(self, tmp_path):
        page = self.opened(f"file://{SITE}/auto_examples/index.html", tmp_path)
        pictures = re.findall(r"<img[^>]+src=\"([^\"]+)\"", page)
        assert len(pictures) >= 20
        assert all((SITE / "auto_examples" / picture).exists() for picture in pictures)

    def test_links_within_lead_somewhere_and_nothing_is_asked_of_other_sites(self):
        assert not list(loaded(DOCS / "site_checks.py").faults(SITE))
