"""`cexpr run` as a user types it: tables, failures, output, statuses."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import cexpr.runs.run
from builders.run_files import BASE, Command, read_csv, read_run
from builders.video_files import grey_steps, write_mjpeg_avi
from cexpr.cli.run import parse_blend
from cexpr.errors import FileError, UsageError
from cexpr.runs.record import RunRecord
from cexpr.tables.files import read_table


def test_a_folder_of_clips_gives_tables_and_a_record(work: Path, cexpr_command: Command) -> None:
    outcome = cexpr_command("run", *BASE, "clips")
    assert outcome.status == 0
    names = sorted(path.name for path in (work / "out").iterdir())
    tables = [f"{stem}.{part}.csv" for stem in "abc" for part in ("faces", "frames")]
    assert names == sorted([*tables, "clips.csv", "columns.csv", "events.csv", "run.json"])
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


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", *BASE, "nowhere.mp4", "neither"),
        ("run", *BASE, "--rules", "missing.yaml", "clips"),
        ("run", *BASE, "--model", "missing.onnx", "clips"),
        ("run", *BASE, "--detector", "haar", "clips"),
        ("run", *BASE, "--provider", "abacus", "clips"),
        ("run", *BASE, "--jobs", "0", "clips"),
        ("run", *BASE, "--rotate", "45", "clips"),
        ("run", *BASE, "--rotate", "auto", "clips"),
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


def test_pictures_are_turned_and_the_record_says_so(work: Path, cexpr_command: Command) -> None:
    assert cexpr_command("run", *BASE, "--rotate", "270", "clips/a.avi").status == 0
    run = read_run()
    info = run["clips"]["a"]["info"]
    assert (run["options"]["rotate"], info["rotate"]) == (270, 270)
    assert (info["width"], info["height"]) == (48, 64)
    (box, *_) = read_csv(work / "out" / "a.faces.csv")
    assert (float(box["w"]), float(box["h"])) == (48, 64)


def test_a_folder_without_clips_says_so(work: Path, cexpr_command: Command) -> None:
    (work / "nothing").mkdir()
    outcome = cexpr_command("run", *BASE, "nothing")
    assert outcome.status == 2
    assert "no video, GIF or image in this folder" in outcome.err


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


def test_libraries_leave_nothing_at_home(work: Path) -> None:
    home = work / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    # What ONNX Runtime would report lies below the home folder first.
    command = [sys.executable, "-m", "cexpr", "run", *BASE, "clips"]
    subprocess.run(command, cwd=work, env=environment, check=True, capture_output=True)
    assert list(home.rglob("*")) == []


def test_a_record_that_cannot_be_written_after_a_clip_is_a_failed_run(
    work: Path, cexpr_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[int] = []

    def save(self: RunRecord, folder: Path) -> None:
        saved.append(self.counts()["done"])
        if saved[-1]:
            raise FileError("run.json: cannot be written: No space left on device")

    monkeypatch.setattr(RunRecord, "save", save)
    outcome = cexpr_command("run", *BASE, "clips")
    assert outcome.status == 1
    assert "No space left" in outcome.err
    assert len(list((work / "out").glob("*.frames.csv"))) >= 1


def test_real_clips_in_one_command(shared: Path, tmp_path: Path, cexpr_command: Command) -> None:
    clips = [shared / "clips" / name for name in ("thanks.mkv", "walking-pair.gif")]
    out = tmp_path / "out"
    outcome = cexpr_command("run", "--rules", "hsemotion-mean", "-o", out, *clips)
    assert outcome.status == 0
    run = read_run(str(out))
    thanks = run["clips"]["thanks"]["info"]
    assert thanks["frames"] == len(read_csv(out / "thanks.frames.csv")) == 51
    assert thanks["frames_with_face"] >= 0.95 * thanks["frames"]
    assert len(run["detector"]["files"]) == 3
    assert len(run["detector"]["sha256"]) == 64
    assert run["derived"]["valence"] == "circumplex"


def test_each_failure_is_told_once(work: Path, cexpr_command: Command) -> None:
    (work / "clips" / "b.avi").write_bytes(b"no video at all")
    outcome = cexpr_command("run", *BASE, "clips")
    assert outcome.err.count("not a video that can be decoded") == 1
    assert "[2/3] b: failed\n" in outcome.err


def test_warnings_of_clips_are_a_line_each_unless_quiet(work: Path, cexpr_command: Command) -> None:
    images = work / "images"
    images.mkdir()
    for number in (0, 1):
        cv2.imwrite(str(images / f"{number}.png"), grey_steps(1)[0])
    (images / "2.png").write_bytes(b"damaged")
    outcome = cexpr_command("run", *BASE, "images", "clips")
    (line,) = (line for line in outcome.err.splitlines() if line.startswith("cexpr: "))
    assert line.startswith("cexpr: images: the images count from 0")
    assert "frame 3 is left out" in line
    assert cexpr_command("run", *BASE, "images", "clips", "--quiet").err == ""


def test_without_any_face_crops_are_thought_of(work: Path, cexpr_command: Command) -> None:
    searching = (*BASE, "--detector", "mtcnn")
    hint = "run with --detector full-frame"
    assert hint in cexpr_command("run", *searching, "clips/a.avi").err
    assert hint not in cexpr_command("run", *searching, "clips/a.avi", "--quiet").err
    assert hint not in cexpr_command("run", *BASE, "--overwrite", "clips/a.avi").err


def test_an_address_is_named_as_it_was_typed(work: Path, cexpr_command: Command) -> None:
    address = "https://example.com/a.mp4"
    outcome = cexpr_command("run", *BASE, address)
    assert outcome.status == 2
    assert outcome.err == (
        f"cexpr: {address}: addresses are not read; download the clip and name the file\n"
    )
    assert cexpr_command("run", *BASE, address, "clips/a.avi").status == 1
    assert read_run()["clips"]["a.mp4"]["path"] == address


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--fps", "-3"), "--fps: expected a number above 0, got -3.0"),
        (("--format", "xlsx"), "--format: expected csv or parquet, got 'xlsx'"),
        (
            ("--config", "pair.yaml"),
            "pair.yaml: is a rule file, not an options file (use --rules)",
        ),
        (
            ("--config", "tiny.yaml"),
            "tiny.yaml: is the manifest of a model, not an options file (use --model)",
        ),
    ],
)
def test_a_wrong_option_is_called_as_it_was_typed(
    work: Path, cexpr_command: Command, arguments: tuple[str, ...], message: str
) -> None:
    outcome = cexpr_command("run", *BASE, *arguments, "clips")
    assert outcome.status == 2
    assert message in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_images_in_sequence_that_are_no_folder_clip_are_remarked(
    work: Path, cexpr_command: Command
) -> None:
    for folder, start, step in (("shots", 1, 1), ("odd", 1, 2), ("few", 1, 1)):
        (work / folder).mkdir()
        for number in range(start, start + step * (10 if folder == "few" else 11), step):
            cv2.imwrite(str(work / folder / f"IMG_{number:04d}.png"), grey_steps(1)[0])
    outcome = cexpr_command("run", *BASE, "shots")
    assert read_run()["counts"]["done"] == 11
    assert "shots: 11 images numbered in sequence are a clip each" in outcome.err
    assert "name them 1.jpg, 2.jpg, ..." in outcome.err
    for folder in ("odd", "few"):
        assert "numbered in sequence" not in cexpr_command("run", *BASE, folder).err


def test_blend_weights_are_read_by_name() -> None:
    assert parse_blend(["expression=0.8,0.2", "fear=1,0"]) == {
        "expression": (0.8, 0.2),
        "fear": (1.0, 0.0),
    }


@pytest.mark.parametrize("text", ["expression", "=1,2", "fear=", "fear=a,b", "fear=nan,1"])
def test_weights_in_another_form_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected NAME=W,W"):
        parse_blend([text])


def test_weights_for_one_name_are_given_once() -> None:
    with pytest.raises(UsageError, match="each NAME once"):
        parse_blend(["fear=1,0", "fear=0,1"])


def test_a_folder_in_which_nothing_can_be_written_is_bad_usage(
    work: Path, cexpr_command: Command
) -> None:
    # In the place of the file that becomes run.json.
    (work / "out" / ".run.json.tmp").mkdir(parents=True)
    outcome = cexpr_command("run", *BASE, "clips", "--quiet")
    assert outcome.status == 2
    assert outcome.err.startswith("cexpr: out/run.json: cannot be written: ")
    assert not list((work / "out").glob("*.csv"))


def test_an_empty_folder_name_is_refused_by_the_library(work: Path) -> None:
    with pytest.raises(UsageError, match=r"^out: expected a folder, got ''$"):
        cexpr.runs.run.run("clips", "")
    with pytest.raises(UsageError, match=r"^inputs: expected a file or folder, got ''$"):
        cexpr.runs.run.run("", "out")
