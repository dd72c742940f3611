"""GIFs byte by byte, because a library would not write delays that are missing or 0."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

_WIDTH, _HEIGHT = 16, 12
_LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
_CLEAR, _END = 128, 129


def write_gif(path: Path, delays: Sequence[int | None], *, loop: bool = True) -> Path:
    """Write a GIF whose frame number n, from 0, is grey with the value 20 n + 10.

    Args:
        path: The file.
        delays: Hundredths of a second of each frame; None for a frame that says nothing.
        loop: Whether the file says that it repeats.
    """
    # 128 greys, two apart.
    parts = [b"GIF89a", struct.pack("<HHBBB", _WIDTH, _HEIGHT, 0xF6, 0, 0)]
    parts += [bytes((2 * level,) * 3) for level in range(128)]
    parts += [_LOOP] if loop else []
    for number, delay in enumerate(delays):
        if delay is not None:
            parts.append(b"\x21\xf9\x04" + struct.pack("<BHBB", 0, delay, 0, 0))
        parts.append(b"\x2c" + struct.pack("<HHHHB", 0, 0, _WIDTH, _HEIGHT, 0))
        parts.append(_pixels(10 * number + 5))
    path.write_bytes(b"".join((*parts, b"\x3b")))
    return path


def _pixels(level: int) -> bytes:
    """Compress a flat picture so that every code stays 8 bits wide: the table is cleared often."""
    row = bytes((_CLEAR,)) + bytes((level,)) * 96
    codes = row * (_WIDTH * _HEIGHT // 96) + bytes((_END,))
    blocks = [codes[start : start + 255] for start in range(0, len(codes), 255)]
    return b"\x07" + b"".join(bytes((len(block),)) + block for block in blocks) + b"\0"
