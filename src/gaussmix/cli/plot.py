"""gaussmix plot: a picture of a saved model and of data under it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from ..exceptions import DataError, ParameterError
from ..interchange.model import Model, load_model
from .console import notes
from .data import open_for
from .demo import save_figure
from .options import ColumnsOption, ModelArgument, split_names
from .output import check_out
from .reading import Data, reads_files

if TYPE_CHECKING:
    from .._typing import AnyArray

# Rows that are drawn of larger data.
_MOST_ROWS = 100_000


@partial(reads_files, required=False)
def command(
    model: ModelArgument,
    data: Data,
    kind: Annotated[
        str | None,
        typer.Option(
            help="clusters, density, pairs, univariate, uncertainty or trace. "
            "Default: by the number of features."
        ),
    ] = None,
    features: Annotated[
        str | None, typer.Option(help="Features to draw, separated by commas.")
    ] = None,
    columns: ColumnsOption = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Picture to write: .png, .pdf or .svg.")
    ] = Path("gaussmix.png"),
) -> None:
    """Draw a saved model, over data if given."""
    from ..plot._style import pyplot

    wanted, chosen = split_names("--columns", columns), split_names("--features", features)
    if kind is not None and kind not in _KINDS:
        raise ParameterError(f"--kind: expected one of {', '.join(_KINDS)}, got {kind!r}")
    if out.suffix.lower().lstrip(".") not in pyplot().figure().canvas.get_supported_filetypes():
        raise ParameterError(f"--out: unknown kind of picture {out.suffix!r}; use .png or .pdf")
    check_out(out, model, *data.files)
    loaded = load_model(model)
    mixture = loaded.mixture
    rows = None
    if data.paths:
        source = open_for(mixture, data, wanted)
        rows, _ = source.sample(_MOST_ROWS, np.random.default_rng(0))
    drawn: Any = chosen
    if chosen is not None and mixture.feature_names is None:
        drawn = [int(word) if word.isdigit() else word for word in chosen]
    if kind is None:
        count = mixture.n_features if chosen is None else len(chosen)
        kind = {1: "univariate", 2: "clusters"}.get(count, "pairs")
    save_figure(_KINDS[kind](loaded, rows, drawn), out)
    pyplot().close("all")
    notes().print(f"Picture saved to {out}", markup=False)


def _clusters(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    mixture = model.mixture
    ax = None
    if rows is not None:
        names, labels = mixture.feature_names, mixture.predict(rows)
        ax = plot.scatter(rows, labels, features=features, names=names)
    return plot.ellipses(mixture, features=features, ax=ax).figure


def _density(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    mixture = model.mixture
    ax = None
    if rows is not None:
        ax = plot.scatter(rows, features=features, names=mixture.feature_names)
    return plot.density_contours(mixture, features=features, ax=ax).figure


def _pairs(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    return plot.pairs(model.mixture, rows, features=features)


def _univariate(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    feature = 0 if features is None else features
    return plot.univariate(model.mixture, rows, feature=feature).figure


def _uncertainty(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    if rows is None:
        raise ParameterError("--kind uncertainty: is of rows; give DATA after the model")
    return plot.uncertainty(model.mixture, rows, features=features).figure


def _trace(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    if model.fit is None:
        raise DataError("--kind trace: the model was built by hand, there is no trace")
    return plot.trace(model.fit.trace).figure


_KINDS: dict[str, Callable[[Model, AnyArray | None, Any], Any]] = {
    "clusters": _clusters,
    "density": _density,
    "pairs": _pairs,
    "univariate": _univariate,
    "uncertainty": _uncertainty,
    "trace": _trace,
}
