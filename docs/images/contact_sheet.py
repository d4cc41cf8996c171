"""Draw docs/images/contact-sheet-light.png and -dark.png: every picture of many mixtures.

python docs/images/contact_sheet.py [FOLDER]

A row a picture, a column a mixture and its rows: 1, 2, 4 and 10 features with 2 and 12 components
and 150 and 100,000 rows, each with each; with and without a background, short names and long ones
as evenly over these as can be.  What a picture refuses is shown by its message.  With FOLDER each
picture is saved there at its full size, too.
"""

from __future__ import annotations

import sys
import textwrap
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from gaussmix import GaussianMixture, GaussianMixtureIC, GaussmixError, plot

CELL = (150, 112)
STYLES = {"light": "default", "dark": "dark_background"}
LONG = "mean concentration of dissolved inorganic nitrogen, micromoles per litre (station {})"


@dataclass(frozen=True)
class Scene:
    """A mixture to draw: its size, that of its data, and what makes them odd."""

    features: int
    components: int
    rows: int
    noise: bool = False
    long: bool = False

    def __str__(self) -> str:
        words = [f"{self.features} f.", f"{self.components} c.", f"{self.rows:,} rows"]
        words += ["noise"] * self.noise + ["long"] * self.long
        return ", ".join(words)


SCENES = [
    # Noise and long names by parities, so that each goes with every size as often as not.
    Scene(
        features,
        components,
        rows,
        noise=(i // 2 + j + k) % 2 == 1,
        long=(i + j + k) % 2 == 1,
    )
    for i, features in enumerate((1, 2, 4, 10))
    for j, components in enumerate((2, 12))
    for k, rows in enumerate((150, 100_000))
]


class Drawn:
    """A scene's rows, their classes, a fit of them, and a search."""

    def __init__(self, scene: Scene) -> None:
        d, k, rng = scene.features, scene.components, np.random.default_rng(scene.features)
        centers = rng.uniform(-10, 10, (k, d)) if d > 1 else np.linspace(-25, 25, k)[:, None]
        classes = rng.integers(k, size=scene.rows)
        widths = rng.uniform(0.5, 2.0, (k, d))
        X = centers[classes] + widths[classes] * rng.standard_normal((scene.rows, d))
        if scene.noise:
            n_far = scene.rows // 10
            X[:n_far] = rng.uniform(X.min(axis=0) - 5, X.max(axis=0) + 5, (n_far, d))
            classes[:n_far] = -1
        self.names = [LONG.format(j) if scene.long else f"x{j}" for j in range(d)]
        kinds = [LONG.format(j) if scene.long else f"kind {j}" for j in range(k)]
        self.classes: Any = np.array([*kinds, "astray"], dtype=object)[classes]
        self.X = X
        start = np.where(classes < 0, rng.integers(k, size=scene.rows), classes)
        family = "VVI" if d > 1 else "V"
        noise = 0.1 if scene.noise else None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model = GaussianMixture(
                k, covariance_type=family, noise=noise, init_params=start, max_iter=60
            ).fit(self._named(X))
            some = self._named(X[:: max(1, scene.rows // 150)])
            families = ["EII", "VII", "EEI", "VVI", "EEE"] if d > 1 else ["E", "V"]
            self.search = GaussianMixtureIC(range(1, 5), families=families, random_state=0)
            self.search.fit(some)

    def _named(self, X: Any) -> Any:
        import pandas as pd

        return pd.DataFrame(X, columns=self.names)

    @property
    def frame(self) -> Any:
        """The rows with the names of their features."""
        return self._named(self.X)


PICTURES: dict[str, Callable[[Drawn], Any]] = {
    "scatter": lambda s: plot.scatter(s.frame, s.classes),
    "ellipses": lambda s: plot.ellipses(s.model),
    "both": lambda s: plot.ellipses(s.model, ax=plot.scatter(s.frame, s.model.predict(s.frame))),
    "density_contours": lambda s: plot.density_contours(s.model, masses=[0.25, 0.5, 0.75]),
    "density": lambda s: plot.density(s.model),
    "density, log": lambda s: plot.density(s.model, log=True),
    "decision_regions": lambda s: plot.decision_regions(s.model, s.frame),
    "uncertainty": lambda s: plot.uncertainty(s.model, s.frame),
    "misplaced": lambda s: plot.misplaced(s.model, s.frame, s.classes),
    "univariate": lambda s: plot.univariate(s.model, s.frame, labels=s.classes),
    "cdf": lambda s: plot.cdf(s.model, s.frame),
    "quantiles": lambda s: plot.quantiles(s.model, s.frame, s.classes),
    "rootograms": lambda s: plot.rootograms(s.model, s.frame),
    "pairs": lambda s: plot.pairs(s.model, s.frame),
    "trace": lambda s: plot.trace(s.model),
    "criterion": lambda s: plot.criterion(s.search),
    "criterion_map": lambda s: plot.criterion_map(s.search),
}


def picture(draw: Callable[[Drawn], Any], scene: Drawn) -> Image.Image:
    """Return a picture as the user gets it, or the message that it is refused with."""
    try:
        drawn = draw(scene)
        figure = drawn if hasattr(drawn, "savefig") else drawn.figure
    except GaussmixError as error:
        figure = plt.figure(figsize=(6.4, 4.8))
        words = textwrap.fill(str(error), 34)
        figure.text(0.5, 0.5, words, ha="center", va="center", fontsize=20, style="italic")
    found = BytesIO()
    figure.savefig(found, format="png", dpi=80)
    plt.close("all")
    return Image.open(found).convert("RGB")


def sheet(scenes: list[tuple[Scene, Drawn]], style: str, folder: Path | None) -> Image.Image:
    """Return every picture of every scene, in a style."""
    width, height = CELL
    figure = plt.figure(figsize=((len(scenes) + 0.45) * width / 80, 0.3), dpi=80)
    for column, (scene, _) in enumerate(scenes):
        place = (column + 0.95) / (len(scenes) + 0.45)
        figure.text(place, 0.5, str(scene), ha="center", va="center", fontsize=6)
    names = [Image.fromarray(_pixels(figure))]
    for name in PICTURES:
        figure = plt.figure(figsize=(0.45 * width / 80, height / 80), dpi=80)
        figure.text(0.5, 0.5, name, ha="center", va="center", fontsize=9, rotation=90)
        names.append(Image.fromarray(_pixels(figure)))
    whole = Image.new("RGB", (names[0].width, names[0].height + height * len(PICTURES)), "white")
    whole.paste(names[0], (0, 0))
    for row, (name, draw) in enumerate(PICTURES.items()):
        top = names[0].height + row * height
        whole.paste(names[1 + row], (0, top))
        for column, (scene, drawn) in enumerate(scenes):
            begun = time.perf_counter()
            with plt.style.context(STYLES[style]):
                full = picture(draw, drawn)
            seconds = time.perf_counter() - begun
            if folder is not None:
                full.save(folder / f"{row:02}-{name.replace(', ', '-')}-{column}-{style}.png")
                print(f"{seconds:6.2f} s  {name}: {scene}, {style}", flush=True)
            full.thumbnail((width - 4, height - 4), Image.Resampling.LANCZOS)
            left = names[1].width + column * width
            whole.paste(full, (left + (width - full.width) // 2, top + (height - full.height) // 2))
    return whole


def _pixels(figure: Any) -> Any:
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
    plt.close(figure)
    return pixels


def main() -> None:
    """Draw both sheets."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    scenes = [(scene, Drawn(scene)) for scene in SCENES]
    for style in STYLES:
        found = sheet(scenes, style, folder).quantize(200, dither=Image.Dither.NONE)
        found.save(Path(__file__).with_name(f"contact-sheet-{style}.png"), optimize=True)


if __name__ == "__main__":
    main()
