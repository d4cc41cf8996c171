"""gaussmix iris: the classic lesson, end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ..exceptions import ParameterError
from ..interchange.model import model_from_result, to_json
from ..mixture.datasets import LabelledData, iris
from .console import print_json, progress, results, warn
from .demo import Comparison, compare, label_tables, save_figure
from .options import ComponentsOption, CovarianceOption, JsonOption, SeedOption, split_names
from .output import check_folder
from .report import model_report


def command(
    features: Annotated[
        str,
        typer.Option(
            help="Attributes to fit: names or positions separated by commas, or 'all'. "
            "Default: the first two."
        ),
    ] = "sepal length,sepal width",
    components: ComponentsOption = 3,
    covariance: CovarianceOption = "full",
    seed: SeedOption = 0,
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path(
        "gaussmix-output/iris"
    ),
    json: JsonOption = False,
) -> None:
    """Fit Gaussians to Fisher's irises by EM, and show everything about the fit.

    Labels every flower, compares the labels with the species and with K-means, and
    draws the data, the clusters, the log-likelihood by iteration and a univariate fit.
    """
    flowers = iris()
    columns = _columns(flowers, features)
    check_folder(out)
    with progress("fitting", quiet=json) as callback:
        chosen = compare(flowers, columns, components, covariance, seed, callback)
        everything = compare(flowers, list(range(4)), components, covariance, seed, callback)
        # Of one attribute many flowers have the same value, on which k-means++ starts collapse.
        single = compare(flowers, columns[:1], components, covariance, seed, callback, start="race")
    for fit in (chosen, single)[: len(columns)]:  # of one attribute they are the same model
        for message in fit.result.warnings():
            warn(f"{', '.join(flowers.names[j] for j in fit.columns)}: {message}")
    pictures = _draw(flowers, chosen, single, out)
    if json:
        print_json(_as_json(chosen, everything, pictures))
    else:
        _print(flowers, chosen, everything, pictures)


def _columns(flowers: LabelledData, features: str) -> list[int]:
    """Return positions for names (unique beginnings are enough), positions or 'all'."""
    if features.strip() == "all":
        return list(range(len(flowers.names)))
    columns = []
    for word in split_names("--features", features) or []:
        matches = [j for j, name in enumerate(flowers.names) if name.startswith(word.lower())]
        if word.isdigit() and int(word) < len(flowers.names):
            matches = [int(word)]
        if len(matches) != 1:
            raise ParameterError(
                f"--features: {word!r} is not one of {', '.join(flowers.names)} (or 0 to 3)"
            )
        columns += matches
    if len(set(columns)) < len(columns):
        raise ParameterError(f"--features: need different attributes, got {features!r}")
    return columns


def _draw(flowers: LabelledData, chosen: Comparison, single: Comparison, out: Path) -> list[Path]:
    from .. import plot
    from ..plot._style import pyplot

    mixture, columns = chosen.result.mixture, chosen.columns
    rows = flowers.rows[:, columns]
    pictures = []

    def save(name: str, figure: Any) -> None:
        pictures.append(save_figure(figure, out / name))

    ax = plot.scatter(
        flowers.rows,
        flowers.classes,
        features=(0, 1),
        names=[f"{name} (cm)" for name in flowers.names],
        label_names=flowers.class_names,
    )
    ax.set_title("IRIS: the first two attributes, by species")
    save("1-scatter.png", ax.figure)

    title = f"{mixture.n_components} Gaussians fitted by EM"
    if len(columns) == 1:
        ax = plot.univariate(mixture, rows)
        ax.set_title(title)
        figure: Any = ax.figure
    elif len(columns) == 2:
        ax = plot.scatter(rows, chosen.labels)
        plot.ellipses(mixture, ax=ax)
        ax.set_title(f"{title}: means, 1- and 2-sigma ellipses")
        figure = ax.figure
    else:
        figure = plot.pairs(mixture, rows, chosen.labels)
        figure.suptitle(f"{title}: 2-sigma ellipses")
    save("2-clusters.png", figure)

    ax = plot.trace(chosen.result.history)
    ax.set_title("EM climbs: the log-likelihood never drops")
    save("3-log-likelihood.png", ax.figure)

    ax = plot.univariate(single.result.mixture, flowers.rows[:, single.columns], bins=20)
    ax.set_title(f"A univariate fit: {flowers.names[single.columns[0]]}")
    save("4-univariate.png", ax.figure)
    pyplot().close("all")
    return pictures


def _print(
    flowers: LabelledData, chosen: Comparison, everything: Comparison, pictures: list[Path]
) -> None:
    console = results()
    console.print(
        f"[bold]IRIS[/bold]: {len(flowers.rows)} flowers; fitted on "
        f"{', '.join(flowers.names[j] for j in chosen.columns)} (cm)\n"
    )
    console.print(model_report(model_from_result(chosen.result)), "")
    console.print(*label_tables(flowers, chosen, "species"))
    if len(chosen.columns) < 4:
        console.print(
            f"On all four attributes the adjusted Rand index is [bold]{everything.ari:.3f}[/bold] "
            f"for the mixture and {everything.kmeans_ari:.3f} for K-means "
            "(gaussmix iris --features all).\n"
        )
    console.print("Pictures:")
    for path in pictures:
        console.print(f"  {path}", soft_wrap=True)


def _as_json(chosen: Comparison, everything: Comparison, pictures: list[Path]) -> dict[str, Any]:
    model = model_from_result(chosen.result)
    assert model.fit is not None
    return {
        **to_json(model),
        "bic": model.fit.bic,
        "labels": np.asarray(chosen.labels).tolist(),
        "adjusted_rand_index": {"mixture": chosen.ari, "kmeans": chosen.kmeans_ari},
        "adjusted_rand_index_all_attributes": {
            "mixture": everything.ari,
            "kmeans": everything.kmeans_ari,
        },
        "pictures": [str(path) for path in pictures],
    }
