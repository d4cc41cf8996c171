"""Small tables that tests write and read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gaussmix import scan
from gaussmix.cli.tables import writing_table


@dataclass(frozen=True)
class Table:
    """What `scan` finds in a file, its rows read."""

    rows: Any
    names: Any
    left_out: Any
    notes: Any


def read_table(path, columns=None):
    found = scan(path, columns)
    return Table(found.read()[0], found.names, found.left_out, found.notes)


def write_table(path, columns):
    with writing_table(path) as write:
        write(columns)
