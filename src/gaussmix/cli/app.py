"""The command-line application: its commands, and what becomes of errors."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated

import typer

from .. import __version__
from ..exceptions import GaussmixError
from . import fit, iris, plot, predict, show, sizes
from .console import notes

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
for module in (iris, sizes):
    app.command(rich_help_panel="Demonstrations")(module.command)
for module in (fit, predict, show, plot):
    app.command(rich_help_panel="Your own data")(module.command)
for registered, module in zip(
    app.registered_commands, (iris, sizes, fit, predict, show, plot), strict=True
):
    registered.name = module.__name__.rpartition(".")[2]


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
    except (GaussmixError, OSError) as error:
        notes().print(f"[bold red]error:[/bold red] {_escaped(error)}")
        return 1
    except KeyboardInterrupt:
        notes().print("[bold red]interrupted[/bold red]")
        return 130
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    return 0


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    notes().print(f"[bold yellow]warning:[/bold yellow] {_escaped(message)}")


def _escaped(message: object) -> str:
    from rich.markup import escape

    return escape(str(message))


if __name__ == "__main__":
    sys.exit(run())
