"""How Sphinx makes the site of these pages: `make docs`, `make docs-serve`.

Nothing is fetched from the network, neither when it is built nor when it is read; `site_checks`
looks.  Nor are names of other libraries linked (intersphinx): their packages do not bring the
lists of their pages, which would have to be fetched.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import site_checks  # noqa: E402
import site_pages  # noqa: E402

import gaussmix  # noqa: E402

project = "gaussmix"
author = "The gaussmix developers"
version = release = gaussmix.__version__
language = "en"

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = [
    "README.md",
    "images",
    "auto_examples/*.ipynb",
    "auto_examples/*.py",
    "**sg_execution_times.rst",  # a page of the gallery's that fetches scripts from elsewhere
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
nitpicky = False
# A page of a part of numbers that Sphinx cannot know is not a fault of the page.
suppress_warnings = ["config.cache", "myst.xref_ambiguous"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["auto_examples"],
    "filename_pattern": "/plot_",
    "doc_module": ("gaussmix",),
    "backreferences_dir": "api/backreferences",
    "reference_url": {"gaussmix": None},
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,
    "within_subsection_order": "FileNameSortKey",
    "min_reported_time": 10,
}

html_theme = "pydata_sphinx_theme"
html_title = "gaussmix"
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_css_files = ["gaussmix.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "header_links_before_dropdown": 7,
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "secondary_sidebar_items": {"**": ["page-toc"], "comparison": []},
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
# Pages that stand alone have no others beside them.
_ALONE = ("index", "getting-started", "what-is-a-mixture", "quick-tour", "which-model", "questions")
html_sidebars = {page: [] for page in _ALONE}
copyright = author


def setup(app: object) -> None:
    """Let pages that are not written by hand be made before Sphinx looks for pages."""
    site_pages.write(HERE)
    app.connect("source-read", site_pages.point_inside)  # type: ignore[attr-defined]
    app.connect("autodoc-skip-member", site_pages.skips)  # type: ignore[attr-defined]
    app.connect("build-finished", site_checks.check)  # type: ignore[attr-defined]
