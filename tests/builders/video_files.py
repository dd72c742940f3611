"""Small clips for tests: written by OpenCV, by hand, or patched afterwards."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def grey_steps(count: int, width: int = 64, height: int = 48) -> list[Image]:
    """Frames of one colour each, brighter by 20 from frame to frame, so that order shows."""
    return [np.full((height, width, 3), 10 + 20 * i, np.uint8) for i in range(count)]


def write_video(path: Path, images: Sequence[Image], fps: float = 25, codec: str = "mp4v") -> Path:
    """Write a video with OpenCV; the container follows the suffix."""
    height, width = images[0].shape[:2]
    fourcc = cv2.VideoWriter.fourcc(*codec)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, fps, (width, height))
    assert writer.isOpened()
    for image in images:
        writer.write(image)
    writer.release()
    return path


def write_mjpeg_avi(path: Path, images: Sequence[Image], fps: int = 25) -> Path:
    """Write an AVI by hand, because OpenCV's writer cuts odd sizes and refuses one pixel."""
    height, width = images[0].shape[:2]
    chunks = []
    for image in images:
        data = cv2.imencode(".jpg", image)[1].tobytes()
        chunks.append(_chunk(b"00dc", data))
    main = struct.pack(
        "<14I", 1000000 // fps, 0, 0, 0, len(images), 0, 1, 0, width, height, *[0] * 4
    )
    stream = b"vidsMJPG" + struct.pack(
        "<10I4H", 0, 0, 0, 1, fps, 0, len(images), 0, 0, 0, 0, 0, 0, 0
    )
    layout = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, b"MJPG", 0, 0, 0, 0, 0)
    stream_list = _list(b"strl", _chunk(b"strh", stream) + _chunk(b"strf", layout))
    body = _list(b"hdrl", _chunk(b"avih", main) + stream_list) + _list(b"movi", b"".join(chunks))
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body) + 4) + b"AVI " + body)
    return path


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _list(name: bytes, data: bytes) -> bytes:
    return _chunk(b"LIST", name + data)


def set_mp4_rotation(path: Path) -> None:
    """Say in the track header that the picture is to be turned by 90 degrees clockwise."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 40
    one = 1 << 16
    data[start : start + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def set_mp4_durations(path: Path, durations: Sequence[float]) -> None:
    """Give each frame of an MP4 a duration of its own.

    Args:
        path: The file, with its index behind the data, as OpenCV writes it.
        durations: Multiples of the duration that all frames have now; their sum is the number of
            frames, because the edit list cuts what is longer.
    """
    data = bytearray(path.read_bytes())
    assert data.index(b"mdat") < data.index(b"moov")
    at = data.index(b"stts") - 4
    size = struct.unpack_from(">I", data, at)[0]
    unit = struct.unpack_from(">I", data, at + 20)[0]
    table = struct.pack(">4xI", len(durations))
    table += b"".join(struct.pack(">II", 1, round(unit * n)) for n in durations)
    box = struct.pack(">I", len(table) + 8) + b"stts" + table
    data[at : at + size] = box
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        place = data.index(name) - 4
        old = struct.unpack_from(">I", data, place)[0]
        struct.pack_into(">I", data, place, old + len(box) - size)
    path.write_bytes(data)
