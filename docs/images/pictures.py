"""Draw the pictures of three pages, by the very lines that stand there.

python docs/images/pictures.py [pictures | parameters | quick-tour]

A picture is what the example before its link has left in `ax` or `figure`.
"""

from __future__ import annotations

import doctest
import re
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from PIL import Image

PAGES = ("pictures", "parameters", "quick-tour")
# Pixels of a picture, and of one of several panels.
WIDTH = (560, 760)
DOCS = Path(__file__).parents[1]
PIECE = re.compile(r"```python\n(?P<code>.*?)```|\]\((?P<picture>images/[a-z]+/\w+\.png)\)", re.S)


def main() -> None:
    """Draw those of the pages that are named, or of all."""
    for name in sys.argv[1:] or PAGES:
        draw(DOCS / f"{name}.md")


def draw(page: Path) -> None:
    """Run a page, and save a picture at every link."""
    known: dict[str, Any] = {}
    for piece in PIECE.finditer(page.read_text()):
        if piece["code"]:
            known.pop("ax", None), known.pop("figure", None)
            for example in doctest.DocTestParser().get_examples(piece["code"]):
                exec(compile(example.source, str(page), "single"), known)
        else:
            save(known["figure"] if "figure" in known else known["ax"].figure, piece["picture"])
            plt.close("all")


def save(figure: Any, name: str) -> None:
    """Write a picture in few colours: a page of them is loaded at once."""
    path, found = DOCS / name, BytesIO()
    path.parent.mkdir(exist_ok=True)
    width = figure.get_figwidth()
    figure.savefig(found, format="png", dpi=min(75, WIDTH[int(width > 8)] / width))
    image = Image.open(found).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    image.save(path, optimize=True)


if __name__ == "__main__":
    main()
