"""Settings that all tests share."""

from __future__ import annotations

import os

import matplotlib
import pytest
from hypothesis import HealthCheck, settings

matplotlib.use("Agg")
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
