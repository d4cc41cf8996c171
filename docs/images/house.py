"""Draw docs/images/house.png: the rooms of the source, and what each imports; and write it down.

python docs/images/house.py

Both are made from the imports, those for types alone and those inside functions too.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gaussmix"
PAGE = ROOT / "docs" / "how-it-works.md"
BEGIN, END = "<!-- house: docs/images/house.py writes this -->", "<!-- end of house -->"

# Rooms of one colour, by their place in the palette of `gaussmix.plot`.
WINGS = (
    ("numerics", "components"),
    ("rows",),
    ("estep", "mixture", "em"),
    ("starts", "fitting", "interchange", "selection"),
    ("plot", "inference", "estimators", "cli"),
)
COLOURS = ("#555555", 2, 0, 6, 4)
N_FILES = 6


@dataclass(frozen=True)
class Room:
    """A folder of the source: what it is for, its largest files by lines, what it imports."""

    name: str
    purpose: str
    n_lines: int
    files: tuple[tuple[str, int], ...]
    imports: tuple[str, ...]


def order() -> list[str]:
    """Return the names of the rooms, from the ground up, as the tests have them."""
    for node in ast.parse((ROOT / "tests" / "test_structure.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ROOMS":
            return list(ast.literal_eval(node.value))
    raise LookupError("tests/test_structure.py has no ROOMS")


def rooms() -> list[Room]:
    """Return the rooms, from the ground up."""
    known = order()
    return [_room(name, known) for name in known]


def _room(name: str, known: list[str]) -> Room:
    folder = SOURCE / name
    lengths: dict[str, int] = {}
    used: set[str] = set()
    for path in folder.rglob("*.py"):
        text, place = path.read_text(), path.relative_to(folder).parts
        entry = place[0] if len(place) == 1 else f"{place[0]}/"
        lengths[entry] = lengths.get(entry, 0) + text.count("\n")
        used |= set(_imported(ast.parse(text), depth=len(place) + 1))
    files = sorted(lengths.items(), key=lambda item: (-item[1], item[0]))
    doc = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    purpose = doc.split("\n\n")[0].split(" (``")[0].replace("``", "").rstrip(".")
    imports = tuple(other for other in known if other in used - {name})
    kept = tuple(item for item in files if item[0] != "__init__.py")[:N_FILES]
    return Room(name, purpose, sum(lengths.values()), kept, imports)


def _imported(code: ast.Module, depth: int) -> list[str]:
    """Return what a module `depth` folders deep imports from the top of the package."""
    found: list[str] = []
    for node in ast.walk(code):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found += [name.split(".")[0] for name in names]
    return found


# -- as text -----------------------------------------------------------------------------------


def text() -> str:
    """Return the rooms, from the roof down, and what each imports, as the page has it."""
    every = rooms()
    width = max(len(room.name) for room in every)
    lines = [f"{'room':<{width}}  imports"]
    lines += [f"{r.name:<{width}}  {' '.join(r.imports) or '-'}" for r in reversed(every)]
    return "\n".join(["```text", *lines, "```"])


def write_down() -> None:
    """Put the text into the page."""
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text()}\n{END}{rest.split(END)[1]}")


# -- as a picture ------------------------------------------------------------------------------

WIDTH, HEIGHT, GAP = 8.8, 0.86, 0.2
LANE, FIRST_LANE = 0.3, 0.45


def draw() -> None:
    """Draw a floor for each room, and a shaft down to each one that others import."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import FancyBboxPatch, Polygon

    from gaussmix.plot._style import INK, color

    every = rooms()
    wing = {name: w for w, names in enumerate(WINGS) for name in names}

    def colour(name: str) -> str:
        own = COLOURS[wing[name]]
        return own if isinstance(own, str) else color(own, 8)

    bottom = {room.name: i * (HEIGHT + GAP) for i, room in enumerate(every)}
    entered = [room.name for room in every if any(room.name in r.imports for r in every)]
    # The shaft of the ground floor is the outermost: no arrow crosses a shaft.
    shaft = {name: WIDTH + FIRST_LANE + LANE * i for i, name in enumerate(reversed(entered))}
    top = len(every) * (HEIGHT + GAP) - GAP
    right = WIDTH + FIRST_LANE + LANE * len(entered)

    figure, ax = plt.subplots(figsize=(13.2, 13.2), layout="constrained")
    roof = [(-0.25, top + 0.12), (WIDTH / 2, top + 0.95), (WIDTH + 0.25, top + 0.12)]
    ax.add_patch(Polygon(roof, facecolor="#f0f0f0", edgecolor="#bbbbbb", lw=1))
    ax.text(
        WIDTH / 2,
        top + 0.38,
        "gaussmix",
        ha="center",
        va="center",
        size=17,
        weight="bold",
        color=INK,
    )
    for name in entered:
        ax.text(
            shaft[name] + 0.03,
            top + 0.1,
            name,
            size=9.5,
            color=colour(name),
            rotation=55,
            rotation_mode="anchor",
            va="center",
        )
    ax.text(
        right + 0.3,
        -0.34,
        "a dot: this floor imports what the shaft leads down to",
        ha="right",
        size=9,
        color="#666666",
        va="center",
    )

    for room in every:
        own, y = colour(room.name), bottom[room.name]
        box = FancyBboxPatch(
            (0, y),
            WIDTH,
            HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=(*plt.matplotlib.colors.to_rgb(own), 0.10),
            edgecolor=own,
            lw=1.3,
            zorder=3,
        )
        ax.add_patch(box)
        ax.text(0.15, y + 0.61, room.name, size=14, weight="bold", color=own, va="center", zorder=4)
        ax.text(1.95, y + 0.61, room.purpose, size=10, color=INK, va="center", zorder=4)
        ax.text(
            0.15,
            y + 0.25,
            f"{room.n_lines:,} lines",
            size=9,
            color="#666666",
            va="center",
            zorder=4,
        )
        files = "   ".join(f"{name.removesuffix('.py')} {n}" for name, n in room.files)
        ax.text(1.95, y + 0.25, files, size=9, color="#555555", va="center", zorder=4)

    for room in every:
        y = bottom[room.name] + 0.62 * HEIGHT
        if room.imports:
            ax.plot([WIDTH, shaft[room.imports[0]]], [y, y], color="#cccccc", lw=1.1, zorder=1)
        for name in room.imports:
            ax.plot(shaft[name], y, "o", ms=6.5, color=colour(name), zorder=3)
    for name in entered:
        x, own = shaft[name], colour(name)
        y = bottom[name] + 0.26 * HEIGHT
        highest = max(bottom[r.name] for r in every if name in r.imports) + 0.62 * HEIGHT
        ax.plot([x, x], [y, highest], color=own, lw=1.7, solid_capstyle="round", zorder=2)
        ax.annotate(
            "",
            (WIDTH + 0.02, y),
            (x, y),
            arrowprops={
                "arrowstyle": "-|>",
                "color": own,
                "lw": 1.7,
                "shrinkA": 0,
                "shrinkB": 0,
                "mutation_scale": 13,
            },
            zorder=2,
        )

    ax.plot([-0.25, WIDTH + 0.25], [-0.14, -0.14], color="#bbbbbb", lw=2, solid_capstyle="round")
    ax.set(xlim=(-0.35, right + 0.45), ylim=(-0.45, top + 1.0))
    ax.set_axis_off()
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=90)


if __name__ == "__main__":
    write_down()
    draw()
