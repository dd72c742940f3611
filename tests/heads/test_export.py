"""Trained heads as a model that runs, on their backbone or alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from builders.feature_files import CLIPS, FRAMES, annotations, command, extract_all
from builders.tiny_networks import write_network
from cexpr.abaw import files
from cexpr.errors import ModelError
from cexpr.heads.features import read_features
from cexpr.heads.fit import fit, join
from cexpr.heads.training import Training
from cexpr.models import manifest, zoo
from cexpr.models.session import Model
from cexpr.models.stacked import open_model


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
    parts = [join(read, files.read_multi_task(one)) for one in (train, validation)]
    heads = fit(*parts, Training(3))
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


@pytest.mark.parametrize("lacks", ["onnx", "folder"])
def test_what_cannot_be_written_is_not_trained(
    clips: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    features, out = tmp_path / "features.parquet", tmp_path / "mine.onnx"
    extract_all(clips, model, features)
    labels = annotations(tmp_path / "train.txt", range(3))
    if lacks == "onnx":
        monkeypatch.setattr("cexpr.heads.export.find_spec", lambda _: None)
    else:
        out = tmp_path / "nowhere" / "mine.onnx"

    def refuse(*_: object) -> None:
        raise AssertionError("heads were trained")

    monkeypatch.setattr("cexpr.heads.fit.fit", refuse)
    code, text = command(
        "heads", "fit", features, "--train", labels, "--validation", labels, "-o", out,
    )  # fmt: skip
    assert code != 0
    expected = "pip install 'cexpr[heads]'" if lacks == "onnx" else "in a folder that exists"
    assert expected in text
