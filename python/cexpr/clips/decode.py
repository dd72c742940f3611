"""Decoding: every frame of a clip once, in order, with its number and its time."""

from __future__ import annotations

import math
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cexpr._support.opencv import load_cv2, reason
from cexpr._support.types import Image
from cexpr.clips.sources import ClipSource, image_number
from cexpr.errors import ClipError

FALLBACK_FPS: Final = 30.0
_MAX_FPS: Final = 1000.0
# Longest over shortest time between two frames from which a clip has no one frame rate.
_UNEVEN: Final = 1.5
# Text files: FFmpeg renders them as films of a terminal.
_TEXT_CODECS: Final = frozenset((b"ansi", b"ANSI"))


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


class Clip:
    """An open clip; iterate over it once, in a `with` block.

    Attributes:
        source: Where the frames come from.
        announced_frames: Number of frames that the container announces, or None.
        decoded_frames: Number of frames given out so far.
        width: Width of the first frame as shown (after rotation), pixels.
        height: Height of the first frame, pixels.
        fps: Nominal frames per second; the frames' own times count.
        warnings: What was repaired or left out, one sentence each; complete after the last frame.
    """

    def __init__(self, source: ClipSource, reader: _Reader) -> None:
        self.source = source
        self._reader = reader
        self._frames = reader.frames()
        self.decoded_frames = 0
        first = next(self._frames, None)
        if first is None:
            reader.close()
            raise ClipError(f"{source.path}: no frame can be decoded; the file may be damaged")
        self._first: Frame | None = first
        self.height, self.width = first.image.shape[:2]

    @property
    def announced_frames(self) -> int | None:
        """Number of frames that the file announces, or None."""
        return self._reader.announced_frames

    @property
    def fps(self) -> float:
        """Frames per second, from the file or assumed."""
        return self._reader.fps

    @property
    def warnings(self) -> list[str]:
        """Sentences about what was damaged, missing or assumed so far."""
        return self._reader.warnings

    def __iter__(self) -> Iterator[Frame]:
        if self._first is not None:
            first, self._first = self._first, None
            self.decoded_frames += 1
            yield first
        for frame in self._frames:
            self.decoded_frames += 1
            yield frame

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


def open_clip(source: ClipSource, *, threads: int = 1, folder_fps: float = FALLBACK_FPS) -> Clip:
    """Open a clip and decode its first frame.

    Args:
        source: A clip from `find_clips`.
        threads: Threads of the video decoder, >= 1.
        folder_fps: Frames per second of a folder of numbered images, > 0, which has no times.

    Returns:
        The open clip. A folder of numbered images gives a frame for every number present, under
        that number (files that count from 0 are shifted by one); missing numbers stay missing. Of
        an image file with several pictures only the first is read.

    Raises:
        ClipError: the clip cannot be read or holds no frame.
        ValueError: threads or folder_fps is out of range.
    """
    if threads < 1:
        raise ValueError(f"threads: expected at least 1, got {threads}")
    if not (math.isfinite(folder_fps) and folder_fps > 0):
        raise ValueError(f"folder_fps: expected a number above 0, got {folder_fps}")
    if source.kind == "folder":
        return Clip(source, _FolderReader(source.path, folder_fps))
    _require_file(source.path)
    if source.kind == "image":
        return Clip(source, _ImageReader(source.path))
    return Clip(source, _VideoReader(source.path, threads))


def _require_file(path: Path) -> None:
    """Refuse anything but a readable, non-empty file; the message has the system's reason."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ClipError(f"{path}: not a regular file")
        with path.open("rb"):
            pass
    except OSError as error:
        raise ClipError(f"{path}: cannot be read: {error.strerror}") from error
    if status.st_size == 0:
        raise ClipError(f"{path}: the file is empty")


class _Reader:
    """Base of the readers of videos, images and folders."""

    def __init__(self, fps: float, announced_frames: int | None) -> None:
        self.fps = fps
        self.announced_frames = announced_frames
        self.warnings: list[str] = []

    def frames(self) -> Iterator[Frame]:
        raise NotImplementedError

    def close(self) -> None:
        """Release what the reader holds."""


class _VideoReader(_Reader):
    """Frames of a video file or GIF, through OpenCV's FFmpeg backend."""

    def __init__(self, path: Path, threads: int) -> None:
        cv2 = load_cv2()
        self._cv2 = cv2
        try:
            capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, threads])
        except (cv2.error, UnicodeError) as error:
            raise ClipError(
                f"{str(path)!r}: cannot be opened as a video: {reason(error)}"
            ) from error
        self._capture: Any = capture
        # A decoder that is released while another thread reads takes the process with it.
        self._lock = threading.Lock()
        self._is_closed = False
        fourcc = int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
        if not capture.isOpened() or fourcc.to_bytes(4, "little") in _TEXT_CODECS:
            capture.release()
            raise ClipError(
                f"{path}: not a video that can be decoded; "
                "the file is damaged, cut off or of another type"
            )
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        self._turns = _turns(capture, cv2)
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        announced = int(count) if math.isfinite(count) and 0 < count < 2**53 else None
        has_rate = math.isfinite(fps) and 0 < fps <= _MAX_FPS
        super().__init__(fps if has_rate else FALLBACK_FPS, announced)
        if not has_rate:
            self.warnings.append(
                f"the container gives no usable frame rate ({fps:g}); "
                f"{FALLBACK_FPS:g} per second is assumed where times are missing"
            )

    def frames(self) -> Iterator[Frame]:
        cv2, capture = self._cv2, self._capture
        stamps = _Stamps(self.fps)
        number = damaged = 0
        try:
            while True:
                with self._lock:
                    if self._is_closed or not capture.grab():
                        break
                    stamp = capture.get(cv2.CAP_PROP_POS_MSEC)
                    decoded, image = capture.retrieve()
                if not decoded or image is None:
                    damaged += 1
                    continue
                number += 1
                yield Frame(number, stamps.repaired(stamp / 1000.0), self._upright(_as_bgr(image)))
        except cv2.error as error:
            self.warnings.append(f"decoding stopped after frame {number}: {reason(error)}")
        if damaged:
            self.warnings.append(f"{damaged} damaged frames could not be decoded and are left out")
        if stamps.repairs:
            self.warnings.append(
                f"{stamps.repairs} of {number} presentation times were missing or out of order; "
                f"they were replaced from the frame rate ({self.fps:g})"
            )
        if stamps.longest > _UNEVEN * stamps.shortest:
            self.warnings.append(
                f"the frames are unevenly spaced, {1000 * stamps.shortest:.0f} to "
                f"{1000 * stamps.longest:.0f} ms apart; smoothing counts frames, so that a length "
                "in seconds holds at the mean rate only"
            )
        # Containers without a frame count announce duration times rate, which is often one off.
        if self.announced_frames is not None and abs(self.announced_frames - number) > 1:
            self.warnings.append(
                f"the container announces {self.announced_frames} frames, {number} were decoded"
            )

    def _upright(self, image: Image) -> Image:
        return np.ascontiguousarray(np.rot90(image, -self._turns)) if self._turns else image

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            self._capture.release()


def _turns(capture: Any, cv2: Any) -> int:
    """Quarter turns, clockwise, that the backend leaves to the caller; 0 where it rotates."""
    if capture.get(cv2.CAP_PROP_ORIENTATION_AUTO) == 1:
        return 0
    return round(float(capture.get(cv2.CAP_PROP_ORIENTATION_META)) / 90) % 4


class _Stamps:
    """Presentation times, made strictly increasing.

    The backend answers 0 for a frame without a stamp, and some containers carry the decoding
    order. Such times become the last good one plus the frame's nominal duration.
    """

    def __init__(self, fps: float) -> None:
        self._duration = 1.0 / fps
        self._last: float | None = None
        self.repairs = 0
        # Between two frames, in seconds.
        self.shortest = math.inf
        self.longest = 0.0

    def repaired(self, time: float) -> float:
        before, now = self._last, self._next(time)
        if before is not None:
            self.shortest = min(self.shortest, now - before)
            self.longest = max(self.longest, now - before)
        return now

    def _next(self, time: float) -> float:
        if self._last is None:
            good = math.isfinite(time) and time >= 0
            self._last = time if good else 0.0
        elif math.isfinite(time) and time > self._last:
            good = True
            self._last = time
        else:
            good = False
            self._last += self._duration
        self.repairs += not good
        return self._last


class _ImageReader(_Reader):
    """A still image: one frame at time 0."""

    def __init__(self, path: Path) -> None:
        super().__init__(FALLBACK_FPS, 1)
        self._path = path

    def frames(self) -> Iterator[Frame]:
        yield Frame(1, 0.0, _read_image(self._path))


class _FolderReader(_Reader):
    """A folder of numbered images: frames under their files' numbers."""

    def __init__(self, folder: Path, fps: float) -> None:
        self._files: dict[int, Path] = {}
        try:
            names = sorted(folder.iterdir())
        except OSError as error:
            raise ClipError(f"{folder}: cannot list this folder: {error.strerror}") from error
        for path in names:
            number = image_number(path.name)
            if number is None:
                continue
            if number in self._files:
                raise ClipError(
                    f"{folder}: {self._files[number].name} and {path.name} are both image {number}"
                )
            self._files[number] = path
        super().__init__(fps, len(self._files))
        self._shift = 1 if 0 in self._files else 0
        if self._shift:
            self.warnings.append("the images count from 0: frame 1 is image 0, and so on")

    def frames(self) -> Iterator[Frame]:
        for file_number in sorted(self._files):
            number = file_number + self._shift
            try:
                image = _read_image(self._files[file_number])
            except ClipError as error:
                self.warnings.append(f"frame {number} is left out: {error}")
                continue
            yield Frame(number, (number - 1) / self.fps, image)


def _read_image(path: Path) -> Image:
    """Decode an image file to BGR; grey, 16-bit and 4-channel images are converted."""
    cv2 = load_cv2()
    _require_file(path)
    try:
        # Through memory, because OpenCV's own file access fails on some names.
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    except (cv2.error, OSError) as error:
        raise ClipError(f"{path}: this image cannot be decoded: {reason(error)}") from error
    if image is None:
        raise ClipError(f"{path}: this image cannot be decoded; it is damaged or of another type")
    return _as_bgr(image)


def _as_bgr(image: NDArray[Any]) -> Image:
    """Bring what a decoder gave to uint8, shape (H, W, 3), BGR, C-contiguous."""
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 2 or image.shape[2] == 1:
        image = np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
    return np.ascontiguousarray(image[:, :, :3], dtype=np.uint8)
