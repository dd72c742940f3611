"""Cheap measures on pixels for the tracker: is this the same person, is this a new scene."""

from __future__ import annotations

from typing import Final

import numpy as np

from cexpr import _core
from cexpr._support.types import Floats, Image

# Side of the patch that a face is known by, and the share of the box added around it: hair and
# collar tell people apart better than the face alone.
_PATCH: Final = 12
_MARGIN: Final = 0.3
# Weight of a new look in the running mean.
_BLEND: Final = 0.3

# Samples along each side of the frame (few: each is a cache miss), grey bins, and the share of
# samples that must change bins.
_SAMPLES: Final = 16
_BINS: Final = 8
_MOVED_SHARE: Final = 0.25


class Appearance:
    """What a face looks like: a small colour patch, brightness and contrast taken out."""

    __slots__ = ("_patch",)

    def __init__(self, patch: Floats) -> None:
        self._patch = _normalised(patch)

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
        matrices = _core.box_transform(boxes_xywh, _PATCH, _MARGIN)
        patches = _core.preprocess(image, matrices, _PATCH, [0.5] * 3, [0.5] * 3, "bgr", "auto")
        return [Appearance(patch) for patch in patches]

    def likeness(self, other: Appearance) -> float:
        """Return the correlation of the two patches, -1..1; 0 where one is flat."""
        return float(self._patch @ other._patch)

    def blend(self, other: Appearance) -> None:
        """Move towards a newer look."""
        self._patch = _normalised((1 - _BLEND) * self._patch + _BLEND * other._patch)


def _normalised(patch: Floats) -> Floats:
    flat = patch.ravel() - patch.mean()
    norm = float(np.linalg.norm(flat))
    return flat / norm if norm > 1e-6 else np.zeros_like(flat)


class SceneCuts:
    """Tells a cut by a sparse sample of pixels.

    A cut changes both the pixels in place and how many of them are dark or bright; motion of
    people or camera changes mostly the first.
    """

    def __init__(self, difference: float) -> None:
        """Start a clip.

        Args:
            difference: Least mean difference of the samples, 0..255.
        """
        self._difference = difference
        self._sample = np.zeros((0, 0), np.int16)

    def is_cut(self, image: Image) -> bool:
        """Compare a frame, uint8 (H, W, 3), with the one before; the first frame is not a cut."""
        rows, columns = (max(1, side // _SAMPLES) for side in image.shape[:2])
        sample = image[rows // 2 :: rows, columns // 2 :: columns, 1].astype(np.int16)
        before, self._sample = self._sample, sample
        if before.shape != sample.shape:
            return before.size > 0
        if float(np.abs(sample - before).mean()) < self._difference:
            return False
        counts = [np.bincount(s.ravel() * _BINS // 256, minlength=_BINS) for s in (before, sample)]
        return float(np.abs(counts[0] - counts[1]).sum()) / 2 >= _MOVED_SHARE * sample.size
