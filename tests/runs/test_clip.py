"""One clip of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.run_files import read_csv
from cexpr.clips.sources import find_clips
from cexpr.options import RunOptions
from cexpr.pipeline import Pipeline
from cexpr.runs.clip import died_clip, run_clip


@pytest.fixture
def pipeline(work: Path) -> Pipeline:
    return Pipeline(
        RunOptions(
            rules="pair.yaml",
            models=("tiny.yaml",),
            detector="full-frame",
            events=True,
            min_quality=0,
        )
    )


def test_a_clip_is_written_and_recorded(work: Path, pipeline: Pipeline) -> None:
    (source,) = find_clips([work / "clips" / "b.avi"])
    frames: list[int] = []
    record = run_clip(pipeline, source, lambda done, _: frames.append(done), folder=work)
    assert (record.status, record.error) == ("done", None)
    assert record.files == ["b.faces.csv", "b.events.csv", "b.frames.csv"]
    assert frames == [1, 2, 3, 4]
    rows = read_csv(work / "b.frames.csv")
    assert sum(record.compounds.values()) == sum(bool(row["compound"]) for row in rows)
    assert record.events == len(read_csv(work / "b.events.csv"))
    assert set(record.info["timings"]) >= {"phase_1", "phase_2", "write", "total"}


def test_a_clip_that_cannot_be_read_or_written_is_a_failed_record(
    work: Path, pipeline: Pipeline
) -> None:
    (work / "bad.avi").write_bytes(b"no video")
    (bad,) = find_clips([work / "bad.avi"])
    record = run_clip(pipeline, bad, folder=work)
    assert record.status == "failed"
    assert "bad.avi" in str(record.error)
    (good,) = find_clips([work / "clips" / "a.avi"])
    record = run_clip(pipeline, good, folder=work / "gone")
    assert record.status == "failed"
    assert "a.faces.csv: cannot be written" in str(record.error)


def test_a_defect_is_recorded_with_its_place(work: Path, pipeline: Pipeline) -> None:
    def fail(done: int, announced: int | None) -> None:
        raise ZeroDivisionError("a defect")

    (source,) = find_clips([work / "clips" / "a.avi"])
    record = run_clip(pipeline, source, fail, folder=work)
    assert record.status == "failed"
    assert str(record.error).endswith("unexpected ZeroDivisionError: a defect")
    assert "in fail" in record.info["traceback"]


def test_a_clip_whose_process_died_says_how(work: Path) -> None:
    (source,) = find_clips([work / "clips" / "a.avi"])
    record = died_clip(source, "signal 9")
    assert (record.status, record.stem, record.kind) == ("failed", "a", "video")
    assert "ended unexpectedly (signal 9)" in str(record.error)
    assert "--" not in str(record.error)
