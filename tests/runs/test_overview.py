"""Tables about a whole run: complete after every run, and never older than its clips."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from builders import labelled_runs
from builders.run_files import BASE, Command, read_csv, read_run
from builders.video_files import write_mjpeg_avi
from cexpr.options import RunOptions
from cexpr.rules.rule_set import RuleSet
from cexpr.runs.clip import fill_record
from cexpr.runs.folder import RunFolder
from cexpr.runs.overview import content_of, described, remove, write
from cexpr.runs.record import RunRecord

OUT = Path("out")


def event_columns(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows without the name of the clip."""
    return [{name: value for name, value in row.items() if name != "clip"} for row in rows]


def check_overview(folder: Path = OUT) -> None:
    """`events.csv` and `clips.csv` hold just what the tables of the clips say."""
    record = RunRecord.load(folder)
    assert record is not None
    done = [clip.stem for clip in record.clips.values() if clip.status == "done"]
    events = read_csv(folder / "events.csv")
    for stem in done:
        own = folder / f"{stem}.events.csv"
        if own.exists():
            assert event_columns([e for e in events if e["clip"] == stem]) == read_csv(own)
    assert [event["clip"] for event in events] == [
        stem for stem in done for _ in range(record.clips[stem].events)
    ]
    clips = read_csv(folder / "clips.csv")
    assert [clip["clip"] for clip in clips] == done
    for clip in clips:
        frames = read_csv(folder / f"{clip['clip']}.frames.csv")
        seen = [frame for frame in frames if frame["n_faces"] != "0"]
        assert int(clip["frames"]) == len(frames)
        assert int(clip["frames_with_face"]) == len(seen)
        compounds = record.rules["compounds"]
        for name in (*compounds, "none"):
            count = sum((frame["compound"] or "none") == name for frame in seen)
            assert float(clip[name]) == pytest.approx(count / len(seen), abs=1e-6)
        faces = read_csv(folder / f"{clip['clip']}.faces.csv")
        quality = np.mean([float(face["quality"]) for face in faces])
        assert float(clip["quality"]) == pytest.approx(quality, abs=1e-6)
        expressions = {frame["expression"] for frame in seen}
        for name in expressions:
            count = sum(frame["expression"] == name for frame in seen)
            assert float(clip[name]) == pytest.approx(count / len(seen), abs=1e-6)


@pytest.mark.parametrize("events", [(), ("--events",)])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_writes_them_for_all_clips(
    work: Path, cexpr_command: Command, events: tuple[str, ...], jobs: str
) -> None:
    assert cexpr_command("run", *BASE, *events, "--jobs", jobs, "clips").status == 0
    check_overview()
    clips = read_csv(OUT / "clips.csv")
    assert [clip["clip"] for clip in clips] == ["a", "b", "c"]
    assert [float(clip["seconds"]) for clip in clips] == pytest.approx([3 / 25, 4 / 25, 5 / 25])


def test_they_are_the_same_with_and_without_tables_of_events(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "clips")
    cexpr_command("run", *BASE[:-1], "other", "--events", "clips")
    for name in ("events.csv", "clips.csv", "columns.csv"):
        assert (OUT / name).read_bytes() == Path("other", name).read_bytes(), name


def test_they_are_complete_after_a_resumed_run(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips")
    whole = {name: (OUT / name).read_bytes() for name in ("events.csv", "clips.csv")}
    (OUT / "b.frames.csv").unlink()
    cexpr_command("run", *BASE, "clips")
    assert {name: (OUT / name).read_bytes() for name in whole} == whole


def test_a_failed_clip_has_no_rows(work: Path, cexpr_command: Command) -> None:
    (work / "clips" / "b.avi").write_bytes(b"nothing")
    assert cexpr_command("run", *BASE, "clips").status == 1
    check_overview()
    assert [clip["clip"] for clip in read_csv(OUT / "clips.csv")] == ["a", "c"]


def test_a_finished_clip_whose_tables_are_gone_bad_fails_and_is_done_again(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "clips")
    (OUT / "b.faces.csv").write_text("frame\nx\n")
    outcome = cexpr_command("run", *BASE, "clips")
    assert outcome.status == 1
    assert "b.faces.csv" in outcome.err
    assert [clip["clip"] for clip in read_csv(OUT / "clips.csv")] == ["a", "c"]
    assert cexpr_command("run", *BASE, "clips").status == 0
    check_overview()


def test_apply_writes_them_again(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips")
    cexpr_command("apply", "--rules", "other.yaml", "out")
    check_overview()
    assert {event["compound"] for event in read_csv(OUT / "events.csv")} == {"Sadly_Fearful"}
    assert "Sadly_Fearful" in read_csv(OUT / "clips.csv")[0]
    cexpr_command("run", *BASE[:-1], "fresh", "--rules", "other.yaml", "clips")
    for name in ("events.csv", "clips.csv", "columns.csv"):
        assert (OUT / name).read_bytes() == Path("fresh", name).read_bytes(), name


def test_they_have_the_formats_of_the_run(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "--format", "parquet", "clips")
    assert sorted(path.name for path in OUT.glob("*.csv")) == []
    table = pyarrow.parquet.read_table(OUT / "clips.parquet")
    assert table.column("frames").to_pylist() == [3, 4, 5]
    assert table.schema.field("seconds").metadata[b"unit"] == b"seconds"
    cexpr_command("apply", "out", "--format", "csv")
    check_overview()
    events = pyarrow.parquet.read_table(OUT / "events.parquet")
    assert len(read_csv(OUT / "events.csv")) == events.num_rows


def test_an_interrupted_run_leaves_none_of_an_earlier_one(
    work: Path, cexpr_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cexpr.pipeline.Pipeline.run", interrupt)
    assert cexpr_command("run", *BASE, "clips").status == 130
    assert not (OUT / "events.csv").exists()
    assert not (OUT / "clips.csv").exists()


def test_a_clip_without_a_face_has_no_shares(work: Path, cexpr_command: Command) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    write_mjpeg_avi(work / "noise.avi", [noise] * 3)
    options = ("--rules", "pair.yaml", "--model", "tiny.yaml", "-o", "out")
    assert cexpr_command("run", *options, "noise.avi").status == 0
    (clip,) = read_csv(OUT / "clips.csv")
    assert (clip["frames"], clip["frames_with_face"], clip["faces"]) == ("3", "0", "0")
    assert {clip[name] for name in ("neutral", "none", "Sadly_Angry")} == {""}
    assert read_csv(OUT / "events.csv") == []


@pytest.mark.parametrize("counts", [(1, 1, 33), (1, 3, 31), (5, 10, 20)])
def test_none_is_0_where_every_frame_has_a_compound(
    tmp_path: Path, counts: tuple[int, int, int]
) -> None:
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    result = labelled_runs.clip("a", labels)
    folder = RunFolder.open(labelled_runs.run_folder(tmp_path / "run", result))
    record = folder.record.clips["a"]
    fill_record(record, result)
    record.info |= {"frames": 35, "frames_with_face": 35, "faces": 1}
    write(folder, RuleSet.load("default"), RunOptions(), {"a": result.events})
    (row,) = read_csv(folder.path / "clips.csv")
    assert float(row["none"]) == 0
    assert [float(row[name]) for name in labelled_runs.COMPOUNDS[:3]] == pytest.approx(
        [count / 35 for count in counts], abs=1e-6
    )


def test_columns_are_those_of_the_tables(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "--events", "clips/a.avi")
    rows = read_csv(OUT / "columns.csv")
    for part, name in (
        ("frames", "a.frames.csv"),
        ("faces", "a.faces.csv"),
        ("events", "events.csv"),
        ("clips", "clips.csv"),
    ):
        with (OUT / name).open(newline="") as stream:
            header = next(csv.reader(stream))
        assert [row["column"] for row in rows if row["table"] == part] == header
    assert all(row["meaning"] and row["origin"] for row in rows)


def test_content_is_read_from_the_record(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    record = RunRecord.load(OUT)
    assert record is not None
    content = content_of(record)
    assert content.compounds == ("Happily_Surprised", "Sadly_Angry")
    assert content.derived == read_run()["derived"]
    assert list(described(content)) == ["frames", "faces", "images", "events", "clips"]


def test_removing_leaves_everything_else(tmp_path: Path) -> None:
    for name in ("events.csv", "clips.parquet", "columns.csv", "a.events.csv", "CE.txt"):
        (tmp_path / name).touch()
    remove(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["CE.txt", "a.events.csv"]
