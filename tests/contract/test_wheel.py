"""One small file that is enough to vet an installed wheel, in any folder."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import files, version
from pathlib import Path

import numpy as np
import pytest

import cexpr

REQUIRED = (
    "cexpr/py.typed",
    "cexpr/_core.pyi",
    "cexpr/include/cexpr/cexpr.hpp",
    "cexpr/share/models/cexpr-s.onnx",
    "cexpr/share/models/cexpr-s.yaml",
    "cexpr/share/models/mtcnn-pnet.onnx",
    "cexpr/share/models/mtcnn-rnet.onnx",
    "cexpr/share/models/mtcnn-onet.onnx",
    "cexpr/share/models/mtcnn-LICENSE",
    "cexpr/share/rules/default.yaml",
)


def test_distribution_and_package_share_one_version() -> None:
    assert version("cexpr") == cexpr.__version__


@pytest.mark.parametrize("name", REQUIRED)
def test_the_distribution_carries_its_data(name: str) -> None:
    assert any(str(file) == name for file in files("cexpr") or ())


def test_every_shipped_rule_set_passes_its_own_tests() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "cexpr", "rules", "test", "default"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert listed.returncode == 0, listed.stderr


def test_smoothing_works_without_a_model() -> None:
    smoothed = cexpr.smooth(
        np.float32([[0], [3]]), np.array([1, 2], dtype=np.int64), kernel="box", radius=1
    )
    np.testing.assert_array_equal(smoothed, np.float32([[1.5], [1.5]]))


def test_the_sample_clip_runs_offline() -> None:
    sample = Path(__file__).parents[2] / "clips" / "portrait.mp4"
    result = cexpr.analyze(sample)
    assert result.frames.num_rows == 75
    assert result.frames["n_faces"].to_pylist().count(1) >= 74
    happiness = np.array(result.frames["happiness"])
    assert happiness.mean() > 0.5
