"""Folders of single images: one table, run again, stopped, decided again."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet
import pytest

from builders.image_files import write_grey_images, write_photographs, write_turned
from builders.run_files import BASE, Command, read_csv, read_run
from cexpr.clips.sources import ClipSource
from cexpr.errors import ClipError
from cexpr.options import RunOptions
from cexpr.pipeline import analyze
from cexpr.runs.apply import apply
from cexpr.runs.cores import usable_cores
from cexpr.runs.folder import RunFolder
from cexpr.runs.record import ClipRecord
from cexpr.runs.run import Observer, run
from cexpr.runs.stills import BATCH, items_of

FULL = RunOptions(rules="pair.yaml", models=("tiny.yaml",), detector="full-frame")
FOUND = RunOptions(rules="pair.yaml", models=("tiny.yaml",))


def clips_of(folder: str = "out") -> list[str]:
    return [row["clip"] for row in read_csv(Path(folder) / "images.csv")]


def number_or_text(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def test_images_have_one_table_and_say_the_same_as_each_alone(work: Path) -> None:
    write_photographs(work / "photos")
    record = run("photos", "out", FOUND)
    assert sorted(path.name for path in (work / "out").iterdir()) == [
        *("clips.csv", "columns.csv", "events.csv", "images.csv", "run.json")
    ]
    rows = read_csv(work / "out" / "images.csv")
    assert [row["clip"] for row in rows] == ["one", "two", "two"]
    assert rows[0]["file"] == str(work / "photos" / "one.jpg")
    run("photos", "apart", FOUND.model_copy(update={"stills": "apart"}))
    for name in ("one", "two"):
        alone = read_csv(work / "apart" / f"{name}.faces.csv")
        own = [row for row in rows if row["clip"] == name]
        for together, expected in zip(own, alone, strict=True):
            assert list(together) == ["file", "clip", *list(expected)[2:]]
            for column in list(expected)[2:]:
                # Several faces in one call of a model may differ in the last digit.
                assert number_or_text(together[column]) == pytest.approx(
                    number_or_text(expected[column]), abs=1e-5
                )
    assert [*record.clips] == ["one", "two", "without"]
    assert record.clips["without"].status == "done"
    assert record.clips["without"].info["faces"] == 0
    assert record.clips["two"].info["face_rows"] == 2


def test_what_the_record_and_the_tables_of_the_run_say_is_as_apart(work: Path) -> None:
    write_photographs(work / "photos")
    together = run("photos", "out", FOUND)
    apart = run("photos", "apart", FOUND.model_copy(update={"stills": "apart"}))
    for name, clip in apart.clips.items():
        other = together.clips[name]
        for key in ("frames", "faces", "face_rows", "frames_with_face", "seconds", "width", "fps"):
            assert other.info[key] == clip.info[key]
        assert (other.compounds, other.shown, other.expressions) == (
            *(clip.compounds, clip.shown, clip.expressions),
        )
    assert (work / "out/clips.csv").read_bytes() == (work / "apart/clips.csv").read_bytes()
    # A picture has no onset and no offset.
    assert read_csv(work / "out" / "events.csv") == []


def test_a_single_image_has_tables_of_its_own(work: Path) -> None:
    write_grey_images(work / "photos", "a")
    run("photos", "out", FULL)
    assert {"a.faces.csv", "a.frames.csv"} < {path.name for path in (work / "out").iterdir()}
    assert not (work / "out" / "images.csv").exists()


def test_images_and_clips_go_into_one_run(work: Path) -> None:
    write_grey_images(work / "clips", "xyz")
    record = run("clips", "out", FULL.model_copy(update={"formats": ("csv", "parquet")}))
    assert [*record.clips] == ["a", "b", "c", "x", "y", "z"]
    assert clips_of() == ["x", "y", "z"]
    table = pyarrow.parquet.read_table(work / "out" / "images.parquet")
    assert table.column("clip").to_pylist() == ["x", "y", "z"]
    assert b"path of the image" in table.schema.field("file").metadata[b"meaning"]
    assert len(read_csv(work / "out" / "b.frames.csv")) == 4
    assert len(read_csv(work / "out" / "clips.csv")) == 6


def test_several_pictures_in_a_file_are_a_clip(work: Path) -> None:
    write_grey_images(work / "photos", "ab")
    pages = [np.full((32, 32, 3), grey, np.uint8) for grey in (50, 60, 70)]
    cv2.imwritemulti(str(work / "photos" / "pages.tif"), pages)
    record = run("photos", "out", FULL)
    assert clips_of() == ["a", "b"]
    assert len(read_csv(work / "out" / "pages.frames.csv")) == 3
    assert record.counts()["done"] == 3


def test_damaged_images_fail_alone_and_are_tried_again(work: Path) -> None:
    write_grey_images(work / "photos", "abcd")
    (work / "photos" / "b.png").write_bytes(b"\x89PNG nothing")
    record = run("photos", "out", FULL)
    assert "cannot be decoded" in str(record.clips["b"].error)
    assert clips_of() == ["a", "c", "d"]
    write_grey_images(work / "photos", "abcd")
    assert run("photos", "out", FULL).counts()["failed"] == 0
    assert clips_of() == ["a", "b", "c", "d"]


def test_only_what_is_new_or_changed_is_done_again(work: Path) -> None:
    class Told(Observer):
        def __init__(self) -> None:
            self.done: list[str] = []

        def clip(self, record: ClipRecord) -> None:
            self.done.append(record.stem)

    write_grey_images(work / "photos", "abc")
    run("photos", "out", FULL)
    before = read_csv(work / "out" / "images.csv")
    write_grey_images(work / "photos", "ab")
    cv2.imwrite(str(work / "photos" / "b.png"), np.full((48, 48, 3), 200, np.uint8))
    cv2.imwrite(str(work / "photos" / "d.png"), np.full((32, 32, 3), 90, np.uint8))
    (work / "photos" / "a.png").touch()
    seen = Told()
    run("photos", "out", FULL, observer=seen)
    assert seen.done == ["a", "b", "d"]
    after = read_csv(work / "out" / "images.csv")
    assert [row["clip"] for row in after] == ["a", "b", "c", "d"]
    assert after[2] == before[2]
    assert after[1]["w"] == "48"
    (work / "out" / "images.csv").unlink()
    again = Told()
    run("photos", "out", FULL, observer=again)
    assert again.done == ["a", "b", "c", "d"]


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_goes_on_and_loses_nothing(work: Path, how: signal.Signals) -> None:
    (work / "photos").mkdir()
    count = 40 * BATCH
    for number in range(count):
        cv2.imwrite(str(work / "photos" / f"p{number}.png"), np.full((8, 8), 50, np.uint8))
    process = subprocess.Popen(
        [sys.executable, "-m", "cexpr", "run", *BASE, "photos"],
        stderr=subprocess.PIPE,
        text=True,
    )
    parts = work / "out" / "images.parts"
    while process.poll() is None and not (parts.is_dir() and any(parts.glob("*.parquet"))):
        threading.Event().wait(0.005)
    process.send_signal(how)
    process.communicate()
    kept = [name for name, clip in read_run()["clips"].items() if clip["status"] == "done"]
    process = subprocess.Popen(
        [sys.executable, "-m", "cexpr", "run", *BASE, "photos"],
        stderr=subprocess.PIPE,
        text=True,
    )
    _, told = process.communicate()
    assert process.returncode == 0
    if kept and len(kept) < count:
        assert f"{count - len(kept)} clips to do ({len(kept)} finished before are kept)" in told
    assert clips_of() == [f"p{number}" for number in range(count)]
    assert not parts.exists()


def test_an_image_that_was_alone_keeps_its_tables_until_it_changes(work: Path) -> None:
    write_grey_images(work / "photos", "a")
    run("photos", "out", FULL)
    write_grey_images(work / "photos", "b")
    run("photos", "out", FULL)
    assert clips_of() == ["b"]
    assert (work / "out" / "a.faces.csv").exists()
    cv2.imwrite(str(work / "photos" / "a.png"), np.full((48, 48, 3), 200, np.uint8))
    run("photos", "out", FULL)
    assert clips_of() == ["a", "b"]
    assert not (work / "out" / "a.faces.csv").exists()


@pytest.mark.skipif(usable_cores() < 2, reason="one core is one job")
def test_a_process_that_dies_loses_no_image(work: Path) -> None:
    write_grey_images(work / "photos", "a")
    data = (work / "photos" / "a.png").read_bytes()
    names = [f"p{number}" for number in range(5 * BATCH)]
    for name in names:
        (work / "photos" / f"{name}.png").write_bytes(data)

    class Killer(Observer):
        def __init__(self) -> None:
            self.has_killed = False

        def clip(self, record: ClipRecord) -> None:
            if not self.has_killed:
                self.has_killed = True
                multiprocessing.active_children()[0].kill()

    record = run("photos", "out", FULL, jobs=2, observer=Killer())
    assert record.counts()["done"] == len(names) + 1
    assert clips_of() == ["a", *names]


def test_jobs_give_the_same_table(work: Path) -> None:
    if usable_cores() < 2:
        pytest.skip("one core is one job")
    write_grey_images(work / "photos", "abcdefgh")
    run("photos", "out", FULL)
    run("photos", "spread", FULL, jobs=2)
    assert (work / "out/images.csv").read_bytes() == (work / "spread/images.csv").read_bytes()


def test_an_image_is_turned_as_its_mark_says(work: Path) -> None:
    write_photographs(work / "photos")
    write_turned(work / "photos" / "turned.jpg")
    run("photos", "out", FOUND)
    rows = {row["clip"]: row for row in read_csv(work / "out" / "images.csv")}
    for name in ("x", "y", "w", "h"):
        assert float(rows["turned"][name]) == pytest.approx(float(rows["one"][name]), abs=4)


@pytest.mark.parametrize("formats", [("csv",), ("parquet",)])
def test_other_rules_are_applied_to_images(work: Path, formats: tuple[str, ...]) -> None:
    write_photographs(work / "photos")
    run("photos", "out", FOUND.model_copy(update={"formats": formats}))
    record = apply("out", "other.yaml", formats="csv")
    run("photos", "other", FOUND.model_copy(update={"rules": "other.yaml"}))
    assert (work / "out/images.csv").read_bytes() == (work / "other/images.csv").read_bytes()
    assert (work / "out/clips.csv").read_bytes() == (work / "other/clips.csv").read_bytes()
    assert record.counts() == {"done": 3, "failed": 0, "pending": 0, "outdated": 0}
    assert record.clips["one"].files == [f"images.{kind}" for kind in sorted({"csv", *formats})]


def test_images_whose_table_is_lost_fail_in_apply(work: Path) -> None:
    write_grey_images(work / "photos", "ab")
    run("photos", "out", FULL)
    (work / "out" / "images.csv").unlink()
    record = apply("out", "other.yaml")
    assert record.counts()["failed"] == 2
    assert "its table of images is missing" in str(record.clips["a"].error)


def test_submissions_hold_each_image(work: Path) -> None:
    write_photographs(work / "photos")
    options = FOUND.model_copy(update={"abaw": True})
    run("photos", "out", options)
    run("photos", "apart", options.model_copy(update={"stills": "apart"}))
    assert (work / "out/CE.txt").read_text() == (work / "apart/CE.txt").read_text()
    assert "two/00001.jpg," in (work / "out" / "CE.txt").read_text()


def test_overwriting_removes_the_table(work: Path, cexpr_command: Command) -> None:
    write_grey_images(work / "photos", "ab")
    run("photos", "out", FULL)
    assert cexpr_command("run", *BASE, "--overwrite", "clips/a.avi").status == 0
    assert not (work / "out" / "images.csv").exists()


def test_another_place_for_images_is_another_run(work: Path, cexpr_command: Command) -> None:
    write_grey_images(work / "photos", "ab")
    cexpr_command("run", *BASE, "photos")
    outcome = cexpr_command("run", *BASE, "--stills", "apart", "photos")
    assert outcome.status == 2
    assert 'stills: "together" there, "apart" now' in outcome.err


def test_a_long_list_is_cut_into_batches_that_all_processes_share() -> None:
    images = [ClipSource(Path(f"{n}.jpg"), "image", str(n)) for n in range(70)]
    video = ClipSource(Path("v.mp4"), "video", "v")
    items = items_of([*images, video], 1, together=True)
    assert items[0] == video
    assert [len(one) for one in items[1:] if isinstance(one, tuple)] == [BATCH, BATCH, 6]
    spread = items_of(images[:8], 4, together=True)
    assert [len(one) for one in spread if isinstance(one, tuple)] == [2, 2, 2, 2]
    assert items_of(images, 4, together=False) == images


def test_a_still_from_python_is_as_in_the_table(work: Path) -> None:
    write_photographs(work / "photos")
    run("photos", "out", FOUND)
    alone = analyze("photos/one.jpg", "pair.yaml", ("tiny.yaml",))
    (row,) = (row for row in read_csv(work / "out" / "images.csv") if row["clip"] == "one")
    expected = alone.faces.column("happiness")[0].as_py()
    assert float(row["happiness"]) == pytest.approx(expected, abs=1e-5)


def test_a_lost_row_is_noticed_when_the_table_is_read(work: Path) -> None:
    write_grey_images(work / "photos", "ab")
    run("photos", "out", FULL.model_copy(update={"abaw": True}))
    table = work / "out" / "images.csv"
    table.write_text("\n".join(table.read_text().splitlines()[:2]) + "\n")
    folder = RunFolder.open("out")
    with pytest.raises(ClipError, match="has 0 faces of 'b', the record 1"):
        folder.read_table(folder.clips()[1], "faces")
