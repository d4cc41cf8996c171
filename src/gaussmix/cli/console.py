"""Where the command line writes: results to stdout, notes and progress to stderr."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import isfinite
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from ..mixture.summary.figures import shortened
from ..numerics.bars import bar

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from ..em.progress import Progress
    from ..em.result import Callback, Iteration

__all__ = [
    "PAGE",
    "counting",
    "duration",
    "in_options",
    "notes",
    "print_json",
    "progress",
    "results",
    "say",
    "warn",
]

# A pipe has no width; tables should not be folded to an imaginary terminal's.
_PIPE_WIDTH = 110
# Text to read is.
PAGE = 80

# Of the line of progress: the bar, what is beside the words, and a title's length.
_BAR = 10
_BESIDE = _BAR + 12
_TITLE = 20
# Its parts; where there is no room those of low numbers are left out first.
_PASS, _ROWS, _LIKELIHOOD, _FIRST, _ITERATION, _LEFT = range(6)

# What the library calls its arguments, and how they are given here.
_OPTIONS = {
    "covariance_type": "--covariance",
    "init_params": "--init",
    "max_components": "--max-components",
    "max_iter": "--max-iter",
    "min_components": "--min-components",
    "missing_values": "--missing",
    "n_components": "--components",
    "n_init": "--starts",
    "n_resamples": "--resamples",
    "n_jobs": "--jobs",
    "random_state": "--seed",
    "reg_covar": "--reg-covar",
    "resume": "--resume",
    "sample_weight": "--weights",
    "tol": "--tol",
}
# Words of any sentence: they stand for an argument only where a message begins with "noise: ".
_ARGUMENTS = {
    "X": "DATA",
    "Xerr": "--errors",
    "checkpoint": "--checkpoint",
    "columns": "--features",
    "criterion": "--criterion",
    "dataset": "--dataset",
    "decimal": "--decimal",
    "density": "--density",
    "dof": "--dof",
    "families": "--families",
    "feature": "--features",
    "level": "--level",
    "missing": "--incomplete",
    "features": "--features",
    "select": "--select",
    "separator": "--separator",
    "noise": "--noise",
    "prior": "--prior",
    "false_alarm": "--false-alarm",
    "contamination": "--contamination",
    "kind": "--kind",
}
# Names of columns (in quotes), parts of paths and shapes such as (n_components,) are left alone.
_OPTION = re.compile(rf"(?<![\w'\"/.(-])({'|'.join(_OPTIONS)})(?:='([^']*)')?(?![\w'\"/-]|\.\w)")
_DECIMAL = re.compile(r"(?<!\w)decimal='([.,])'")
_INCOMPLETE = re.compile(r"(?<!\w)missing='(\w+)'")
_ARGUMENT = re.compile(rf"^({'|'.join(_ARGUMENTS)})(?=: )|(?<=; )(X)(?= has )")


def results(width: int = _PIPE_WIDTH) -> Console:
    """Return the console for results (stdout), of a width where they are piped."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=width, highlight=False)


def notes() -> Console:
    """Return the console for messages (stderr)."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def say(word: str, style: str, message: object) -> None:
    """Print a message to stderr as it is, after a coloured word."""
    notes().print(Text.assemble((word, style), f" {message}"))


def warn(message: object) -> None:
    """Print a warning of the library in the words of the command line."""
    say("warning:", "bold yellow", in_options(message))


def in_options(message: object) -> str:
    """Return a message of the library with options in place of its arguments."""

    def option(found: re.Match[str]) -> str:
        name, value = found.groups()
        return _OPTIONS[name] if value is None else f"{_OPTIONS[name]} {value}"

    told = _DECIMAL.sub(r"--decimal \1", str(message))
    told = _INCOMPLETE.sub(r"--incomplete \1", told)
    told = _ARGUMENT.sub(lambda found: _ARGUMENTS[found[0]], told)
    return _OPTION.sub(option, told)


def print_json(value: dict[str, Any]) -> None:
    """Print a value for machines."""
    print(json.dumps(value, indent=1))


@contextmanager
def progress(title: str, *, quiet: bool = False) -> Iterator[Callback | None]:
    """Show iterations and passes on a terminal; nothing when stderr is piped or `quiet`."""
    console = notes()
    if quiet or not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=_BAR),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield _Display(bar, title, console.width - _BESIDE)


@contextmanager
def counting(title: str, *, quiet: bool = False) -> Iterator[Callable[[int, int, str], None]]:
    """Yield what shows on a terminal how many of how many are done, and of what."""
    console = notes()
    if quiet or not console.is_terminal:
        yield lambda done, total, words: None
        return
    before = shortened(title, _TITLE)
    with bar(None, console) as tell:
        yield lambda done, total, words: tell(done, f"{before}  {words}", total)


class _Display:
    """A callback that keeps one line of a terminal up to date, of at most so many columns."""

    def __init__(self, bar: Bar, title: str, width: int) -> None:
        self.bar, self.title, self.width = bar, shortened(title, _TITLE), width
        self.task = bar.add_task(self.title, total=None)

    def __call__(self, iteration: Iteration) -> None:
        parts = _reached(iteration)
        if isfinite(iteration.remaining):
            parts[_LIKELIHOOD] += f", {iteration.remaining:.0e} to come"
        self._show(parts)

    def progress(self, progress: Progress) -> None:
        """Show the rows of a pass, and the time that is left."""
        parts = {_PASS: f"pass {progress.passes + 1}", _ROWS: f"{progress.rows:,} rows"}
        if progress.iteration is not None:
            parts |= _reached(progress.iteration)
        if progress.seconds_left is not None:
            parts[_LEFT] = f"about {duration(progress.seconds_left)} left"
        self._show(parts, progress.rows, progress.n_rows)

    def _show(
        self, parts: dict[int, str], done: float | None = None, total: int | None = None
    ) -> None:
        """Show the parts that there is room for: those of high numbers are given up last."""
        parts = {_FIRST: self.title, **parts}
        while len(text := "  ".join(parts.values())) > self.width and len(parts) > 1:
            del parts[min(parts)]
        self.bar.update(self.task, description=text, completed=done, total=total)


def _reached(iteration: Iteration) -> dict[int, str]:
    return {
        _ITERATION: f"iteration {iteration.number}",
        _LIKELIHOOD: f"log-likelihood a row {iteration.log_likelihood:.5f}",
    }


def duration(seconds: float) -> str:
    """Return a time for people.

    Examples
    --------
    >>> duration(0.2), duration(200), duration(10_000)
    ('1 s', '3 min', '2.8 h')
    """
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
