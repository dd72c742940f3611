"""Clips of noise and a small model with features."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from builders.feature_files import CLIPS, FRAMES
from builders.tiny_networks import write_manifest, write_network


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for clip in range(CLIPS):
        folder = tmp_path / "clips" / f"clip{clip}"
        folder.mkdir(parents=True)
        for number in range(1, FRAMES + 1):
            pixels = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            cv2.imwrite(str(folder / f"{number:05d}.png"), pixels)
    return tmp_path / "clips"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    write_network(tmp_path / "net.onnx")
    return write_manifest(tmp_path / "net.yaml")
