"""Decoding in a second thread, a bounded number of frames ahead."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final

from cexpr.clips.reader import Frame

MAX_FRAMES: Final = 16
MAX_BYTES: Final = 64 * 1024 * 1024
# A consumer that was interrupted on its way out does not wake the thread.
_LOOK_SECONDS: Final = 0.5


@contextmanager
def frames_of(clip: Iterable[Frame], *, threads: int) -> Iterator[Iterator[Frame]]:
    """Let the body read the frames of a clip, decoded ahead where there is a thread for it.

    Args:
        clip: An open clip.
        threads: Threads of the analysis; one alone decodes each frame when it is asked for.

    Yields:
        The frames.
    """
    if threads == 1:
        yield iter(clip)
        return
    with ReadAhead(clip) as ahead:
        yield iter(ahead)


class ReadAhead:
    """Iterates over frames that a second thread fetches ahead; use it in a `with` block.

    The frames waiting are bounded by number and by bytes (one is always allowed), so memory does
    not grow with the clip. An error of the source is raised where the consumer would have met it.
    Leaving the block stops the thread after the frame it is at.
    """

    def __init__(
        self, frames: Iterable[Frame], *, max_frames: int = MAX_FRAMES, max_bytes: int = MAX_BYTES
    ) -> None:
        """Prepare to read; the thread starts with the block.

        Args:
            frames: The source, read by one thread only.
            max_frames: Frames that may wait, >= 1.
            max_bytes: Bytes of images that may wait; one frame may exceed it.

        Raises:
            ValueError: max_frames is below 1.
        """
        if max_frames < 1:
            raise ValueError(f"max_frames: expected at least 1, got {max_frames}")
        self._source = frames
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._waiting: deque[Frame] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._stopped = False
        self._finished = False
        self._error: BaseException | None = None
        # Not a daemon: an interpreter that ends while a decoder runs may crash.
        self._thread = threading.Thread(target=self._read, name="cexpr-decode")

    def _read(self) -> None:
        """Fetch frames until the source ends, fails or nobody wants more."""
        try:
            for frame in self._source:
                if not self._put(frame):
                    break
        except BaseException as error:  # noqa: BLE001 - handed to the consumer, whatever it is
            self._error = error
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def _put(self, frame: Frame) -> bool:
        """Append a frame once there is room; False when the consumer has left."""
        size = frame.image.nbytes
        with self._changed:
            while not self._is_left() and self._waiting and self._is_full(size):
                self._changed.wait(_LOOK_SECONDS)
            if self._is_left():
                return False
            self._waiting.append(frame)
            self._bytes += size
            self._changed.notify_all()
            return True

    def _is_left(self) -> bool:
        """Whether the consumer has gone, in order or with the interpreter."""
        return self._stopped or not threading.main_thread().is_alive()

    def _is_full(self, size: int) -> bool:
        return len(self._waiting) >= self._max_frames or self._bytes + size > self._max_bytes

    def __iter__(self) -> Iterator[Frame]:
        while True:
            with self._changed:
                while not self._waiting and not self._finished:
                    self._changed.wait()
                if not self._waiting:
                    break
                frame = self._waiting.popleft()
                self._bytes -= frame.image.nbytes
                self._changed.notify_all()
            yield frame
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def __enter__(self) -> ReadAhead:
        try:
            self._thread.start()
        except BaseException:
            self._stopped = True
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Before anything that an interrupt could cut short.
        self._stopped = True
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join()
