"""The signals of labelled videos, from runs and files of features."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from builders.tiny_networks import write_manifest, write_network
from builders.tuned_videos import FRAMES, by_head, made_up, opened, run_of
from cexpr.abaw import files
from cexpr.abaw.classes import MTL_HEADER
from cexpr.abaw.files import MultiTask
from cexpr.cli import app
from cexpr.errors import UsageError
from cexpr.runs.record import RunRecord
from cexpr.signals import SIGNALS
from cexpr.smoothing import Smoothing
from cexpr.tuning import search
from cexpr.tuning.sources import open_sources, read_videos


def test_a_label_between_faces_takes_the_nearest(tmp_path: Path) -> None:
    labels, videos = made_up(12)
    run = run_of(tmp_path, labels, videos, 0, "run")
    far = MultiTask(
        (("v0", 1), ("v0", 1000)), np.zeros((2, 2)), np.zeros(2, np.int64), np.zeros((2, 12), int)
    )
    (video,) = read_videos(far, opened([run]))
    np.testing.assert_array_equal(video.place, [0, FRAMES - 1])


def test_a_video_without_a_run_is_named(tmp_path: Path) -> None:
    labels, videos = made_up(13)
    run = run_of(tmp_path, labels, videos, 0, "run")
    other = MultiTask((("v99", 1),), np.zeros((1, 2)), np.zeros(1, int), np.zeros((1, 12), int))
    with pytest.raises(UsageError, match="no finished clip 'v99'"):
        read_videos(other, opened([run]))


def test_a_derived_head_is_left_out_where_another_run_has_learnt_it(tmp_path: Path) -> None:
    labels, videos = made_up(14)
    runs = [run_of(tmp_path, labels, videos, 0, name) for name in ("a", "b")]
    record = RunRecord.load(runs[1])
    assert record is not None
    record.derived = dict.fromkeys(SIGNALS[10:], "prototypes")
    record.save(runs[1])
    for video in read_videos(labels, opened(runs)):
        assert set(video.signals[0]) == {"expression", "valence_arousal", "action_units"}
        assert set(video.signals[1]) == {"expression", "valence_arousal"}
    alone = read_videos(labels, opened(runs[1:]))
    assert "action_units" in alone[0].signals[0]
    found = by_head(
        search.tune(labels, read_videos(labels, opened(runs)), smoothings=[Smoothing()], folds=2)
    )
    assert found["action_units"].weights == (0.5, 0.5)


def test_features_give_what_a_run_gives(tmp_path: Path) -> None:
    random = np.random.default_rng(15)
    images, out = tmp_path / "images", tmp_path / "features.parquet"
    rows = []
    for video in ("v0", "v1"):
        (images / video).mkdir(parents=True)
        for number in (1, 2, 5, 9):
            pixels = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            cv2.imwrite(str(images / video / f"{number:05d}.png"), pixels)
            rows.append(f"{video}/{number:05d}.jpg,0.1,0.2,{number % 8}" + ",0,1" * 6)
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join([MTL_HEADER, *rows]) + "\n", encoding="utf-8")
    write_network(tmp_path / "net.onnx")
    model = str(write_manifest(tmp_path / "net.yaml"))
    options = ["--model", model, "--detector", "full-frame"]
    for command in (
        ["extract", str(images), "-o", str(out)],
        ["run", str(images), "-o", str(tmp_path / "run"), "--rules", "hsemotion-mean", "--quiet"],
    ):
        result = CliRunner().invoke(app, [*command, *options])
        assert result.exit_code == 0, result.output
    annotated = files.read_multi_task(labels)
    sources = open_sources([out, tmp_path / "run"])
    assert [one.model for one in sources] == [model, model]
    for video in read_videos(annotated, sources):
        np.testing.assert_array_equal(video.frame, [1, 2, 5, 9])
        ours, theirs = video.signals
        assert set(ours) == {"expression", "valence_arousal"}
        for head, values in ours.items():
            np.testing.assert_allclose(values, theirs[head], atol=1e-5)

    fit = ["heads", "fit", str(out), "--train", str(labels), "--validation", str(labels)]
    fit += ["-o", str(tmp_path / "mine.onnx"), "--alone", "--epochs", "1", "--engine", "numpy"]
    assert CliRunner().invoke(app, fit).exit_code == 0
    command = ["tune", str(labels), str(out), "--model", str(tmp_path / "mine.onnx")]
    command += ["-o", str(tmp_path / "tuned.yaml"), "--folds", "2", "--radii", "1"]
    result = CliRunner().invoke(app, [*command, "--sigmas", "1"])
    assert result.exit_code == 0, result.output
    options_file = yaml.safe_load((tmp_path / "tuned.yaml").read_text(encoding="utf-8"))
    assert options_file["models"] == [str(tmp_path / "mine.onnx")]
    assert set(options_file["smooth"]) == {"expression", "valence_arousal", "action_units"}

    write_network(tmp_path / "other.onnx", seed=3)
    other = write_manifest(tmp_path / "other.yaml")
    with pytest.raises(UsageError, match="the features are not of model"):
        open_sources([out], [str(other)])
    with pytest.raises(UsageError, match=r"one for each file of features \(1 of them\), got 2"):
        open_sources([out], ["a", "b"])
