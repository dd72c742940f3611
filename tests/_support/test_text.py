"""Words for people."""

from __future__ import annotations

import pytest

from cexpr._support.text import closest, command_line, counted, reason_of, shortened, unknown


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FileNotFoundError(2, "No such file or directory", "a.txt"), "no such file"),
        (PermissionError(13, "Permission denied", "a.txt"), "Permission denied"),
        (
            UnicodeDecodeError("utf-8", b"a\xc0", 1, 2, "invalid start byte"),
            "byte 0xc0 is not UTF-8; save the file as UTF-8",
        ),
        (ValueError("two\nlines"), "two lines"),
    ],
)
def test_a_reason_has_no_words_of_the_language(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason


def test_a_noun_follows_its_number() -> None:
    assert [counted(number, "frame") for number in (0, 1, 2)] == ["0 frames", "1 frame", "2 frames"]


def test_a_command_line_can_be_pasted_into_a_shell() -> None:
    assert command_line("cexpr", "run", "my clip.mp4") == "cexpr run 'my clip.mp4'"


def test_a_long_text_is_cut_to_its_length() -> None:
    assert shortened("x" * 40) == "x" * 40
    assert shortened("x" * 41) == "x" * 37 + "..."
    assert shortened("abcdef", longest=5) == "ab..."


@pytest.mark.parametrize(
    ("name", "expected"),
    [("surprize", "surprise"), ("fps", "folder_fps"), ("zzz", None), ("", None)],
)
def test_the_name_that_was_meant_is_close_or_has_the_word(name: str, expected: str | None) -> None:
    assert closest(name, ["fear", "surprise", "folder_fps"]) == expected


def test_an_unknown_name_is_told_with_the_close_one_or_all() -> None:
    known = ["fear", "surprise"]
    assert unknown("signal", "feer", known) == "unknown signal 'feer'; did you mean 'fear'?"
    assert unknown("signal", "zzz", known) == "unknown signal 'zzz'; known: fear, surprise"
    assert "x" * 50 not in unknown("signal", "x" * 1000, known)
