"""Whole runs: from Python, in several processes, stopped by a signal."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from builders.run_files import BASE, Command, change_times, read_csv, read_run
from builders.video_files import grey_steps, write_mjpeg_avi
from cexpr.clips.sources import find_clips
from cexpr.errors import UsageError
from cexpr.options import RunOptions
from cexpr.runs.cores import usable_cores
from cexpr.runs.record import ClipRecord, RunRecord
from cexpr.runs.run import Observer, run

OPTIONS = RunOptions(rules="pair.yaml", models=("tiny.yaml",), detector="full-frame", min_quality=0)


@pytest.mark.parametrize("inputs", ["clips/a.avi", Path("clips/a.avi"), ["clips/a.avi"]])
def test_one_input_or_several_are_read_without_an_observer(
    work: Path, inputs: str | Path | list[str]
) -> None:
    record = run(inputs, "out", OPTIONS)
    assert record.clips["a"].status == "done"
    assert RunRecord.load(work / "out") == record
    assert len(read_csv(work / "out" / "a.frames.csv")) == 3


def test_clips_that_were_found_are_read_by_their_paths(work: Path) -> None:
    found = find_clips("clips")
    assert [*run(found, "out", OPTIONS).clips] == [clip.stem for clip in found]
    assert [*run(found[1], "one", OPTIONS).clips] == ["b"]


@pytest.mark.parametrize("overwrite", ["no", 1, None])
def test_a_run_is_replaced_only_by_true(work: Path, overwrite: object) -> None:
    run("clips/a.avi", "out", OPTIONS)
    before = change_times(work / "out")
    with pytest.raises(TypeError, match="overwrite: expected True or False, got"):
        run("clips/b.avi", "out", OPTIONS, overwrite=overwrite)  # type: ignore[arg-type]
    assert change_times(work / "out") == before


def test_an_observer_overrides_what_it_wants_to_hear_of(work: Path) -> None:
    class Counting(Observer):
        def __init__(self) -> None:
            self.frames: dict[str, int] = {}

        def progress(self, stem: str, frames: int, announced: int | None) -> None:
            self.frames[stem] = frames

    observer = Counting()
    run(Path("clips"), "out", OPTIONS, observer=observer)
    assert observer.frames == {"a": 3, "b": 4, "c": 5}


def test_an_input_without_a_clip_fails_alone(work: Path) -> None:
    record = run(["clips/a.avi", "nowhere.avi"], "out", OPTIONS)
    assert record.counts() == {"done": 1, "failed": 1, "pending": 0, "outdated": 0}
    assert "no such file or folder" in str(record.clips["nowhere.avi"].error)
    with pytest.raises(UsageError, match=r"nowhere\.avi.*; .*neither"):
        run(["nowhere.avi", "neither"], "other", OPTIONS)
    assert not (work / "other").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, "out"), "inputs: expected one path or several"),
        (([b"a.avi"], "out"), "inputs: expected a path"),
        ((["clips"], 1), "out: expected a path"),
        ((["clips"], "out", {"rules": "pair.yaml"}), "options: expected cexpr's RunOptions"),
    ],
)
def test_wrong_types_are_named(work: Path, arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        run(*arguments)  # type: ignore[arg-type]


def test_no_input_and_no_job_are_bad_usage(work: Path) -> None:
    with pytest.raises(UsageError, match="no inputs"):
        run([], "out", OPTIONS)
    with pytest.raises(UsageError, match="jobs: expected at least 1, got 0"):
        run("clips", "out", OPTIONS, jobs=0)
    assert not (work / "out").exists()


def test_a_folder_that_nothing_can_be_written_to_is_refused_before_the_first_clip(
    work: Path,
) -> None:
    (work / "out" / ".run.json.tmp").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"run\.json: cannot be written"):
        run("clips", "out", OPTIONS)
    assert list((work / "out").glob("*.csv")) == []


def test_jobs_give_the_same_files(work: Path, cexpr_command: Command) -> None:
    if usable_cores() < 2:
        pytest.skip("one core is one job")
    cexpr_command("run", *BASE, "clips")
    outcome = cexpr_command("run", *BASE[:-1], "spread", "--jobs", "2", "clips")
    assert outcome.status == 0
    for path in (work / "out").glob("*.csv"):
        assert path.read_bytes() == (work / "spread" / path.name).read_bytes()


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


@pytest.mark.skipif(usable_cores() < 2, reason="one core is one job")
def test_ctrl_c_in_several_processes_keeps_finished_clips(
    work: Path, cexpr_command: Command
) -> None:
    process = start_and_wait_for_first_clip(work, "--jobs", "2")
    # As a terminal sends it: to the whole group.
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "finished clips are kept" in err
    assert read_run()["counts"]["done"] >= 1
    assert cexpr_command("run", *BASE, "clips").status == 0


@pytest.mark.skipif(usable_cores() < 2, reason="one core is one job")
def test_a_process_that_dies_fails_its_clip_only(work: Path) -> None:
    for number in range(6):
        write_mjpeg_avi(work / "clips" / f"more{number}.avi", grey_steps(12, 320, 240))

    class Killer(Observer):
        def __init__(self) -> None:
            self.killed = ""

        def progress(self, stem: str, frames: int, announced: int | None) -> None:
            if not self.killed:
                self.killed = stem
                multiprocessing.active_children()[0].kill()

    observer = Killer()
    record = run("clips", "out", OPTIONS, jobs=2, observer=observer)
    failed: list[ClipRecord] = [one for one in record.clips.values() if one.status == "failed"]
    assert record.counts()["done"] == 8
    (clip,) = failed
    assert "ended unexpectedly (signal 9)" in str(clip.error)
