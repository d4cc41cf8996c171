"""What must hold of the built site: links within it lead somewhere, nothing comes from elsewhere.

`make docs` ends with it; `python docs/site_checks.py site` asks it of a site that is there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

# Folders whose files are not pages: of the theme, and of the site without its gallery.
_NO_PAGES = ("_static", "fast")
# What a browser fetches by itself, unlike a link that a reader follows.
_FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "link": "href",
}
_ELSEWHERE = re.compile(r"(?:https?:)?//")
_IN_STYLES = re.compile(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")\s]+)")


@dataclass
class Page(HTMLParser):
    """What a page links to, what it fetches, and which of its places have names."""

    links: set[str] = field(default_factory=set)
    fetched: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.names |= {found[name] for name in ("id", "name") if name in found}
        if tag == "link" and found.get("rel") in ("canonical", "next", "prev"):
            return
        if tag in _FETCHED and found.get(_FETCHED[tag]):
            self.fetched.add(found[_FETCHED[tag]])
        elif tag == "a" and found.get("href"):
            self.links.add(found["href"])


def faults(site: Path) -> Iterator[str]:
    """Yield what is wrong, a line each."""
    pages: dict[Path, Page] = {}
    for path in sorted(site.rglob("*.html")):
        if path.relative_to(site).parts[0] not in _NO_PAGES:
            pages[path.resolve()] = page = Page()
            page.feed(path.read_text(encoding="utf-8"))
    for path, page in pages.items():
        name = path.relative_to(site.resolve())
        yield from (
            f"{name}: fetches {each}" for each in sorted(page.fetched) if _ELSEWHERE.match(each)
        )
        for link in sorted(page.links | page.fetched):
            if not _leads_somewhere(link, path, pages):
                yield f"{name}: no {link}"
    for path in sorted(site.rglob("*.css")):
        for found in _IN_STYLES.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(site)}: fetches {found}"


def _leads_somewhere(link: str, origin: Path, pages: dict[Path, Page]) -> bool:
    """Whether a link within the site has its page, and that has the place."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = origin if not parts.path else (origin.parent / unquote(parts.path)).resolve()
    if not target.exists():
        return False
    place = unquote(parts.fragment)
    return not place or target not in pages or place in pages[target].names


def check(app: Any, error: Exception | None) -> None:
    """Let the build fail, if anything is wrong with its pages."""
    from sphinx.errors import SphinxError

    if error is None and app.builder.format == "html":
        found = list(faults(Path(app.outdir)))
        if found:
            raise SphinxError("the site is not whole:\n" + "\n".join(found))


if __name__ == "__main__":
    wrong = list(faults(Path(sys.argv[1])))
    print("\n".join(wrong) or "whole")
    sys.exit(bool(wrong))
