"""Files that hold sound only, told from their content."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, Final

from cexpr.clips.reader import head_of

# Where in a file, and what stands there.
_SIGNATURES: Final = (
    (8, b"WAVE"),
    (8, b"AIFF"),
    (8, b"AIFC"),
    (0, b"ID3"),
    (0, b"fLaC"),
    (0, b"#!AMR"),
    (0, b"MThd"),
    (0, b"caff"),
)
# The second byte of MPEG audio (layers 1 to 3) and of AAC in ADTS, behind 0xff.
_MPEG_AUDIO: Final = frozenset((0xF1, 0xF2, 0xF3, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD))
_OGG_SOUND: Final = (b"\x01vorbis", b"OpusHead", b"Speex   ", b"\x7fFLAC")
_MATROSKA: Final = b"\x1aE\xdf\xa3"
# Of a Matroska file: its tracks are described near the beginning.
_LOOKED_AT: Final = 1 << 20
_VIDEO_TRACK, _SOUND_TRACK = b"\x83\x81\x01", b"\x83\x81\x02"
# Boxes of an MP4, each within the one before; the last holds the box that says what a track is.
_CONTAINERS: Final = (b"moov", b"trak", b"mdia")


def is_sound(path: Path) -> bool:
    """Tell whether a file holds sound and no picture; false where that is not known.

    Knows MP4 and QuickTime, Matroska and WebM, WAV, AIFF, CAF, MP3, AAC, FLAC, Ogg, AMR and MIDI.

    Args:
        path: A readable file.
    """
    head = head_of(path)
    if any(head[at : at + len(mark)] == mark for at, mark in _SIGNATURES):
        return True
    if head[0] == 0xFF and head[1:2] and head[1] in _MPEG_AUDIO:
        return True
    if head.startswith(b"OggS"):
        return any(head[28:].startswith(mark) for mark in _OGG_SOUND)
    with path.open("rb") as file:
        if head.startswith(_MATROSKA):
            start = file.read(_LOOKED_AT)
            return _SOUND_TRACK in start and _VIDEO_TRACK not in start
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
            kinds = _track_kinds(file, path.stat().st_size)
            return b"soun" in kinds and b"vide" not in kinds
    return False


def _track_kinds(file: BinaryIO, end: int, depth: int = 0) -> set[bytes]:
    """Read the handler types of the tracks of an MP4 (ISO/IEC 14496-12) up to an offset."""
    kinds: set[bytes] = set()
    while file.tell() + 8 <= end:
        start = file.tell()
        size, name = struct.unpack(">I4s", file.read(8))
        if size == 1:
            size = int.from_bytes(file.read(8), "big")
        after = start + size if size else end
        if after < file.tell() or after > end:
            break
        # Nested no deeper than tracks are, whatever a file says.
        if name in _CONTAINERS[depth : depth + 1]:
            kinds |= _track_kinds(file, after, depth + 1)
        elif name == b"hdlr":
            kinds.add(file.read(12)[8:])
        file.seek(after)
    return kinds
