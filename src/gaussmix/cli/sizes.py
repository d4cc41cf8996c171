"""gaussmix sizes: where K-means fails and a mixture does not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Group
from rich.text import Text

from ..interchange.model import model_from_result, to_json
from ..mixture.comparing import best_assignment
from ..mixture.datasets import LabelledData, sizes, sizes_mixture
from .console import PAGE, print_json, progress, results
from .demo import Comparison, compare, in_numbers, label_tables, save_figure
from .folded import Column, FoldedTable
from .options import JsonOption, SeedOption
from .output import check_folder
from .report import contingency, listed, model_report

if TYPE_CHECKING:
    from rich.console import RenderableType

    from .._typing import AnyArray
    from ..mixture.mixture import Mixture


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
    console = results(PAGE)
    places, _ = _in_colours_of(data.classes, fit.labels)
    console.print(Text(f"{_story(fit)}\n"))
    console.print(model_report(model, in_numbers), "")
    console.print(_beside_truth(data, fit.result.mixture.reorder(places)))
    console.print("Adjusted Rand index: 1 = labels as in truth, 0 = as by chance\n")
    console.print(label_tables(fit, np.argsort(places).tolist()))
    console.print(f"Picture:\n  {picture}", soft_wrap=True)


def _story(fit: Comparison) -> str:
    """Say what was given, what to compare, and why K-means fails: a sentence each."""
    data = fit.data
    split = [
        f"{counts.max()} of {counts.sum()} rows of {name}"
        for name, counts in zip(
            data.class_names, contingency(fit.kmeans_labels, data.classes).T, strict=True
        )
        if counts.max() < counts.sum()
    ]
    cut = f" (at most {listed(split)} stay together)" if split else ""
    return (
        f"{len(data.rows)} rows from four Gaussians: wide, long and two small ones, dot and dash; "
        "that there are 4 is given to both methods, the rest is found from the rows. "
        "The table of truth and estimate shows how close the mixture's weights (shares of the "
        "rows), means and standard deviations come. "
        "K-means puts each row to the nearest of 4 centres, so its borders lie halfway between "
        f"two centres and it cuts up clusters that are wider than their neighbours{cut}."
    )


def _beside_truth(data: LabelledData, estimate: Mixture) -> RenderableType:
    """Return what the rows were drawn from, and what was found of it."""
    names = ("weight", *(f"{what} {name}" for what in ("mean", "std") for name in data.names))
    truth, found = (
        np.column_stack([m.weights, m.means, np.sqrt(m.covariances.variances())])
        for m in (sizes_mixture(), estimate)
    )
    columns = [
        Column(name, [f"{a:.2f} {b:5.2f}" for a, b in zip(*pair, strict=True)])
        for name, *pair in zip(names, truth.T, found.T, strict=True)
    ]
    return Group(
        Text("Truth, then estimate (std: standard deviation)", style="bold"),
        FoldedTable([Column("cluster", data.class_names)], [columns]),
    )


def _draw(data: LabelledData, fit: Comparison, path: Path) -> Path:
    from .. import plot
    from ..plot._style import pyplot

    figure, axes = pyplot().subplots(
        1, 3, figsize=(15, 4.4), sharex=True, sharey=True, layout="constrained"
    )
    order, labels = _in_colours_of(data.classes, fit.labels)
    _, kmeans_labels = _in_colours_of(data.classes, fit.kmeans_labels)
    panels: list[tuple[str, Any]] = [
        ("the truth", data.classes),
        (f"mixture: adjusted Rand index {fit.ari:.3f}", labels),
        (f"K-means: adjusted Rand index {fit.kmeans_ari:.3f}", kmeans_labels),
    ]
    for ax, (title, colours) in zip(axes, panels, strict=True):
        plot.scatter(data.rows, colours, label_names=data.class_names, names=data.names, ax=ax)
        legend = ax.get_legend_handles_labels()
        ax.get_legend().remove()
        ax.set_title(title)
        ax.set_aspect("equal")
        ax.label_outer()
    figure.legend(*legend, loc="outside lower center", ncols=4, frameon=False, markerscale=4)
    _draw_ellipses(axes[1], fit.result.mixture.reorder(order))
    axes[1].set_ylabel("")
    saved = save_figure(figure, path)
    pyplot().close(figure)
    return saved


def _draw_ellipses(ax: Any, mixture: Mixture) -> None:
    """Draw ellipses that are seen above points of their own colour, small ones too."""
    from matplotlib.patheffects import withStroke

    from .. import plot

    plot.ellipses(mixture, ax=ax)
    for patch in ax.patches:
        if not patch.get_fill():
            patch.set_path_effects([withStroke(linewidth=3.6, foreground="white")])
    ax.collections[-1].set_sizes([14])  # crosses that leave the smallest ellipse visible


def _in_colours_of(classes: AnyArray, labels: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Renumber clusters after the classes they share most rows with.

    Returns the order of the old clusters, and the new labels.
    """
    order = best_assignment(contingency(labels, classes).T)
    return order, np.argsort(order)[labels]
