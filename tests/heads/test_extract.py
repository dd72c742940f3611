"""From images to features, to heads, to a model that runs."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from builders.tiny_networks import FEATURES, write_manifest, write_network
from cexpr.abaw import files as abaw
from cexpr.cli import app
from cexpr.errors import ModelError, UsageError
from cexpr.heads import export as head_export
from cexpr.heads import features as feature_file
from cexpr.heads import fit as head_fitting
from cexpr.heads.extract import Extraction, Extractor
from cexpr.heads.features import read_clips, read_features
from cexpr.heads.training import Training
from cexpr.models import manifest, zoo
from cexpr.models.session import Model
from cexpr.models.stacked import open_model
from cexpr.preprocess import preprocess
from cexpr.runs.submissions import MTL_HEADER

CLIPS, FRAMES = 3, 20


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


def command(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.output + str(result.exception or "")


def extract_all(clips: Path, model: Path, out: Path, *options: str) -> str:
    code, text = command(
        "extract", clips, "-o", out, "--model", model, "--detector", "full-frame", *options
    )
    assert code == 0, text
    return text


def test_features_are_those_of_the_model_on_each_frame(
    clips: Path, model: Path, tmp_path: Path
) -> None:
    extract_all(clips, model, tmp_path / "out.parquet")
    read = read_features(tmp_path / "out.parquet")
    assert len(read.keys) == CLIPS * FRAMES
    found = manifest.load(model)
    network = Model(found, tmp_path / "net.onnx", features=True)
    image = cv2.imread(str(clips / "clip1" / "00007.png"))
    # A frame of 16 x 16 that becomes 8 x 8.
    matrices = np.float32([[[0.5, 0, -0.25], [0, 0.5, -0.25]]])
    spec = found.input
    face = preprocess(image, matrices, spec.size, spec.mean, spec.std, spec.color)
    expected = network.run(face)
    row = read.keys.index(("clip1", 7))
    np.testing.assert_allclose(read.features[row], expected["embedding"][0], atol=1e-4)
    np.testing.assert_allclose(read.outputs[row], expected["output"][0], atol=1e-4)


def test_each_clip_is_a_row_group_and_half_precision_is_half_the_space(
    clips: Path, model: Path, tmp_path: Path
) -> None:
    whole, half = tmp_path / "whole.parquet", tmp_path / "half.parquet"
    extract_all(clips, model, whole)
    extract_all(clips, model, half, "--float16")
    file = pyarrow.parquet.ParquetFile(half)
    assert file.num_row_groups == CLIPS
    groups = [file.read_row_group(number) for number in range(CLIPS)]
    assert [one.column("clip").unique().to_pylist() for one in groups] == [
        ["clip0"],
        ["clip1"],
        ["clip2"],
    ]
    assert {one.num_rows for one in groups} == {FRAMES}
    assert str(file.schema_arrow.field("features").type.value_type) == "halffloat"
    ours, theirs = read_features(half), read_features(whole)
    assert theirs.features.shape == (CLIPS * FRAMES, FEATURES)
    np.testing.assert_allclose(ours.features, theirs.features, rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(ours.outputs, theirs.outputs)
    assert not feature_file.parts_folder(half).exists()


def test_clips_that_are_there_are_kept_and_new_ones_added(
    clips: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    extract_all(clips / "clip0", model, out)
    text = extract_all(clips, model, out)
    assert "clip0: 20 faces (kept)" in text
    assert "clip1: 20 faces\n" in text
    assert [one.stem for one in read_clips(out)[1]] == ["clip0", "clip1", "clip2"]
    before = out.stat().st_mtime_ns
    extract_all(clips, model, out)
    assert out.stat().st_mtime_ns == before
    cv2.imwrite(str(clips / "clip1" / "00021.png"), np.zeros((16, 16, 3), np.uint8))
    text = extract_all(clips, model, out)
    assert "clip1: 21 faces\n" in text
    assert len(read_features(out).keys) == CLIPS * FRAMES + 1
    code, text = command("extract", clips, "-o", out, "--model", model, "--float16")
    assert code != 0
    assert "other settings" in text
    assert "(kept)" not in extract_all(clips, model, out, "--float16", "--overwrite")


def test_an_extraction_that_was_stopped_goes_on(
    clips: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.parquet"
    whole = Extractor.extract

    def stop(self: Extractor, source: object) -> object:
        if source.stem == "clip2":
            raise KeyboardInterrupt
        return whole(self, source)

    options = ("--model", model, "--detector", "full-frame")
    with monkeypatch.context() as patch:
        patch.setattr(Extractor, "extract", stop)
        code, text = command("extract", clips, "-o", out, *options)
    assert code == 130
    assert "run the same command again" in text
    assert not out.exists()
    text = extract_all(clips, model, out)
    assert "clip1: 20 faces (kept)" in text
    assert "clip2: 20 faces\n" in text
    extract_all(clips, model, tmp_path / "once.parquet")
    ours, theirs = read_features(out), read_features(tmp_path / "once.parquet")
    assert ours.keys == theirs.keys
    np.testing.assert_array_equal(ours.features, theirs.features)


def test_several_processes_write_the_same(clips: Path, model: Path, tmp_path: Path) -> None:
    extract_all(clips, model, tmp_path / "one.parquet")
    extract_all(clips, model, tmp_path / "two.parquet", "--jobs", "2")
    one, two = (read_features(tmp_path / f"{name}.parquet") for name in ("one", "two"))
    rows = [two.keys.index(key) for key in one.keys]
    np.testing.assert_array_equal(one.features, two.features[rows])


def test_a_bad_clip_is_named_and_the_others_are_done(
    clips: Path, model: Path, tmp_path: Path
) -> None:
    (clips / "broken.mp4").write_bytes(b"no video")
    out = tmp_path / "out.parquet"
    code, text = command("extract", clips, "-o", out, "--model", model, "--detector", "full-frame")
    assert code == 1
    assert "broken" in text
    assert len(read_clips(out)[1]) == CLIPS


def test_a_model_without_features_is_refused(tmp_path: Path, model: Path) -> None:
    text = model.read_text(encoding="utf-8").replace("  features:\n    input_of: output\n", "")
    assert text != model.read_text(encoding="utf-8")
    model.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"names no features.*'features: \{tensor: NAME\}'"):
        Extractor(Extraction(str(model), "full-frame"))


def test_another_file_is_neither_read_nor_replaced(
    clips: Path, model: Path, tmp_path: Path
) -> None:
    other = tmp_path / "x.parquet"
    other.write_bytes(b"nothing")
    with pytest.raises(UsageError, match="not a file of 'cexpr extract'"):
        read_features(other)
    code, text = command("extract", clips, "-o", other, "--model", model, "--overwrite")
    assert code != 0
    assert "not a file of 'cexpr extract'" in text
    assert other.read_bytes() == b"nothing"


def annotations(path: Path, clips: range) -> Path:
    random = np.random.default_rng(len(clips))
    rows = [
        f"clip{clip}/{number:05d}.jpg,{random.uniform(-1, 1):.3f},{random.uniform(-1, 1):.3f},"
        f"{random.integers(0, 8)}," + ",".join(map(str, random.integers(0, 2, 12)))
        for clip in clips
        for number in range(1, FRAMES + 1)
    ]
    path.write_text("\n".join([MTL_HEADER, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("alone", [False, True])
def test_heads_run_as_a_model(clips: Path, model: Path, tmp_path: Path, alone: bool) -> None:
    features = tmp_path / "features.parquet"
    extract_all(clips, model, features)
    train = annotations(tmp_path / "train.txt", range(2))
    validation = annotations(tmp_path / "validation.txt", range(2, 3))
    (tmp_path / "mine").mkdir()
    out = tmp_path / "mine" / "mine.onnx"
    code, text = command(
        "heads", "fit", features, "--train", train, "--validation", validation,
        "-o", out, "--epochs", 3, "--engine", "numpy", *(["--alone"] if alone else []),
    )  # fmt: skip
    assert code == 0, text
    mine = zoo.find(str(out))
    assert mine.outputs.derived() == {}
    assert set(mine.training["validation"]) == {"expression", "valence_arousal", "action_units"}
    assert (mine.backbone is not None) == alone
    faces = np.random.default_rng(1).normal(size=(4, 3, 8, 8)).astype(np.float32)
    tensors = open_model(mine, out, features=not alone).run(faces)
    before = Model(manifest.load(model), tmp_path / "net.onnx", features=True).run(faces)
    if not alone:
        np.testing.assert_allclose(tensors["cexpr_features"], before["embedding"], atol=1e-5)
    read = read_features(features)
    parts = [head_fitting.join(read, abaw.read_multi_task(one)) for one in (train, validation)]
    heads = head_fitting.fit(*parts, Training(3))
    for name, source in (
        ("expression", "embedding"),
        ("valence_arousal", "output"),
        ("action_units", "embedding"),
    ):
        np.testing.assert_allclose(
            tensors[f"cexpr_{name}"], heads[name](before[source]), rtol=1e-3, atol=1e-4
        )
    code, text = command(
        "run", clips, "-o", tmp_path / "run", "--model", out, "--detector", "full-frame",
        "--rules", "hsemotion-mean", "--abaw", "--quiet",
    )  # fmt: skip
    assert code == 0, text
    rows = (tmp_path / "run" / "MTL.txt").read_text().splitlines()
    assert len(rows) == 1 + CLIPS * FRAMES
    (entry,) = json.loads((tmp_path / "run" / "run.json").read_text())["models"]
    assert entry["backbone"] == (read.settings.sha256 if alone else None)
    code, text = command("models", "info", out)
    assert code == 0
    assert ("net.yaml," in text) == alone


def test_heads_alone_are_refused_behind_another_backbone(
    clips: Path, model: Path, tmp_path: Path
) -> None:
    features, out = tmp_path / "features.parquet", tmp_path / "mine.onnx"
    extract_all(clips, model, features)
    labels = annotations(tmp_path / "train.txt", range(3))
    code, text = command(
        "heads", "fit", features, "--train", labels, "--validation", labels, "-o", out,
        "--epochs", 1, "--engine", "numpy", "--alone",
    )  # fmt: skip
    assert code == 0, text
    assert zoo.find(str(out)).backbone.model == "net.yaml"
    write_network(tmp_path / "net.onnx", seed=1)
    with pytest.raises(ModelError, match=r"another model than .*net\.onnx: expected SHA-256"):
        open_model(zoo.find(str(out)), out)


def test_features_of_another_model_are_refused(clips: Path, model: Path, tmp_path: Path) -> None:
    extract_all(clips, model, tmp_path / "features.parquet")
    write_network(tmp_path / "net.onnx", seed=1)
    labels = annotations(tmp_path / "train.txt", range(3))
    code, text = command(
        "heads", "fit", tmp_path / "features.parquet", "--train", labels, "--validation", labels,
        "--model", model, "-o", tmp_path / "mine.onnx",
    )  # fmt: skip
    assert code != 0
    assert "the features are not from" in text


@pytest.mark.parametrize("lacks", ["onnx", "folder"])
def test_what_cannot_be_written_is_not_trained(
    clips: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    features, out = tmp_path / "features.parquet", tmp_path / "mine.onnx"
    extract_all(clips, model, features)
    labels = annotations(tmp_path / "train.txt", range(3))
    if lacks == "onnx":
        monkeypatch.setattr(head_export, "find_spec", lambda _: None)
    else:
        out = tmp_path / "nowhere" / "mine.onnx"

    def refuse(*_: object) -> None:
        raise AssertionError("heads were trained")

    monkeypatch.setattr(head_fitting, "fit", refuse)
    code, text = command(
        "heads", "fit", features, "--train", labels, "--validation", labels, "-o", out,
    )  # fmt: skip
    assert code != 0
    expected = "pip install 'cexpr[heads]'" if lacks == "onnx" else "in a folder that exists"
    assert expected in text
