"""Manifests are read strictly, and written in one place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from builders.grey_model import EXPRESSION, GOOD, tiny_manifest, tiny_onnx
from cexpr.errors import ModelError
from cexpr.models import manifest


def test_a_good_manifest_is_read(tmp_path: Path) -> None:
    model = manifest.load(tiny_manifest(tmp_path))
    assert model.id == "tiny"
    assert model.input.channels == 1
    assert model.input.face.margin == 0.1
    assert model.outputs.derived() == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "gray"}, "colour"),
        ({"licence": 3}, "licence"),
        ({"file": None}, "file or url"),
        ({"input": {**GOOD["input"], "mean": [0.5, 0.5, 0.5]}}, "mean: expected 1 number, got 3"),
        ({"input": {**GOOD["input"], "std": [0.0]}}, "above 0"),
        ({"input": {**GOOD["input"], "face": {}}}, "align or box_margin"),
        ({"outputs": {}}, "expression, valence_arousal or action_units"),
        ({"outputs": {"expression": {**EXPRESSION, "labels": ["fear", "joy"]}}}, "unknown joy"),
        ({"outputs": {"expression": {**EXPRESSION, "slice": [3, 0]}}}, "first < end"),
        ({"outputs": {"action_units": {"derived": "prototypes"}}}, "derived from expression"),
        (
            {"outputs": {"expression": EXPRESSION, "valence_arousal": {}}},
            "either tensor or derived",
        ),
    ],
)
def test_a_wrong_manifest_is_refused_by_name(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    path = tiny_manifest(tmp_path, **changes)
    with pytest.raises(ModelError, match=message) as caught:
        manifest.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a", "a: [", "\ta: 1", "!!python/object:os.system {}"])
def test_what_is_not_a_manifest_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        manifest.load(path)
    assert "\n" not in str(caught.value)


CONTENT = {key: GOOD[key] for key in ("licence", "input", "outputs")}


def test_a_manifest_is_written_whole_with_what_the_file_is(tmp_path: Path) -> None:
    path = tiny_onnx(tmp_path / "mine.onnx")
    written = manifest.write_beside(path, {**CONTENT, "about": "Ünïcode: yes"})
    assert written == manifest.load(tmp_path / "mine.yaml")
    assert (written.id, written.file, written.bytes) == ("mine", "mine.onnx", path.stat().st_size)
    assert written.check_hash(path) == manifest.sha256_of(path)
    keys = list(yaml.safe_load((tmp_path / "mine.yaml").read_text(encoding="utf-8")))
    found = ["cexpr_model", "id", "file", "sha256", "bytes"]
    assert keys == [*found, "licence", "input", "outputs", "about"]
    assert manifest.write_beside(path, {**CONTENT, "id": "other"}).id == "other"


def test_what_does_not_pass_is_not_written(tmp_path: Path) -> None:
    path = tiny_onnx(tmp_path / "mine.onnx")
    before = manifest.write_beside(path, CONTENT)

    def refuse(written: manifest.Manifest) -> None:
        raise ModelError(f"{written.id}: refused")

    with pytest.raises(ModelError, match=r"mine\.yaml: unknown key 'colour'"):
        manifest.write_beside(path, {**CONTENT, "colour": "grey"})
    with pytest.raises(ModelError, match="mine: refused"):
        manifest.write_beside(path, {**CONTENT, "licence": "other"}, refuse)
    assert manifest.load(tmp_path / "mine.yaml") == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["mine.onnx", "mine.yaml"]
