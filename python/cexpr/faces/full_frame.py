"""For clips that are face crops already: the whole frame is the one face."""

from __future__ import annotations

import numpy as np

from cexpr._support.types import Floats, Image
from cexpr.faces.detector import Detections, require_image


class FullFrame:
    """Takes each frame as one face with score 1 and without landmarks."""

    name = "full-frame"
    searches = False
    model_files = ()

    def __init__(self) -> None:
        self.inference_seconds = 0.0

    def detect(self, image: Image) -> Detections:
        """Return the whole frame; see `Detector.detect`."""
        require_image(image)
        height, width = image.shape[:2]
        return Detections(
            np.array([[0, 0, width, height]], np.float32),
            np.ones(1, np.float32),
            np.full((1, 5, 2), np.nan, np.float32),
        )

    def refine(self, image: Image, boxes_xywh: Floats) -> Detections:
        """Return the whole frame once for each box; see `Detector.refine`."""
        return self.detect(image)[np.zeros(len(boxes_xywh), np.int64)]

    def confirm(self, image: Image, boxes_xywh: Floats) -> Floats:
        """Return 1 for each box; see `Detector.confirm`."""
        require_image(image)
        return np.ones(len(boxes_xywh), np.float32)
