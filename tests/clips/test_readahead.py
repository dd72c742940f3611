"""Decoding ahead in a thread: order, bounds, errors, and the end of the thread."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cexpr.clips.decode import open_clip
from cexpr.clips.readahead import ReadAhead
from cexpr.clips.reader import Frame
from cexpr.clips.sources import find_clips
from cexpr.errors import ClipError


def counted(count: int, made: list[int], error: Exception | None = None) -> Iterator[Frame]:
    for index in range(1, count + 1):
        made.append(index)
        yield Frame(index, index / 10, np.zeros((2, 2, 3), np.uint8))
    if error is not None:
        raise error


def decoding_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "cexpr-decode"]


def test_read_ahead_gives_all_frames_in_order() -> None:
    with ReadAhead(counted(100, []), max_frames=3) as frames:
        assert [frame.number for frame in frames] == list(range(1, 101))
    assert decoding_threads() == []


@pytest.mark.parametrize(("frames", "size", "limit"), [(4, 10**9, 4), (100, 36, 3), (100, 1, 1)])
def test_read_ahead_is_bounded_by_frames_and_by_bytes(frames: int, size: int, limit: int) -> None:
    made: list[int] = []
    with ReadAhead(counted(50, made), max_frames=frames, max_bytes=size) as ahead:
        for taken, _ in enumerate(ahead, start=1):
            # One more may be decoded already and wait for room.
            assert len(made) <= taken + limit + 1


def test_read_ahead_raises_the_error_after_the_frames_before_it() -> None:
    with ReadAhead(counted(3, [], ClipError("broken"))) as ahead:
        frames = iter(ahead)
        assert [next(frames).number for _ in range(3)] == [1, 2, 3]
        with pytest.raises(ClipError, match="broken"):
            next(frames)


def test_read_ahead_stops_its_thread_when_the_consumer_leaves() -> None:
    made: list[int] = []
    with ReadAhead(counted(10**9, made), max_frames=2) as frames:
        next(iter(frames))
    assert decoding_threads() == []
    assert len(made) <= 5


def test_a_reader_that_nobody_left_in_order_does_not_keep_the_interpreter() -> None:
    script = (
        "import itertools, numpy as np\n"
        "from cexpr.clips.reader import Frame\n"
        "from cexpr.clips.readahead import ReadAhead\n"
        "image = np.zeros((2, 2, 3), np.uint8)\n"
        "ahead = ReadAhead(Frame(i, i / 10, image) for i in itertools.count(1))\n"
        "print(next(iter(ahead.__enter__())).number)\n"
    )
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout == "1\n"


def test_real_clips_decode_whole_with_increasing_times(shared: Path) -> None:
    counts = {"head-pose-female": 23, "walking-pair": 35, "eat": 47, "book": 109}
    for source in find_clips([shared / "clips"]):
        with open_clip(source) as clip, ReadAhead(clip) as ahead:
            times = [frame.time for frame in ahead]
        assert len(times) == counts.get(source.stem, len(times))
        assert np.diff(times).min() > 0
        assert clip.warnings == []
