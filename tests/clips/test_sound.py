"""Files that hold sound only are called that."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.sound_files import write_matroska, write_mp4, write_nested_mp4, write_wav
from builders.video_files import grey_steps, write_mjpeg_avi, write_video
from cexpr.clips.decode import open_clip
from cexpr.clips.sound import is_sound
from cexpr.clips.sources import find_clips
from cexpr.errors import ClipError


def test_containers_with_sound_tracks_only(tmp_path: Path) -> None:
    assert is_sound(write_wav(tmp_path / "a.wav"))
    assert is_sound(write_mp4(tmp_path / "a.m4a", b"soun"))
    assert is_sound(write_mp4(tmp_path / "text.m4a", b"soun", b"text"))
    assert not is_sound(write_mp4(tmp_path / "a.mp4", b"vide", b"soun"))
    assert not is_sound(write_mp4(tmp_path / "none.mp4"))
    assert is_sound(write_matroska(tmp_path / "a.mka", 2))
    assert not is_sound(write_matroska(tmp_path / "a.mkv", 2, 1))


def test_boxes_that_are_nested_without_end_are_not_followed(tmp_path: Path) -> None:
    path = write_nested_mp4(tmp_path / "deep.mp4", 3000)
    assert not is_sound(path)
    with pytest.raises(ClipError, match=r"deep\.mp4: "):
        open_clip(find_clips(path)[0])


@pytest.mark.parametrize(
    "head",
    [
        b"ID3\x04\x00",
        b"\xff\xfb\x90\x00",
        b"\xff\xf1\x50\x80",
        b"fLaC\x00",
        b"FORM\x00\x00\x00\x00AIFF",
        b"OggS" + bytes(24) + b"\x01vorbis",
        b"OggS" + bytes(24) + b"OpusHead",
    ],
)
def test_signatures_of_sound(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "a").write_bytes(head + bytes(100))
    assert is_sound(tmp_path / "a")


def test_other_files_are_not_sound(tmp_path: Path) -> None:
    assert not is_sound(write_video(tmp_path / "a.mp4", grey_steps(2)))
    assert not is_sound(write_mjpeg_avi(tmp_path / "a.avi", grey_steps(2)))
    for number, content in enumerate(
        (b"\xff", b"text", bytes(100), b"\0\0\0\x08ftyp\0\0\0\x01moov")
    ):
        (tmp_path / str(number)).write_bytes(content)
        assert not is_sound(tmp_path / str(number))


@pytest.mark.parametrize("suffix", [".wav", ".mp4", ".m4a", ".mkv"])
def test_the_error_says_that_there_is_no_picture(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"voice{suffix}"
    if suffix == ".wav":
        write_wav(path)
    elif suffix == ".mkv":
        write_matroska(path, 2)
    else:
        write_mp4(path, b"soun")
    with pytest.raises(ClipError, match=r"voice\.\w+: holds sound only, and no picture; expected"):
        open_clip(find_clips([path])[0])
