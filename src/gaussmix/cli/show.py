"""gaussmix show: what a model file holds."""

from __future__ import annotations

from ..io.model_file import load_model, to_json
from ..report import model_report
from .console import in_options, print_json, results
from .options import JsonOption, ModelArgument


def command(model: ModelArgument, json: JsonOption = False) -> None:
    """Print a saved model: weights, means, covariances, and how it was fitted."""
    loaded = load_model(model)
    if json:
        print_json(to_json(loaded))
        return
    results().print(model_report(loaded, in_options))
