"""Ctrl-C in a terminal: what stands on the screen then."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from builders.run_files import BASE
from builders.video_files import write_mjpeg_avi

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")

# As a terminal of 80 columns breaks it.
MESSAGE = [
    "cexpr: stopped; finished clips are kept in out; run the same command again to do",
    " the rest",
]


@pytest.fixture
def long_clips(work: Path) -> Path:
    """Clips that take a while, under names so long that a bar reaches the right edge."""
    clip = write_mjpeg_avi(work / "long.avi", [np.full((36, 48, 3), 99, np.uint8)] * 20_000)
    (work / "long").mkdir()
    for number in range(6):
        (work / "long" / f"{number}_is_a_clip_with_a_very_long_name.avi").hardlink_to(clip)
    return work


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_message_stands_alone_where_the_bars_were(long_clips: Path, jobs: str) -> None:
    from builders.terminal import run_and_interrupt, screen_of

    arguments = ["run", *BASE, "--jobs", jobs, "long"]
    output, status = run_and_interrupt(arguments, long_clips, when=lambda shown: b" fps" in shown)
    screen = screen_of(output)
    assert status == 130
    assert screen[-2:] == MESSAGE
    # Nothing is left of the bars.
    assert [line for line in screen if "━" in line or "^C" in line] == []
    assert screen[0].startswith("6 clips to do")


def test_the_message_stands_alone_without_bars(long_clips: Path) -> None:
    from builders.terminal import run_and_interrupt, screen_of

    arguments = ["run", *BASE, "--quiet", "--jobs", "2", "long"]
    record = long_clips / "out" / "run.json"
    output, status = run_and_interrupt(arguments, long_clips, when=lambda _: record.exists())
    assert status == 130
    assert screen_of(output) == MESSAGE
