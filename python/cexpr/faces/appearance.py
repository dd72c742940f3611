"""What a face looks like, for the tracker alone: is this the same person?"""

from __future__ import annotations

from typing import Final

import numpy as np

from cexpr import _core
from cexpr._support.opencv import load_cv2
from cexpr._support.types import Floats, Image

# Shares of the box added around it: hair, collar and clothes tell people apart better than the
# face alone.
_NEAR: Final = 0.3
_WIDE: Final = 1.0
# Side of a patch as it is sampled, of the patch that edges are taken from, and of the colour patch.
_SAMPLED: Final = 72
_SIDE: Final = 36
_COLOUR_SIDE: Final = 12
# Cells along a patch, directions of edges, and the strength of an edge (grey levels per pixel)
# below which it is noise.
_CELLS: Final = 4
_DIRECTIONS: Final = 8
_EDGE_NOISE: Final = 2.5
# Weight of a new look in the running mean.
_BLEND: Final = 0.3


class Appearance:
    """What a face looks like: a colour patch and two histograms of edge directions.

    Each of the three is taken without its mean and scaled to length 1, so that brightness and
    contrast do not matter. The histograms are those of Dalal and Triggs (Histograms of Oriented
    Gradients for Human Detection, CVPR 2005) without overlapping blocks.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: Floats) -> None:
        """Take the parts one after the other, float32, scaled so that the whole has length 1."""
        self._parts = parts

    @staticmethod
    def of(image: Image, boxes_xywh: Floats) -> list[Appearance]:
        """Look at each box of an image.

        Args:
            image: uint8, shape (H, W, 3), BGR.
            boxes_xywh: float32, shape (N, 4), pixels.

        Returns:
            N looks.
        """
        if not len(boxes_xywh):
            return []
        near, wide = (_patches(image, boxes_xywh, margin) for margin in (_NEAR, _WIDE))
        cells, pixels = _COLOUR_SIDE, _SIDE // _COLOUR_SIDE
        colours = near.reshape(-1, cells, pixels, cells, pixels, 3).mean(axis=(2, 4))
        edges = _edges(np.concatenate([near, wide]).mean(axis=3))
        of_near, of_wide = np.split(_normalised(edges), 2)
        parts = [_normalised(colours.reshape(len(near), -1)), of_near, of_wide]
        return [Appearance(row) for row in np.concatenate(parts, axis=1) / np.sqrt(3)]

    def likeness(self, other: Appearance) -> float:
        """Return the mean correlation of the parts, -1..1; that of a flat part is 0."""
        return float(self._parts @ other._parts)

    def blend(self, other: Appearance) -> None:
        """Move towards a newer look."""
        parts = (1 - _BLEND) * self._parts + _BLEND * other._parts
        norm = float(np.linalg.norm(parts))
        self._parts = (parts / max(norm, 1e-6)).astype(np.float32)


def _patches(image: Image, boxes_xywh: Floats, margin: float) -> Floats:
    """Cut the boxes with a margin out of an image: float32, shape (N, side, side, 3), 0..255.

    The cost does not grow with the size of the boxes: large ones are sampled sparsely.
    """
    cv2 = load_cv2()
    patches: Floats = np.empty((len(boxes_xywh), _SIDE, _SIDE, 3), np.float32)
    for row, matrix in enumerate(_core.box_transform(boxes_xywh, _SAMPLED, margin)):
        sampled = cv2.warpAffine(
            image, matrix, (_SAMPLED, _SAMPLED), borderMode=cv2.BORDER_REPLICATE
        )
        patches[row] = cv2.resize(sampled, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return patches


def _normalised(rows: Floats) -> Floats:
    """Take out the mean of each row and scale it to length 1; a flat row becomes 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(centred, axis=1, keepdims=True)
    scaled: Floats = np.where(norm > 1e-4, centred / np.maximum(norm, 1e-4), 0).astype(np.float32)
    return scaled


def _edges(grey: Floats) -> Floats:
    """Histograms of edge directions in each cell: float32, shape (N, cells * directions).

    Args:
        grey: float32, shape (N, side, side), 0..255.
    """
    count = len(grey)
    dx, dy = np.zeros_like(grey), np.zeros_like(grey)
    dx[:, :, 1:-1] = 0.5 * (grey[:, :, 2:] - grey[:, :, :-2])
    dy[:, 1:-1] = 0.5 * (grey[:, 2:] - grey[:, :-2])
    turn = (np.arctan2(dy, dx) / (2 * np.pi) + 0.5) * _DIRECTIONS
    cell = np.arange(grey.shape[1]) * _CELLS // grey.shape[1]
    place = (np.arange(count)[:, None, None] * _CELLS + cell[:, None]) * _CELLS + cell
    bins = place * _DIRECTIONS + turn.astype(np.int64) % _DIRECTIONS
    size = count * _CELLS * _CELLS * _DIRECTIONS
    sums = np.bincount(bins.ravel(), np.hypot(dx, dy).ravel(), size)
    cells = sums.reshape(-1, _DIRECTIONS)
    strength = np.linalg.norm(cells, axis=1, keepdims=True) + _EDGE_NOISE
    histograms: Floats = (cells / strength).reshape(count, -1).astype(np.float32)
    return histograms
