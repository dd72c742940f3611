"""What `cexpr tune` writes, `cexpr run --config` does."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pyarrow.csv
import pytest
import yaml
from typer.testing import CliRunner

from builders.tiny_model import write_tiny_model
from builders.tiny_networks import write_manifest, write_network
from cexpr.abaw.classes import MTL_HEADER
from cexpr.cli import app
from cexpr.signals import ACTION_UNITS, EXPRESSIONS
from cexpr.smoothing import smooth

FRAMES = 12


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "clip"
    folder.mkdir()
    for number in range(1, FRAMES + 1):
        level = int(120 + 100 * np.sin(number))
        cv2.imwrite(str(folder / f"{number:05d}.png"), np.full((16, 16, 3), level, np.uint8))
    return folder


def run(images: Path, out: Path, *options: str) -> Path:
    command = ["run", str(images), "-o", str(out), "--rules", "hsemotion-mean", *options]
    result = CliRunner().invoke(app, [*command, "--quiet"])
    assert result.exit_code == 0, result.output
    return out


def columns(path: Path, names: tuple[str, ...]) -> np.ndarray:
    table = pyarrow.csv.read_csv(path)
    return np.stack([table.column(name).to_numpy() for name in names], axis=1).astype(np.float32)


def test_a_run_smooths_and_decides_as_the_options_file_says(tmp_path: Path, images: Path) -> None:
    model = write_tiny_model(tmp_path)
    config = tmp_path / "tuned.yaml"
    content = {
        "models": [str(model)],
        "detector": "full-frame",
        "min_quality": 0,
        "abaw": True,
        "smooth": {"expression": {"kernel": "gaussian", "radius": 3, "sigma": 1.5}},
        "thresholds": {"AU01": 0.0, "AU02": 1.0},
    }
    config.write_text(yaml.safe_dump(content), encoding="utf-8")
    out = run(images, tmp_path / "out", "--config", str(config))
    frame = np.arange(1, FRAMES + 1)
    raw = columns(out / "clip.faces.csv", EXPRESSIONS)
    smoothed = smooth(raw, frame, "gaussian", 3, 1.5)
    np.testing.assert_allclose(columns(out / "clip.frames.csv", EXPRESSIONS), smoothed, atol=1e-6)
    assert np.abs(smoothed - raw).max() > 0.01
    units = columns(out / "clip.faces.csv", ACTION_UNITS)
    np.testing.assert_allclose(columns(out / "clip.frames.csv", ACTION_UNITS), units, atol=1e-6)
    rows = [line.split(",")[4:] for line in (out / "MTL.txt").read_text().splitlines()[1:]]
    assert {tuple(row[:2]) for row in rows} == {("1", "0")}


def test_an_option_on_the_command_line_goes_before_the_file(tmp_path: Path, images: Path) -> None:
    model = write_tiny_model(tmp_path)
    config = tmp_path / "tuned.yaml"
    config.write_text("detector: mtcnn\nrules: hsemotion-gmean\n", encoding="utf-8")
    options = ("--config", str(config), "--model", str(model), "--detector", "full-frame")
    out = run(images, tmp_path / "out", *options)
    record = yaml.safe_load((out / "run.json").read_text(encoding="utf-8"))
    assert record["options"]["detector"] == "full-frame"
    assert record["options"]["rules"] == "hsemotion-mean"


@pytest.mark.parametrize("from_features", [False, True])
def test_what_tune_writes_into_another_folder_runs_from_here_and_there(
    tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch, from_features: bool
) -> None:
    write_network(tmp_path / "net.onnx", size=16)
    layout = {
        **{"size": 16, "color": "rgb", "mean": [0.5] * 3, "std": [0.5] * 3},
        "face": {"box_margin": 0.0},
    }
    write_manifest(tmp_path / "net.yaml", input=layout)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(images, tmp_path / "other")
    crops = ("--model", "net.onnx", "--detector", "full-frame")
    if from_features:
        source = "features.parquet"
        extract = ["extract", "clip", "other", "-o", source, *crops]
        assert CliRunner().invoke(app, extract).exit_code == 0
    else:
        source = str(run(images, tmp_path / "source", "other", *crops))
    rows = [
        f"{video}/{number:05d}.jpg,0.1,0.2,{number % 8}" + ",0,1" * 6
        for video in ("clip", "other")
        for number in range(1, FRAMES + 1)
    ]
    Path("labels.txt").write_text("\n".join([MTL_HEADER, *rows]) + "\n", encoding="utf-8")
    Path("tuned").mkdir()
    grid = ["--radii", "2", "--sigmas", "1", "--folds", "2"]
    command = ["tune", "labels.txt", source, *grid, "-o", "tuned/options.yaml"]
    outcome = CliRunner().invoke(app, command)
    assert outcome.exit_code == 0, outcome.output
    options = yaml.safe_load(Path("tuned/options.yaml").read_text(encoding="utf-8"))
    assert options["models"] == ["../net.onnx"]
    assert options["detector"] == "full-frame"
    Path("elsewhere", "deep").mkdir(parents=True)
    for folder, config in ((".", "tuned/options.yaml"), ("elsewhere/deep", "options.yaml")):
        monkeypatch.chdir(tmp_path / folder)
        path = config if folder == "." else str(tmp_path / "tuned" / config)
        out = run(images, Path("out"), "--config", path)
        record = yaml.safe_load((out / "run.json").read_text(encoding="utf-8"))
        assert record["models"][0]["file"] == str(tmp_path / "net.onnx")
        assert record["options"]["detector"] == "full-frame"
