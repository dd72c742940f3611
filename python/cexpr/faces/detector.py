"""What every detector takes and gives, and how to make one by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from cexpr._support.types import Floats, Image
from cexpr.errors import ModelError, UsageError
from cexpr.models import zoo

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
    """Whether faces are searched for; otherwise every frame is the same one face."""

    @property
    def model_files(self) -> tuple[Path, ...]:
        """Files of its networks; those of the wheel, or the one that the user named or pulled."""

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
        """Look again at faces whose places are roughly known.

        Args:
            image: uint8, shape (H, W, 3), BGR.
            boxes_xywh: float32, shape (N, 4): where the faces were.

        Returns:
            N rows in the order of the boxes; the score is low where no face is left.
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
    """Refuse what is no BGR image.

    Raises:
        TypeError: image is not uint8.
        ValueError: its shape is not (H, W, 3), or it is empty.
    """
    if image.dtype != np.uint8:
        raise TypeError(f"image: expected uint8, got {image.dtype}")
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"image: expected shape (H, W, 3), got {image.shape}")


def to_xyxy(boxes_xywh: Floats) -> Floats:
    """Turn left, top, width, height into left, top, right, bottom."""
    boxes_xyxy: Floats = boxes_xywh.copy()
    boxes_xyxy[:, 2:] += boxes_xyxy[:, :2]
    return boxes_xyxy


def to_xywh(boxes_xyxy: Floats) -> Floats:
    """Turn left, top, right, bottom into left, top, width, height."""
    boxes_xywh: Floats = boxes_xyxy.copy()
    boxes_xywh[:, 2:] -= boxes_xywh[:, :2]
    return boxes_xywh


def make_detector(
    name: str = "mtcnn", *, model_path: Path | None = None, threads: int = 1, **options: Any
) -> Detector:
    """Make a detector by name.

    Args:
        name: One of `DETECTORS`; `yunet:FILE` names YuNet and its model file in one.
        model_path: Model file of `yunet`; None for the one that `cexpr models pull yunet` fetched.
            The others have none.
        threads: Threads of the detector's networks, >= 1.
        options: Settings of the detector: those of `MtcnnOptions`; `score_threshold` of `yunet`.

    Returns:
        The detector, its networks loaded.

    Raises:
        UsageError: the name is unknown, or a model file is missing from or foreign to it.
        ModelError: a model file is not there, or cannot be loaded.
        ValueError: threads or an option is out of range.
    """
    if threads < 1:
        raise ValueError(f"threads: expected at least 1, got {threads}")
    kind, _, file = name.partition(":")
    if file:
        model_path = Path(file)
    if kind not in DETECTORS:
        raise UsageError(f"unknown detector '{kind}': expected one of {', '.join(DETECTORS)}")
    if kind != "yunet" and model_path is not None:
        raise UsageError(f"the detector {kind} takes no model file, got {model_path}")
    # Late: each detector imports only what it needs.
    if kind == "full-frame":
        from cexpr.faces.full_frame import FullFrame

        return FullFrame(**options)
    if kind == "yunet":
        from cexpr.faces.yunet import YuNet

        if model_path is None:
            model_path = _pulled("yunet")
        return YuNet(model_path, threads=threads, **options)
    from cexpr.faces.mtcnn import Mtcnn, MtcnnOptions

    return Mtcnn(MtcnnOptions(**options), threads=threads)


def _pulled(name: str) -> Path:
    """Return the file of a detector's manifest, checked against the manifest's hash."""
    found = zoo.find_any(name)
    try:
        path = zoo.model_file(found)
    except ModelError as error:
        raise ModelError(f"{error}, or name a file of your own as '{name}:FILE'") from error
    found.check_hash(path)
    return path
