"""Manifests are written whole, after everything was checked."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from builders.grey_model import GOOD, tiny_onnx
from cexpr.errors import ModelError
from cexpr.models import manifest
from cexpr.models.manifest_file import write_manifest

CONTENT = {key: GOOD[key] for key in ("licence", "input", "outputs")}


def test_a_manifest_is_written_whole_with_what_the_file_is(tmp_path: Path) -> None:
    path = tiny_onnx(tmp_path / "mine.onnx")
    written = write_manifest(path, {**CONTENT, "about": "Ünïcode: yes"})
    assert written == manifest.load(tmp_path / "mine.yaml")
    assert (written.id, written.file, written.bytes) == ("mine", "mine.onnx", path.stat().st_size)
    assert written.check_hash(path) == manifest.sha256_of(path)
    keys = list(yaml.safe_load((tmp_path / "mine.yaml").read_text(encoding="utf-8")))
    found = ["cexpr_model", "id", "file", "sha256", "bytes"]
    assert keys == [*found, "licence", "input", "outputs", "about"]
    assert write_manifest(path, {**CONTENT, "id": "other"}).id == "other"


def test_what_does_not_pass_is_not_written(tmp_path: Path) -> None:
    path = tiny_onnx(tmp_path / "mine.onnx")
    before = write_manifest(path, CONTENT)

    def refuse(written: manifest.Manifest) -> None:
        raise ModelError(f"{written.id}: refused")

    with pytest.raises(ModelError, match=r"mine\.yaml: unknown key 'colour'"):
        write_manifest(path, {**CONTENT, "colour": "grey"})
    with pytest.raises(ModelError, match="mine: refused"):
        write_manifest(path, {**CONTENT, "licence": "other"}, refuse)
    assert manifest.load(tmp_path / "mine.yaml") == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["mine.onnx", "mine.yaml"]
