"""Text tables: pyarrow reads them, in the layout that their first lines show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .arrow import ArrowFormat, Look, Piece, pyarrow
from .feather import fragment_of
from .layout import Layout, look

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CommaSeparated", "TabSeparated"]

# Types of columns are seen in so many bytes; text is then parsed in blocks of so many.
_LOOKED_AT = 32 * 2**20
_BLOCK = 4 * 2**20


class _Separated(ArrowFormat):
    """Text tables, read from beginning to end: how many rows there are shows at the end."""

    #: The separators they may have, the least ambiguous first.
    delimiters: str
    may_be_empty = True

    def shown(self, name: str) -> str:
        return name.strip()

    def look(self, path: Path) -> Look:
        from pyarrow import csv

        layout = look(path, self.delimiters)
        blocks = csv.open_csv(
            path,
            csv.ReadOptions(block_size=_LOOKED_AT, column_names=layout.names),
            csv.ParseOptions(delimiter=layout.delimiter),
            csv.ConvertOptions(decimal_point=layout.decimal),
        )
        with blocks:
            first = next(iter(blocks), None)
        rows = pyarrow().Table.from_batches([] if first is None else [first], blocks.schema)
        names = [self.shown(name) for name in rows.column_names]
        return Look(rows.rename_columns(names), layout.notes(), layout.decimal)

    def pieces(self, path: Path, types: dict[str, Any]) -> list[Piece]:
        layout = look(path, self.delimiters)
        names = self._fragment(path, layout, {}).physical_schema.names
        # A column that begins with whole numbers may go on with others.
        own = {name: types[self.shown(name)] for name in names if self.shown(name) in types}
        return [Piece(self._fragment(path, layout, {n: _widened(t) for n, t in own.items()}))]

    @staticmethod
    def _fragment(path: Path, layout: Layout, types: dict[str, Any]) -> Any:
        from pyarrow import csv, dataset

        options = dataset.CsvFragmentScanOptions(
            csv.ConvertOptions(column_types=types, decimal_point=layout.decimal),
            csv.ReadOptions(block_size=_BLOCK, column_names=layout.names),
        )
        parse = csv.ParseOptions(delimiter=layout.delimiter)
        return fragment_of(dataset.CsvFileFormat(parse, options), path)


class CommaSeparated(_Separated):
    """CSV; semicolons and tabs are tried first, as beside them commas may be decimal."""

    name = "CSV"
    endings = (".csv",)
    delimiters = "\t;,"


class TabSeparated(_Separated):
    """TSV."""

    name = "TSV"
    endings = (".tsv",)
    delimiters = "\t"


def _widened(kind: Any) -> Any:
    pa = pyarrow()
    return kind if pa.types.is_boolean(kind) else pa.float64()
