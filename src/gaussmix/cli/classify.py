"""gaussmix classify: classes of rows, learnt from those whose class is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.text import Text

from ..exceptions import DataError
from .beside import open_beside
from .console import notes, print_json, results
from .options import ColumnsOption, JsonOption, SeedOption, split_names
from .output import check_out
from .reading import Data, reads_files
from .report import contingency, contingency_table, facts_table, plural
from .tables import check_ending, writing_answers

if TYPE_CHECKING:
    from .._typing import AnyArray


@reads_files
def command(
    data: Data,
    label: Annotated[
        str,
        typer.Option("--label", "-l", help="Column of classes, of any type; empty: not known."),
    ],
    kind: Annotated[
        str,
        typer.Option(
            help="EDDA: one normal a class, tied by a family; MclustDA: a mixture a class, chosen; "
            "mixture: two components a class."
        ),
    ] = "EDDA",
    families: Annotated[
        str | None,
        typer.Option("--families", "-c", help="all, or names separated by commas: to choose from."),
    ] = None,
    columns: ColumnsOption = None,
    folds: Annotated[int, typer.Option(min=2, help="Folds of the cross-validated error.")] = 10,
    seed: SeedOption = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Table to write: class and probabilities of every row."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Learn classes from the rows that have one, say how well, and tell the class of every row."""
    from ..estimators.classifier import MixtureClassifier

    if out is not None:
        check_ending(out)
        check_out(out, *data.files)
    source, labels = open_beside(data, label, split_names("--columns", columns), "--label")
    known = np.array([own is not None for own in labels])
    if not known.any():
        raise DataError(f"--label: column {label!r} has no value in any row")
    names = np.array([str(own) for own in labels])
    chosen = families if families in (None, "all") else split_names("--families", families)
    if isinstance(chosen, list) and len(chosen) == 1:
        chosen = chosen[0]
    model = MixtureClassifier(
        kind, families=chosen, random_state=seed, missing=data.missing.name
    ).fit(source.only(known), names[known])
    rows = np.asarray(source.array[:])
    smallest = int(np.unique(names[known], return_counts=True)[1].min())
    validated = None
    if smallest > 1 and len(model.classes_) > 1:
        number = min(folds, smallest)
        validated = model.cross_validate(rows[known], names[known], cv=number)
    proba = model.predict_proba(source)
    found = model.classes_[np.argmax(proba, axis=1)]
    if out is not None:
        with writing_answers(out) as write:
            parts = {f"probability_{own}": proba[:, c] for c, own in enumerate(model.classes_)}
            write({"class": found, **parts})
        notes().print(f"{plural(len(found), 'row')} classified in {out}", markup=False)
    if json:
        print_json(_figures(model, validated, found, known))
        return
    _print(model, validated, names[known], int((~known).sum()))


def _figures(model: Any, validated: Any, found: AnyArray, known: AnyArray) -> dict[str, Any]:
    classes, counts = np.unique(found[~known], return_counts=True)
    error = None if validated is None else validated
    return {
        "classes": model.classes_.tolist(),
        "families": model.families_,
        "components": [own.n_components for own in model.class_mixtures_],
        "bic": model.bic_,
        "rows": int(known.sum()),
        "error": None if error is None else error.error,
        "error_se": None if error is None else error.error_se,
        "brier": None if error is None else error.brier,
        "brier_se": None if error is None else error.brier_se,
        "unlabelled": dict(zip(classes.tolist(), counts.tolist(), strict=True)),
    }


def _print(model: Any, validated: Any, names: AnyArray, n_others: int) -> None:
    sizes = [own.n_components for own in model.class_mixtures_]
    parts = [
        f"{own}: {family} of {size}"
        for own, family, size in zip(model.classes_, model.families_, sizes, strict=True)
    ]
    facts = [("classes", ", ".join(parts)), ("rows", str(len(names)))]
    facts += [("without a class", str(n_others))] if n_others else []
    facts.append(("BIC", f"{model.bic_:.3f}"))
    if validated is not None:
        facts.append(("held-out rows", str(validated)))
    results().print(Text("Classes", style="bold"), facts_table(facts))
    if validated is not None:
        classes = model.classes_.tolist()
        places = np.searchsorted(model.classes_, [validated.predictions, names])
        table = contingency(places[1], places[0])
        results().print("", contingency_table("Held-out rows", table, "class", classes, classes))
