"""Fixtures that several test modules share."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["builders.run_files"]

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture
def shared() -> Path:
    """Folder of real clips and model stand-ins that lies beside some checkouts."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not here")
    return SHARED
