"""Runs that stop and go on: resume, kill, Ctrl-C, and clips in several processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import cexpr.runs.run
from builders.run_files import BASE, RULES, Command, change_times, read_csv, read_run
from builders.video_files import grey_steps, write_mjpeg_avi
from cexpr.clips.sources import find_clips
from cexpr.errors import UsageError
from cexpr.options import RunOptions
from cexpr.runs.cores import usable_cores
from cexpr.runs.jobs import run_parallel
from cexpr.runs.record import ClipRecord
from cexpr.runs.run import share_cores


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
        *("a.faces.csv", "a.frames.csv", "mine.csv", "run.json")
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


def test_jobs_give_the_same_files(work: Path, cexpr_command: Command) -> None:
    if usable_cores() < 2:
        pytest.skip("one core is one job")
    cexpr_command("run", *BASE, "clips")
    outcome = cexpr_command("run", *BASE[:-1], "spread", "--jobs", "2", "clips")
    assert outcome.status == 0
    for path in (work / "out").glob("*.csv"):
        assert path.read_bytes() == (work / "spread" / path.name).read_bytes()


def test_jobs_and_threads_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cexpr.runs.run, "usable_cores", lambda: 6)
    assert share_cores(1, None)[:2] == (1, 4)
    assert share_cores(2, None)[:2] == (2, 3)
    assert share_cores(4, None)[:2] == (4, 1)
    jobs, threads, notes = share_cores(9, 2)
    assert jobs * threads <= 6
    assert len(notes) == 2
    with pytest.raises(UsageError, match="--threads: expected at least 1, got 0"):
        share_cores(1, 0)


def start_and_wait_for_first_clip(work: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a run of many clips and return once it has told that the first is done."""
    for number in range(30):
        write_mjpeg_avi(work / "clips" / f"many{number}.avi", grey_steps(10))
    process = subprocess.Popen(
        [sys.executable, "-m", "cexpr", "run", *BASE, *arguments, "clips"],
        cwd=work,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    # A run that hangs must fail the test, not stop it.
    guard = threading.Timer(120, process.kill)
    guard.start()
    for line in process.stderr:
        if line.startswith("[2/"):
            break
    guard.cancel()
    return process


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_run_is_taken_up_again(work: Path, cexpr_command: Command, jobs: str) -> None:
    process = start_and_wait_for_first_clip(work, "--jobs", jobs)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    run = read_run()
    done = [stem for stem, clip in run["clips"].items() if clip["status"] == "done"]
    assert done
    assert len(done) < len(run["clips"]) == 33
    for stem in done:
        frames = read_csv(work / "out" / f"{stem}.frames.csv")
        assert len(frames) == run["clips"][stem]["info"]["frames"]
    before = change_times(work / "out")
    assert cexpr_command("run", *BASE, "clips").status == 0
    after = change_times(work / "out")
    kept = [f"{stem}.{part}.csv" for stem in done for part in ("frames", "faces")]
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert len(after) == 66
    assert not list((work / "out").glob(".*"))


def test_ctrl_c_keeps_finished_clips(work: Path, cexpr_command: Command) -> None:
    process = start_and_wait_for_first_clip(work)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "finished clips are kept" in err
    assert "Traceback" not in err
    counts = read_run()["counts"]
    assert counts["done"] >= 1
    assert counts["pending"] >= 1
    assert cexpr_command("run", *BASE, "clips").status == 0


def test_a_worker_that_dies_fails_its_clip_only(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = RunOptions(
        rules="pair.yaml", models=("tiny.yaml",), detector="full-frame", folder_fps=25
    )
    for number in range(6):
        write_mjpeg_avi(work / "clips" / f"more{number}.avi", grey_steps(12, 320, 240))
    (work / "out").mkdir()
    records: list[ClipRecord] = []
    killed: list[str] = []

    def kill(stem: str, frames: int, announced: int | None) -> None:
        if not killed:
            killed.append(stem)
            (child,) = multiprocessing.active_children()
            child.kill()

    run_parallel(
        options,
        work / "out",
        find_clips([work / "clips"]),
        1,
        on_progress=kill,
        on_done=records.append,
    )
    failed = [record for record in records if record.status == "failed"]
    assert len(records) == 9
    assert [record.stem for record in failed] == killed
    assert "ended unexpectedly (signal 9)" in str(failed[0].error)


def test_overwrite_says_before_whose_results_it_removes(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips")
    outcome = cexpr_command("run", *BASE, "--overwrite", "clips/a.avi")
    first = outcome.err.splitlines()[0]
    assert "--overwrite removes the results of 3 clips of the run that is there" in first
    assert "2 of them not among the inputs: b, c" in first
    again = cexpr_command("run", *BASE, "--overwrite", "clips/a.avi")
    assert "removes the results of 1 clip of the run that is there\n" in again.err
    fresh = cexpr_command("run", *BASE[:-1], "fresh", "--overwrite", "clips/a.avi")
    assert "removes" not in fresh.err


def test_other_rules_alone_have_apply_as_their_remedy(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips")
    outcome = cexpr_command("run", *BASE, "--rules", "other.yaml", "clips")
    assert "'cexpr apply --rules other.yaml out' decides its clips anew" in outcome.err
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
    assert "'cexpr apply --events --abaw --format parquet out' decides" in outcome.err
    assert cexpr_command("apply", *more, "out").status == 0
    # Apply takes nothing away, and reads no video.
    for other in ((), (*more, "--detector", "mtcnn"), ("--events", "--format", "parquet")):
        outcome = cexpr_command("run", *BASE, *other, "clips")
        assert outcome.status == 2
        assert "cexpr apply" not in outcome.err
