"""gaussmix show: what a model file holds."""

from __future__ import annotations

from ..io.model_file import load_model, to_json
from ..report import component_tables, fit_table
from .console import print_json, results
from .options import JsonOption, ModelArgument


def command(model: ModelArgument, json: JsonOption = False) -> None:
    """Print a saved model: weights, means, covariances, and how it was fitted."""
    loaded = load_model(model)
    if json:
        print_json(to_json(loaded))
        return
    console = results()
    for table in component_tables(loaded.mixture):
        console.print(table)
    console.print(fit_table(loaded))
