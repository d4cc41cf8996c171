"""gaussmix iris: the classic lesson, end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ..exceptions import ParameterError
from ..interchange.model import model_from_result, to_json
from ..mixture.datasets import LabelledData, iris
from .console import PAGE, print_json, progress, results, warn
from .demo import Comparison, misplaced
from .lesson import Lesson, fit_lesson
from .lesson_pictures import draw_lesson
from .lesson_text import print_lesson
from .options import ComponentsOption, CovarianceOption, JsonOption, SeedOption, split_names
from .output import check_folder


def command(
    features: Annotated[
        str,
        typer.Option(help="Attributes to fit: names or positions separated by commas, or 'all'."),
    ] = "all",
    components: ComponentsOption = 3,
    covariance: CovarianceOption = "full",
    seed: SeedOption = 0,
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path(
        "gaussmix-output/iris"
    ),
    json: JsonOption = False,
) -> None:
    """Fit Gaussians to Fisher's irises by EM, and show everything about the fit.

    Labels every flower, compares the labels with the species and with K-means, asks BIC
    how many components there are, and draws the data, the clusters, the log-likelihood by
    iteration and a univariate fit.
    """
    flowers = iris()
    columns = _columns(flowers, features)
    check_folder(out)
    with progress("fitting", quiet=json) as callback:
        lesson = fit_lesson(flowers, columns, components, covariance, seed, callback)
    for fit in lesson.fits:
        for message in fit.result.warnings():
            warn(f"{fit.names}: {message}")
    pictures = draw_lesson(lesson, out)
    if json:
        print_json(_as_json(lesson, pictures))
    else:
        print_lesson(lesson, pictures, results(PAGE))


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


def _as_json(lesson: Lesson, pictures: dict[Path, str]) -> dict[str, Any]:
    lead, everything = lesson.lead, lesson.everything
    return {
        **_fit_as_json(lead),
        "adjusted_rand_index_all_attributes": _scores(everything),
        "first_two_attributes": _fit_as_json(lesson.pair),
        "univariate": _fit_as_json(lesson.single),
        "bic_by_components": {
            fit.names: {str(k): value for k, value in sizes.bic.items()}
            for fit, sizes in lesson.sizes
        },
        "pictures": [str(path) for path in pictures],
    }


def _fit_as_json(fit: Comparison) -> dict[str, Any]:
    model = model_from_result(fit.result)
    assert model.fit is not None
    away = misplaced(fit.labels, fit.data.classes)
    return {
        **to_json(model),
        "bic": model.fit.bic,
        "labels": fit.labels.tolist(),
        "misplaced": None if away is None else np.flatnonzero(away).tolist(),
        "adjusted_rand_index": _scores(fit),
    }


def _scores(fit: Comparison) -> dict[str, float]:
    return {"mixture": fit.ari, "kmeans": fit.kmeans_ari}
