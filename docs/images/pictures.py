"""Draw the pictures of docs/pictures.md, by the very lines that stand there.

python docs/images/pictures.py

A picture is what the example before its link has left in `ax` or `figure`.
"""

from __future__ import annotations

import doctest
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from PIL import Image

PAGE = Path(__file__).parents[1] / "pictures.md"
PIECE = re.compile(r"```python\n(?P<code>.*?)```|\]\((?P<picture>images/pictures/\w+\.png)\)", re.S)


def main() -> None:
    """Run the page, and save a picture at every link."""
    known: dict[str, Any] = {}
    for piece in PIECE.finditer(PAGE.read_text()):
        if piece["code"]:
            known.pop("ax", None), known.pop("figure", None)
            for example in doctest.DocTestParser().get_examples(piece["code"]):
                exec(compile(example.source, str(PAGE), "single"), known)
        else:
            save(known["figure"] if "figure" in known else known["ax"].figure, piece["picture"])
            plt.close("all")


def save(figure: Any, name: str) -> None:
    """Write a picture in few colours: a page of them is loaded at once."""
    path, found = PAGE.parent / name, BytesIO()
    path.parent.mkdir(exist_ok=True)
    width = figure.get_figwidth()
    figure.savefig(found, format="png", dpi=min(75, 560 / width))
    image = Image.open(found).convert("RGB").quantize(64, dither=Image.Dither.NONE)
    image.save(path, optimize=True)


if __name__ == "__main__":
    main()
