"""`cexpr run` and `cexpr apply` as a user types them."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cexpr.run
from cexpr.cli import main
from cexpr.cpu_quota import usable_cores
from cexpr.errors import UsageError
from cexpr.export import read_table
from cexpr.options import RunOptions
from cexpr.run import share_cores
from cexpr.run_record import ClipRecord
from cexpr.video import find_clips
from cexpr.workers import run_parallel
from tiny_model import write_tiny_model
from video_files import grey_steps, write_mjpeg_avi

RULES = """
cexpr: 1
name: pair
compounds:
  Happily_Surprised: mean(happiness, surprise)
  Sadly_Angry: mean(sadness, anger)
"""
OTHER_RULES = """
cexpr: 1
name: other
compounds:
  Sadly_Fearful: mean(sadness, fear)
"""

Command = Callable[..., "Outcome"]


class Outcome:
    """Exit status and output of a command."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with rules, a model and three clips, which is the current one."""
    (tmp_path / "pair.yaml").write_text(RULES)
    (tmp_path / "other.yaml").write_text(OTHER_RULES)
    write_tiny_model(tmp_path)
    (tmp_path / "clips").mkdir()
    for name, count in (("a", 3), ("b", 4), ("c", 5)):
        write_mjpeg_avi(tmp_path / "clips" / f"{name}.avi", grey_steps(count))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cexpr_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in this process."""

    def command(*arguments: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["cexpr", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            status = 0
        except SystemExit as stop:
            status = int(stop.code or 0)
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return command


BASE = ("--rules", "pair.yaml", "--model", "tiny.yaml", "--detector", "full-frame", "-o", "out")


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def read_run(folder: str = "out") -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(folder, "run.json").read_text(encoding="utf-8"))
    return loaded


def change_times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.csv")}


def test_a_folder_of_clips_gives_tables_and_a_record(work: Path, cexpr_command: Command) -> None:
    outcome = cexpr_command("run", *BASE, "clips")
    assert outcome.status == 0
    names = sorted(path.name for path in (work / "out").iterdir())
    tables = [f"{stem}.{part}.csv" for stem in "abc" for part in ("faces", "frames")]
    assert names == sorted([*tables, "run.json"])
    assert [len(read_csv(work / "out" / f"{stem}.frames.csv")) for stem in "abc"] == [3, 4, 5]
    run = read_run()
    assert run["counts"] == {"done": 3, "failed": 0, "pending": 0, "outdated": 0}
    assert run["provider"] == "CPUExecutionProvider"
    assert run["rules"]["name"] == "pair"
    assert len(run["rules"]["sha256"]) == len(run["models"][0]["sha256"]) == 64
    assert run["clips"]["b"]["info"]["frames"] == 4
    assert run["versions"]["cexpr"] == cexpr.__version__
    assert "CPUExecutionProvider" in outcome.err
    assert "3 done" in outcome.out


def test_quiet_prints_nothing_and_json_prints_the_record(
    work: Path, cexpr_command: Command
) -> None:
    outcome = cexpr_command("run", *BASE, "clips", "--quiet")
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "")
    outcome = cexpr_command("run", *BASE, "clips", "--json", "--overwrite")
    assert outcome.status == 0
    assert json.loads(outcome.out) == read_run()


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


def test_a_bad_clip_is_one_line_and_the_others_are_complete(
    work: Path, cexpr_command: Command
) -> None:
    (work / "clips" / "b.avi").write_bytes(b"no video at all")
    (work / "clips" / "empty.mp4").touch()
    for jobs in ("1", "2"):
        outcome = cexpr_command("run", *BASE, "--overwrite", "--jobs", jobs, "clips", "missing.avi")
        assert outcome.status == 1
        run = read_run()
        assert run["counts"] == {"done": 2, "failed": 3, "pending": 0, "outdated": 0}
        assert "empty" in run["clips"]["empty"]["error"]
        assert "Traceback" not in outcome.err
        last = outcome.err.strip().splitlines()[-3:]
        assert all(line.startswith("cexpr: ") for line in last)
        assert "missing.avi: no such file or folder" in outcome.err
        assert len(read_csv(work / "out" / "c.frames.csv")) == 5


def test_a_failed_clip_is_tried_again(work: Path, cexpr_command: Command) -> None:
    good = (work / "clips" / "b.avi").read_bytes()
    (work / "clips" / "b.avi").write_bytes(good[:100])
    assert cexpr_command("run", *BASE, "clips").status == 1
    (work / "clips" / "b.avi").write_bytes(good)
    assert cexpr_command("run", *BASE, "clips").status == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", *BASE, "nowhere.mp4", "neither"),
        ("run", *BASE, "--rules", "missing.yaml", "clips"),
        ("run", *BASE, "--model", "missing.onnx", "clips"),
        ("run", *BASE, "--detector", "haar", "clips"),
        ("run", *BASE, "--provider", "abacus", "clips"),
        ("run", *BASE, "--jobs", "0", "clips"),
        ("run", *BASE, "--blend", "expression=1,2", "clips"),
        ("run", *BASE, "--format", "xlsx", "clips"),
        ("run", *BASE, "--out", "pair.yaml", "clips"),
        ("run", *BASE),
        ("apply", "--rules", "pair.yaml", "nowhere"),
    ],
)
def test_bad_usage_is_one_line_and_nothing_is_processed(
    work: Path, cexpr_command: Command, arguments: tuple[str, ...]
) -> None:
    outcome = cexpr_command(*arguments)
    assert outcome.status == 2
    assert "Traceback" not in outcome.err
    assert outcome.err
    assert not (work / "out").exists() or not list((work / "out").iterdir())


def test_a_folder_without_clips_says_so(work: Path, cexpr_command: Command) -> None:
    (work / "nothing").mkdir()
    outcome = cexpr_command("run", *BASE, "nothing")
    assert outcome.status == 2
    assert "no video, GIF or image in this folder" in outcome.err


def test_a_damaged_record_is_replaced_only_when_asked(work: Path, cexpr_command: Command) -> None:
    (work / "out").mkdir()
    (work / "out" / "run.json").write_text('{"clips": 3')
    outcome = cexpr_command("run", *BASE, "clips")
    assert outcome.status == 2
    assert "use --overwrite to replace it" in outcome.err
    assert cexpr_command("run", *BASE, "--overwrite", "clips").status == 0


def test_clips_of_one_name_get_distinct_files_also_in_a_later_run(
    work: Path, cexpr_command: Command
) -> None:
    for folder, count in (("x", 2), ("y", 6)):
        (work / folder).mkdir()
        write_mjpeg_avi(work / folder / "süß 1.avi", grey_steps(count))
    assert cexpr_command("run", *BASE, "x", "y").status == 0
    rows = {p.name: len(read_csv(p)) for p in (work / "out").glob("*.frames.csv")}
    assert rows == {"x_süß 1.frames.csv": 2, "y_süß 1.frames.csv": 6}
    for folder in ("x", "y"):
        outcome = cexpr_command("run", *BASE[:-1], "apart", folder)
        assert outcome.status == 0
    rows = {p.name: len(read_csv(p)) for p in (work / "apart").glob("*.frames.csv")}
    assert rows == {"süß 1.frames.csv": 2, "süß 1_2.frames.csv": 6}
    cexpr_command("run", *BASE[:-1], "apart", "y")
    assert {p.name for p in (work / "apart").glob("*.frames.csv")} == set(rows)


def test_parquet_and_csv_hold_the_same(work: Path, cexpr_command: Command) -> None:
    outcome = cexpr_command(
        "run", *BASE, "--format", "csv", "--format", "parquet", "--events", "clips/a.avi"
    )
    assert outcome.status == 0
    for part in ("frames", "faces", "events"):
        tables = [read_table(work / "out" / f"a.{part}.{kind}") for kind in ("csv", "parquet")]
        assert tables[0].equals(tables[1]), part


def test_apply_equals_a_run_with_the_other_rules(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips")
    faces = change_times(work / "out")["a.faces.csv"]
    for clip in (work / "clips").iterdir():
        clip.unlink()
    outcome = cexpr_command("apply", "--rules", "other.yaml", "out")
    assert outcome.status == 0
    applied = {p.name: p.read_bytes() for p in (work / "out").glob("*.csv")}
    assert change_times(work / "out")["a.faces.csv"] == faces
    assert read_run()["rules"]["name"] == "other"
    for name, count in (("a", 3), ("b", 4), ("c", 5)):
        write_mjpeg_avi(work / "clips" / f"{name}.avi", grey_steps(count))
    cexpr_command("run", *BASE[:-1], "fresh", "--rules", "other.yaml", "clips")
    assert applied == {p.name: p.read_bytes() for p in (work / "fresh").glob("*.csv")}


def test_a_run_goes_on_after_apply_with_the_applied_rules(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    cexpr_command("apply", "--rules", "other.yaml", "out")
    assert cexpr_command("run", *BASE, "clips").status == 2
    before = change_times(work / "out")
    assert cexpr_command("run", *BASE, "--rules", "other.yaml", "clips").status == 0
    assert change_times(work / "out")["a.frames.csv"] == before["a.frames.csv"]


def test_apply_refuses_rules_that_need_what_the_run_lacks(
    work: Path, cexpr_command: Command
) -> None:
    write_tiny_model(work, "bare", heads=("expression",))
    bare = ("--rules", "pair.yaml", "--model", "bare.yaml", "--detector", "full-frame")
    assert cexpr_command("run", *bare, "-o", "out", "clips").status == 0
    before = change_times(work / "out")
    (work / "needy.yaml").write_text(OTHER_RULES.replace("fear)", "AU12)"))
    outcome = cexpr_command("apply", "--rules", "needy.yaml", "out")
    assert outcome.status == 2
    assert "AU12" in outcome.err
    assert change_times(work / "out") == before
    assert read_run()["rules"]["name"] == "pair"


def test_apply_names_a_damaged_table_and_does_the_others(
    work: Path, cexpr_command: Command
) -> None:
    cexpr_command("run", *BASE, "clips")
    (work / "out" / "b.faces.csv").write_text("frame\nx\n")
    outcome = cexpr_command("apply", "--rules", "other.yaml", "out")
    assert outcome.status == 1
    assert "b.faces.csv" in outcome.err
    assert read_run()["counts"]["done"] == 2
    assert "Sadly_Fearful" in read_csv(work / "out" / "a.frames.csv")[0]


def test_the_submissions_have_the_form_of_the_challenge(work: Path, cexpr_command: Command) -> None:
    assert cexpr_command("run", *BASE, "--abaw", "clips/a.avi", "clips/b.avi").status == 0
    ce = (work / "out" / "CE.txt").read_text().splitlines()
    assert ce[0] == (
        "image_location,Fearfully_Surprised,Happily_Surprised,Sadly_Surprised,"
        "Disgustedly_Surprised,Angrily_Surprised,Sadly_Fearful,Sadly_Angry"
    )
    assert len(ce) == 1 + 3 + 4
    labels = [row["compound"] for row in read_csv(work / "out" / "a.frames.csv")]
    ids = {"Happily_Surprised": 1, "Sadly_Angry": 6}
    assert ce[1:4] == [f"a/{n:05d}.jpg,{ids[label]}" for n, label in enumerate(labels, 1)]
    mtl = (work / "out" / "MTL.txt").read_text().splitlines()
    assert mtl[0] == "image,valence,arousal,expression,aus"
    cells = mtl[1].split(",")
    assert cells[0] == "a/00001.jpg"
    assert len(cells) == 1 + 2 + 1 + 12
    row = read_csv(work / "out" / "a.frames.csv")[0]
    assert float(cells[1]) == pytest.approx(float(row["valence"]), abs=1e-5)
    names = list(row)[3:11]
    best = max(names, key=lambda name: float(row[name]))
    order = ["neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "contempt"]
    assert cells[3] == str(order.index(best))
    units = list(row)[13:25]
    assert cells[4:] == [str(int(float(row[name]) >= 0.5)) for name in units]


def test_submissions_without_the_models_for_them(work: Path, cexpr_command: Command) -> None:
    write_tiny_model(work, "bare", heads=("expression",))
    bare = ("run", "--rules", "pair.yaml", "--model", "bare.yaml", "--detector", "full-frame")
    outcome = cexpr_command(*bare, "--abaw", "-o", "out", "clips/a.avi")
    assert outcome.status == 0
    assert "no MTL.txt, because no model provides valence" in outcome.err
    assert not (work / "out" / "MTL.txt").exists()
    (work / "foreign.yaml").write_text(OTHER_RULES.replace("Sadly_Fearful", "Smile"))
    foreign = ("--overwrite", "--abaw", "--rules", "foreign.yaml")
    outcome = cexpr_command("run", *BASE, *foreign, "clips")
    assert outcome.status == 2
    assert "none of the compounds of the challenge" in outcome.err


def test_jobs_give_the_same_files(work: Path, cexpr_command: Command) -> None:
    if usable_cores() < 2:
        pytest.skip("one core is one job")
    cexpr_command("run", *BASE, "clips")
    outcome = cexpr_command("run", *BASE[:-1], "spread", "--jobs", "2", "clips")
    assert outcome.status == 0
    for path in (work / "out").glob("*.csv"):
        assert path.read_bytes() == (work / "spread" / path.name).read_bytes()


def test_jobs_and_threads_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cexpr.run, "usable_cores", lambda: 6)
    assert share_cores(1, None)[:2] == (1, 4)
    assert share_cores(2, None)[:2] == (2, 3)
    assert share_cores(4, None)[:2] == (4, 1)
    jobs, threads, notes = share_cores(9, 2)
    assert jobs * threads <= 6
    assert len(notes) == 2
    with pytest.raises(UsageError, match="--threads: expected at least 1, got 0"):
        share_cores(1, 0)


def test_no_socket_is_opened(
    work: Path, cexpr_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    # The default model and detector, on an image with nothing in it.
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    write_mjpeg_avi(work / "noise.avi", [noise] * 3)
    outcome = cexpr_command("run", "--rules", "pair.yaml", "-o", "out", "--abaw", "noise.avi")
    assert outcome.status == 0
    assert cexpr_command("apply", "--rules", "other.yaml", "out").status == 0
    assert len(read_csv(work / "out" / "noise.frames.csv")) == 3


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


def test_real_clips_in_one_command(shared: Path, tmp_path: Path, cexpr_command: Command) -> None:
    clips = [shared / "clips" / name for name in ("thanks.mkv", "walking-pair.gif")]
    out = tmp_path / "out"
    outcome = cexpr_command("run", "--rules", "hsemotion-mean", "-o", out, *clips)
    assert outcome.status == 0
    run = read_run(str(out))
    thanks = run["clips"]["thanks"]["info"]
    assert thanks["frames"] == len(read_csv(out / "thanks.frames.csv")) == 51
    assert thanks["frames_with_face"] >= 0.95 * thanks["frames"]
    assert run["derived"]["valence"] == "circumplex"
