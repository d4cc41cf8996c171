"""gaussmix fit --by: one model for each group of rows."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer

from ..exceptions import ParameterError
from ..fitting.chained import ChainedFits
from ..fitting.many import fit_many
from ..interchange.model import model_from_result
from ..rows.files import Scan
from .console import in_options, notes, print_json, results, say
from .folded import Column, FoldedTable
from .output import check_folder, check_out, save_or_fall_back
from .report import plural
from .tables import check_any_type, check_ending, writing_table

if TYPE_CHECKING:
    from .reading import Data

__all__ = ["fit_groups", "refuse_given"]

# Groups that are printed; files have all of them.
_PRINTED = 20
# Groups without a model whose reasons are told.
_TOLD = 5


def refuse_given(given: dict[str, bool]) -> None:
    """Raise ParameterError for options of single fits that are given."""
    wrong = [option for option, is_given in given.items() if is_given]
    if wrong:
        raise ParameterError(f"--by: groups are fitted without {', '.join(wrong)}; leave it out")


def fit_groups(
    data: Data,
    by: str,
    columns: list[str] | None,
    weights: str | None,
    out: Path | None,
    *,
    as_json: bool,
    **options: Any,
) -> None:
    """Fit a model to each group of rows; print them, and save a table or a folder of models."""
    is_folder = out is not None and _is_folder(out)
    if out is not None and is_folder:
        check_folder(out)
    elif out is not None:
        check_ending(out)
        check_any_type(out, "--out")
        check_out(out, *data.files)
    found = _scan(data, columns)
    options["missing"] = data.missing.name
    fits = fit_many(found, by=by, sample_weight=weights, **options)
    assert isinstance(fits, ChainedFits)
    rows = _rows(fits)
    if as_json:
        print_json({"by": by, "groups": rows})
    elif any("means" in row for row in rows):
        results().print(_table(by, rows))
        if fits.n_features > 1:
            first = fits.feature_names[0] if fits.feature_names else "0"
            told = f"Means of {first}; those of all features are in --out and --json."
            results().print(told, markup=False, highlight=False)
        if len(rows) > _PRINTED:
            left = len(rows) - _PRINTED
            notes().print(f"and {plural(left, 'group')} more; --out or --json has all of them")
    _tell_failed(by, rows)
    if out is not None and is_folder:
        _save_models(fits, out)
    elif out is not None:
        _save_table(by, fits, out)
    if not fits.is_whole:
        raise typer.Exit(130)
    if not any("means" in row for row in rows):
        raise typer.Exit(1)


def _tell_failed(by: str, rows: list[dict[str, Any]]) -> None:
    failed = [row for row in rows if row.get("reason")]
    for row in failed[:_TOLD]:
        say("note:", "bold cyan", in_options(f"{by} {row['key']} has no model: {row['reason']}"))
    if len(failed) > _TOLD:
        say("note:", "bold cyan", f"{plural(len(failed), 'group')} of {len(rows)} have no model")


def _scan(data: Data, columns: list[str] | None) -> Scan:
    found = data.scan(columns)
    for note in found.notes:
        notes().print(data.by_name(f"{found.files[0]}: {note}"), markup=False)
    return found


def _rows(fits: ChainedFits) -> list[dict[str, Any]]:
    """Return a dict for each group, for machines."""
    found = []
    figures = zip(fits.keys, fits, fits.bic.tolist(), fits.reasons, strict=True)
    for key, result, bic, reason in figures:
        row: dict[str, Any] = {"key": key if isinstance(key, int | float | str) else str(key)}
        if result is None:
            found.append(row | {"reason": reason})
            continue
        mixture = result.mixture
        row |= {"rows": result.n_rows, "log_likelihood": result.log_likelihood, "bic": bic}
        row |= {
            "converged": bool(result.converged),
            "weights": mixture.weights.tolist(),
            "means": mixture.means.tolist(),
            "covariances": mixture.covariances.to_dense().tolist(),
        }
        found.append({name: _plain(value) for name, value in row.items()})
    return found


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _table(by: str, rows: list[dict[str, Any]]) -> FoldedTable:
    shown = rows[:_PRINTED]

    def each(name: str, spec: str) -> list[str]:
        return [format(row[name], spec) if row.get(name) is not None else "–" for row in shown]

    means = ["–" if "means" not in row else _short(row) for row in shown]
    which = [Column(by, [str(row["key"]) for row in shown]), Column("rows", each("rows", "d"))]
    fit = [
        Column("log-likelihood", each("log_likelihood", ".3f")),
        Column("BIC", each("bic", ".3f")),
    ]
    parts = [Column("weights: means", means)]
    return FoldedTable(which, [fit, parts], justify="right")


def _short(row: dict[str, Any]) -> str:
    pairs = zip(row["weights"], row["means"], strict=True)
    return ", ".join(f"{weight:.2f}: {mean[0]:.4g}" for weight, mean in pairs)


# -- files ---------------------------------------------------------------------------------


def _is_folder(out: Path) -> bool:
    return out.is_dir() or out.suffix == ""


def _save_models(fits: ChainedFits, folder: Path) -> None:
    """Write a model file for each group, called by its key."""
    taken: set[str] = set()
    for number, (key, result) in enumerate(zip(fits.keys, fits, strict=True)):
        if result is None:
            continue
        stem = re.sub(r"[^\w.-]+", "_", str(key)).strip("._") or "group"
        stem = stem if stem.lower() not in taken else f"{stem}-{number}"
        taken.add(stem.lower())
        saved, error = save_or_fall_back(model_from_result(result), folder / f"{stem}.json")
        if error is not None:
            reason = error.strerror or error
            say("error:", "bold red", f"{folder} cannot be written ({reason}): see {saved}")
            raise typer.Exit(1)
    told = f"{plural(len(taken), 'model')} saved in {folder}"
    notes().print(f"\n{told}. Next: gaussmix predict {folder}/KEY.json DATA", markup=False)


def _save_table(by: str, fits: ChainedFits, out: Path) -> None:
    """Write a row for each component of each group; of a group without a model one row."""
    names = fits.feature_names or tuple(f"x{j}" for j in range(fits.n_features))
    without = np.array([result is None for result in fits])
    kept = ~(without[:, None] & (np.arange(fits.n_components) > 0)).ravel()

    def of_group(values: Any) -> Any:
        return np.repeat(np.asarray(values), fits.n_components)[kept]

    def of_component(values: Any) -> Any:
        return values.reshape(len(kept))[kept]

    numbers = np.where(without[:, None], -1, np.arange(fits.n_components))
    deviations = np.sqrt(np.diagonal(fits.covariances, axis1=2, axis2=3))
    columns = {by: of_group(_as_column(fits.keys)), "component": of_component(numbers)}
    columns["weight"] = of_component(fits.weights)
    columns |= {f"mean_{n}": of_component(fits.means[:, :, j]) for j, n in enumerate(names)}
    columns |= {f"deviation_{n}": of_component(deviations[:, :, j]) for j, n in enumerate(names)}
    columns["rows"] = of_group([math.nan if r is None else r.n_rows for r in fits])
    columns |= {"log_likelihood": of_group(fits.log_likelihood), "bic": of_group(fits.bic)}
    held = [[r is not None and k in r.collapsed for k in range(fits.n_components)] for r in fits]
    columns |= {"converged": of_group(fits.converged), "collapsed": of_component(np.array(held))}
    columns["reason"] = of_group(fits.reasons)
    with writing_table(out) as write:
        write(columns)
    notes().print(f"\n{plural(len(fits), 'group')} in {out}", markup=False)


def _as_column(keys: list[Any]) -> Any:
    found = np.asarray(keys)
    return found if found.dtype.kind in "iufbU" else np.array(list(map(str, keys)))
