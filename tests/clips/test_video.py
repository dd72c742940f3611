"""Videos that cannot be opened; what is decoded is tested with `cexpr.clips.decode`."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.video_files import grey_steps, write_mjpeg_avi
from cexpr.clips.video import VideoReader
from cexpr.errors import ClipError


def test_another_file_can_be_read_in_its_place(tmp_path: Path) -> None:
    copy = write_mjpeg_avi(tmp_path / "copy.avi", grey_steps(3))
    reader = VideoReader(tmp_path / "a.avi", 1, copy)
    assert [frame.number for frame in reader.frames()] == [1, 2, 3]
    assert reader.last_duration is None
    reader.close()


def test_a_file_that_is_neither_video_nor_sound_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(bytes(1000))
    with pytest.raises(ClipError, match=r"a\.mp4: not a video that can be decoded"):
        VideoReader(tmp_path / "a.mp4", 1)
