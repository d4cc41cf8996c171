"""How much a call adds to the peak of a process's memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")
STATUS = Path("/proc/self/status")
FORGET = Path("/proc/self/clear_refs")


def with_peak(call: Callable[[], Result]) -> tuple[Result, float | None]:
    """Return a result, and the MiB by which the peak was above what was in use before.

    None where the system does not tell (it needs Linux).
    """
    try:
        FORGET.write_text("5")  # the peak so far is forgotten
        before = _kib("VmRSS")
    except OSError:
        return call(), None
    result = call()
    return result, (_kib("VmHWM") - before) / 1024


def _kib(field: str) -> int:
    found = re.search(rf"{field}:\s+(\d+)", STATUS.read_text())
    if found is None:
        raise OSError(f"{STATUS} has no {field}")
    return int(found.group(1))
