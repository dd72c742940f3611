"""The interface of face detectors, and how to make one by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from cexpr._support.types import Floats, Image
from cexpr.errors import ModelError, UsageError
from cexpr.models import zoo
from cexpr.models.manifest import DetectorManifest

DETECTORS: Final = ("mtcnn", "yunet", "full-frame")
"""`mtcnn` is the default; `full-frame` is for crops already made."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Faces in one image; row i of each array is face i.

    Attributes:
        boxes_xywh: float32, shape (N, 4): left, top, width, height in pixels; may reach outside.
        scores: float32, shape (N,): 0..1.
        landmarks: float32, shape (N, 5, 2), pixels: left eye, right eye, nose, left and right
            corner of the mouth as seen in the image; NaN where the detector has none.
    """

    boxes_xywh: Floats
    scores: Floats
    landmarks: Floats

    @staticmethod
    def empty() -> Detections:
        """Return no faces."""
        return Detections(
            np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32)
        )

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, rows: NDArray[Any] | list[int] | slice) -> Detections:
        return Detections(self.boxes_xywh[rows], self.scores[rows], self.landmarks[rows])


class Detector(Protocol):
    """Finds faces, and finds them again where they were a moment ago."""

    name: str
    searches: bool
    """Whether faces are searched for; if not, the whole frame is always the one face."""

    @property
    def model_files(self) -> tuple[Path, ...]:
        """Files of its networks: from the wheel, or named or pulled by the user."""

    @property
    def inference_seconds(self) -> float:
        """Time spent inside the detector's networks so far."""

    def detect(self, image: Image) -> Detections:
        """Search the whole image.

        Args:
            image: uint8, shape (H, W, 3), BGR.

        Returns:
            All faces, best score first.
        """

    def refine(self, image: Image, boxes_xywh: Floats) -> Detections:
        """Find faces again whose places are roughly known.

        Args:
            image: uint8, shape (H, W, 3), BGR.
            boxes_xywh: float32, shape (N, 4): where the faces were.

        Returns:
            N rows in the order of the boxes; the score is low where the face is gone.
        """

    def confirm(self, image: Image, boxes_xywh: Floats) -> Floats:
        """Judge new faces more closely than `detect` does, at a higher cost.

        Args:
            image: uint8, shape (H, W, 3), BGR.
            boxes_xywh: float32, shape (N, 4): what `detect` found.

        Returns:
            float32, shape (N,): 0..1, how sure it is that each box is a face.
        """


def require_image(image: Image) -> None:
    """Refuse anything but a BGR image.

    Raises:
        TypeError: image is not uint8.
        ValueError: its shape is not (H, W, 3), or it is empty.
    """
    if image.dtype != np.uint8:
        raise TypeError(f"image: expected uint8, got {image.dtype}")
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"image: expected shape (H, W, 3), got {image.shape}")


def to_xyxy(boxes_xywh: Floats) -> Floats:
    """Turn left, top, width, height into left, top, right, bottom: float32, shape (N, 4)."""
    boxes_xyxy: Floats = boxes_xywh.copy()
    boxes_xyxy[:, 2:] += boxes_xyxy[:, :2]
    return boxes_xyxy


def to_xywh(boxes_xyxy: Floats) -> Floats:
    """Turn left, top, right, bottom into left, top, width, height: float32, shape (N, 4)."""
    boxes_xywh: Floats = boxes_xyxy.copy()
    boxes_xywh[:, 2:] -= boxes_xywh[:, :2]
    return boxes_xywh


def make_detector(
    name: str = "mtcnn", *, model_path: Path | None = None, threads: int = 1, **options: Any
) -> Detector:
    """Make a detector by name.

    Args:
        name: One of `DETECTORS`.
        model_path: Model file of `yunet`; None for the one that `cexpr models pull yunet` fetched.
            The others take none.
        threads: Threads of the networks of `mtcnn`, >= 1; `yunet` uses those of OpenCV.
        options: Settings of the detector: those of `MtcnnOptions`; `score_threshold` of `yunet`.

    Returns:
        The detector, its networks loaded.

    Raises:
        UsageError: the name is unknown, or the detector takes no model file.
        ModelError: a model file is not there, or cannot be loaded.
        ValueError: threads or an option is out of range.
    """
    if threads < 1:
        raise ValueError(f"threads: expected at least 1, got {threads}")
    if name not in DETECTORS:
        raise UsageError(f"unknown detector '{name}': expected one of {', '.join(DETECTORS)}")
    if name != "yunet" and model_path is not None:
        raise UsageError(
            f"the detector {name} takes no model file, got {model_path}; leave it out, or choose "
            "the detector yunet",
            remedies=["detector"],
        )
    # Late: each detector imports only what it needs.
    if name == "full-frame":
        from cexpr.faces.full_frame import FullFrame

        return FullFrame(**options)
    if name == "yunet":
        from cexpr.faces.yunet import YuNet

        return YuNet(_pulled(name) if model_path is None else model_path, **options)
    from cexpr.faces.mtcnn import Mtcnn, MtcnnOptions

    return Mtcnn(MtcnnOptions(**options), threads=threads)


def check_file(manifest: DetectorManifest, path: Path) -> None:
    """Refuse a file that the detector of a manifest cannot load.

    Raises:
        ModelError: the file is not a network of that detector.
    """
    make_detector(manifest.network, model_path=path)


def _pulled(name: str) -> Path:
    """Return the file of a detector's manifest, checked against the manifest's hash."""
    found = zoo.find_any(name)
    try:
        path = zoo.model_file(found)
    except ModelError as error:
        raise ModelError(
            f"{error}, or name your own file as the detector's model file",
            remedies=["detector_model"],
        ) from error
    found.check_hash(path)
    return path
