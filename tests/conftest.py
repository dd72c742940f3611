"""Fixtures that several test modules share."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cexpr import _core

pytest_plugins = ["builders.run_files"]

SHARED = Path(__file__).parents[2] / "shared"


def pytest_configure() -> None:
    """Let Ctrl-C mean the same however the tests were started.

    Shells start background jobs with the signal ignored, and every process inherits that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def shared() -> Path:
    """Folder of real clips and model stand-ins that lies beside some checkouts."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not here")
    return SHARED


@pytest.fixture(params=_core.cpu_targets())
def target(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set of this machine in turn, made active."""
    before = _core.cpu_active()
    _core.cpu_set_active(request.param)
    yield request.param
    _core.cpu_set_active(before)
