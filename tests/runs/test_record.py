"""`run.json` as data: read, written, and light to load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cexpr.clips.sources import ClipSource
from cexpr.errors import FileError, UsageError
from cexpr.runs.record import ClipRecord, RunRecord, fingerprint, written


def make_record() -> RunRecord:
    return RunRecord(
        options={"detector": "mtcnn", "threads": 1},
        rules={"name": "pair", "sha256": "12"},
        models=[{"id": "tiny", "sha256": "34"}],
        signals=["fear"],
        derived={},
        provider="CPUExecutionProvider",
        clips={"a": ClipRecord(stem="a", path="/a.avi", kind="video", status="done")},
    )


def test_what_reads_a_record_loads_no_model_and_no_detector() -> None:
    code = """
import sys
import cexpr.runs.record, cexpr.runs.folder
heavy = {"onnxruntime", "cv2", "cexpr.pipeline", "cexpr.faces.detector", "cexpr.models.session"}
sys.exit(", ".join(sorted(heavy & set(sys.modules))) or None)
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (process.returncode, process.stderr) == (0, "")


def test_a_record_reads_back_as_it_was_written(tmp_path: Path) -> None:
    record = make_record()
    assert RunRecord.load(tmp_path) is None
    record.save(tmp_path)
    assert RunRecord.load(tmp_path) == record
    content = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert content == record.as_json()
    assert content["counts"] == {"done": 1, "failed": 0, "pending": 0, "outdated": 0}
    assert content["fingerprint"] == fingerprint(record.settings())


def test_threads_and_names_do_not_count_but_content_does() -> None:
    record, other = make_record(), make_record()
    other.options["threads"] = 4
    other.rules["name"] = "renamed"
    assert other.settings() == record.settings()
    other.rules["sha256"] = "56"
    assert other.settings() != record.settings()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"clips": 3}', r"run\.json: damaged, or not the record of a run \("),
        ("no JSON", r"run\.json: damaged, or not the record of a run \("),
        (json.dumps({**make_record().as_json(), "cexpr_run": 99}), "its format is 99"),
    ],
)
def test_a_damaged_or_later_record_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(UsageError, match=message):
        RunRecord.load(tmp_path)


def test_a_folder_that_is_gone_is_a_file_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"run\.json: cannot be written"):
        make_record().save(tmp_path / "gone")


def test_a_clip_is_unchanged_until_its_file_or_folder_changes(tmp_path: Path) -> None:
    file, folder = tmp_path / "a.avi", tmp_path / "images"
    file.write_bytes(b"four")
    folder.mkdir()
    records = [
        ClipRecord.of(ClipSource(file, "video", "a")),
        ClipRecord.of(ClipSource(folder, "folder", "images")),
    ]
    assert all(record.is_unchanged() for record in records)
    file.write_bytes(b"more than four")
    (folder / "1.jpg").touch()
    assert not any(record.is_unchanged() for record in records)


def test_a_name_in_another_encoding_can_be_written() -> None:
    assert written("clip\udcfc.avi") == "clip\\udcfc.avi"
