"""The detector whose model file the user names or pulls."""

from __future__ import annotations

from pathlib import Path

import pytest

from cexpr.errors import ModelError, UsageError
from cexpr.faces.detector import check_file, make_detector
from cexpr.models.manifest import DetectorManifest


def test_yunet_without_a_file_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CEXPR_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=r"'cexpr models pull yunet'.*, or name your own"):
        make_detector("yunet")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "yunet.onnx").write_bytes(b"another")
    with pytest.raises(ModelError, match=r"yunet\.onnx: SHA-256 is .*damaged or another version"):
        make_detector("yunet")


def test_a_file_that_was_not_pulled_may_be_named_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CEXPR_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=r"'cexpr models pull yunet'.* or name your own") as caught:
        make_detector("yunet")
    assert caught.value.remedies == ("detector_model",)


def test_missing_or_foreign_model_file_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file; expected a model for the detector yunet"):
        make_detector("yunet", model_path=tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(ModelError, match="cannot load this as a YuNet model"):
        make_detector("yunet", model_path=tmp_path / "text.onnx")


def test_a_file_is_checked_by_the_detector_of_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no model")
    manifest = DetectorManifest(
        cexpr_detector=1, id="mine", file="text.onnx", licence="none", network="yunet"
    )
    with pytest.raises(ModelError, match="cannot load this as a YuNet model"):
        check_file(manifest, tmp_path / "text.onnx")


def test_a_file_in_the_name_is_not_taken() -> None:
    with pytest.raises(UsageError, match=r"unknown detector .yunet:face\.onnx."):
        make_detector("yunet:face.onnx")
