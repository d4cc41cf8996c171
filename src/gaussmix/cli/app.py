"""The command-line application: its commands, and what becomes of errors."""

from __future__ import annotations

import inspect
import sys
import warnings
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..exceptions import GaussmixError
from ..numerics.version import __version__
from . import (
    bootstrap,
    classify,
    fit,
    iris,
    lrt,
    outliers,
    plot,
    predict,
    regress,
    select,
    show,
    sizes,
)
from .console import in_options, say, warn

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["app", "run"]

app = typer.Typer(
    name="gaussmix",
    help="Gaussian mixture models: fit, predict, look.",
    epilog="Start with: gaussmix iris",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
_PANELS = {
    "Demonstrations": (iris, sizes),
    "Your own data": (fit, select, predict, show, plot, bootstrap, lrt),
    "By a target, or without": (classify, regress, outliers),
}


def _help(command: Callable[..., Any]) -> str:
    """Return a docstring whose lines are as long as the terminal, not as the source."""
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


for panel, modules in _PANELS.items():
    for module in modules:
        name = module.__name__.rpartition(".")[2]
        app.command(name, help=_help(module.command), rich_help_panel=panel)(module.command)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"gaussmix {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Gaussian mixture models: fit, predict, look."""


def run() -> int:
    """Run the command named in sys.argv; return the exit code."""
    warnings.showwarning = _show_warning
    try:
        app()
    except (GaussmixError, OSError, MemoryError) as error:
        say("error:", "bold red", _told(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted", "bold red", "")
        return 130
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    return 0


def _told(error: Exception) -> str:
    """Return an error as one line for people."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}"
    if isinstance(error, MemoryError):
        return f"not enough memory. {error}"
    return in_options(error)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    warn(message)


if __name__ == "__main__":
    sys.exit(run())
