"""Tables of text: DuckDB reads them; here it is asked how they are written, and what is a number.

`sniffing` asks how a file is written, `dialect` says it to the library, `numerals` asks which
columns are numbers and how those are written, `plain` makes a copy of what the library does
not read, and `tables` are the formats.
"""

from __future__ import annotations

from .tables import CommaSeparated, SpaceSeparated, TabSeparated

__all__ = ["CommaSeparated", "SpaceSeparated", "TabSeparated"]
