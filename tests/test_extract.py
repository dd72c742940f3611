"""From images to features, to heads, to a model that runs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from cexpr import extract, manifest, zoo
from cexpr.cli import app
from cexpr.errors import ModelError, UsageError
from cexpr.extract import Extractor, read_features
from cexpr.inference import Model
from cexpr.preprocess import preprocess
from cexpr.submissions import MTL_HEADER
from tiny_networks import FEATURES, write_manifest, write_network

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
    extract_all(clips, model, tmp_path / "out")
    read = read_features(tmp_path / "out")
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


def test_a_file_is_one_row_group_and_half_precision_is_half_the_space(
    clips: Path, model: Path, tmp_path: Path
) -> None:
    extract_all(clips, model, tmp_path / "whole")
    extract_all(clips, model, tmp_path / "half", "--float16")
    name = f"clip0{extract.SUFFIX}"
    file = pyarrow.parquet.ParquetFile(tmp_path / "half" / name)
    assert file.num_row_groups == 1
    assert str(file.schema_arrow.field("features").type.value_type) == "halffloat"
    whole, half = (read_features(tmp_path / one) for one in ("whole", "half"))
    assert whole.features.shape == (CLIPS * FRAMES, FEATURES)
    np.testing.assert_allclose(half.features, whole.features, rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(half.outputs, whole.outputs)


def test_clips_that_are_done_are_kept(clips: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    extract_all(clips, model, out)
    (out / f"clip1{extract.SUFFIX}").unlink()
    before = (out / f"clip0{extract.SUFFIX}").stat().st_mtime_ns
    text = extract_all(clips, model, out)
    assert "clip0: 20 faces (kept)" in text
    assert "clip1: 20 faces\n" in text
    assert (out / f"clip0{extract.SUFFIX}").stat().st_mtime_ns == before
    code, text = command("extract", clips, "-o", out, "--model", model, "--float16")
    assert code != 0
    assert "other settings" in text
    assert "(kept)" not in extract_all(clips, model, out, "--float16", "--overwrite")


def test_a_bad_clip_is_named_and_the_others_are_done(
    clips: Path, model: Path, tmp_path: Path
) -> None:
    (clips / "broken.mp4").write_bytes(b"no video")
    code, text = command(
        "extract", clips, "-o", tmp_path / "out", "--model", model, "--detector", "full-frame"
    )
    assert code == 1
    assert "broken" in text
    assert len(list((tmp_path / "out").glob(f"*{extract.SUFFIX}"))) == CLIPS


def test_a_model_without_features_is_refused(tmp_path: Path, model: Path) -> None:
    text = model.read_text(encoding="utf-8").replace("  features:\n    input_of: output\n", "")
    assert text != model.read_text(encoding="utf-8")
    model.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="names no features"):
        Extractor(str(model), detector="full-frame")


def test_a_folder_without_features_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no"):
        read_features(tmp_path)
    (tmp_path / f"x{extract.SUFFIX}").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="not a file of 'cexpr extract'"):
        read_features(tmp_path)


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


def test_heads_on_their_backbone_run_as_a_model(clips: Path, model: Path, tmp_path: Path) -> None:
    extract_all(clips, model, tmp_path / "features")
    train = annotations(tmp_path / "train.txt", range(2))
    validation = annotations(tmp_path / "validation.txt", range(2, 3))
    out = tmp_path / "mine.onnx"
    code, text = command(
        "heads", "fit", tmp_path / "features", "--train", train, "--validation", validation,
        "-o", out, "--model", model, "--epochs", 3,
    )  # fmt: skip
    assert code == 0, text
    mine = zoo.find(str(out))
    assert mine.outputs.derived() == {}
    assert set(mine.training["validation"]) == {"expression", "valence_arousal", "action_units"}
    network = Model(mine, out, features=True)
    faces = np.random.default_rng(1).normal(size=(4, 3, 8, 8)).astype(np.float32)
    tensors = network.run(faces)
    before = Model(manifest.load(model), tmp_path / "net.onnx", features=True).run(faces)
    np.testing.assert_allclose(tensors["cexpr_features"], before["embedding"], atol=1e-5)

    from cexpr import abaw, head_fitting

    read = read_features(tmp_path / "features")
    parts = [head_fitting.join(read, abaw.read_multi_task(one)) for one in (train, validation)]
    heads = head_fitting.fit(*parts, epochs=3)
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


def test_features_of_another_model_are_refused(clips: Path, model: Path, tmp_path: Path) -> None:
    extract_all(clips, model, tmp_path / "features")
    write_network(tmp_path / "net.onnx", seed=1)
    labels = annotations(tmp_path / "train.txt", range(3))
    code, text = command(
        "heads", "fit", tmp_path / "features", "--train", labels, "--validation", labels,
        "--model", model, "-o", tmp_path / "mine.onnx",
    )  # fmt: skip
    assert code != 0
    assert "the features are not of" in text
