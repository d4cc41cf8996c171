"""gaussmix sizes: where K-means fails and a mixture does not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from ..interchange.model import model_from_result, to_json
from ..mixture.datasets import LabelledData, sizes
from .console import print_json, progress, results
from .demo import Comparison, compare, in_numbers, label_tables, save_figure
from .options import JsonOption, SeedOption
from .output import check_folder
from .report import contingency, model_report

if TYPE_CHECKING:
    from .._typing import AnyArray


def command(
    samples: Annotated[int, typer.Option(min=50, help="Number of rows to draw.")] = 2000,
    seed: SeedOption = 0,
    out: Annotated[Path, typer.Option(help="Folder for the picture.")] = Path(
        "gaussmix-output/sizes"
    ),
    json: JsonOption = False,
) -> None:
    """Clusters of different sizes and shapes: a mixture beside K-means.

    Draws rows from four Gaussians (wide, long, and two small ones), fits both, and
    compares their labels with the truth in numbers and in a picture.
    """
    check_folder(out)
    data = sizes(samples, seed)
    with progress("fitting", quiet=json) as callback:
        fit = compare(data, [0, 1], len(data.class_names), "full", seed, callback)
    picture = _draw(data, fit, out / "sizes.png")
    model = model_from_result(fit.result)
    if json:
        print_json(
            {
                **to_json(model),
                "adjusted_rand_index": {"mixture": fit.ari, "kmeans": fit.kmeans_ari},
                "pictures": [str(picture)],
            }
        )
        return
    console = results()
    console.print(f"[bold]{len(data.rows)} rows[/bold] from four Gaussians of different sizes\n")
    console.print(model_report(model, in_numbers), "")
    console.print(label_tables(fit))
    console.print(f"Picture:\n  {picture}", soft_wrap=True)


def _draw(data: LabelledData, fit: Comparison, path: Path) -> Path:
    from .. import plot
    from ..plot._style import pyplot

    figure, axes = pyplot().subplots(
        1, 3, figsize=(15, 3.8), sharex=True, sharey=True, layout="constrained"
    )
    order, labels = _in_colours_of(data.classes, fit.labels)
    _, kmeans_labels = _in_colours_of(data.classes, fit.kmeans_labels)
    panels: list[tuple[str, Any]] = [
        ("the truth", data.classes),
        (f"mixture: adjusted Rand index {fit.ari:.3f}", labels),
        (f"K-means: adjusted Rand index {fit.kmeans_ari:.3f}", kmeans_labels),
    ]
    for ax, (title, colours) in zip(axes, panels, strict=True):
        plot.scatter(data.rows, colours, ax=ax)
        ax.get_legend().remove()
        ax.set_title(title)
        ax.set_aspect("equal")
    plot.ellipses(fit.result.mixture.reorder(order), ax=axes[1])
    axes[1].set(xlabel="", ylabel="")
    saved = save_figure(figure, path)
    pyplot().close(figure)
    return saved


def _in_colours_of(classes: AnyArray, labels: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Renumber clusters after the classes they share most rows with.

    Returns the order of the old clusters, and the new labels.
    """
    from scipy.optimize import linear_sum_assignment

    order = linear_sum_assignment(-contingency(labels, classes).T)[1]
    return order, np.argsort(order)[labels]
