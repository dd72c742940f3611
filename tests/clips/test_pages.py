"""Animated WebP and TIFFs with several pages are clips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from builders.video_files import Image, grey_steps
from cexpr.clips import pages
from cexpr.clips.decode import Clip, open_clip
from cexpr.clips.pages import tiff_page_count
from cexpr.clips.reader import Frame
from cexpr.clips.sources import find_clips
from cexpr.errors import ClipError

# Lossy coding of flat grey frames moves their mean by less than this.
CODING_TOLERANCE = 4.0

needs_animation = pytest.mark.skipif(
    not hasattr(cv2, "Animation"), reason="this OpenCV knows no animated WebP"
)


def write_webp(path: Path, durations: list[int]) -> Path:
    """Write grey frames, each shown for so many milliseconds."""
    animation = cv2.Animation()
    animation.frames = [
        np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
        for image in grey_steps(len(durations))
    ]
    animation.durations = durations
    assert cv2.imwriteanimation(str(path), animation)
    return path


def write_tiff(path: Path, images: list[Image]) -> Path:
    assert cv2.imwritemulti(str(path), images)
    return path


def read(path: Path, **options: Any) -> tuple[Clip, list[Frame]]:
    (source,) = find_clips([path])
    with open_clip(source, **options) as clip:
        return clip, list(clip)


def means(frames: list[Frame]) -> list[float]:
    return [float(frame.image.mean()) for frame in frames]


@needs_animation
def test_an_animated_webp_gives_all_frames_with_their_durations(tmp_path: Path) -> None:
    clip, frames = read(write_webp(tmp_path / "ä.webp", [100, 40, 0, 10, 200, 70]))
    assert [frame.number for frame in frames] == [1, 2, 3, 4, 5, 6]
    # As in a browser, at most 10 ms are 100 ms.
    assert [frame.time for frame in frames] == pytest.approx([0, 0.1, 0.14, 0.24, 0.34, 0.54])
    assert means(frames) == pytest.approx([10, 30, 50, 70, 90, 110], abs=CODING_TOLERANCE)
    assert clip.last_duration == pytest.approx(0.07)
    assert clip.fps == pytest.approx(6 / 0.61)
    assert clip.announced_frames == clip.decoded_frames == 6
    assert "unevenly spaced, 40 to 200 ms apart" in clip.warnings[0]


@needs_animation
def test_a_still_webp_is_one_frame(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.webp"), grey_steps(3)[2])
    clip, frames = read(tmp_path / "a.webp")
    assert (len(frames), frames[0].time, clip.warnings) == (1, 0.0, [])


@needs_animation
def test_a_webp_that_was_cut_off_is_a_clip_error(tmp_path: Path) -> None:
    path = write_webp(tmp_path / "a.webp", [40] * 5)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ClipError, match=r"a\.webp: no frame can be decoded"):
        read(path)


@needs_animation
def test_an_old_opencv_reads_the_first_picture_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_webp(tmp_path / "a.webp", [40] * 5)
    monkeypatch.delattr(cv2, "imdecodeanimation")
    clip, frames = read(tmp_path / "a.webp")
    assert means(frames) == pytest.approx([10], abs=CODING_TOLERANCE)
    assert "install opencv-python 4.11 or later" in clip.warnings[0]


def test_the_pages_of_a_tiff_are_frames(tmp_path: Path) -> None:
    clip, frames = read(write_tiff(tmp_path / "ä.tif", grey_steps(5)), folder_fps=10)
    assert [frame.number for frame in frames] == [1, 2, 3, 4, 5]
    assert [frame.time for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert means(frames) == [10, 30, 50, 70, 90]
    assert (clip.announced_frames, clip.last_duration, clip.warnings) == (5, 0.1, [])


def test_pages_of_other_kinds_become_bgr_and_thumbnails_are_left_out(tmp_path: Path) -> None:
    grey = np.full((48, 64), 90, np.uint8)
    deep = np.full((48, 64, 3), 40000, np.uint16)
    small = np.full((24, 32, 3), 7, np.uint8)
    clip, frames = read(write_tiff(tmp_path / "a.tiff", [*grey_steps(1), small, grey, deep]))
    assert [frame.number for frame in frames] == [1, 2, 3]
    assert means(frames) == [10, 90, 156]
    assert {(frame.image.shape, frame.image.dtype) for frame in frames} == {
        ((48, 64, 3), np.dtype(np.uint8))
    }
    assert clip.warnings == ["1 page of another size than the first left out"]


def test_a_tiff_that_was_cut_off_gives_its_pages_and_says_so(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tiff", grey_steps(10))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    clip, frames = read(path)
    assert means(frames) == [10 + 20 * number for number in range(len(frames))]
    assert 1 < len(frames) < 6
    assert f"frames, {len(frames)} were decoded" in clip.warnings[0]


def test_memory_bounds_how_many_pictures_are_decoded_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = grey_steps(10)
    write_tiff(tmp_path / "a.tiff", images)
    asked: list[int] = []
    decode = cv2.imdecodemulti

    def counting(data: Any, flags: int, pages: Any, span: tuple[int, int]) -> Any:
        asked.append(span[1] - span[0])
        return decode(data, flags, pages, span)

    monkeypatch.setattr(cv2, "imdecodemulti", counting)
    monkeypatch.setattr(pages, "MAX_BYTES", 3 * images[0].nbytes)
    _, frames = read(tmp_path / "a.tiff")
    assert means(frames) == [10 + 20 * number for number in range(10)]
    assert max(asked) == 3


def big_tiff(count: int) -> bytes:
    """The directories of a BigTIFF, without any picture."""
    links = [16 + 16 * number for number in range(count)] + [0]
    data = b"MM\0+\0\x08\0\0" + links[0].to_bytes(8, "big")
    return data + b"".join(bytes(8) + link.to_bytes(8, "big") for link in links[1:])


def test_pages_are_counted_in_both_kinds_of_tiff(tmp_path: Path) -> None:
    assert tiff_page_count(write_tiff(tmp_path / "a.tiff", grey_steps(4)).read_bytes()) == 4
    assert tiff_page_count(big_tiff(3)) == 3
    # A directory that leads back to itself ends the chain.
    assert tiff_page_count(b"II*\0\x08\0\0\0\0\0\x08\0\0\0") == 1
    assert tiff_page_count(b"II*\0") == 0
