"""gaussmix regress: a target given the other columns, and how sure that is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.text import Text

from ..exceptions import DataError
from .beside import open_beside
from .console import notes, print_json, results
from .options import (
    ColumnsOption,
    CovarianceOption,
    JsonOption,
    SeedOption,
    SizesOption,
    split_names,
)
from .output import check_out
from .reading import Data, reads_files
from .report import facts_table, plural
from .select import parse_sizes
from .tables import check_ending, writing_answers


@reads_files
def command(
    data: Data,
    target: Annotated[
        str, typer.Option("--target", "-t", help="Column to predict; empty: not known.")
    ],
    components: SizesOption = "1-9",
    covariance: CovarianceOption = "full",
    columns: ColumnsOption = None,
    folds: Annotated[int, typer.Option(min=2, help="Folds of the cross-validated R².")] = 5,
    seed: SeedOption = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Table to write: prediction and standard deviation of every row."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Predict a column from the others by a mixture of both, and say how well."""
    from ..estimators.regressor import MixtureRegressor

    if out is not None:
        check_ending(out)
        check_out(out, *data.files)
    sizes = parse_sizes(components)
    source, values = open_beside(data, target, split_names("--columns", columns), "--target")
    y = _numbers(values, target)
    known = ~np.isnan(y)
    if not known.any():
        raise DataError(f"--target: column {target!r} has no value in any row")
    rows = np.asarray(source.array[:], dtype=np.float64)
    model = MixtureRegressor(
        sizes[0] if len(sizes) == 1 else sizes,
        families=covariance,
        random_state=seed,
        missing=data.missing.name,
    ).fit(rows[known], y[known])
    size = model.mixture_.n_components
    held_out = _held_out(model, rows[known], y[known], min(folds, int(known.sum())))
    mean, std = model.predict(rows, return_std=True)
    if out is not None:
        with writing_answers(out) as write:
            write({"prediction": mean, "standard_deviation": std})
        notes().print(f"{plural(len(mean), 'row')} predicted in {out}", markup=False)
    if json:
        figures = {"components": size, "rows": int(known.sum()), "unknown": int((~known).sum())}
        print_json({**figures, **held_out})
        return
    facts = [("target", target), ("components", str(size)), ("rows", str(int(known.sum())))]
    facts += [("without a value", str(int((~known).sum())))] if not known.all() else []
    facts.append(("R² of held-out rows", f"{held_out['r2']:.4f}"))
    facts.append(("log-density of theirs", f"{held_out['log_density']:.4f} a row"))
    results().print(Text("Regression", style="bold"), facts_table(facts))


def _numbers(values: list[Any], name: str) -> Any:
    try:
        return np.array([np.nan if own is None else float(own) for own in values])
    except (TypeError, ValueError) as error:
        raise DataError(f"--target: column {name!r} does not hold numbers ({error})") from None


def _held_out(model: Any, rows: Any, y: Any, n_folds: int) -> dict[str, float]:
    """Return R² and the mean log-density of rows that a fit of that size has not seen."""
    from sklearn.base import clone
    from sklearn.model_selection import KFold

    size = model.mixture_.n_components
    own = clone(model).set_params(n_components=size)
    mean, density = np.empty(len(y)), np.empty(len(y))
    for train, test in KFold(n_folds, shuffle=True, random_state=0).split(rows):
        fitted = own.fit(rows[train], y[train])
        mean[test], density[test] = fitted.predict(rows[test]), fitted.logpdf(rows[test], y[test])
    residual, total = np.square(y - mean).sum(), np.square(y - y.mean()).sum()
    r2 = 1.0 - residual / total if total > 0 else float(residual == 0)
    return {"r2": float(r2), "log_density": float(density.mean())}
