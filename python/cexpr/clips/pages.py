"""Image files with several pictures: animated WebP, and TIFF with several pages.

OpenCV decodes a range of pictures at once. As many are asked for at a time as fit into
`MAX_BYTES`, at least one, so memory does not grow with the number of pictures.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from cexpr._support.opencv import load_cv2, reason
from cexpr._support.text import counted
from cexpr._support.types import Bytes, Image
from cexpr.clips.reader import FALLBACK_FPS, Frame, Reader, as_bgr, mapped, uneven

MAX_BYTES: Final = 256 * 1024 * 1024
"""Decoded pictures that are held at the same time."""

_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_CHUNKS_START: Final = 12
# Milliseconds, as in GIFs.
_TOO_SHORT: Final = 10
_SHOWN: Final = 100


def is_animated_webp(head: bytes) -> bool:
    """Tell from its first bytes whether a file is an animated WebP."""
    is_extended = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X"
    return is_extended and len(head) > 20 and bool(head[20] & 2)


def can_read_webp() -> bool:
    """Tell whether this OpenCV reads animated WebP; those before 4.11 do not."""
    return hasattr(load_cv2(), "imdecodeanimation")


def is_tiff(head: bytes) -> bool:
    """Tell from its first bytes whether a file is a TIFF."""
    return head[:4] in _TIFF


def tiff_page_count(data: mmap.mmap | bytes) -> int:
    """Count the pages of a TIFF by its chain of directories (TIFF 6.0, BigTIFF).

    A page whose directory lies behind the end of a file that was cut off counts; it is the last.

    Args:
        data: The file.
    """
    order: Literal["little", "big"] = "little" if data[:1] == b"I" else "big"
    is_big = b"+" in data[2:4]
    # Bytes of an offset, of the number of entries, and of an entry.
    offset, number, entry = (8, 8, 20) if is_big else (4, 2, 12)
    visited: set[int] = set()
    link = 8 if is_big else 4
    while True:
        place = int.from_bytes(data[link : link + offset], order)
        if place == 0 or place in visited:
            return len(visited)
        visited.add(place)
        link = place + number + entry * int.from_bytes(data[place : place + number], order)


class _PagesReader(Reader):
    """Base of the two readers."""

    def __init__(self, path: Path, fps: float, announced_frames: int | None) -> None:
        super().__init__(fps, announced_frames)
        self._path = path
        self._data = np.frombuffer(mapped(path), np.uint8)

    def _decoded(self, start: int, count: int) -> Sequence[NDArray[Any]]:
        raise NotImplementedError

    def _compare(self, decoded: int) -> None:
        """Warn if the file announces more."""
        if self.announced_frames is not None and decoded < self.announced_frames:
            self.warnings.append(
                f"the file announces {self.announced_frames} frames, {decoded} were decoded"
            )

    def _pictures(self) -> Iterator[Image]:
        """Decode picture after picture; what cannot be decoded ends them."""
        cv2 = load_cv2()
        start, count = 0, 1
        while True:
            try:
                decoded = self._decoded(start, count)
            except cv2.error as error:
                self.warnings.append(f"decoding stopped after picture {start}: {reason(error)}")
                return
            for image in decoded:
                yield as_bgr(image)
            if len(decoded) < count:
                return
            start += count
            count = max(1, MAX_BYTES // decoded[-1].nbytes)


class WebpReader(_PagesReader):
    """The frames of an animated WebP, each shown as long as a browser shows it."""

    def __init__(self, path: Path) -> None:
        """Take an animated WebP.

        Raises:
            ClipError: it cannot be read.
        """
        super().__init__(path, FALLBACK_FPS, None)
        self._durations = webp_durations(self._data)
        if self._durations:
            self.announced_frames = len(self._durations)
            self.fps = round(len(self._durations) / sum(self._durations), 6)

    def frames(self) -> Iterator[Frame]:
        """Yield every frame; see `Reader.frames`."""
        time, number = 0.0, 0
        for number, image in enumerate(self._pictures(), start=1):
            yield Frame(number, time, image)
            self.last_duration = self._durations[number - 1]
            time += self.last_duration
        shown = self._durations[: max(0, number - 1)]
        if shown:
            self.warnings += uneven(min(shown), max(shown))
        self._compare(number)

    def _decoded(self, start: int, count: int) -> Sequence[NDArray[Any]]:
        count = min(count, len(self._durations) - start)
        if count <= 0:
            return []
        is_read, animation = load_cv2().imdecodeanimation(self._data, start, count)
        found: Sequence[NDArray[Any]] = animation.frames if is_read else []
        return found


class TiffReader(_PagesReader):
    """The pages of a TIFF; those of another size than the first are thumbnails, not frames."""

    def __init__(self, path: Path, fps: float) -> None:
        """Take a TIFF, whose pages have no times.

        Args:
            path: The file.
            fps: Pages per second.

        Raises:
            ClipError: it cannot be read.
        """
        super().__init__(path, fps, None)
        self.last_duration = 1 / fps
        with mapped(path) as data:
            self.announced_frames = tiff_page_count(data)

    def frames(self) -> Iterator[Frame]:
        """Yield every page of the size of the first; see `Reader.frames`."""
        number = others = 0
        shape: tuple[int, ...] | None = None
        for image in self._pictures():
            shape = shape or image.shape
            if image.shape != shape:
                others += 1
                continue
            number += 1
            yield Frame(number, (number - 1) / self.fps, image)
        if others:
            pages = counted(others, "page")
            self.warnings.append(f"{pages} of another size than the first left out")
        self._compare(number + others)

    def _decoded(self, start: int, count: int) -> Sequence[NDArray[Any]]:
        flags = load_cv2().IMREAD_COLOR
        is_read, pages = load_cv2().imdecodemulti(self._data, flags, None, (start, start + count))
        found: Sequence[NDArray[Any]] = pages if is_read else []
        return found


def webp_durations(data: Bytes) -> list[float]:
    """Read for how many seconds each frame of an animated WebP is shown in a browser.

    At most 10 ms become 100 ms, as in GIFs. Chunks are those of the WebP container (RFC 9649).

    Args:
        data: The file, uint8.
    """
    durations: list[float] = []
    place = _CHUNKS_START
    while place + 24 <= len(data):
        size = int.from_bytes(data[place + 4 : place + 8].tobytes(), "little")
        if data[place : place + 4].tobytes() == b"ANMF":
            shown = int.from_bytes(data[place + 20 : place + 23].tobytes(), "little")
            durations.append((_SHOWN if shown <= _TOO_SHORT else shown) / 1000)
        place += 8 + size + size % 2
    return durations
