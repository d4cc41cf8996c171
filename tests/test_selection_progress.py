"""What a search shows while it goes on."""

from __future__ import annotations

import io
import sys
import warnings

import pytest

from gaussmix import GaussianMixtureIC
from gaussmix.mixture.datasets import iris


def search(sizes=(1, 2, 3), **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        GaussianMixtureIC(sizes, init_params="kmeans", random_state=0, **options).fit(iris().rows)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_verbose_shows_a_bar_on_a_terminal(monkeypatch, capsys):
    pytest.importorskip("rich")
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal)
    search(families=["EEE", "VVV"], verbose=1)
    assert "6/6" in terminal.getvalue()
    assert "components 3" in terminal.getvalue()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("rich", [True, False])
def test_verbose_prints_some_lines_without_a_terminal_or_rich(rich, monkeypatch, capsys):
    if not rich:
        monkeypatch.setattr(sys, "stderr", Terminal())
        monkeypatch.setattr("gaussmix.numerics.bars.find_spec", lambda name: None)
    search(range(1, 7), families=["EEE", "EII", "VII", "VVI"], verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [str(n) for n in range(2, 25, 2)]


def test_silent_unless_asked(capsys):
    search()
    assert capsys.readouterr() == ("", "")
