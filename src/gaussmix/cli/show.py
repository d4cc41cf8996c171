"""gaussmix show: what a model file holds."""

from __future__ import annotations

from ..interchange.model import load_model, to_json
from .console import print_json, results
from .options import JsonOption, ModelArgument
from .report import whole_report


def command(model: ModelArgument, json: JsonOption = False) -> None:
    """Print a saved model: weights, means, covariances, and how it was fitted."""
    loaded = load_model(model)
    if json:
        print_json(to_json(loaded))
        return
    results().print(whole_report(loaded))
