"""Still images, alone or as the numbered frames of a clip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from cexpr._support.opencv import load_cv2, reason
from cexpr._support.types import Image
from cexpr.clips.reader import FALLBACK_FPS, Frame, Reader, as_bgr, head_of, spread
from cexpr.clips.sources import image_number
from cexpr.errors import ClipError


class ImageReader(Reader):
    """A still image: one frame at time 0."""

    def __init__(self, path: Path) -> None:
        """Take an image file, which is read when its frame is asked for."""
        super().__init__(FALLBACK_FPS, 1)
        self._path = path

    def frames(self) -> Iterator[Frame]:
        """Yield the only frame; see `Reader.frames`."""
        yield Frame(1, 0.0, read_image(self._path))


class FolderReader(Reader):
    """A folder of numbered images: frames under their files' numbers."""

    def __init__(self, folder: Path, fps: float) -> None:
        """List the images.

        Raises:
            ClipError: the folder cannot be listed, or two images have one number.
        """
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
        self.last_duration = 1 / fps
        self._shift = 1 if 0 in self._files else 0
        if self._shift:
            self.warnings.append("the images count from 0: frame 1 is image 0, and so on")

    def frames(self) -> Iterator[Frame]:
        """Yield the images that can be decoded; see `Reader.frames`."""
        for file_number in sorted(self._files):
            number = file_number + self._shift
            try:
                image = read_image(self._files[file_number])
            except ClipError as error:
                self.warnings.append(f"frame {number} is left out: {error}")
                continue
            yield Frame(number, (number - 1) / self.fps, image)

    def sampled(self, count: int) -> list[Image]:
        """Read no more images than are wanted; see `Reader.sampled`."""
        images: list[Image] = []
        for number in spread(sorted(self._files), count):
            with suppress(ClipError):
                images.append(read_image(self._files[number]))
        return images


def read_image(path: Path) -> Image:
    """Decode an image file to BGR; grey, 16-bit and 4-channel images are converted.

    Raises:
        ClipError: it cannot be read or decoded.
    """
    cv2 = load_cv2()
    head_of(path)
    try:
        # Through memory, because OpenCV's own file access fails on some names.
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    except (cv2.error, OSError) as error:
        raise ClipError(f"{path}: this image cannot be decoded: {reason(error)}") from error
    if image is None:
        raise ClipError(f"{path}: this image cannot be decoded; it is damaged or of another type")
    return as_bgr(image)
