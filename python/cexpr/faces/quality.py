"""How much of a face there is to see."""

from __future__ import annotations

from typing import Final

import numpy as np

from cexpr import _core
from cexpr._support.types import Floats, Image, Labels

NEEDED_PIXELS: Final = 40.0
"""Side of a face's box from which more pixels show the models no more (docs/quality.md)."""


def face_quality(
    image: Image, landmarks: Floats, boxes_xywh: Floats, detection: Floats
) -> tuple[Floats, Labels]:
    """Measure the quality of faces, 0..1: the product of six factors.

    Size of the box against `NEEDED_PIXELS`, turn of the head by the five landmarks, sharpness
    (Crete et al., SPIE 6492, 2007), share of the box inside the image, exposure, and agreement of
    the detector; `cexpr/quality.hpp` and docs/quality.md have the formula of each.

    Args:
        image: uint8, shape (H, W, 3), BGR.
        landmarks: float32, shape (F, 5, 2), pixels; NaN where unknown.
        boxes_xywh: float32, shape (F, 4), pixels.
        detection: float32, shape (F,), scores of the detector; NaN where unknown.

    Returns:
        float32, shape (F,); and what is worst where that is below 0.5: int32, shape (F,), place in
        `cexpr.tables.columns.QUALITY_REASONS` from 1, 0 for none.
    """
    quality, reasons = _core.face_quality(image, landmarks, boxes_xywh, detection, NEEDED_PIXELS)
    return quality, reasons.astype(np.int32)
