"""What every reader of clips has in common: frames, files that can be read, pixels as BGR."""

from __future__ import annotations

import mmap
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from cexpr._support.text import reason_of
from cexpr._support.types import Image
from cexpr.errors import ClipError

FALLBACK_FPS: Final = 30.0
# Longest over shortest time between two frames from which a clip has no one frame rate.
_UNEVEN: Final = 1.5
_T = TypeVar("_T")
# Bytes that tell what a file is.
_HEAD: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded frame.

    Attributes:
        number: Number of the frame, from 1.
        time: Presentation time in seconds from the start of the clip.
        image: uint8, shape (H, W, 3), BGR.
    """

    number: int
    time: float
    image: Image


class Reader:
    """Base of the readers of videos, images and folders.

    Attributes:
        fps: Nominal frames per second.
        announced_frames: Number of frames that the file announces, or None.
        last_duration: Seconds for which the last frame is shown, where it is known.
        warnings: What was repaired or left out; complete after the last frame.
    """

    def __init__(self, fps: float, announced_frames: int | None) -> None:
        """Take what is known before the first frame."""
        self.fps = fps
        self.announced_frames = announced_frames
        self.last_duration: float | None = None
        self.warnings: list[str] = []

    def frames(self) -> Iterator[Frame]:
        """Yield every frame once, in order.

        Raises:
            ClipError: the first frame cannot be decoded.
        """
        raise NotImplementedError

    def sampled(self, count: int) -> list[Image]:
        """Return the images of frames spread over the clip, in place of all its frames.

        Args:
            count: Number of images wanted, >= 1; a short clip gives fewer.

        Raises:
            ClipError: as `frames`.
        """
        kept: list[Image] = []
        step = 1
        for index, frame in enumerate(self.frames()):
            if index % step == 0:
                kept.append(frame.image)
            if len(kept) > 2 * count:
                kept, step = kept[::2], 2 * step
        return spread(kept, count)

    def close(self) -> None:
        """Release what the reader holds."""


def spread(items: Sequence[_T], count: int) -> list[_T]:
    """Choose up to `count` items at equal distances, none of them at the very ends."""
    count = min(count, len(items))
    return [items[(2 * i + 1) * len(items) // (2 * count)] for i in range(count)]


def turned(image: Image, degrees: int) -> Image:
    """Turn an image clockwise.

    Args:
        image: uint8, shape (H, W, 3).
        degrees: A multiple of 90.

    Returns:
        uint8, C-contiguous; shape (W, H, 3) after an odd number of quarter turns.
    """
    quarters = degrees // 90 % 4
    return np.ascontiguousarray(np.rot90(image, -quarters)) if quarters else image


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file.

    Raises:
        ClipError: it is not a readable, non-empty file; the message has the system's reason.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ClipError(f"{path}: not a regular file")
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise ClipError(f"{path}: cannot be read: {error.strerror}") from error
    if status.st_size == 0:
        raise ClipError(f"{path}: the file is empty")
    return head


def mapped(path: Path) -> mmap.mmap:
    """Map a file that is not empty, so that a large one does not fill the memory.

    Raises:
        ClipError: the system refuses.
    """
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise ClipError(f"{path}: cannot be read: {reason_of(error)}") from error


def as_bgr(image: NDArray[Any]) -> Image:
    """Bring what a decoder gave to uint8, shape (H, W, 3), BGR, C-contiguous."""
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 2 or image.shape[2] == 1:
        image = np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
    return np.ascontiguousarray(image[:, :, :3], dtype=np.uint8)


def uneven(shortest: float, longest: float) -> list[str]:
    """Return a warning if frames are too unevenly spaced for one frame rate, else nothing.

    Args:
        shortest, longest: Seconds between two frames.
    """
    if longest <= _UNEVEN * shortest:
        return []
    return [
        f"the frames are unevenly spaced, {1000 * shortest:.0f} to {1000 * longest:.0f} ms apart; "
        "smoothing counts frames, so that a length in seconds holds at the mean rate only"
    ]
