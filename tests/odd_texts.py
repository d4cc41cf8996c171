"""Text files of odd make, and the numbers that a person sees in them.

The kinds follow G. Vitagliano et al., "Pollock: a data loading benchmark" (PVLDB 16, 2023):
what a file, a header, a record, a field or a line end can have; and public reports to those
who read text files.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from dataclasses import dataclass, field

import numpy as np

__all__ = ["ODD_TEXTS", "OddText"]

N = 60


@dataclass(frozen=True)
class OddText:
    """A file: its bytes, and what is right.

    Attributes
    ----------
    name : str
    content : bytes
    columns : dict
        The columns of numbers; None where no reading is right and the file must be refused.
    ending : str
    only : tuple of str
        The columns to ask for; empty: all of numbers.
    """

    name: str
    content: bytes
    columns: dict[str, np.ndarray] | None
    ending: str = ".csv"
    only: tuple[str, ...] = field(default=())


ODD_TEXTS: list[OddText] = []

# As they are written: four figures behind the mark, the last of them a 5.
A = np.array([float(f"{v:.3f}5") for v in np.random.default_rng(0).normal(0, 3, size=N)])
B = np.array([float(f"{v:.3f}5") for v in np.random.default_rng(1).normal(40, 12, size=N)])
C = np.random.default_rng(2).integers(0, 50, size=N).astype(float)
AB = {"a": A, "b": B}
ABC = {"a": A, "b": B, "c": C}
SPECIES = ["setosa", "virginica", "versicolor"]


def _cell(value: float, decimal: str = ".") -> str:
    text = str(int(value)) if value == int(value) else f"{value:.4f}"
    return text.replace(".", decimal)


def _lines(columns: dict[str, np.ndarray], sep: str = ",", decimal: str = ".") -> list[str]:
    return [sep.join(_cell(v, decimal) for v in row) for row in zip(*columns.values(), strict=True)]


def _text(
    columns: dict[str, np.ndarray],
    sep: str = ",",
    decimal: str = ".",
    end: str = "\n",
    header: str | None = "",
) -> str:
    first = sep.join(columns) if header == "" else header
    lines = ([] if first is None else [first]) + _lines(columns, sep, decimal)
    return end.join(lines) + end


def _add(name: str, content: str | bytes, columns: dict | None, **more: object) -> None:
    data = content.encode() if isinstance(content, str) else content
    ODD_TEXTS.append(OddText(name, data, columns, **more))  # type: ignore[arg-type]


def _unnamed(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"x{j}": values for j, values in enumerate(columns.values())}


def _with(lines: list[str], at: int, line: str) -> str:
    return "\n".join([*lines[:at], line, *lines[at:]]) + "\n"


# -- separators ---------------------------------------------------------------------------
for name, sep in (("comma", ","), ("semicolon", ";"), ("tab", "\t"), ("bar", "|"), ("space", " ")):
    _add(f"separator: {name}", _text(ABC, sep), ABC)
_add("separator: comma and a space", _text(ABC, ", "), ABC)
_add("separator: tab, in .txt", _text(ABC, "\t"), ABC, ending=".txt")
_add(
    "separator: spaces that align, in .dat",
    "".join("  ".join(f"{_cell(v):>10}" for v in row) + "\n" for row in zip(A, B, C, strict=True)),
    _unnamed(ABC),
    ending=".dat",
)
_add(
    "separator: spaces that align, with a header",
    "       a          b          c\n"
    + "".join(" ".join(f"{_cell(v):>10}" for v in row) + "\n" for row in zip(A, B, C, strict=True)),
    ABC,
    ending=".txt",
)
_add("separator: caret", _text(ABC, "^"), ABC)
_add("separator: colon", _text(ABC, ":"), ABC)
_add("separator: said in a line (sep=;)", "sep=;\n" + _text(ABC, ";"), ABC)
_add(
    "separator: semicolon, text with commas",
    "a;b;note\n" + "".join(f"{line};one, two, three\n" for line in _lines(AB, ";")),
    AB,
)
_add(
    "separator: bar, text with commas and semicolons",
    "a|b|note\n" + "".join(f"{line}|one, two; three\n" for line in _lines(AB, "|")),
    AB,
)
_add("one column", _text({"a": A}), {"a": A})
_add("one column, no header", _text({"a": A}, header=None), {"x0": A})
_add("one column of decimal commas", _text({"a": A}, decimal=","), {"a": A})
_add(
    "trailing separators everywhere", "".join(f"{line},\n" for line in _text(ABC).splitlines()), ABC
)
_add(
    "trailing separators in the rows only",
    "a,b,c\n" + "".join(f"{line},\n" for line in _lines(ABC)),
    ABC,
)
_add("trailing separators, no header", "".join(f"{line},\n" for line in _lines(ABC)), _unnamed(ABC))
_add(
    "leading separators everywhere", "".join(f",{line}\n" for line in _text(ABC).splitlines()), ABC
)
_add("separators repeated in one row", _with(_text(ABC).splitlines(), 20, "1.5,,2.5,3"), None)
_add("another separator in one row", _with(_text(ABC).splitlines(), 20, "1.5;2.5;3"), None)
_add("two characters (::)", _text(ABC, "::"), ABC)

# -- decimal marks ------------------------------------------------------------------------
_add("decimal comma, semicolons", _text(ABC, ";", ","), ABC)
_add("decimal comma, tabs", _text(ABC, "\t", ","), ABC)
_add(
    "decimal comma, quoted, commas",
    '"a","b","c"\n'
    + "".join(
        ",".join(f'"{_cell(v, ",")}"' for v in row) + "\n" for row in zip(A, B, C, strict=True)
    ),
    ABC,
)
_add(
    "decimal comma beside times of day",
    "time;a;b\n"
    + "".join(f"{i % 24:02d}:30;{line}\n" for i, line in enumerate(_lines(AB, ";", ","))),
    AB,
)
_add(
    "decimal comma beside dates with dots",
    "day;a;b\n"
    + "".join(f"{i % 28 + 1:02d}.12.2024;{line}\n" for i, line in enumerate(_lines(AB, ";", ","))),
    AB,
)
_add(
    "decimal comma beside a column with dots",
    "v;a;b\n" + "".join(f"2.1;{line}\n" for line in _lines(AB, ";", ",")),
    {"v": np.full(N, 2.1), **AB},
)
_add(
    "decimal comma that comes late",
    "a;b\n" + "".join(f"{i % 9};{i % 7}\n" for i in range(3000)) + "2,5;3,25\n",
    {"a": np.r_[np.arange(3000) % 9, 2.5], "b": np.r_[np.arange(3000) % 7, 3.25]},
)
_add(
    "decimal comma and dots of thousands",
    "a;b\n" + "".join(f"1.234.{i:03d},5;{i},25\n" for i in range(N)),
    {"a": 1234000.5 + np.arange(N), "b": np.arange(N) + 0.25},
)
_add(
    "decimal dot and commas of thousands, quoted",
    "a,b\n" + "".join(f'"1,234,{i:03d}.5",{i}.25\n' for i in range(N)),
    {"a": 1234000.5 + np.arange(N), "b": np.arange(N) + 0.25},
)
_add(
    "comma of thousands beside decimal points",
    "a,b\n" + "".join(f'"1,{i:03d}",{i}.25\n' for i in range(N)),
    {"a": 1000.0 + np.arange(N), "b": np.arange(N) + 0.25},
)
_add(
    "comma of thousands or decimal comma",
    "a;b\n" + "".join(f"1,{i:03d};{i}\n" for i in range(N)),
    None,
)
_add(
    "three decimals beside decimal commas",
    "a;b\n" + "".join(f"1,{i:03d};{i},5\n" for i in range(N)),
    {"a": 1 + np.arange(N) / 1000, "b": np.arange(N) + 0.5},
)
_add(
    "three decimals, some below one",
    "a;b\n" + "".join(f"{i % 2},{i:03d};{i},5\n" for i in range(100, 160)),
    {
        "a": np.arange(100, 160) % 2 + np.arange(100, 160) / 1000,
        "b": np.arange(100, 160) + 0.5,
    },
)
_add(
    "dots of thousands or decimal points, beside decimal commas",
    "a;b\n" + "".join(f"1.{i:03d};{i},5\n" for i in range(N)),
    None,
)
_add("exponents", "a,b\n" + "".join(f"{a:.6e},{b:.6E}\n" for a, b in zip(A, B, strict=True)), AB)
_add(
    "exponents with decimal commas",
    "a;b\n" + "".join(f"{a:.6e};{b:.6E}\n".replace(".", ",") for a, b in zip(A, B, strict=True)),
    AB,
)
_add(
    "Fortran's exponents (D)",
    "a,b\n" + "".join(f"{a:.6e},{b:.4f}\n".replace("e", "D") for a, b in zip(A, B, strict=True)),
    None,
)
_add(
    "numbers without a leading zero",
    "a,b\n" + "".join(f".{i:02d},-.{i:02d}\n" for i in range(N)),
    {"a": np.arange(N) / 100, "b": -np.arange(N) / 100},
)
_add(
    "numbers with a plus",
    "a,b\n" + "".join(f"+{i}.5,+{i}\n" for i in range(N)),
    {"a": np.arange(N) + 0.5, "b": np.arange(N, dtype=float)},
)
_add("a minus of typesetters", _text(ABC).replace("-", "\u2212"), None)
_add("per cent", "a,b\n" + "".join(f"{i % 7}.5%,{i}.25\n" for i in range(N)), None)
_add("money", "a,b\n" + "".join(f"${i % 7}.50,{i}.25\n" for i in range(N)), None)
_add("units in the cells", "a,b\n" + "".join(f"{i % 7}.5 kg,{i}.25\n" for i in range(N)), None)
_add(
    "a thousand digits",
    "a,b\n" + "".join(f"0.{'3' * 1000},{i}.25\n" for i in range(N)),
    {"a": np.full(N, 1 / 3), "b": np.arange(N) + 0.25},
)
_add(
    "numbers padded with spaces",
    "a,b\n" + "".join(f"  {a:.4f} , {b:.4f}  \n" for a, b in zip(A, B, strict=True)),
    AB,
)
_add(
    "numbers in quotes",
    '"a","b"\n' + "".join(f'"{a:.4f}","{b:.4f}"\n' for a, b in zip(A, B, strict=True)),
    AB,
)
_add(
    "numbers in single quotes",
    "'a','b'\n" + "".join(f"'{a:.4f}','{b:.4f}'\n" for a, b in zip(A, B, strict=True)),
    AB,
)
_add(
    "numbers grouped by underscores",
    "a,b\n" + "".join(f"1_{i:03d},{i}.25\n" for i in range(N)),
    {"a": 1000.0 + np.arange(N), "b": np.arange(N) + 0.25},
)

# -- quotes and line ends -----------------------------------------------------------------
_OPEN = '"open'
_NOTE = '"a note, with commas\nand a second line, and more"'
_add("line ends in quotes", "a,b,note\n" + "".join(f"{line},{_NOTE}\n" for line in _lines(AB)), AB)
_add(
    "line ends in quotes that look like rows",
    "a,b,note\n" + "".join(f'{line},"note\n7,7,and more"\n' for line in _lines(AB)),
    AB,
)
_add(
    "line ends in a quoted header",
    '"a\n(cm)","b\n(kg)"\n' + _text(AB, header=None),
    {"a\n(cm)": A, "b\n(kg)": B},
)
_add(
    "doubled quotes",
    "a,b,note\n" + "".join(f'{line},"he said ""no"", so"\n' for line in _lines(AB)),
    AB,
)
_add(
    "escaped quotes",
    "a,b,note\n" + "".join(f'{line},"he said \\"no\\", so"\n' for line in _lines(AB)),
    AB,
)
_add(
    "a quote amid a cell",
    "a,b,note\n" + "".join(f"{line},5'11\" tall\n" for line in _lines(AB)),
    AB,
)
_add(
    "one quote that is never closed",
    "a,b,note\n"
    + "".join(f"{line},{_OPEN if i == 30 else 'fine'}\n" for i, line in enumerate(_lines(AB))),
    AB,
)
_add(
    "text in single quotes with commas",
    "a,b,note\n" + "".join(f"{line},'one, two'\n" for line in _lines(AB)),
    AB,
)
_add(
    "every cell quoted, line ends CRLF",
    '"a","b","c"\r\n'
    + "".join(",".join(f'"{_cell(v)}"' for v in row) + "\r\n" for row in zip(A, B, C, strict=True)),
    ABC,
)
_add("line ends: CRLF", _text(ABC, end="\r\n"), ABC)
_add("line ends: CR", _text(ABC, end="\r"), ABC)
_add(
    "line ends: mixed",
    "\n".join(_text(ABC).splitlines()[:30])
    + "\r\n"
    + "\r\n".join(_text(ABC).splitlines()[30:])
    + "\r\n",
    ABC,
)
_add("no line end at the end", _text(ABC).rstrip("\n"), ABC)
_add("empty lines at the end", _text(ABC) + "\n\n\n", ABC)
_add("empty lines between", _text(ABC).replace("\n", "\n\n"), ABC)
_add("an empty line after the header", _text(ABC).replace("\n", "\n\n", 1), ABC)
_add("empty lines at the beginning", "\n\n" + _text(ABC), ABC)
_add("lines of spaces at the end", _text(ABC) + "   \n", ABC)
_add("a last line of Ctrl-Z", _text(ABC) + "\x1a", ABC)

# -- headers ------------------------------------------------------------------------------
_add("no header", _text(ABC, header=None), _unnamed(ABC))
_add(
    "no header, beginning with text",
    "".join(f"{SPECIES[i % 3]},{line}\n" for i, line in enumerate(_lines(AB))),
    {"x1": A, "x2": B},
)
_add(
    "no header, ending with text",
    "".join(f"{line},{SPECIES[i % 3]}\n" for i, line in enumerate(_lines(AB))),
    {"x0": A, "x1": B},
)
_add("no header, tabs, in .tsv", _text(ABC, "\t", header=None), _unnamed(ABC), ending=".tsv")
_add(
    "a header of years",
    "2019,2020,2021\n" + _text(ABC, header=None),
    _unnamed({"x": np.r_[2019, A], "y": np.r_[2020, B], "z": np.r_[2021, C]}),
)
_add(
    "a header of years beside a word",
    "place,2019,2020\n" + "".join(f"p{i},{line}\n" for i, line in enumerate(_lines(AB))),
    {"2019": A, "2020": B},
)
_add("a header with spaces", " a , b , c \n" + _text(ABC, header=None), ABC)
_add(
    "a header with an empty name (R's row names)",
    '"","a","b"\n' + "".join(f'"{i + 1}",{line}\n' for i, line in enumerate(_lines(AB))),
    AB,
)
_add(
    "a header one name short (R's write.table)",
    "a b\n" + "".join(f'"{i + 1}" {line}\n' for i, line in enumerate(_lines(AB, " "))),
    AB,
    ending=".txt",
)
_add("names that occur twice", "a,a,b\n" + _text(ABC, header=None), None)
_add(
    "names of a hundred kilobytes",
    f"{'n' * 100_000},b\n" + _text(AB, header=None),
    {"n" * 100_000: A, "b": B},
)
_add(
    "names in other scripts",
    "größe,重量,вес\n" + _text(ABC, header=None),
    {"größe": A, "重量": B, "вес": C},
)
_add(
    "names with the separator, quoted",
    '"a, in cm","b, in kg"\n' + _text(AB, header=None),
    {"a, in cm": A, "b, in kg": B},
)
_add("a header in two lines (names, units)", "a,b,c\ncm,kg,1\n" + _text(ABC, header=None), None)
_add(
    "a commented header (# a b c)",
    "# a b c\n" + _text(ABC, " ", header=None),
    _unnamed(ABC),
    ending=".txt",
)
_add("a header again in the middle", _with(_text(ABC).splitlines(), 30, "a,b,c"), None)
_add(
    "text columns only by name",
    "id,a,b\n" + "".join(f"S{i:03d},{line}\n" for i, line in enumerate(_lines(AB))),
    AB,
)

# -- what stands around the table ---------------------------------------------------------
_add(
    "lines of metadata above",
    "Instrument: X200\nDate: 2024-05-06\nOperator: N. N., Dept. 7\n\n" + _text(ABC),
    ABC,
)
_add(
    "lines of metadata above, semicolons",
    "Exported by Lab 3\nDevice 12\n" + _text(ABC, ";", ","),
    ABC,
)
_add("comments above (#)", "# made by hand\n# on a Monday, in May\n" + _text(ABC), ABC)
_add(
    "comments between (#)",
    _with(_with(_text(ABC).splitlines(), 20, "# a pause, here").splitlines(), 40, "# again").rstrip(
        "\n"
    )
    + "\n",
    ABC,
)
_add("comments above (%)", "% made by hand\n% on a Monday\n" + _text(ABC), ABC)
_add("a footer of one cell", _text(ABC) + "Total\n", None)
_add("a footer of a row of text", _text(ABC) + "Total,of,all\n", None)
_add("two tables", _text(ABC) + "\n" + "x,y\n" + "".join(f"{i},{i}\n" for i in range(N)), None)
_add("a title of one cell above", "Measurements\n" + _text(ABC), ABC)

# -- records ------------------------------------------------------------------------------
_add("a row with a cell less", _with(_text(ABC).splitlines(), 20, "1.5,2.5"), None)
_add("a row with a cell more", _with(_text(ABC).splitlines(), 20, "1.5,2.5,3,9"), None)
_add("a row cut short at the end", _text(ABC) + "1.5,2", None)
_add(
    "long lines: 3 MB of text in a cell",
    "a,b,note\n"
    + "".join(
        f"{line},{'z' * (3_000_000 if i == 30 else 9)}\n" for i, line in enumerate(_lines(AB))
    ),
    AB,
)
_WIDE = np.round(np.random.default_rng(3).normal(size=(4, 8_000)), 2)
_add(
    "8,000 columns",
    ",".join(f"gene_{j:05d}" for j in range(8_000))
    + "\n"
    + "".join(",".join(map(str, row)) + "\n" for row in _WIDE),
    {f"gene_{j:05d}": _WIDE[:, j] for j in range(8_000)},
)
_add(
    "20,000 columns, two asked for",
    ",".join(f"ENSG_{j:05d}" for j in range(20_000))
    + "\n"
    + "".join(",".join(map(str, np.resize(row, 20_000))) + "\n" for row in _WIDE),
    {"ENSG_00001": _WIDE[:, 1], "ENSG_00002": _WIDE[:, 2]},
    only=("ENSG_00001", "ENSG_00002"),
)

# -- types --------------------------------------------------------------------------------
_add(
    "whole numbers that go on with others",
    "a,b\n" + "".join(f"{i % 9},{i}.5\n" for i in range(3000)) + "2.5,1e-3\n",
    {"a": np.r_[np.arange(3000) % 9, 2.5], "b": np.r_[np.arange(3000) + 0.5, 1e-3]},
)
_add(
    "text that comes late",
    "a,b\n" + "".join(f"{i % 9},{i}.5\n" for i in range(30_000)) + "oops,1.5\n",
    None,
)
_add(
    "whole numbers beyond 64 bits",
    "a,b\n" + "".join(f"{10**20 + i * 10**16},{i}.5\n" for i in range(N)),
    {"a": 1e20 + np.arange(N) * 1e16, "b": np.arange(N) + 0.5},
)
for name in ("NA", "NaN", "nan", "N/A", "NULL", "null", "#N/A", ""):
    _add(
        f"missing: {name or 'an empty cell'}",
        _text(ABC).replace(f",{_cell(B[9])},", f",{name},"),
        {"a": A, "b": np.where(np.arange(N) == 9, np.nan, B), "c": C},
    )
for name in ("?", "-", ".", "missing", "n.d.", "#DIV/0!"):
    _add(
        f"missing, in words of its own: {name}",
        _text(ABC).replace(f",{_cell(B[9])},", f",{name},"),
        None,
    )
_add("a column without values", "a,b,c\n" + "".join(f"{line},\n" for line in _lines(AB)), AB)
_add(
    "a column that begins with a thousand empty cells",
    "a,b\n" + "".join(f"{'' if i < 30_000 else i / 4},{i}\n" for i in range(30_100)),
    {
        "a": np.where(np.arange(30_100) < 30_000, np.nan, np.arange(30_100) / 4),
        "b": np.arange(30_100.0),
    },
)
_add(
    "true and false",
    "a,b,c\n"
    + "".join(f"{line},{'true' if i % 3 else 'false'}\n" for i, line in enumerate(_lines(AB))),
    {**AB, "c": (np.arange(N) % 3 > 0).astype(float)},
)
_add(
    "dates beside numbers",
    "day,a,b\n"
    + "".join(f"2024-05-{i % 28 + 1:02d},{line}\n" for i, line in enumerate(_lines(AB))),
    AB,
)
_add(
    "times beside numbers",
    "at,a,b\n"
    + "".join(f"2024-05-01 12:{i % 60:02d}:00,{line}\n" for i, line in enumerate(_lines(AB))),
    AB,
)
_add(
    "infinite values",
    _with(_text(ABC).splitlines(), 20, "inf,2.5,3"),
    {"a": np.insert(A, 19, np.inf), "b": np.insert(B, 19, 2.5), "c": np.insert(C, 19, 3)},
)
_add("hexadecimal numbers", "a,b\n" + "".join(f"0x{i:02x},{i}.5\n" for i in range(16, 76)), None)

# -- encodings and compressions -----------------------------------------------------------
_add("UTF-8 with a mark", b"\xef\xbb\xbf" + _text(ABC).encode(), ABC)
_add("UTF-16", _text(ABC).encode("utf-16"), ABC)
_add("UTF-16 with umlauts", _text({"größe": A, "b": B}).encode("utf-16"), {"größe": A, "b": B})
_add("Latin-1 in a name", _text({"größe": A, "b": B}).encode("latin-1"), {"größe": A, "b": B})
_add(
    "Latin-1 in text",
    ("a,b,place\n" + "".join(f"{line},Zürich\n" for line in _lines(AB))).encode("latin-1"),
    AB,
)
_add("bytes of 0", _text(ABC).encode().replace(b"\n", b"\0\n", 3), None)
_add("a picture called .csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20, None)
_add("compressed: gzip", gzip.compress(_text(ABC).encode()), ABC, ending=".csv.gz")
_add(
    "compressed: gzip, semicolons and decimal commas",
    gzip.compress(_text(ABC, ";", ",").encode()),
    ABC,
    ending=".csv.gz",
)
_add("compressed: gzip, .tsv", gzip.compress(_text(ABC, "\t").encode()), ABC, ending=".tsv.gz")
_add(
    "compressed: gzip, cut short", gzip.compress(_text(ABC).encode())[:-40], None, ending=".csv.gz"
)
_add(
    "compressed: gzip in two members",
    gzip.compress(_text(ABC).encode()[:500]) + gzip.compress(_text(ABC).encode()[500:]),
    ABC,
    ending=".csv.gz",
)
_add("compressed: bzip2", bz2.compress(_text(ABC).encode()), ABC, ending=".csv.bz2")
_add("compressed: xz", lzma.compress(_text(ABC).encode()), ABC, ending=".csv.xz")
_add("compressed: gzip, called .csv", gzip.compress(_text(ABC).encode()), ABC)
_add("plain, called .csv.gz", _text(ABC), ABC, ending=".csv.gz")
_add("nothing but a header", "a,b,c\n", None)
_add("an empty file", "", None)
_add(
    "one line of numbers",
    "1.5,2.5,3\n",
    {"x0": np.array([1.5]), "x1": np.array([2.5]), "x2": np.array([3.0])},
)
_add(
    "a header and one row",
    "a,b,c\n1.5,2.5,3\n",
    {"a": np.array([1.5]), "b": np.array([2.5]), "c": np.array([3.0])},
)
_add("text alone", "name,place\n" + "".join(f"n{i},p{i}\n" for i in range(N)), None)
_add(
    "prose", "It was a dark and stormy night.\nThe rain fell, in torrents, except at times.\n", None
)
_add("JSON called .csv", '[{"a": 1, "b": 2}, {"a": 3, "b": 4}]\n', None)
_add(
    "HTML called .csv", "<!DOCTYPE html>\n<html><body><h1>404</h1>, not found</body></html>\n", None
)

# -- what trials from outside have found --------------------------------------------------
_CITIES = [f"city {i}" for i in range(N)]
_add(
    "no header, text of its own in each row",
    "".join(f"{city},{line}\n" for city, line in zip(_CITIES, _lines(AB), strict=True)),
    {"x1": A, "x2": B},
)
_add(
    "no header, dates first",
    "".join(
        f"2024-{1 + i // 28:02d}-{1 + i % 28:02d};{r}\n" for i, r in enumerate(_lines(AB, ";"))
    ),
    {"x1": A, "x2": B},
)
_add(
    "no header, flags first",
    "true,1.5\nfalse,2.5\nfalse,3.5\n",
    {"x0": [1, 0, 0], "x1": [1.5, 2.5, 3.5]},
)
_add(
    "text of several words beside one number",
    "sample,what,day,value\n"
    + "".join(
        f"S{i},dose {i % 9} mg,2024-01-{1 + i % 28:02d},{_cell(a)}\n" for i, a in enumerate(A)
    ),
    {"value": A},
)
_add(
    "lists in quotes",
    "id,tags,v\n" + "".join(f'S{i},"1;2;3;4",{_cell(a)}\n' for i, a in enumerate(A)),
    {"v": A},
)
_add("spaces of thousands", "a;b\n1 234;5 678\n2 234;6 678\n3 234;7 678\n", None)
_add("pairs of whole numbers under one name", "a,b\n0,0\n1,1\n2,2\n", None, ending=".tsv")
_add(
    "apostrophes at the beginning of cells",
    "a,b,t\n"
    + "".join(
        f"{line},{ {10: chr(39) + 's Hertogenbosch', 20: 'kids' + chr(39)}.get(i, 'fine') }\n"
        for i, line in enumerate(_lines(AB))
    ),
    AB,
)
_add(
    "ditto marks",
    "a\tb\tt\n"
    + "".join(
        f"{line}\t{chr(34) if i in {20, 30} else 'x'}\n" for i, line in enumerate(_lines(AB, "\t"))
    ),
    None,
    ending=".tsv",
)
_add(
    "a quoted line end, and a quote that is never closed far down",
    'a,b,t\n1,2.5,"x\n7,7,y"\n'
    + "".join(f"{i},{i}.5,t\n" for i in range(5000))
    + '1,2.5,"open\n'
    + "".join(f"{i},{i}.5,t\n" for i in range(1000)),
    None,
)
_add("dots of thousands beside small numbers", "pop;d\n1.234;0,5\n567;1,5\n2.345;2,5\n", None)
_add(
    "addresses of the internet",
    "ip,a\n" + "".join(f"192.168.100.{100 + i},{_cell(a)}\n" for i, a in enumerate(A)),
    {"a": A},
)
_add(
    "lists by lines",
    "".join(f"[{_cell(a)}, {_cell(b)}]\n" for a, b in zip(A, B, strict=True)),
    None,
)
_add("touching numbers", "a,b\n" + "".join(f"{i}.5-1.5,{i}\n" for i in range(N)), None)
_add(
    "a mark of UTF-8, then Latin-1",
    b"\xef\xbb\xbf" + _text({"größe": A, "b": B}).encode("latin-1"),
    {"größe": A, "b": B},
)
_add(
    "a mark of UTF-8, then a quoted header",
    b'\xef\xbb\xbf"a, in cm","b"\n' + _text(AB, header=None).encode(),
    {"a, in cm": A, "b": B},
)
_add(
    "a lone carriage return amid lines",
    _text(ABC) + "1.5,2.5,3\r4.5,5.5,6\n",
    {"a": np.r_[A, 1.5, 4.5], "b": np.r_[B, 2.5, 5.5], "c": np.r_[C, 3, 6]},
)
_add("blanks alone", "   \n  \n", None)
_add(
    "two spaces between cells, no header",
    "".join(f"{_cell(a)}  {_cell(b)}\n" for a, b in zip(A, B, strict=True)),
    _unnamed(AB),
    ending=".txt",
)
_add(
    "a frame without names, with its index (pandas)",
    ",0,1\n" + "".join(f"{i},{line}\n" for i, line in enumerate(_lines(AB))),
    {"0": A, "1": B},
)
_DAMAGED = bytearray(gzip.compress(_text(ABC).encode()))
_DAMAGED[-8] ^= 1
_add("compressed: gzip whose sum is wrong", bytes(_DAMAGED), None, ending=".csv.gz")
_add(
    "a row short in a large file",
    "a,b,c\n" + "".join(f"{i},{i}.5,{i % 7}\n" for i in range(40_000)) + "1,2\n",
    None,
)
_add(
    "500 columns with decimal commas",
    ";".join(f"n{j}" for j in range(500))
    + "\n"
    + (";".join(f"{j},5" for j in range(500)) + "\n") * 5,
    {f"n{j}": np.full(5, j + 0.5) for j in range(500)},
)
