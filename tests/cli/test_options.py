"""Readers of option values that several commands share."""

from __future__ import annotations

import pytest

from cexpr.cli._options import number, numbers, one_of, whole
from cexpr.errors import UsageError


def test_values_are_read() -> None:
    assert whole("--jobs")("-3") == -3
    assert whole("--jobs", 1)(1) == 1
    assert number("--fps")("2.5e1") == 25.0
    assert one_of("--window", "frames", "rows")("rows") == "rows"
    assert numbers("--mean", "0.5,1, 2", "1,2") == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("text", ["x", "", "1.0", "1e3", "0x10"])
def test_what_is_not_a_whole_number_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=f"^--jobs: expected a whole number, got '{text}'$"):
        whole("--jobs")(text)


def test_bounds_and_words_are_named() -> None:
    with pytest.raises(UsageError, match=r"^--folds: expected a whole number, at least 2, got '1'"):
        whole("--folds", 2)("1")
    with pytest.raises(UsageError, match=r"^--fps: expected a number, got 'fast'$"):
        number("--fps")("fast")
    with pytest.raises(UsageError, match=r"^--window: expected frames or rows, got 'second'$"):
        one_of("--window", "frames", "rows")("second")
    with pytest.raises(UsageError, match=r"^--mean: expected numbers such as 1,2, got '1;2'$"):
        numbers("--mean", "1;2", "1,2")
