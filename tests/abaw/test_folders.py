"""Annotations in a file for each video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cexpr.abaw import folders
from cexpr.abaw.classes import CE_CLASSES, CE_HEADER, MTL_HEADER
from cexpr.errors import UsageError

UNITS = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26"
NAMES = ",".join(CE_CLASSES)


def write(path: Path, header: str, *rows: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_folder_of_compounds_counts_frames_from_one(tmp_path: Path) -> None:
    write(tmp_path / "13.txt", NAMES, "6", "-1", "0")
    write(tmp_path / "a b.csv", NAMES, "3")
    table = folders.read_compounds(tmp_path)
    assert table.keys == (("13", 1), ("13", 2), ("13", 3), ("a b", 1))
    np.testing.assert_array_equal(table.labels, [6, -1, 0, 3])


def test_one_file_is_read_as_before(tmp_path: Path) -> None:
    path = write(tmp_path / "CE.txt", CE_HEADER, "13/00004.jpg,6")
    assert folders.read_compounds(path).keys == (("13", 4),)
    path = write(tmp_path / "MTL.txt", MTL_HEADER, "13/00004.jpg,0,0,1" + ",1" * 12)
    assert folders.read_multi_task(path).keys == (("13", 4),)


def test_the_three_challenges_are_joined_by_video(tmp_path: Path) -> None:
    write(tmp_path / "VA" / "v.txt", "valence,arousal", "0.5,-0.25", "-5,-5")
    write(tmp_path / "EXPR" / "v.txt", "Neutral,Anger,Disgust", "7", "-1", "2")
    write(tmp_path / "AU" / "v.txt", UNITS, ",".join(["0", "1"] * 6))
    write(tmp_path / "EXPR" / "w_left.txt", "Neutral,Anger,Disgust", "1")
    table = folders.read_multi_task(tmp_path)
    rows = {key: row for row, key in enumerate(table.keys)}
    assert set(rows) == {("v", 1), ("v", 2), ("v", 3), ("w_left", 1)}
    order = [rows["v", 1], rows["v", 2], rows["v", 3], rows["w_left", 1]]
    np.testing.assert_array_equal(table.expression[order], [7, -1, 2, 1])
    np.testing.assert_array_equal(
        table.valence_arousal[order], [[0.5, -0.25], [-5, -5], [-5, -5], [-5, -5]]
    )
    np.testing.assert_array_equal(
        table.action_units[order], [[0, 1] * 6, [-1] * 12, [-1] * 12, [-1] * 12]
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (("7",), r"13\.txt:2: compound: expected 0\.\.6, got 7"),
        (("1", "x"), r"13\.txt:3: expected 1 number, got 'x'"),
        (("1", "1,2"), r"13\.txt:3: expected 1 number, got '1,2'"),
        (("1", ""), r"13\.txt:3: expected 1 number, got ''"),
        (("1,2",), r"13\.txt:2: expected 1 number in a row, got 2"),
    ],
)
def test_a_wrong_line_is_named_with_its_file(
    tmp_path: Path, rows: tuple[str, ...], message: str
) -> None:
    write(tmp_path / "13.txt", NAMES, *rows)
    with pytest.raises(UsageError, match=message):
        folders.read_compounds(tmp_path)


def test_what_cannot_be_joined_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no annotations"):
        folders.read_multi_task(tmp_path)
    write(tmp_path / "a" / "v.txt", "valence,arousal", "0.5,2")
    with pytest.raises(UsageError, match=r"v\.txt:2: arousal: expected -1\.\.1, got 2"):
        folders.read_multi_task(tmp_path)
    write(tmp_path / "a" / "v.txt", "valence,arousal", "0.5,1")
    write(tmp_path / "b" / "v.txt", "valence,arousal", "0.5,1")
    with pytest.raises(UsageError, match="another file already has these values of 'v'"):
        folders.read_multi_task(tmp_path)
    write(tmp_path / "ce" / "1" / "v.txt", NAMES, "1")
    write(tmp_path / "ce" / "2" / "v.txt", NAMES, "1")
    with pytest.raises(UsageError, match="two files of the same video"):
        folders.read_compounds(tmp_path / "ce")
    write(tmp_path / "headless" / "v.txt", "1", "1")
    with pytest.raises(UsageError, match=r"v\.txt:1: the header is missing"):
        folders.read_compounds(tmp_path / "headless")


def test_the_folder_of_a_run_is_no_annotations(tmp_path: Path) -> None:
    write(tmp_path / "13.frames.csv", NAMES, "1")
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    for read in (folders.read_compounds, folders.read_multi_task):
        with pytest.raises(UsageError, match="expected annotations, got the folder of a run"):
            read(tmp_path)


def test_a_long_line_is_cut(tmp_path: Path) -> None:
    write(tmp_path / "13.txt", NAMES, "1", "0.25," * 100)
    with pytest.raises(UsageError) as caught:
        folders.read_compounds(tmp_path)
    assert len(str(caught.value)) < len(str(tmp_path)) + 100
