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
from ..rows import MemorySource
from ..rows.files.carried import Carried
from .console import notes
from .data import columns_for, open_for
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
            help="clusters, density (contours), heat (density in colours), regions, uncertainty, "
            "misplaced (with --classes), pairs, rootograms, univariate, cdf, quantiles or trace. "
            "Default: by the number of features."
        ),
    ] = None,
    features: Annotated[
        str | None, typer.Option(help="Features to draw, separated by commas.")
    ] = None,
    columns: ColumnsOption = None,
    classes: Annotated[
        str | None,
        typer.Option(help="Column of known classes, of any type, for --kind misplaced."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Picture to write: .png, .pdf or .svg.")
    ] = Path("gaussmix.png"),
) -> None:
    """Draw a saved model, over data if given."""
    from .. import plot
    from ..plot._style import pyplot

    wanted, chosen = split_names("--columns", columns), split_names("--features", features)
    if kind not in (None, _MISPLACED, *_KINDS):
        raise ParameterError(
            f"--kind: expected one of {', '.join((*_KINDS, _MISPLACED))}, got {kind!r}"
        )
    if (classes is None) == (kind == _MISPLACED) and kind is not None:
        raise ParameterError("--kind misplaced: goes with --classes, the column of known classes")
    if out.suffix.lower().lstrip(".") not in pyplot().figure().canvas.get_supported_filetypes():
        raise ParameterError(f"--out: unknown kind of picture {out.suffix!r}; use .png or .pdf")
    check_out(out, model, *data.files)
    loaded = load_model(model)
    mixture = loaded.mixture
    rows, source = None, None
    if data.paths:
        source = open_for(mixture, data, wanted)
        rows, _ = source.sample(_MOST_ROWS, np.random.default_rng(0))
    drawn: Any = chosen
    if chosen is not None and mixture.feature_names is None:
        drawn = [int(word) if word.isdigit() else word for word in chosen]
    if kind is None and classes is not None:
        kind = _MISPLACED
    if kind is None:
        count = mixture.n_features if chosen is None else len(chosen)
        kind = {1: "univariate", 2: "clusters"}.get(count, "pairs")
    if rows is None and kind in _OF_ROWS:
        raise ParameterError(f"--kind {kind}: is of rows; give DATA after the model")
    if kind == _MISPLACED:
        given = _classes(classes, source, data, columns_for(mixture, data, wanted))
        figure = plot.misplaced(loaded, *given, features=drawn).figure
    else:
        figure = _KINDS[kind](loaded, rows, drawn)
    save_figure(figure, out)
    pyplot().close("all")
    notes().print(f"Picture saved to {out}", markup=False)


def _classes(
    name: str | None, source: Any, data: Data, columns: list[str] | None
) -> tuple[Any, AnyArray]:
    """Return all rows and their known classes; DataError if there are too many for that."""
    assert name is not None
    if not isinstance(source, MemorySource):
        raise DataError("--classes: the data are too large to be drawn whole; give a part of them")
    carried = Carried(data.scan(columns).reader(), [name])
    values = carried.take(source.n_rows)[name].to_pylist()
    return source.array, np.array(values, dtype=object)


def _clusters(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    mixture, ax = model.mixture, None
    if rows is not None:
        ax = plot.scatter(
            rows,
            mixture.predict(rows),
            label_names=[f"component {k}" for k in range(mixture.n_components)],
            features=features,
            names=mixture.feature_names,
        )
    return plot.ellipses(model, features=features, ax=ax).figure


def _density(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    return plot.density_contours(model, features=features, ax=_points(model, rows, features)).figure


def _heat(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    return plot.density(model, features=features).figure


def _points(model: Model, rows: AnyArray | None, features: Any) -> Any:
    """Return axes with the rows, if there are any."""
    from .. import plot

    if rows is None:
        return None
    return plot.scatter(rows, features=features, names=model.mixture.feature_names)


def _regions(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    return plot.decision_regions(model, rows, features=features).figure


def _uncertainty(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    return plot.uncertainty(model, rows, features=features).figure


def _pairs(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    return plot.pairs(model, rows, features=features)


def _rootograms(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    if features is not None:
        raise ParameterError("--features: rootograms are of all features; leave --features out")
    return plot.rootograms(model, rows)


def _univariate(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    return plot.univariate(model, rows, feature=_one(features)).figure


def _cdf(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    return plot.cdf(model, rows, feature=_one(features)).figure


def _quantiles(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    return plot.quantiles(model, rows, feature=_one(features)).figure


def _one(features: Any) -> Any:
    return 0 if features is None else features


def _trace(model: Model, rows: AnyArray | None, features: Any) -> Any:
    from .. import plot

    if model.fit is None:
        raise DataError("--kind trace: the model was built by hand, there is no trace")
    return plot.trace(model.fit.trace).figure


_KINDS: dict[str, Callable[[Model, AnyArray | None, Any], Any]] = {
    "clusters": _clusters,
    "density": _density,
    "heat": _heat,
    "regions": _regions,
    "uncertainty": _uncertainty,
    "pairs": _pairs,
    "rootograms": _rootograms,
    "univariate": _univariate,
    "cdf": _cdf,
    "quantiles": _quantiles,
    "trace": _trace,
}
# Pictures that there are only of rows.
_MISPLACED = "misplaced"
_OF_ROWS = ("uncertainty", "rootograms", "quantiles", _MISPLACED)
