from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cexpr.abaw import files
from cexpr.abaw.classes import CE_HEADER, MTL_HEADER
from cexpr.errors import UsageError

UNITS = ",".join(["0", "1"] * 6)


def write(path: Path, header: str, *rows: str) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def problems(path: Path, kind: files.Kind, template: Path | None = None) -> list[tuple[int, str]]:
    return [(one.line, one.message) for one in files.check_submission(path, kind, template)]


def test_annotations_are_read_with_their_markers(tmp_path: Path) -> None:
    path = write(
        tmp_path / "train.txt",
        "image,valence,arousal,expression,AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26",
        f"1-30-1280x720/00001.jpg,0.25,-0.5,7,{UNITS}",
        "1-30-1280x720/00008.jpg,-5,-5,-1" + ",-1" * 12,
    )
    table = files.read_multi_task(path)
    assert table.keys == (("1-30-1280x720", 1), ("1-30-1280x720", 8))
    np.testing.assert_array_equal(table.valence_arousal, [[0.25, -0.5], [-5, -5]])
    np.testing.assert_array_equal(table.expression, [7, -1])
    np.testing.assert_array_equal(table.action_units, [[0, 1] * 6, [-1] * 12])


def test_compounds_are_read_with_their_videos(tmp_path: Path) -> None:
    path = write(tmp_path / "ce.txt", CE_HEADER, "13/00001.jpg,6", "a b/x/13_00002.png,-1")
    table = files.read_compounds(path)
    assert table.keys == (("13", 1), ("a b/x", 2))
    np.testing.assert_array_equal(table.labels, [6, -1])


def test_a_file_with_a_byte_order_mark_and_windows_lines_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ce.txt"
    path.write_bytes(b"\xef\xbb\xbf" + f"{CE_HEADER}\r\n13/00001.jpg,6\r\n".encode())
    assert files.read_compounds(path).keys == (("13", 1),)
    assert problems(path, "ce") == []


def test_what_is_wrong_with_annotations_is_named_by_line(tmp_path: Path) -> None:
    path = write(tmp_path / "ce.txt", CE_HEADER, "13/00001.jpg,7", *["nothing,1"] * 6)
    with pytest.raises(
        UsageError, match=r"line 2: compound: expected 0\.\.6, got 7; line 3.*2 more"
    ):
        files.read_compounds(path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("13/00001.jpg,7", "compound: expected 0..6, got 7"),
        ("13/00001.jpg,-1", "compound: expected 0..6, got -1"),
        ("13/00001.jpg,1.5", "compound: expected 0..6, got 1.5"),
        ("13/00001.jpg,nan", "compound: expected 0..6, got nan"),
        ("13/00001.jpg,inf", "compound: expected 0..6, got inf"),
        ("13/00001.jpg,joy", "expected numbers after '13/00001.jpg'"),
        ("13/00001.jpg,1,2", "expected 1 field after the image, got 2"),
        ("00001.jpg,1", "expected VIDEO/00001.jpg, got '00001.jpg'"),
        ("", "expected VIDEO/00001.jpg, got ''"),
    ],
)
def test_a_wrong_row_of_compounds(tmp_path: Path, row: str, message: str) -> None:
    assert (2, message) in problems(write(tmp_path / "ce.txt", CE_HEADER, row), "ce")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f"-5,0,1,{UNITS}", "valence: expected -1..1, got -5"),
        (f"0,1.01,1,{UNITS}", "arousal: expected -1..1, got 1.01"),
        (f"0,0,8,{UNITS}", "expression: expected 0..7, got 8"),
        ("0,0,1,2" + ",0" * 11, "action unit 1 of 12: expected 0..1, got 2"),
        ("0,0,1" + ",0" * 11, "expected 15 fields after the image, got 14"),
    ],
)
def test_a_wrong_row_of_the_multi_task_challenge(tmp_path: Path, row: str, message: str) -> None:
    path = write(tmp_path / "mtl.txt", MTL_HEADER, f"13/00001.jpg,{row}")
    assert problems(path, "mtl") == [(2, message)]


def test_frames_must_count_from_one(tmp_path: Path) -> None:
    rows = ("1/00001.jpg,0", "1/00003.jpg,0", "2/00000.jpg,0", "2/00001.jpg,0", "1/00004.jpg,0")
    path = write(tmp_path / "ce.txt", CE_HEADER, *rows)
    assert problems(path, "ce") == [
        (3, "1/00003.jpg: expected frame 2 of '1'"),
        (4, "2/00000.jpg: expected frame 1 of '2'"),
    ]


def test_a_missing_header_is_not_a_lost_row(tmp_path: Path) -> None:
    path = write(tmp_path / "ce.txt", "1/00001.jpg,0", "1/00002.jpg,0")
    assert problems(path, "ce")[0] == (1, "the header is missing")


def test_another_header_needs_a_template(tmp_path: Path) -> None:
    path = write(tmp_path / "ce.txt", "image,id", "1/00001.jpg,0")
    ((line, message),) = problems(path, "ce")
    assert line == 1
    assert message.startswith(f"expected the header '{CE_HEADER}'")


def test_off_by_one_counts_are_found_against_the_template(tmp_path: Path) -> None:
    template = write(
        tmp_path / "t.txt", CE_HEADER, *(f"1/{n:05d}.jpg" for n in (1, 2, 3)), "2/00001.jpg,"
    )
    rows = ("1/00001.jpg,0", "1/00002.jpg,0", "2/00001.jpg,0", "2/00002.jpg,0")
    path = write(tmp_path / "ce.txt", CE_HEADER, *rows)
    assert problems(path, "ce", template) == [
        (3, "1/00003.jpg is missing, which the template has"),
        (5, "2/00002.jpg: not in the template, or once too often"),
    ]


def test_order_and_header_of_the_template_count(tmp_path: Path) -> None:
    template = write(tmp_path / "t.txt", "image,id", "1/00001.jpg,", "1/00002.jpg,")
    path = write(tmp_path / "ce.txt", CE_HEADER, "1/00002.jpg,0", "1/00001.jpg,0")
    assert problems(path, "ce", template) == [
        (1, "expected the template's header 'image,id'"),
        (2, "1/00002.jpg: the template has 1/00001.jpg in this place"),
    ]
    good = write(tmp_path / "good.txt", "image,id", "1/00001.jpg,0", "1/00002.jpg,0")
    assert problems(good, "ce", template) == []


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00"])
def test_a_file_without_text_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ce.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"ce\.txt"):
        files.check_submission(path, "ce")


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ce.txt").write_text("hello")
    with pytest.raises(UsageError, match=r"ce\.txt: holds no compound expressions; expected"):
        files.read_compounds(tmp_path / "ce.txt")
    with pytest.raises(UsageError, match="holds no multi-task annotations"):
        files.read_multi_task(write(tmp_path / "mtl.txt", MTL_HEADER))
