"""Files that hold sound only, with the structure that their containers have."""

from __future__ import annotations

import struct
import wave
from pathlib import Path


def write_wav(path: Path) -> Path:
    """Write a tenth of a second of silence."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))
    return path


def write_mp4(path: Path, *handlers: bytes) -> Path:
    """Write an MP4 with a track for each handler type, without any sample."""
    tracks = b"".join(
        _box(b"trak", _box(b"mdia", _box(b"hdlr", bytes(8) + handler + bytes(13))))
        for handler in handlers
    )
    moov = _box(b"moov", _box(b"mvhd", bytes(100)) + tracks)
    path.write_bytes(_box(b"ftyp", b"M4A \0\0\0\0") + _box(b"mdat", bytes(64)) + moov)
    return path


def write_nested_mp4(path: Path, depth: int) -> Path:
    """Write an MP4 whose box of tracks holds itself again and again."""
    boxes = b""
    for _ in range(depth):
        boxes = _box(b"moov", boxes)
    path.write_bytes(_box(b"ftyp", b"M4A \0\0\0\0") + boxes)
    return path


def write_matroska(path: Path, *track_types: int) -> Path:
    """Write the beginning of a Matroska file with tracks of these types (1 video, 2 sound)."""
    tracks = b"".join(b"\xae\x83" + bytes((0x83, 0x81, kind)) for kind in track_types)
    path.write_bytes(
        b"\x1aE\xdf\xa3\x80" + b"\x16\x54\xae\x6b" + bytes((0x80 | len(tracks),)) + tracks
    )
    return path


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, name) + content
