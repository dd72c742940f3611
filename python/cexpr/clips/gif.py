"""GIFs, played as browsers play them.

A frame without a delay, or with one of at most 10 ms, is shown for 100 ms, as Chromium, Firefox and
Safari do. FFmpeg keeps 10 ms, and loses all frames but the first where a file says nothing of
delays; such a file is read from a copy that says 100 ms.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cexpr._support.text import counted
from cexpr.clips.reader import Frame, mapped
from cexpr.clips.video import VideoReader
from cexpr.errors import ClipError

_SIGNATURE: Final = b"GIF8"
# Hundredths of a second, as the format counts.
_TOO_SHORT: Final = 1
_SHOWN: Final = 10
_EXTENSION, _IMAGE, _TRAILER, _CONTROL, _PLAIN_TEXT = 0x21, 0x2C, 0x3B, 0xF9, 0x01
_HEADER_BYTES: Final = 13


def is_gif(head: bytes) -> bool:
    """Tell from its first bytes whether a file is a GIF."""
    return head.startswith(_SIGNATURE)


class GifReader(VideoReader):
    """Frames of a GIF, each shown as long as a browser shows it."""

    def __init__(self, path: Path, threads: int) -> None:
        """Open a GIF; errors as `VideoReader`."""
        self._copy: Path | None = None
        with mapped(path) as data:
            images, self._is_whole = find_images(data)
            try:
                if any(one.is_patched for one in images):
                    self._copy = _copied(data, images)
                super().__init__(path, threads, self._copy)
            except BaseException:
                # Ctrl-C must not leave the copy behind either.
                self._remove_copy()
                raise
        self._delays = [one.delay / 100 for one in images]

    def frames(self) -> Iterator[Frame]:
        """Yield every frame; see `Reader.frames`."""
        count = 0
        for frame in super().frames():
            count = frame.number
            yield frame
        if 0 < count <= len(self._delays):
            self.last_duration = self._delays[count - 1]
        if not self._is_whole:
            self.warnings.append(
                "the file may be cut off, because it lacks the mark that ends a GIF; "
                f"{counted(count, 'frame')} {'was' if count == 1 else 'were'} decoded"
            )

    def close(self) -> None:
        """Release the decoder and remove the copy."""
        super().close()
        self._remove_copy()

    def _remove_copy(self) -> None:
        if self._copy is not None:
            with suppress(OSError):
                self._copy.unlink()


@dataclass(frozen=True)
class GifImage:
    """One image of a GIF.

    Attributes:
        start: Where its descriptor begins.
        control: Where its graphic control extension begins, or None.
        delay: For how long a browser shows it, hundredths of a second.
        is_patched: Whether the file says something else, or nothing.
    """

    start: int
    control: int | None
    delay: int
    is_patched: bool


def find_images(data: mmap.mmap | bytes) -> tuple[list[GifImage], bool]:
    """List the images of a GIF by the blocks of the format (GIF89a), as far as the file is whole.

    Args:
        data: The file.

    Returns:
        The images, and whether the blocks lead to the mark that ends a GIF.
    """
    images: list[GifImage] = []
    control: int | None = None
    with suppress(IndexError):
        place = _HEADER_BYTES + _table_bytes(data[10])
        while True:
            if data[place] == _EXTENSION:
                label = data[place + 1]
                if label == _CONTROL:
                    control = place
                elif label == _PLAIN_TEXT:
                    control = None
                place = _after_blocks(data, place + 2)
            elif data[place] == _IMAGE:
                said = 0 if control is None else data[control + 4] | data[control + 5] << 8
                is_short = said <= _TOO_SHORT
                images.append(GifImage(place, control, _SHOWN if is_short else said, is_short))
                control = None
                place = _after_blocks(data, place + 11 + _table_bytes(data[place + 9]))
            else:
                return images, data[place] == _TRAILER
    return images, False


def _table_bytes(flags: int) -> int:
    """Size of the colour table that a header or descriptor announces."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: mmap.mmap | bytes, place: int) -> int:
    """Skip sub-blocks, each with its length in front, up to the empty one that ends them."""
    while data[place]:
        place += data[place] + 1
    return place + 1


def _copied(data: mmap.mmap | bytes, images: list[GifImage]) -> Path:
    """Write a copy in which every image has the delay that a browser gives it.

    Raises:
        ClipError: it cannot be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(".gif", "cexpr-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(_patched(data, images))
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise ClipError(f"a temporary copy of a GIF cannot be written: {error}") from error
    return Path(name)


def _patched(data: mmap.mmap | bytes, images: list[GifImage]) -> Iterator[bytes]:
    """Yield the parts of the copy."""
    place = 0
    for image in images:
        delay = image.delay.to_bytes(2, "little")
        if image.control is None:
            yield data[place : image.start] + b"\x21\xf9\x04\x00" + delay + b"\x00\x00"
            place = image.start
        else:
            yield data[place : image.control + 4] + delay
            place = image.control + 6
    yield data[place:]
