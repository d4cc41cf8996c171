"""Text files of odd make: right, refused or wrong, beside other readers; and a pass over 3 GB.

The files are those of tests/odd_texts.py, after the kinds of pollution of the Pollock benchmark
and public reports: each is a file, and the columns of numbers that a person sees in it, or none
where it must be refused.  "Right" is all of its columns with all of their values, and their names
where it has some; an error is right where it must be refused.  Every reader finds out for itself
how a file is written and looks at all of it: DuckDB's read_csv(sample_size=-1), pandas with
sep=None (Python's engine) and with its C engine, polars with infer_schema_length=None, pyarrow.

A pass, in a process each: rows of eight numbers with four digits, their sums of products in
`gaussmix.scan`, beside what pyarrow streams (which decodes only) and polars reads into memory.

    python benchmarks/text_files.py                  # 3 GB: ten minutes
    python benchmarks/text_files.py --rows 1e6 --no-save
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import save
from out_of_core import peak_mib

sys.path.append(str(Path(__file__).parents[1]))
from tests.odd_texts import ODD_TEXTS, OddText

Columns = dict[str, np.ndarray]


def by_gaussmix(path: Path, only: list[str] | None) -> Columns:
    """Read all rows by a scan."""
    from gaussmix import scan

    found = scan(path, only)
    return dict(zip(found.names, found.read()[0].T, strict=True))


def _of_arrow(table, only: list[str] | None) -> Columns:
    from pyarrow import types

    tests = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean)
    numbers = [f.name for f in table.schema if any(test(f.type) for test in tests)]
    return {
        name: table.column(name).cast("double").to_numpy()
        for name in numbers
        if only is None or name in only
    }


def by_duckdb(path: Path, only: list[str] | None) -> Columns:
    """Read with all rows as the sample."""
    import duckdb

    relation = duckdb.connect().read_csv(str(path), sample_size=-1)
    return _of_arrow(relation.to_arrow_table(), only)


def _of_pandas(frame) -> Columns:
    kept = frame.select_dtypes(["number", "bool"])
    return {str(name): kept[name].to_numpy(float) for name in kept}


def by_pandas(path: Path, only: list[str] | None) -> Columns:
    """Read by Python's engine, which sniffs."""
    import pandas as pd

    return _of_pandas(pd.read_csv(path, sep=None, engine="python", usecols=only))


def by_pandas_c(path: Path, only: list[str] | None) -> Columns:
    """Read by the C engine, commas only."""
    import pandas as pd

    return _of_pandas(pd.read_csv(path, usecols=only))


def by_polars(path: Path, only: list[str] | None) -> Columns:
    """Read with all rows as the sample."""
    import polars as pl

    frame = pl.read_csv(path, infer_schema_length=None, columns=only)
    numbers = [name for name, t in frame.schema.items() if t.is_numeric() or t == pl.Boolean]
    return {name: frame[name].cast(pl.Float64).to_numpy() for name in numbers}


def by_pyarrow(path: Path, only: list[str] | None) -> Columns:
    """Read with the defaults."""
    from pyarrow import csv

    return _of_arrow(csv.read_csv(path), only)


READERS: dict[str, Callable[[Path, list[str] | None], Columns]] = {
    "gaussmix": by_gaussmix,
    "DuckDB": by_duckdb,
    "pandas, sep=None": by_pandas,
    "pandas, C engine": by_pandas_c,
    "polars": by_polars,
    "pyarrow": by_pyarrow,
}


def verdict(read: Callable[[Path, list[str] | None], Columns], path: Path, odd: OddText) -> str:
    """Return "right", "refused" or "wrong"."""
    try:
        got = read(path, list(odd.only) or None)
    except Exception:  # of whichever library
        return "right" if odd.columns is None else "refused"
    if odd.columns is None or len(got) != len(odd.columns):
        return "wrong"
    # A file without a header has names that the reader made.
    named = not all(name.startswith("x") for name in odd.columns)
    if named and set(got) != set(odd.columns):
        return "wrong"
    read_values = [got[name] for name in odd.columns] if named else list(got.values())
    same = all(
        len(values) == len(expected)
        and np.allclose(values, expected, rtol=1e-13, atol=0, equal_nan=True)
        for values, expected in zip(read_values, odd.columns.values(), strict=True)
    )
    return "right" if same else "wrong"


def judged(folder: Path) -> list[dict[str, object]]:
    """Return the verdict of each reader on each file."""
    rows: list[dict[str, object]] = []
    for number, odd in enumerate(ODD_TEXTS):
        path = folder / f"{number}{odd.ending}"
        path.write_bytes(odd.content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = {name: verdict(read, path, odd) for name, read in READERS.items()}
        rows.append({"file": odd.name, "must be refused": odd.columns is None, **found})
    return rows


# -- a large file ------------------------------------------------------------------------


def write_large(path: Path, n: int) -> None:
    """Write n rows of eight numbers."""
    import pyarrow as pa
    from pyarrow import csv

    rng, step = np.random.default_rng(0), 1_000_000
    with path.open("wb") as file:
        for first in range(0, n, step):
            X = rng.normal(size=(min(step, n - first), 8)).round(4)
            table = pa.table({f"c{j}": column for j, column in enumerate(X.T.copy())})
            csv.write_csv(table, file, csv.WriteOptions(include_header=first == 0))


def pass_of_gaussmix(path: str, n_jobs: int) -> tuple[float, int]:
    """Sum products of rows over a scan; return the seconds of the look, and the rows."""
    from gaussmix import scan
    from gaussmix.components.moments import PRODUCTS
    from gaussmix.rows import open_source
    from gaussmix.rows.summary import SummaryFold

    begin = time.perf_counter()
    source = open_source(scan(path), None, n_jobs)
    look = time.perf_counter() - begin
    return look, source.reduce(SummaryFold(PRODUCTS, 8)).total.n_rows


def pass_of_pyarrow(path: str, n_jobs: int) -> tuple[float, int]:
    """Decode block by block."""
    from pyarrow import csv

    blocks = csv.open_csv(path, csv.ReadOptions(block_size=4 << 20, use_threads=n_jobs > 1))
    return 0.0, sum(block.num_rows for block in blocks)


def pass_of_polars(path: str, n_jobs: int) -> tuple[float, int]:
    """Decode into memory."""
    import polars as pl

    numbers = {f"c{j}": pl.Float64 for j in range(8)}
    frame = pl.read_csv(path, schema_overrides=numbers)
    return 0.0, len(frame)


PASSES = {
    "gaussmix": pass_of_gaussmix,
    "pyarrow, streamed": pass_of_pyarrow,
    "polars, in memory": pass_of_polars,
}


def measured(path: Path, n_jobs: int) -> list[dict[str, object]]:
    """Return seconds and memory of a pass by each reader, in a process each."""
    rows: list[dict[str, object]] = []
    for name in PASSES:
        command = [sys.executable, __file__, "--one", name, str(path), str(n_jobs)]
        limits = {**os.environ, "POLARS_MAX_THREADS": str(n_jobs)}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=limits)
        rows.append({"reader": name, "threads": n_jobs, **json.loads(done.stdout)})
    return rows


def one(name: str, path: str, n_jobs: int) -> None:
    """Make one pass, and print what it took."""
    begin = time.perf_counter()
    look, n_rows = PASSES[name](path, n_jobs)
    seconds = time.perf_counter() - begin
    found = {"look": look, "pass": seconds - look, "rows": n_rows, "MiB": peak_mib()}
    print(json.dumps(found))


# -- tables ------------------------------------------------------------------------------


def table_of_verdicts(rows: list[dict[str, object]]) -> str:
    """Return the verdicts for people."""
    names = list(READERS)
    counts = ["| | right | refused | wrong |", "|---|---|---|---|"]
    for name in names:
        found = [row[name] for row in rows]
        numbers = " | ".join(str(found.count(word)) for word in ("right", "refused", "wrong"))
        counts.append(f"| {name} | {numbers} |")
    lines = [f"| file | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for row in rows:
        what = str(row["file"]).replace("|", "\\|") + (" *" if row["must be refused"] else "")
        lines.append(f"| {what} | {' | '.join(str(row[name]) for name in names)} |")
    return (
        f"{len(rows)} files, {sum(bool(row['must be refused']) for row in rows)} of which (*) must "
        "be refused.\n\n" + "\n".join(counts) + "\n\n" + "\n".join(lines)
    )


def table_of_passes(rows: list[dict[str, object]], size: int) -> str:
    """Return seconds and memory for people."""
    lines = [
        f"A file of {size / 1e9:.2f} GB, {rows[0]['rows']} rows of eight numbers.\n",
        "| reader | threads | look, s | pass, s | peak, MiB |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['reader']} | {r['threads']} | {r['look']:.1f} | {r['pass']:.1f} | {r['MiB']:.0f} |"
        for r in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=float, default=5e7, help="rows of the large file")
    parser.add_argument("--no-save", action="store_true")
    parser.add_argument("--one", nargs=3, metavar=("READER", "PATH", "THREADS"))
    options = parser.parse_args()
    if options.one:
        one(options.one[0], options.one[1], int(options.one[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        verdicts = judged(Path(folder))
        large = Path(folder) / "large.csv"
        write_large(large, int(options.rows))
        passes = [row for n_jobs in (1, 2) for row in measured(large, n_jobs)]
        tables = [table_of_verdicts(verdicts), table_of_passes(passes, large.stat().st_size)]
    print("\n\n".join(tables))
    if not options.no_save:
        save("text_files", "\n\n".join(tables), verdicts, passes=passes)


if __name__ == "__main__":
    main()
