"""`cexpr heads fit` as a user types it; the training is tested with `cexpr.heads`."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from builders.run_files import Command
from builders.tiny_networks import write_manifest, write_network
from cexpr.abaw.classes import MTL_HEADER

FRAMES = 12


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cexpr_command: Command) -> Path:
    monkeypatch.chdir(tmp_path)
    write_network(tmp_path / "net.onnx")
    write_manifest(tmp_path / "net.yaml")
    random = np.random.default_rng(0)
    rows = []
    for video in ("one", "two"):
        (tmp_path / "clips" / video).mkdir(parents=True)
        for number in range(1, FRAMES + 1):
            pixels = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            cv2.imwrite(str(tmp_path / "clips" / video / f"{number:05d}.png"), pixels)
            rows.append(f"{video}/{number:05d}.jpg,0.1,{number / 20},{number % 8}" + ",0,1" * 6)
    Path("labels.txt").write_text("\n".join([MTL_HEADER, *rows]) + "\n")
    extract = ("extract", "clips", "--model", "net.yaml", "--detector", "full-frame", "-o", "f.pq")
    assert cexpr_command(*extract).status == 0
    return tmp_path


def test_the_scores_and_the_files_are_told(folder: Path, cexpr_command: Command) -> None:
    labels = ("--train", "labels.txt", "--validation", "labels.txt")
    outcome = cexpr_command(
        "heads", "fit", "f.pq", *labels, "--engine", "numpy", "--epochs", "1", "-o", "mine.onnx"
    )
    assert outcome.status == 0
    lines = outcome.out.splitlines()
    assert lines[:2] == [f"labels.txt: {2 * FRAMES} rows, 0 more without a face"] * 2
    assert any("on the validation part, epoch 1" in line for line in lines)
    assert lines[-1] == "wrote mine.onnx and mine.yaml; use them with --model mine.onnx"
    assert Path("mine.onnx").is_file()


def test_features_of_another_model_are_refused_with_the_option_that_names_it(
    folder: Path, cexpr_command: Command
) -> None:
    write_network(folder / "other.onnx", seed=5)
    write_manifest(folder / "other.yaml")
    labels = ("--train", "labels.txt", "--validation", "labels.txt")
    outcome = cexpr_command("heads", "fit", "f.pq", *labels, "--model", "other.yaml")
    assert outcome.status == 2
    assert "name their model with --model" in outcome.err
