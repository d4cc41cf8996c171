"""Parquet: row groups are read by several threads at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .arrow import ArrowFormat, Piece
from .feather import fragment_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Parquet"]

# Rows that are looked at for examples of columns that are not numbers.
_FIRST_ROWS = 1000


class Parquet(ArrowFormat):
    """Parquet files."""

    name = "Parquet"
    endings = (".parquet", ".pq")
    magic = b"PAR1"
    has_row_groups = True

    def first_rows(self, path: Path) -> Any:
        return self._fragment(path).head(_FIRST_ROWS)

    def pieces(self, path: Path) -> list[Piece]:
        whole = self._fragment(path)
        groups = [Piece(part, part.row_groups[0].num_rows) for part in whole.split_by_row_group()]
        return groups or [Piece(whole, 0)]

    def _fragment(self, path: Path) -> Any:
        from pyarrow import dataset

        # Whole column chunks are not kept in memory before they are decoded.
        options = dataset.ParquetFragmentScanOptions(pre_buffer=False, use_buffered_stream=True)
        return fragment_of(dataset.ParquetFileFormat(default_fragment_scan_options=options), path)
