"""What a narrow terminal shows: one line of progress with the time left, figures that are whole."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from gaussmix import GaussianMixture, Mixture
from gaussmix.cli import console
from gaussmix.cli.folded import Column, FoldedTable
from gaussmix.cli.report import whole_report
from gaussmix.cli.select import _progress as search_progress
from gaussmix.components.covariances import FullCovariances
from gaussmix.components.families import get_family
from gaussmix.em.progress import Progress
from gaussmix.em.result import Iteration
from gaussmix.interchange.model import Model, model_from_result
from gaussmix.selection import Cell

from .variants import blobs, random_mixture

LONG = "a_very_long_name_of_a_file_of_measurements_2025-11-27.parquet"


@pytest.fixture
def shown(monkeypatch):
    """Have progress drawn on a terminal of a width; return the lines it drew."""

    def draw(width):
        out = io.StringIO()
        terminal = Console(file=out, force_terminal=True, width=width, color_system=None)
        monkeypatch.setattr(console, "notes", lambda: terminal)
        monkeypatch.setattr("gaussmix.cli.select.notes", lambda: terminal)
        return out

    return draw


def lines(out):
    text = out.getvalue().replace("\x1b[2K", "\n").replace("\x1b[1A", "\n").replace("\r", "\n")
    return [line.rstrip() for line in text.split("\n") if "\x1b" not in line and line.strip()]


@pytest.mark.parametrize("width", [60, 80, 110])
@pytest.mark.parametrize("size", [150, 2_000_000_000])
def test_progress_of_a_fit_is_one_line_with_the_time_left(width, size, shown):
    out = shown(width)
    step = Iteration(99_999, -1.23456e250 if size > 150 else -3.5, 1e-3, 1.5e-7)
    with console.progress(LONG) as tell:
        tell(step)
        tell.progress(Progress(size // 2, size, 1234, step, 3600.0, 7200.0))
        tell.bar.refresh()
    found = lines(out)
    assert max(map(len, found)) <= width
    assert not [line for line in found if line.endswith("…")]
    assert any("about 2.0 h left" in line for line in found)
    assert any("iteration 99999" in line for line in found)
    if width >= 80:
        assert any("a_very_long_n" in line for line in found)


@pytest.mark.parametrize("width", [80, 110])
def test_progress_of_a_search_is_one_line_with_the_time_left(width, shown):
    out = shown(width)
    with search_progress(LONG, 1260, quiet=False) as tell:
        for _ in range(1000):
            tell(Cell(get_family("VVV"), 12, 29))
    found = lines(out)
    assert max(map(len, found)) <= width
    assert any("components 12" in line and "1000/1260" in line for line in found)
    assert all(" left " in line for line in found)


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("scale", [1e-130, 1.0, 1e120])
def test_reports_of_fits_are_whole(width, scale, capsys):
    rows, _ = blobs(n=60, d=4, k=2)
    fitted = GaussianMixture(2, random_state=0, max_iter=3).fit(rows)
    plain = random_mixture(FullCovariances, k=12, d=4)
    held = FullCovariances(plain.covariances.values * scale**2, 12, 4)
    names = [f"{LONG} column {j}" for j in range(4)]
    mixture = Mixture(plain.weights, plain.means * scale, held, names)
    model = Model(mixture, model_from_result(fitted.result_).fit)
    Console(width=width, highlight=False).print(whole_report(model))
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= width
    assert not [word for word in out.split() if word.endswith("…")]
    for section in model.summary().sections():
        for column in section.columns[1:]:
            assert not [cell for cell in column.cells if cell not in out]


@pytest.mark.parametrize("width", [45, 60, 80, 200])
def test_names_are_shortened_before_figures_are_cut(width):
    figures = [f"{value:.6g} ± {value:.3g}" for value in 10.0 ** np.array([-300, 0, 299])]
    table = FoldedTable(
        [Column("", ["1", "2", "3"]), Column("feature", [LONG * 2, "short", LONG])],
        [[Column(LONG, figures), Column("b", figures)], [Column("c", figures)]],
    )
    terminal = Console(file=io.StringIO(), width=width)
    terminal.print(table)
    out = terminal.file.getvalue()
    assert max(map(len, out.splitlines())) <= width
    assert all(out.count(figure) == 3 for figure in figures)
    assert "short" in out
