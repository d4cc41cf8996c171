"""Model files: JSON that people can read and no code is loaded from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..exceptions import ModelFileError
from ..numerics.arguments import shown
from ..numerics.atomic import writing
from ..numerics.encoding import WRONG_FIELDS, plain, read_json, written_by
from .mixture import Mixture

if TYPE_CHECKING:
    import os

__all__ = ["damaged", "model_content", "read_model", "write_model"]

_FORMAT = "gaussmix-model"
# Files of normal components are what they always were; others an earlier version would misread.
_VERSIONS = (1, 2)


def model_content(mixture: Mixture, fit: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what a model file holds: a mixture, and how it was fitted, as plain values."""
    return {
        "format": _FORMAT,
        "version": _VERSIONS[0 if mixture.density.plain else 1],
        "written_by": written_by(),
        "mixture": plain(mixture.to_fields()),
        "fit": fit,
    }


def write_model(
    path: str | os.PathLike[str], mixture: Mixture, fit: dict[str, Any] | None = None
) -> None:
    """Write a model file, whole or not at all."""
    text = json.dumps(model_content(mixture, fit), indent=1)
    with writing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_model(path: str | os.PathLike[str]) -> tuple[Mixture, Any]:
    """Return the mixture of a model file, and what it says of the fit.

    Raises
    ------
    ModelFileError
        If the file is not a model, is damaged, or comes from a later version.
    FileNotFoundError
    """
    try:
        content = read_json(path)
    except ValueError:
        raise ModelFileError(
            f"{path}: not a gaussmix model file (it is not JSON); Mixture.save and "
            "gaussmix fit --out write them"
        ) from None
    if content.get("format") != _FORMAT:
        raise ModelFileError(f'{path}: not a gaussmix model file (no "format": "{_FORMAT}" in it)')
    version = content.get("version")
    if version not in _VERSIONS or type(version) is not int:
        raise ModelFileError(
            f"{path}: has format version {shown(version)}, this gaussmix reads "
            f"{' and '.join(map(str, _VERSIONS))}; upgrade gaussmix"
        )
    try:
        return Mixture.from_fields(content["mixture"]), content.get("fit")
    except WRONG_FIELDS as error:
        raise damaged(path, error) from None


def damaged(path: str | os.PathLike[str], error: Exception) -> ModelFileError:
    """Return what says that a model file is damaged, and where."""
    what = f"no {error}" if isinstance(error, KeyError) else error
    return ModelFileError(f"{path}: damaged model file: {what}")
