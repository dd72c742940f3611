from pathlib import Path

import pytest

import cexpr
from cexpr._support.resources import data_files, data_path


def test_missing_file_is_none() -> None:
    assert data_path("models", "no-such-file.onnx") is None
    assert data_files("no-such-folder") == []


def test_every_folder_of_the_package_is_searched_and_the_first_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for root, names in (("source", ["b.yaml"]), ("build", ["a.yaml", "b.yaml", "c.txt"])):
        (tmp_path / root / "share" / "rules").mkdir(parents=True)
        for name in names:
            (tmp_path / root / "share" / "rules" / name).write_text(root)
    monkeypatch.setattr(cexpr, "__path__", [str(tmp_path / "source"), str(tmp_path / "build")])
    found = data_files("rules", "*.yaml")
    assert [(path.name, path.read_text()) for path in found] == [
        ("a.yaml", "build"),
        ("b.yaml", "source"),
    ]
    assert data_path("rules", "a.yaml") == tmp_path / "build" / "share" / "rules" / "a.yaml"
