"""How far a search has got: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..mixture.summary.figures import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from .cells import Cell

    Tell = Callable[[Cell], None]

__all__ = ["bar", "progress"]

# Lines of a search whose output is no terminal: a log should not fill with them.
_LINES = 10
_LONGEST_TITLE = 20


@contextmanager
def progress(verbose: int, total: int) -> Iterator[Tell]:
    """Yield what is called with each cell that is done.

    Parameters
    ----------
    verbose : int
        0 shows nothing, 1 a bar (see `GaussianMixtureIC`), 2 or more a line a cell.
    total : int
        Cells of the search.
    """
    if not verbose:
        yield lambda cell: None
    elif verbose == 1 and sys.stderr.isatty() and find_spec("rich") is not None:
        from rich.console import Console

        with bar(total, Console(stderr=True)) as tell:
            yield tell
    else:
        yield _lines(total, 1 if verbose > 1 else max(1, total // _LINES))


@contextmanager
def bar(total: int, console: Console, title: str = "") -> Iterator[Tell]:
    """Keep one line of a terminal up to date, and clear it at the end."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    # All of it within 80 columns.
    title = shortened(title, _LONGEST_TITLE)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=8),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task(title, total=total)
        before = f"{title}  " if title else ""
        yield lambda cell: shown.update(
            task,
            advance=1,
            description=f"{before}{cell.model}, components {cell.n_components}",
        )


def _lines(total: int, every: int) -> Tell:
    """Print every so many cells, and the last."""
    done = 0

    def tell(cell: Cell) -> None:
        nonlocal done
        done += 1
        if done % every == 0 or done == total:
            print(f"  {done:3d} of {total}  {cell!r}")

    return tell
