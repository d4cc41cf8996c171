"""Settings that all tests share."""

from __future__ import annotations

import os

import matplotlib
import pytest
from hypothesis import HealthCheck, settings

matplotlib.use("Agg")
matplotlib.rcParams["figure.max_open_warning"] = 0  # a page of the documentation has many
# Examples are derandomised: a failure on one machine is a failure on every machine.
settings.register_profile(
    "gaussmix",
    deadline=None,
    derandomize=True,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gaussmix")


@pytest.fixture(autouse=True)
def _no_open_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture
def on_ci() -> bool:
    """Whether the tests must not be skipped."""
    return os.environ.get("CI", "") != ""


@pytest.fixture
def gaussmix(monkeypatch, capsys):
    """Run a command in this process; return its exit code, stdout and stderr."""
    from tests.commands import in_this_process

    return in_this_process(monkeypatch, capsys)


@pytest.fixture
def here(gaussmix):
    """The same, by the name of where it runs."""
    return gaussmix
