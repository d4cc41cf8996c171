"""Where the command line writes: results to stdout, notes and progress to stderr."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console

if TYPE_CHECKING:
    from ..em import Callback, Iteration

__all__ = ["notes", "print_json", "progress", "results"]

# A pipe has no width; tables should not be folded to an imaginary terminal's.
_PIPE_WIDTH = 110


def results() -> Console:
    """Return the console for results (stdout)."""
    console = Console()
    return console if console.is_terminal else Console(width=_PIPE_WIDTH)


def notes() -> Console:
    """Return the console for messages (stderr)."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def print_json(value: dict[str, Any]) -> None:
    """Print a value for machines."""
    print(json.dumps(value, indent=1))


@contextmanager
def progress(title: str, max_iter: int, *, quiet: bool = False) -> Iterator[Callback | None]:
    """Show iterations on a terminal; nothing when stderr is piped or `quiet`."""
    console = notes()
    if quiet or not console.is_terminal:
        yield None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=None)

        def update(iteration: Iteration) -> None:
            remaining = (
                ""
                if iteration.remaining == float("inf")
                else (f", still to come {iteration.remaining:.1e}")
            )
            bar.update(
                task,
                description=(
                    f"{title}  iteration {iteration.number} of at most {max_iter}  "
                    f"log-likelihood {iteration.log_likelihood:.6f} a row{remaining}"
                ),
            )

        yield update
