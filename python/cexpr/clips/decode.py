"""Decoding: every frame of a clip once, in order, with its number and its time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

from cexpr._support.types import Image
from cexpr.clips.gif import GifReader, is_gif
from cexpr.clips.images import FolderReader, ImageReader
from cexpr.clips.pages import (
    TiffReader,
    WebpReader,
    can_read_webp,
    is_animated_webp,
    is_tiff,
    tiff_page_count,
)
from cexpr.clips.reader import FALLBACK_FPS, Frame, Reader, head_of, mapped, turned
from cexpr.clips.sources import ClipSource
from cexpr.clips.video import VideoReader
from cexpr.errors import ClipError

TURNS: Final = (0, 90, 180, 270)
"""Degrees, clockwise, by which a clip can be turned."""


class Clip:
    """An open clip; iterate over it once, in a `with` block.

    Attributes:
        source: Where the frames come from.
        announced_frames: Number of frames that the container announces, or None.
        decoded_frames: Number of frames given out so far.
        width: Width of the first frame as shown (after all turns), pixels.
        height: Height of the first frame, pixels.
        fps: Nominal frames per second; the frames' own times count.
        last_duration: Seconds for which the last frame is shown, or None; complete after it.
        warnings: What was repaired or left out, one sentence each; complete after the last frame.
    """

    def __init__(self, source: ClipSource, reader: Reader, turn: int = 0) -> None:
        self.source = source
        self._turn = turn
        self._reader = reader
        self._frames = reader.frames()
        self.decoded_frames = 0
        try:
            first = next(self._frames, None)
        except BaseException:
            reader.close()
            raise
        if first is None:
            reader.close()
            raise ClipError(f"{source.path}: no frame can be decoded; the file may be damaged")
        self._first: Frame | None = first
        self.height, self.width = turned(first.image, turn).shape[:2]

    @property
    def announced_frames(self) -> int | None:
        """Number of frames that the file announces, or None."""
        return self._reader.announced_frames

    @property
    def fps(self) -> float:
        """Frames per second, from the file or assumed."""
        return self._reader.fps

    @property
    def last_duration(self) -> float | None:
        """Seconds for which the last frame is shown; None where the file does not say it."""
        return self._reader.last_duration

    @property
    def warnings(self) -> list[str]:
        """Sentences about what was damaged, missing or assumed so far."""
        return self._reader.warnings

    def __iter__(self) -> Iterator[Frame]:
        if self._first is not None:
            first, self._first = self._first, None
            self.decoded_frames += 1
            yield self._turned(first)
        for frame in self._frames:
            self.decoded_frames += 1
            yield self._turned(frame)

    def _turned(self, frame: Frame) -> Frame:
        return Frame(frame.number, frame.time, turned(frame.image, self._turn))

    def __enter__(self) -> Clip:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the decoder; safe to call twice, and while another thread iterates."""
        self._reader.close()


def open_clip(
    source: ClipSource, *, threads: int = 1, folder_fps: float = FALLBACK_FPS, turn: int = 0
) -> Clip:
    """Open a clip and decode its first frame.

    Args:
        source: A clip from `find_clips`.
        threads: Threads of the video decoder, >= 1.
        folder_fps: Frames per second, > 0, of a folder of numbered images or the pages of a TIFF,
            which have no times.
        turn: Degrees, 0, 90, 180 or 270, by which frames are turned clockwise, after the turn that
            the file itself asks for.

    Returns:
        The open clip. A folder of numbered images gives a frame for every number present, under
        that number (files that count from 0 are shifted by one); missing numbers stay missing.
        Each picture of an animated WebP and each page of a TIFF is a frame; of other image files
        with several pictures only the first is read.

    Raises:
        ClipError: the clip cannot be read or holds no frame.
        ValueError: threads, folder_fps or turn is out of range.
    """
    if turn not in TURNS:
        raise ValueError(f"turn: expected one of {', '.join(map(str, TURNS))}, got {turn}")
    return Clip(source, _reader(source, threads, folder_fps), turn)


def sample_images(source: ClipSource, count: int) -> list[Image]:
    """Decode a few frames spread over a clip.

    Args:
        source: A clip from `find_clips`.
        count: Number of images wanted, >= 1; a short clip gives fewer.

    Raises:
        ClipError: the clip cannot be read.
    """
    reader = _reader(source, 1, FALLBACK_FPS)
    try:
        return reader.sampled(count)
    finally:
        reader.close()


def _reader(source: ClipSource, threads: int, folder_fps: float) -> Reader:
    """Choose the reader of a clip; errors as `open_clip`."""
    if threads < 1:
        raise ValueError(f"threads: expected at least 1, got {threads}")
    if not (math.isfinite(folder_fps) and folder_fps > 0):
        raise ValueError(f"folder_fps: expected a number above 0, got {folder_fps}")
    if source.kind == "folder":
        return FolderReader(source.path, folder_fps)
    head = head_of(source.path)
    if source.kind == "image":
        return _image_reader(source.path, head, folder_fps)
    if is_gif(head):
        return GifReader(source.path, threads)
    return VideoReader(source.path, threads)


def _image_reader(path: Path, head: bytes, fps: float) -> Reader:
    """Choose the reader of an image file by its content."""
    if is_animated_webp(head):
        if can_read_webp():
            return WebpReader(path)
        first = ImageReader(path)
        first.warnings.append(
            "only the first picture is read: this version of OpenCV knows no animated WebP; "
            "install opencv-python 4.11 or later"
        )
        return first
    if is_tiff(head):
        with mapped(path) as data:
            pages = tiff_page_count(data)
        return TiffReader(path, fps) if pages > 1 else ImageReader(path)
    return ImageReader(path)
