"""Folders of single images."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np

from builders.photos import astronaut


def write_grey_images(folder: Path, names: str = "abc") -> None:
    """Write a plain grey picture under each letter, each of another grey."""
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        image = np.full((32, 32, 3), 40 + 5 * number, np.uint8)
        cv2.imwrite(str(folder / f"{name}.png"), image)


def write_photographs(folder: Path) -> None:
    """Write one photograph with a face, one with two, and one without."""
    folder.mkdir(exist_ok=True)
    face = np.ascontiguousarray(astronaut()[:256, 100:356])
    for name, image in (
        ("one", face),
        ("two", np.concatenate([face, face[:, ::-1]], axis=1)),
        ("without", np.full((256, 256, 3), 90, np.uint8)),
    ):
        cv2.imwrite(str(folder / f"{name}.jpg"), image)


def write_turned(path: Path) -> None:
    """Write a photograph that lies on its side, with an EXIF mark that says so."""
    face = astronaut()[:256, 100:356]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(np.rot90(face)))
    # One entry, tag 0x0112: 6 is "turn clockwise to show it".
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    tiff = b"II*\x00" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    body = b"Exif\x00\x00" + tiff
    mark = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    jpeg = data.tobytes()
    path.write_bytes(jpeg[:2] + mark + jpeg[2:])
