"""Frames that a program gives instead of a file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from os import PathLike
from typing import Any

import numpy as np

from cexpr._support.arguments import real
from cexpr._support.types import Image
from cexpr.clips.reader import FALLBACK_FPS, Frame
from cexpr.clips.sources import ClipSource, find_clips
from cexpr.errors import UsageError

# A clip on disk; or images, uint8, (H, W, 3) BGR or (H, W) grey, each with its time in seconds; or
# an array of them, shape (T, H, W, 3).
Frames = str | PathLike[str] | Iterable[tuple[Image, float]] | Image


class FrameMaker:
    """Makes frames of images and times, and refuses what cannot be the next frame."""

    def __init__(self) -> None:
        self._time = -math.inf

    def make(self, number: int, image: Any, time: Any, place: str = "") -> Frame:
        """Return the next frame.

        Args:
            number: Its number.
            image: uint8, shape (H, W, 3), BGR, or shape (H, W), grey; rows and pixels may lie in
                memory as they like.
            time: Seconds, finite, not before the time of the frame before.
            place: What messages begin with, for example "frame 3: ".

        Returns:
            The frame.

        Raises:
            TypeError: the image is not an array of uint8, or the time is not a number.
            ValueError: a shape or a time is wrong.
        """
        upright = _as_bgr(image, place)
        seconds = real(f"{place}time", time)
        if not math.isfinite(seconds):
            raise ValueError(f"{place}time: expected a finite number of seconds; got {seconds}")
        if seconds < self._time:
            raise ValueError(
                f"{place}time: expected at least {self._time:g}, the time of the frame before; "
                f"got {seconds:g}"
            )
        self._time = seconds
        return Frame(number, seconds, upright)


class GivenFrames:
    """Frames of an iterable or an array, with what a `Clip` tells of itself; iterate over it once.

    Attributes:
        stem: Name of the results: "frames".
        announced_frames: Number of frames, where it is known from the start.
        width: Width of the first frame, pixels; 0 before it was read.
        height: Height of the first frame, pixels.
        warnings: Nothing.
        last_duration: None: the last frame is shown as long as the one before.
    """

    def __init__(self, source: Any, fps: float | None = None) -> None:
        """Check what can be checked before the first frame.

        Args:
            source: An iterable of pairs (image, time), see `FrameMaker.make`; or an array of
                frames, uint8, shape (T, H, W, 3), BGR.
            fps: Frames per second of an array, which has no times; frame i is at i / fps seconds.

        Raises:
            TypeError: source is neither, or fps is not a number.
            ValueError: an array has another shape, fps is missing, out of range, or given for
                pairs.
        """
        self.stem = "frames"
        self.announced_frames: int | None = None
        self.width = self.height = 0
        self.warnings: list[str] = []
        self.last_duration: float | None = None
        self._first = self._last = 0.0
        self._count = 0
        self._pairs: Iterable[Any] = ()
        if isinstance(source, np.ndarray):
            self._pairs = _pairs_of(source, fps)
            self.announced_frames = len(source)
            return
        if fps is not None:
            raise ValueError(
                f"fps: expected none, because every frame comes with its time; got {fps}"
            )
        self._pairs = source

    @property
    def fps(self) -> float:
        """Mean number of frames per second so far."""
        if self._count < 2 or self._last == self._first:
            return FALLBACK_FPS
        return (self._count - 1) / (self._last - self._first)

    def __iter__(self) -> Iterator[Frame]:
        maker = FrameMaker()
        for index, pair in enumerate(self._pairs, start=1):
            frame = maker.make(index, *_image_and_time(pair, index), f"frame {index}: ")
            if index == 1:
                self.height, self.width = frame.image.shape[:2]
                self._first = frame.time
            self._count, self._last = index, frame.time
            yield frame
        if self._count == 0:
            raise ValueError("source: expected at least one frame, got none")


def _image_and_time(pair: Any, index: int) -> tuple[Any, Any]:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(
            f"frame {index}: expected a pair (image, time), got {type(pair).__name__}; images "
            "without times go into one array, numpy.stack(images), with fps"
        )
    return pair[0], pair[1]


def _pairs_of(frames: Any, fps: float | None) -> Iterable[tuple[Image, float]]:
    """Return the frames of an array with their times."""
    if frames.dtype != np.uint8:
        raise TypeError(f"source: expected an array of uint8, got {frames.dtype}")
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.size == 0:
        raise ValueError(
            f"source: expected an array of frames, shape (T, H, W, 3), got {frames.shape}; "
            "one image becomes such an array by image[None]"
        )
    if fps is None:
        raise ValueError(
            "fps: expected the frames per second of the array, which has no times, for example "
            "fps=25; got none"
        )
    rate = real("fps", fps)
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError(f"fps: expected a finite number above 0, got {fps}")
    return ((image, index / rate) for index, image in enumerate(frames))


def _as_bgr(image: Any, place: str) -> Image:
    """Return an image as uint8, shape (H, W, 3), row after row."""
    if not isinstance(image, np.ndarray):
        raise TypeError(
            f"{place}image: expected a numpy array, uint8, shape (H, W, 3) in BGR or (H, W) in "
            f"grey; got {type(image).__name__}"
        )
    if image.dtype != np.uint8:
        raise TypeError(f"{place}image: expected uint8, 0..255, got {image.dtype}")
    is_grey = image.ndim == 2
    if image.size == 0 or not (is_grey or (image.ndim == 3 and image.shape[2] == 3)):
        hint = "; image[:, :, :3] is without alpha" if image.shape[2:] == (4,) else ""
        raise ValueError(
            f"{place}image: expected shape (H, W, 3), BGR, or (H, W), grey, not empty; "
            f"got {image.shape}{hint}"
        )
    return np.ascontiguousarray(np.repeat(image[:, :, np.newaxis], 3, 2) if is_grey else image)


def one_clip(source: Frames, fps: float | None) -> ClipSource | GivenFrames:
    """Find the clip at a path, or take the frames of a program.

    Raises:
        TypeError: source is neither.
        ValueError: fps or the shape of an array is wrong.
        UsageError: there is not exactly one clip.
    """
    if not isinstance(source, str | PathLike):
        if isinstance(source, bytes) or not isinstance(source, Iterable):
            raise TypeError(
                "source: expected the path of a clip (str or os.PathLike), an iterable of "
                f"(image, time) or an array of frames, got {type(source).__name__}; "
                "cexpr.Stream takes frames as they come"
            )
        return GivenFrames(source, fps)
    if fps is not None:
        raise ValueError(
            f"fps: expected none, because a clip has its own times; got {fps} "
            "(folder_fps is for folders of numbered images)"
        )
    clips = find_clips(source)
    if len(clips) != 1:
        raise UsageError(f"{source}: expected one clip, found {len(clips)}; cexpr.run takes many")
    return clips[0]
