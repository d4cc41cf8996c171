"""How far a long computation has got: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    #: Told how many are done, and of what.
    Tell = Callable[[int, str], None]

__all__ = ["bar", "counting", "on_terminal"]

# Lines where the output is no terminal: a log should not fill with them.
_LINES = 10


def on_terminal() -> bool:
    """Whether a bar can be drawn where messages go."""
    return sys.stderr.isatty() and find_spec("rich") is not None


@contextmanager
def counting(verbose: int, total: int) -> Iterator[Tell]:
    """Yield what is called with the number that are done, and in words of what.

    Parameters
    ----------
    verbose : int
        0 shows nothing; 1 a bar, or ten lines where there is no terminal; 2 a line a call.
    total : int
    """
    if not verbose:
        yield lambda done, words: None
    elif verbose == 1 and on_terminal():
        from rich.console import Console

        with bar(total, Console(stderr=True)) as tell:
            yield lambda done, words: tell(done, words, total)
    else:
        yield _lines(total, 1 if verbose > 1 else max(1, total // _LINES))


@contextmanager
def bar(total: int | None, console: Console) -> Iterator[Callable[[int, str, int], None]]:
    """Keep one line of a terminal up to date, and clear it at the end.

    What is yielded is told of how many there are, too, as far as that is known by then.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    # All of it within 80 columns.
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=8),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("", total=total)

        def tell(done: int, words: str, total: int) -> None:
            shown.update(task, completed=done, description=words, total=total)

        yield tell


def _lines(total: int, every: int) -> Tell:
    """Print every so many that are done, and the last."""
    told = 0

    def tell(done: int, words: str) -> None:
        nonlocal told
        if done < told:  # begun anew
            told = 0
        if done // every > told // every or done == total:
            print(f"  {done:3d} of {total}  {words}")
        told = done

    return tell
