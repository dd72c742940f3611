from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cexpr.cli import app
from cexpr.errors import ModelError
from cexpr.models import zoo


def test_list_names_the_model_of_the_wheel_and_marks_derived_heads() -> None:
    result = CliRunner().invoke(app, ["models", "list"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "cexpr-s" in result.stdout
    assert "derived" in result.stdout


def test_info_shows_licence_and_derivation() -> None:
    result = CliRunner().invoke(app, ["models", "info", "cexpr-s"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    for text in ("Apache-2.0", "circumplex", "prototypes", "48 x 48 gray"):
        assert text in result.stdout


def test_a_detector_is_listed_and_shown() -> None:
    listed = CliRunner().invoke(app, ["models", "list"], env={"COLUMNS": "200"})
    (line,) = (line for line in listed.stdout.splitlines() if "yunet" in line)
    assert "face detector" in line
    shown = CliRunner().invoke(app, ["models", "info", "yunet"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    for text in ("Apache-2.0", "104ee26c", "OpenCV 5"):
        assert text in shown.stdout


def test_info_names_the_place_of_a_file_that_is_not_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CEXPR_HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["models", "info", "mbf_va_mtl"], env={"COLUMNS": "400"})
    place = tmp_path / "models" / "mbf_va_mtl.onnx"
    assert f"not here; its place is {place}" in result.stdout


def test_verify_finds_an_intact_file() -> None:
    result = CliRunner().invoke(app, ["models", "verify", "cexpr-s"])
    assert result.exit_code == 0
    assert "cexpr-s: intact" in result.stdout


def test_verify_finds_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    manifest = zoo.known()["cexpr-s"]
    (folder / "cexpr-s.yaml").write_bytes(manifest.read_bytes())
    (folder / "cexpr-s.onnx").write_bytes(b"damaged")
    monkeypatch.setenv("CEXPR_HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["models", "verify", "cexpr-s"])
    assert result.exit_code == 2
    assert "expected" in result.stderr


def test_an_address_is_shown_whole_where_there_is_little_room() -> None:
    url = zoo.find_any("enet_b0_8_va_mtl").url
    assert url is not None
    result = CliRunner().invoke(app, ["models", "info", "enet_b0_8_va_mtl"], env={"COLUMNS": "50"})
    assert "…" not in result.stdout
    assert url in "".join(line[14:].strip() for line in result.stdout.splitlines())


def test_a_list_in_a_pipe_has_no_boxes_and_info_no_words_of_the_language() -> None:
    listed = CliRunner().invoke(app, ["models", "list"]).stdout
    assert not any("\u2500" <= character <= "\u257f" for character in listed)
    assert "{" not in CliRunner().invoke(app, ["models", "info", "cexpr-s"]).stdout


def test_detectors_are_not_offered_as_models() -> None:
    with pytest.raises(ModelError) as caught:
        zoo.find("nope")
    assert "cexpr-s" in str(caught.value)
    assert "yunet" not in str(caught.value)
