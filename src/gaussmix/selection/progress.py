"""How far a search has got, told of by its cells."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..mixture.summary.figures import shortened
from ..numerics import bars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from .cells import Cell

    Tell = Callable[[Cell], None]

__all__ = ["bar", "progress"]

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
    short = verbose == 1 and bars.on_terminal()
    with bars.counting(verbose, total) as tell:
        yield _told(tell, _named if short else repr)


@contextmanager
def bar(total: int, console: Console, title: str = "") -> Iterator[Tell]:
    """Keep one line of a terminal up to date, and clear it at the end."""
    before = f"{shortened(title, _LONGEST_TITLE)}  " if title else ""
    with bars.bar(total, console) as tell:
        yield _told(
            lambda done, words: tell(done, words, total), lambda cell: before + _named(cell)
        )


def _named(cell: Cell) -> str:
    return f"{cell.model}, components {cell.n_components}"


def _told(tell: bars.Tell, words: Callable[[Cell], str]) -> Tell:
    """Return what counts the cells it is called with."""
    done = 0

    def of_cell(cell: Cell) -> None:
        nonlocal done
        done += 1
        tell(done, words(cell))

    return of_cell
