"""YuNet through OpenCV, with a model file that the user names or has pulled."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from cexpr._support.opencv import load_cv2, reason
from cexpr._support.types import Floats, Image
from cexpr.errors import ModelError
from cexpr.faces.detector import Detections, require_image

# Longer side of the image that is searched: YuNet sees faces of 10 to 300 pixels.
_LONGEST_SIDE: Final = 640
# Side of the region that is searched for one followed face, and its size in faces.
_REGION_SIDE: Final = 160
_REGION_FACES: Final = 2.0


class YuNet:
    """YuNet (Wu, Peng, Yu, 2023) on OpenCV's own network engine."""

    name = "yunet"
    searches = True

    def __init__(self, model_path: Path, *, score_threshold: float = 0.6) -> None:
        """Load the model file.

        OpenCV's threads are a setting of the whole process (`cv2.setNumThreads`), which is left
        to `cexpr.Pipeline`.

        Args:
            model_path: A YuNet ONNX file, whatever its name ends in.
            score_threshold: Least score of a detection, 0..1.

        Raises:
            ModelError: the file is missing or is not a YuNet model.
        """
        cv2 = load_cv2()
        self._cv2 = cv2
        if not model_path.is_file():
            raise ModelError(f"{model_path}: no such file; expected a model for the detector yunet")
        # From memory: OpenCV tells a file's format by its suffix.
        model, no_config = np.fromfile(model_path, np.uint8), np.empty(0, np.uint8)
        size = (_REGION_SIDE, _REGION_SIDE)
        try:
            self._net: Any = cv2.FaceDetectorYN.create(
                "onnx", model, no_config, size, score_threshold, 0.3, 1000
            )
            self._net.detect(np.zeros((_REGION_SIDE, _REGION_SIDE, 3), np.uint8))
        except cv2.error as error:
            raise ModelError(
                f"{model_path}: OpenCV {cv2.__version__} cannot load this as a YuNet model: "
                f"{_reason(error)}; 'cexpr models pull yunet' fetches one"
            ) from error
        self.model_files = (model_path,)
        self._input_wh = size
        self.inference_seconds = 0.0

    def detect(self, image: Image) -> Detections:
        """Search the whole image; see `Detector.detect`."""
        require_image(image)
        height, width = image.shape[:2]
        scale = min(1.0, _LONGEST_SIDE / max(width, height))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        if size != (width, height):
            image = self._cv2.resize(image, size, interpolation=self._cv2.INTER_AREA)
        found = self._run(image, (width / size[0], height / size[1]), (0.0, 0.0))
        return found[np.argsort(-found.scores, kind="stable")]

    def refine(self, image: Image, boxes_xywh: Floats) -> Detections:
        """Search the region around each box; see `Detector.refine`."""
        require_image(image)
        rows = [self._best_near(image, box) for box in boxes_xywh]
        if not rows:
            return Detections.empty()
        return Detections(
            np.concatenate([row.boxes_xywh for row in rows]),
            np.concatenate([row.scores for row in rows]),
            np.concatenate([row.landmarks for row in rows]),
        )

    def confirm(self, image: Image, boxes_xywh: Floats) -> Floats:
        """Return the scores of a second look at each region; see `Detector.confirm`."""
        return self.refine(image, boxes_xywh).scores

    def _best_near(self, image: Image, box_xywh: Floats) -> Detections:
        """Return one row: the detection that lies best on a box, or the box with score 0."""
        center = box_xywh[:2] + box_xywh[2:] / 2
        side = max(float(box_xywh[2:].max()) * _REGION_FACES, 1.0)
        left, top = float(center[0]) - side / 2, float(center[1]) - side / 2
        scale = _REGION_SIDE / side
        matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
        region = self._cv2.warpAffine(image, matrix, (_REGION_SIDE, _REGION_SIDE))
        found = self._run(region, (1 / scale, 1 / scale), (left, top))
        if not len(found):
            landmarks = np.full((1, 5, 2), np.nan, np.float32)
            return Detections(box_xywh[np.newaxis].copy(), np.zeros(1, np.float32), landmarks)
        centers = found.boxes_xywh[:, :2] + found.boxes_xywh[:, 2:] / 2
        nearest = int(np.argmin(np.linalg.norm(centers - center, axis=1)))
        return found[[nearest]]

    def _run(
        self, image: Image, scale_xy: tuple[float, float], corner_xy: tuple[float, float]
    ) -> Detections:
        """Detect in an image that is a scaled part of the frame, in the frame's coordinates."""
        size = (image.shape[1], image.shape[0])
        if size != self._input_wh:
            self._net.setInputSize(size)
            self._input_wh = size
        start = time.perf_counter()
        _, faces = self._net.detect(image)
        self.inference_seconds += time.perf_counter() - start
        if faces is None:
            return Detections.empty()
        scale, corner = np.array(scale_xy, np.float32), np.array(corner_xy, np.float32)
        boxes = np.concatenate([faces[:, :2] * scale + corner, faces[:, 2:4] * scale], axis=1)
        landmarks = faces[:, 4:14].reshape(-1, 5, 2) * scale + corner
        return Detections(boxes, faces[:, 14].copy(), landmarks)


def _reason(error: Exception) -> str:
    text = reason(error)
    return "not an ONNX file, or a damaged one" if "parse onnx model" in text else text
