"""The folder of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.labelled_runs import clip, run_folder
from cexpr.errors import ClipError, UsageError
from cexpr.runs.folder import RunFolder
from cexpr.tables.files import write_result


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"{tmp_path}: holds no run \(no run\.json\)"):
        RunFolder.open(tmp_path)
    assert RunFolder.find(tmp_path) is None


def test_the_tables_of_clips_are_found_and_read(tmp_path: Path) -> None:
    # A name that looks like one of the tables.
    stems = ("1", "1.frames.x")
    path = run_folder(tmp_path / "run", *(clip(stem, [0, 1]) for stem in stems))
    run = RunFolder.open(str(path))
    for stem in stems:
        record = run.record.clips[stem]
        for part in ("frames", "faces"):
            assert run.table_path(record, part) == path / f"{stem}.{part}.csv"
        assert run.read_table(record, "frames").column("frame").to_pylist() == [1, 2]


def test_the_record_says_which_format_a_clip_has(tmp_path: Path) -> None:
    path = run_folder(tmp_path / "run", clip("1", [0]))
    run = RunFolder.open(path)
    record = run.record.clips["1"]
    # Left behind by something that was interrupted.
    record.files = write_result(path, clip("1", [0, 1]), ("parquet",))
    assert run.format_of(record, "frames") == "parquet"
    assert run.read_table(record, "frames").num_rows == 2
    with pytest.raises(ClipError, match="names no table of events of '1'"):
        run.table_path(record, "events")


def test_clips_are_listed_by_their_state(tmp_path: Path) -> None:
    path = run_folder(tmp_path / "run", *(clip(stem, [0]) for stem in "abc"))
    run = RunFolder.open(path)
    run.record.clips["b"].status = "outdated"
    run.record.clips["c"].status = "failed"
    run.save()
    again = RunFolder.open(path)
    assert [one.stem for one in again.clips()] == ["a"]
    assert [one.stem for one in again.clips("done", "outdated")] == ["a", "b"]
