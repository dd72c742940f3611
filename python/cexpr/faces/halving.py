"""Crops for the stages of a cascade: many squares of one image at one small size."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from cexpr import _core
from cexpr._support.types import Floats, Image
from cexpr.faces.detector import to_xywh

# Candidates per network call: bounds memory on images full of faces.
_BATCH: Final = 64
# Halvings of the image before a crop is taken; more would leave no image.
_MAX_HALVINGS: Final = 6
# (x - 127.5) / 128 on values in 0..1.
_MEAN: Final = [127.5 / 255] * 3
_STD: Final = [128 / 255] * 3


def crops(cv2: Any, image: Image, boxes: Floats, size: int) -> list[Floats]:
    """Cut squares out as normalised RGB planes, in batches of (n, 3, size, size).

    Each square is cut from a copy of its surroundings that was halved until it is less than twice
    as large as the crop: OpenCV halves far faster than many samples for each pixel can be taken.

    Args:
        cv2: The module.
        image: uint8, shape (H, W, 3), BGR.
        boxes: float32, shape (N, 4), N >= 1: squares by their corners, pixels; may reach outside.
        size: Side of a crop, pixels.
    """
    corners: list[list[float]] = boxes.tolist()
    halvings = [halvings_for((right - left) / size) for left, _, right, _ in corners]
    left, top, view = surroundings(image, corners, 1 << max(halvings))
    inside = boxes - np.array([left, top, left, top], np.float32)
    if len(boxes) == 1:
        # The usual case, a followed face, without the sorting by size.
        view = halved(cv2, view, halvings[0])
        return [_cut(view, inside / np.float32(1 << halvings[0]), size)]
    cut = np.empty((len(boxes), 3, size, size), np.float32)
    done = 0
    for wanted in sorted(set(halvings)):
        view = halved(cv2, view, wanted - done)
        done = wanted
        rows = np.flatnonzero(np.array(halvings) == wanted)
        cut[rows] = _cut(view, inside[rows] / np.float32(1 << wanted), size)
    return [cut[start : start + _BATCH] for start in range(0, len(boxes), _BATCH)]


def _cut(image: Image, boxes: Floats, size: int) -> Floats:
    matrices = _core.box_transform(to_xywh(boxes), size, 0.0)
    return _core.preprocess(image, matrices, size, _MEAN, _STD, "rgb", "auto")


def halvings_for(shrink: float) -> int:
    """Number of halvings after which less than one more is left to shrink."""
    return min(int(math.log2(shrink)), _MAX_HALVINGS) if shrink > 1 else 0


def halved(cv2: Any, image: Image, times: int) -> Image:
    """Halve an image several times; each pixel becomes the mean of a block of 2 x 2.

    Args:
        cv2: OpenCV.
        image: uint8, shape (H, W, 3), whose sides are multiples of 2 to the power of `times`.
        times: How often, >= 0.

    Returns:
        uint8, shape (H / 2^times, W / 2^times, 3).
    """
    for _ in range(times):
        half = (image.shape[1] // 2, image.shape[0] // 2)
        image = cv2.resize(image, half, interpolation=cv2.INTER_AREA)
    return image


def surroundings(image: Image, boxes: list[list[float]], unit: int) -> tuple[int, int, Image]:
    """Return the part of the image that holds all boxes, with its left and top edge.

    The sides of the part are multiples of `unit`, so that halving is exact; where the image ends,
    the part is filled up with black, which is what lies outside of an image.

    Args:
        image: uint8, shape (H, W, 3).
        boxes: Left, top, right and bottom of each box, pixels.
        unit: A power of 2.

    Returns:
        Left and top edge of the part in the image, and the part, uint8.
    """
    height, width = image.shape[:2]
    left = _within(math.floor(min(box[0] for box in boxes)) - unit, width - 1)
    top = _within(math.floor(min(box[1] for box in boxes)) - unit, height - 1)
    right = left + _multiple(math.ceil(max(box[2] for box in boxes)) + unit - left, unit)
    bottom = top + _multiple(math.ceil(max(box[3] for box in boxes)) + unit - top, unit)
    # Boxes may reach far outside; a part is no larger than what is left of the image.
    right = min(right, left + _multiple(width - left, unit))
    bottom = min(bottom, top + _multiple(height - top, unit))
    part = image[top:bottom, left:right]
    missing = (bottom - top - part.shape[0], right - left - part.shape[1])
    if any(missing):
        part = np.pad(part, ((0, missing[0]), (0, missing[1]), (0, 0)))
    return left, top, part


def _within(value: int, last: int) -> int:
    return min(max(value, 0), last)


def _multiple(length: int, unit: int) -> int:
    """Round up to a multiple of `unit`, at least one."""
    return max(-(-length // unit), 1) * unit
