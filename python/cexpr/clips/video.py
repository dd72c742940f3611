"""Videos, through OpenCV's FFmpeg backend, with times that increase."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from cexpr._support.opencv import load_cv2, reason
from cexpr._support.types import Image
from cexpr.clips.reader import FALLBACK_FPS, Frame, Reader, as_bgr, spread, turned, uneven
from cexpr.clips.sound import is_sound
from cexpr.errors import ClipError

_MAX_FPS: Final = 1000.0
# A jump decodes from the key frame before; frames from one jump to the next that make up for it.
_FRAMES_PER_JUMP: Final = 30
# Text files: FFmpeg renders them as films of a terminal.
_TEXT_CODECS: Final = frozenset((b"ansi", b"ANSI"))


class VideoReader(Reader):
    """Frames of a video file, through OpenCV's FFmpeg backend."""

    def __init__(self, path: Path, threads: int, opened: Path | None = None) -> None:
        """Open a video.

        Args:
            path: The file, as messages name it.
            threads: Threads of the decoder.
            opened: The file that is read in its place, if another.

        Raises:
            ClipError: it cannot be opened, or holds sound only.
        """
        cv2 = load_cv2()
        self._cv2 = cv2
        try:
            capture = cv2.VideoCapture(
                str(opened or path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, threads]
            )
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
            raise ClipError(f"{path}: {_why_not(path)}")
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        self._degrees = _degrees(capture, cv2)
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
                yield Frame(
                    number, stamps.repaired(stamp / 1000.0), turned(as_bgr(image), self._degrees)
                )
        except cv2.error as error:
            self.warnings.append(f"decoding stopped after frame {number}: {reason(error)}")
        if damaged:
            self.warnings.append(f"{damaged} damaged frames could not be decoded and are left out")
        if stamps.repairs:
            self.warnings.append(
                f"{stamps.repairs} of {number} presentation times were missing or out of order; "
                f"they were replaced from the frame rate ({self.fps:g})"
            )
        self.warnings += uneven(stamps.shortest, stamps.longest)
        # Containers without a frame count announce duration times rate, which is often one off.
        if self.announced_frames is not None and abs(self.announced_frames - number) > 1:
            self.warnings.append(
                f"the container announces {self.announced_frames} frames, {number} were decoded"
            )

    def sampled(self, count: int) -> list[Image]:
        """Jump to frames spread over the video, if it is long; see `Reader.sampled`."""
        announced = self.announced_frames or 0
        if announced < _FRAMES_PER_JUMP * count:
            return super().sampled(count)
        images: list[Image] = []
        for index in spread(range(announced), count):
            self._capture.set(self._cv2.CAP_PROP_POS_FRAMES, index)
            decoded, image = self._capture.read()
            if decoded:
                images.append(turned(as_bgr(image), self._degrees))
        return images

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            self._capture.release()


def _why_not(path: Path) -> str:
    """Say why a file cannot be decoded as a video."""
    if is_sound(path):
        return "holds sound only, and no picture; expected a video, a GIF or an image"
    return "not a video that can be decoded; the file is damaged, cut off or of another type"


def _degrees(capture: Any, cv2: Any) -> int:
    """Degrees, clockwise, by which the caller must turn frames; 0 where the backend does it."""
    if capture.get(cv2.CAP_PROP_ORIENTATION_AUTO) == 1:
        return 0
    return 90 * round(float(capture.get(cv2.CAP_PROP_ORIENTATION_META)) / 90)


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
