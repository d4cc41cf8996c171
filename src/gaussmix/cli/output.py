"""Files that commands write: refused before the work if they cannot be, never lost after it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import typer

from ..exceptions import ParameterError
from ..interchange.model import Model, save_model
from .console import notes, say

__all__ = ["check_folder", "check_out", "save_and_tell", "save_or_fall_back"]


def check_out(out: Path, *inputs: Path | None) -> None:
    """Raise ParameterError if a file cannot be written, or is one of those to be read."""
    if out.is_dir():
        raise ParameterError(f"--out: {out} is a folder; name a file in it")
    if out.exists() and not out.is_file():  # a file renamed to /dev/stdout would replace it
        raise ParameterError(f"--out: {out} is not a regular file; name another")
    for read in inputs:
        if read is not None and out.exists() and read.exists() and out.samefile(read):
            raise ParameterError(f"--out: {out} is read by this command; write to another file")
    check_folder(out.parent)


def check_folder(folder: Path) -> None:
    """Make a folder, or raise ParameterError if that or writing in it is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "a file is in its place" if isinstance(error, FileExistsError) else error.strerror
        raise ParameterError(f"--out: the folder {folder} cannot be made: {reason}") from None
    if not os.access(folder, os.W_OK):
        raise ParameterError(f"--out: the folder {folder} may not be written to")


def save_or_fall_back(model: Model, out: Path) -> tuple[Path, OSError | None]:
    """Save a model; where that fails, in the temporary folder.

    Returns the file written, and the error if it is not `out`.
    """
    try:
        save_model(model, out)
    except OSError as error:
        elsewhere = Path(tempfile.gettempdir()) / f"{out.stem}-{os.getpid()}.json"
        save_model(model, elsewhere)
        return elsewhere, error
    return out, None


def save_and_tell(model: Model, out: Path, hint: str | None) -> None:
    """Save a model and say where, with a hint what to do next; quietly without a hint.

    Where that fails it is saved elsewhere, and the command ends with exit code 1.
    """
    saved, error = save_or_fall_back(model, out)
    if error is not None:
        reason = error.strerror or error
        say("error:", "bold red", f"{out} cannot be written ({reason}): the model is in {saved}")
        raise typer.Exit(1)
    if hint is not None:
        notes().print(f"\nModel saved to {out}. {hint}", markup=False)
