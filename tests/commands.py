"""Running the command line in tests: in this process, which is quick, or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

from gaussmix.cli import app

COMMAND = [str(Path(sys.executable).parent / "gaussmix")]


class Done(NamedTuple):
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


def spawned(*arguments, cwd):
    """Run a command as a process of its own."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "MPLBACKEND": "Agg"},
        check=False,
    )


def in_this_process(monkeypatch, capsys):
    """Return a function that runs a command in this process."""

    def run(*arguments, cwd):
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["gaussmix", *map(str, arguments)])
        monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # run() sets its own
        code = app.run()
        return Done(code, *capsys.readouterr())

    return run
