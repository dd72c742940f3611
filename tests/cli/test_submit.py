"""`cexpr submit`: what it writes and what it reports."""

from __future__ import annotations

from pathlib import Path

from builders.labelled_runs import clip, run_folder
from builders.run_files import Command
from cexpr.abaw.classes import CE_HEADER


def sample(path: Path, *images: str) -> Path:
    path.write_text("\n".join([CE_HEADER, *(f"{image}," for image in images)]) + "\n")
    return path


def test_rows_that_are_held_filled_or_left_out_are_reported(
    tmp_path: Path, cexpr_command: Command
) -> None:
    run = run_folder(tmp_path / "run", clip("13", [0, 1]), clip("7", [2]))
    template = sample(tmp_path / "t.txt", "13/00001.jpg", "13/00002.jpg", "13/00003.jpg", "9/1.jpg")
    outcome = cexpr_command("submit", "ce", run, "--template", template, "--fill", "6")
    assert outcome.status == 0
    assert outcome.out.splitlines() == [
        f"{run / 'CE.submission.txt'}: 4 rows",
        "13: 1 row filled from the nearest known frame",
        "9: not in the run, filled with 6",
        "1 frame of the run not in the template, left out",
    ]


def test_the_file_can_be_named_and_a_missing_video_stops_it(
    tmp_path: Path, cexpr_command: Command
) -> None:
    run = run_folder(tmp_path / "run", clip("13", [0]))
    out = tmp_path / "mine.txt"
    template = sample(tmp_path / "t.txt", "13/00001.jpg")
    assert cexpr_command("submit", "ce", run, "--template", template, "-o", out).status == 0
    assert out.read_text().splitlines() == [CE_HEADER, "13/00001.jpg,0"]
    other = sample(tmp_path / "u.txt", "5/00001.jpg")
    outcome = cexpr_command("submit", "ce", run, "--template", other, "-o", tmp_path / "no.txt")
    assert outcome.status == 2
    assert not (tmp_path / "no.txt").exists()


def test_frames_without_a_label_are_reported(tmp_path: Path, cexpr_command: Command) -> None:
    run = run_folder(tmp_path / "run", clip("13", [0, 1]))
    table = run / "13.frames.csv"
    table.write_text(table.read_text().replace(",Happily_Surprised,1,", ",,,"))
    template = sample(tmp_path / "t.txt", "13/00001.jpg", "13/00002.jpg")
    outcome = cexpr_command("submit", "ce", run, "--template", template)
    assert outcome.out.splitlines()[1:] == [
        "13: 1 row without a label filled with the strongest pair"
    ]
