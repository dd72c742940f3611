"""Which clips a run keeps, when it refuses a folder, and what it then advises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders.run_files import BASE, RULES, Command, change_times, read_csv, read_run
from builders.video_files import grey_steps, write_mjpeg_avi
from cexpr.options import RunOptions
from cexpr.runs.resume import OccupiedError
from cexpr.runs.run import run


def test_finished_clips_are_kept_and_new_ones_done(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips/a.avi", "clips/b.avi")
    before = change_times(work / "out")
    # Threads change nothing in the results.
    outcome = cexpr_command("run", *BASE, "clips", "--threads", "1")
    assert outcome.status == 0
    after = change_times(work / "out")
    assert {name: after[name] for name in before} == before
    assert (work / "out" / "c.frames.csv").exists()
    assert read_run()["counts"]["done"] == 3


def test_a_clip_that_was_replaced_or_lost_its_files_is_done_again(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "clips")
    before = change_times(work / "out")
    write_mjpeg_avi(work / "clips" / "a.avi", grey_steps(7))
    (work / "out" / "b.faces.csv").unlink()
    cexpr_command("run", *BASE, "clips")
    after = change_times(work / "out")
    assert len(read_csv(work / "out" / "a.frames.csv")) == 7
    assert (work / "out" / "b.faces.csv").exists()
    assert after["c.frames.csv"] == before["c.frames.csv"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("--rules", "other.yaml"), "rules: pair"),
        (("--detector", "mtcnn"), "detector"),
        (("--format", "parquet"), "formats"),
    ],
)
def test_other_options_stop_and_ask_for_overwrite(
    work: Path, cexpr_command: Command, change: tuple[str, str], named: str
) -> None:
    cexpr_command("run", *BASE, "clips")
    before = change_times(work / "out")
    outcome = cexpr_command("run", *BASE, *change, "clips")
    assert outcome.status == 2
    assert "--overwrite" in outcome.err
    assert named in outcome.err
    assert change_times(work / "out") == before


def test_rules_edited_in_place_count_as_other_rules(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips")
    (work / "pair.yaml").write_text(RULES.replace("sadness, anger", "sadness, fear"))
    assert cexpr_command("run", *BASE, "clips").status == 2


def test_overwrite_replaces_the_run_and_its_files(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips")
    (work / "out" / "mine.csv").write_text("not from a run")
    outcome = cexpr_command("run", *BASE, "--rules", "other.yaml", "--overwrite", "clips/a.avi")
    assert outcome.status == 0
    assert sorted(path.name for path in (work / "out").iterdir()) == [
        *("a.faces.csv", "a.frames.csv", "clips.csv", "columns.csv", "events.csv"),
        *("mine.csv", "run.json"),
    ]


def test_a_failed_clip_is_tried_again(work: Path, cexpr_command: Command) -> None:
    good = (work / "clips" / "b.avi").read_bytes()
    (work / "clips" / "b.avi").write_bytes(good[:100])
    assert cexpr_command("run", *BASE, "clips").status == 1
    (work / "clips" / "b.avi").write_bytes(good)
    assert cexpr_command("run", *BASE, "clips").status == 0


def test_a_damaged_record_is_replaced_only_when_asked(work: Path, cexpr_command: Command) -> None:
    (work / "out").mkdir()
    (work / "out" / "run.json").write_text('{"clips": 3')
    outcome = cexpr_command("run", *BASE, "clips")
    assert outcome.status == 2
    assert "use --overwrite to replace it" in outcome.err
    assert cexpr_command("run", *BASE, "--overwrite", "clips").status == 0


def test_overwrite_says_before_whose_results_it_removes(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips")
    outcome = cexpr_command("run", *BASE, "--overwrite", "clips/a.avi")
    first = outcome.err.splitlines()[0]
    assert "out: removing the results of 3 clips of the run there" in first
    assert "2 of them not among the inputs: b, c" in first
    again = cexpr_command("run", *BASE, "--overwrite", "clips/a.avi")
    assert "removing the results of 1 clip of the run there\n" in again.err
    fresh = cexpr_command("run", *BASE[:-1], "fresh", "--overwrite", "clips/a.avi")
    assert "removing" not in fresh.err


def test_other_rules_alone_have_apply_as_their_remedy(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips")
    outcome = cexpr_command("run", *BASE, "--rules", "other.yaml", "clips")
    assert "run 'cexpr apply --rules other.yaml out' to decide its clips again" in outcome.err
    assert "--overwrite" in outcome.err
    assert cexpr_command("apply", "--rules", "other.yaml", "out").status == 0
    assert cexpr_command("run", *BASE, "--rules", "other.yaml", "clips").status == 0
    both = ("--rules", "pair.yaml", "--detector", "mtcnn")
    assert "cexpr apply" not in cexpr_command("run", *BASE, *both, "clips").err


def test_apply_is_no_remedy_where_no_clip_is_done(work: Path, cexpr_command: Command) -> None:
    (work / "bad.avi").write_bytes(b"no video at all")
    cexpr_command("run", *BASE, "bad.avi")
    outcome = cexpr_command("run", *BASE, "--rules", "other.yaml", "bad.avi")
    assert "cexpr apply" not in outcome.err


def test_tables_that_were_not_asked_for_have_apply_as_their_remedy(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    more = ("--events", "--abaw", "--format", "parquet")
    outcome = cexpr_command("run", *BASE, *more, "clips")
    assert "run 'cexpr apply --events --abaw --format parquet out' to add the tables" in outcome.err
    assert cexpr_command("apply", *more, "out").status == 0
    # Apply reads no video.
    outcome = cexpr_command("run", *BASE, *more, "--detector", "mtcnn", "clips")
    assert outcome.status == 2
    assert "cexpr apply" not in outcome.err


@pytest.mark.parametrize("repeated", [(), ("--events",), ("--format", "csv")])
def test_a_further_clip_gets_the_outputs_that_apply_added(
    work: Path, cexpr_command: Command, repeated: tuple[str, ...]
) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    assert cexpr_command("apply", "--events", "--abaw", "--format", "parquet", "out").status == 0
    before = change_times(work / "out")
    outcome = cexpr_command("run", *BASE, *repeated, "clips/a.avi", "clips/b.avi")
    assert outcome.status == 0, outcome.err
    after = change_times(work / "out")
    kept = [name for name in before if name.startswith("a.")]
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert sorted(read_run()["clips"]["b"]["files"]) == [
        f"b.{part}.{kind}" for part in ("events", "faces", "frames") for kind in ("csv", "parquet")
    ]
    assert (work / "out" / "CE.txt").read_text().count("\nb/") == 4


def test_a_format_that_was_asked_for_once_is_the_format_of_the_run(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "--format", "parquet", "clips/a.avi")
    assert cexpr_command("run", *BASE, "clips").status == 0
    assert not list((work / "out").glob("*.csv"))
    # Overwriting begins anew.
    assert cexpr_command("run", *BASE, "--overwrite", "clips/a.avi").status == 0
    assert (work / "out" / "a.frames.csv").exists()
    assert not list((work / "out").glob("*.parquet"))


def order(cexpr_command: Command, *inputs: str) -> list[str]:
    """Run the inputs; return the clips of run.json, in its order."""
    cexpr_command("run", *BASE, *inputs)
    return list(read_run()["clips"])


def test_clips_keep_one_order(work: Path, cexpr_command: Command) -> None:
    assert order(cexpr_command, "clips/b.avi") == ["b"]
    assert order(cexpr_command, "clips") == ["a", "b", "c"]
    assert order(cexpr_command, "clips/c.avi", "clips/a.avi") == ["a", "b", "c"]
    write_mjpeg_avi(work / "clips" / "bb.avi", grey_steps(2))
    write_mjpeg_avi(work / "clips" / "d.avi", grey_steps(2))
    assert order(cexpr_command, "nowhere", "clips") == [*["a", "b", "bb", "c", "d"], "nowhere"]
    assert order(cexpr_command, "clips/bb.avi") == ["a", "b", "bb", "c", "d"]


def test_a_clip_of_another_folder_comes_last(work: Path, cexpr_command: Command) -> None:
    order(cexpr_command, "clips/b.avi", "clips/c.avi")
    write_mjpeg_avi(work / "0.avi", grey_steps(2))
    assert order(cexpr_command, "0.avi") == ["b", "c", "0"]


def test_a_name_too_long_for_the_results_fails_before_the_work(
    work: Path, cexpr_command: Command
) -> None:
    # 244 bytes and `.frames.csv` are 255.
    for length in (244, 245):
        write_mjpeg_avi(work / "clips" / f"{'n' * length}.avi", grey_steps(2))
    outcome = cexpr_command("run", *BASE, "clips")
    assert outcome.status == 1
    (line,) = [line for line in outcome.err.splitlines() if "cannot be written" in line]
    assert f"{'n' * 245}.avi: its results cannot be written: their name would have 256" in line
    assert line.endswith("at most 255 are possible here; give the clip a shorter name")
    record = read_run()
    assert record["counts"] == {"done": 4, "failed": 1, "pending": 0, "outdated": 0}
    assert record["clips"]["n" * 245]["info"] == {}
    assert (work / "out" / f"{'n' * 244}.frames.csv").exists()


def test_a_path_too_long_for_the_results_names_the_folder(work: Path) -> None:
    deep = Path("out", *["d" * 200] * 19, "e" * 180)
    values: dict[str, Any] = {
        "rules": "pair.yaml",
        "models": ("tiny.yaml",),
        "detector": "full-frame",
        "min_quality": 0,
    }
    write_mjpeg_avi(work / "clips" / f"{'n' * 200}.avi", grey_steps(2))
    record = run("clips", deep, RunOptions(**values))
    error = record.clips["n" * 200].error
    assert error is not None
    assert "their path would have" in error
    assert error.endswith("choose a folder with a shorter path")
    assert record.counts()["done"] == 3


@pytest.mark.parametrize(
    ("changes", "apply"),
    [
        ({"rules": "other.yaml"}, {"rules": "other.yaml"}),
        (
            {"events": True, "formats": ("csv", "parquet")},
            {"events": True, "formats": ("parquet",)},
        ),
        ({"folder_fps": 10.0}, None),
    ],
)
def test_the_error_holds_what_apply_needs_and_names_no_flag(
    work: Path, changes: dict[str, Any], apply: dict[str, Any] | None
) -> None:
    values: dict[str, Any] = {
        "rules": "pair.yaml",
        "models": ("tiny.yaml",),
        "detector": "full-frame",
        "min_quality": 0,
    }
    run("clips/a.avi", "out", RunOptions(**values))
    with pytest.raises(OccupiedError) as caught:
        run("clips/a.avi", "out", RunOptions(**{**values, **changes}))
    error = caught.value
    assert error.reason.startswith("out: holds a run with other options")
    assert str(error).startswith(error.reason)
    assert "--" not in str(error)
    if apply is None:
        assert error.apply is None
    else:
        assert error.apply is not None
        assert {**error.apply, "formats": tuple(error.apply.get("formats", ()))} == {
            "formats": (),
            **apply,
        }


@pytest.mark.parametrize("name", ["events.csv", "clips.parquet", "columns.csv", "CE.txt"])
@pytest.mark.parametrize("options", [(), ("--overwrite",)])
def test_files_that_no_run_wrote_are_neither_removed_nor_replaced(
    work: Path, cexpr_command: Command, name: str, options: tuple[str, ...]
) -> None:
    (work / "out").mkdir()
    (work / "out" / name).write_text("mine\n")
    outcome = cexpr_command("run", *BASE, "--abaw", *options, "clips")
    assert outcome.status == 2
    assert f"out: holds {name}, which no run wrote (no run.json); choose another" in outcome.err
    assert [path.name for path in (work / "out").iterdir()] == [name]
    assert (work / "out" / name).read_text() == "mine\n"


def test_other_files_are_no_reason_to_refuse_a_folder(work: Path, cexpr_command: Command) -> None:
    (work / "out").mkdir()
    for name in ("notes.csv", "CE.txt"):
        (work / "out" / name).write_text("mine\n")
    assert cexpr_command("run", *BASE, "clips/a.avi").status == 0
    assert (work / "out" / "CE.txt").read_text() == "mine\n"


def test_a_folder_that_cannot_be_created_is_bad_usage(work: Path, cexpr_command: Command) -> None:
    outcome = cexpr_command("run", *BASE[:-1], "pair.yaml/out", "clips")
    assert outcome.status == 2
    assert "pair.yaml/out: cannot create this folder: Not a directory" in outcome.err


def test_another_detector_is_named_without_the_hash_of_its_file(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    outcome = cexpr_command("run", *BASE, "--detector", "mtcnn", "clips/a.avi")
    assert '(detector: "full-frame" there, "mtcnn" now);' in outcome.err
