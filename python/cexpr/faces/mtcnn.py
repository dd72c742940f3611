"""The default detector: a cascade of three small networks over an image pyramid.

Zhang, Zhang, Li, Qiao, "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional
Networks", 2016, with its published weights, thresholds and order of steps. Boxes are continuous:
a box of width w covers exactly w pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cexpr import _core
from cexpr._support.opencv import load_cv2
from cexpr._support.resources import data_path
from cexpr._support.types import Floats, Image
from cexpr.errors import ModelError
from cexpr.faces.detector import Detections, require_image, to_xywh, to_xyxy
from cexpr.faces.halving import crops
from cexpr.models.session import Network

CELL: Final = 12
STRIDE: Final = 2
# By default, the smallest face is this share of the shorter side: 40 pixels at 640 x 480.
SMALLEST_SHARE: Final = 1 / 12
SMALLEST_PIXELS: Final = 20.0
# A search goes on for smaller faces where it found one that is less than so many times its limit.
_NEAR_LIMIT: Final = 1.5
# A face that fills or leaves the image is at least this share of its shorter side.
_FILLING_SHARE: Final = 1 / 4
# Best candidates that go on from the first stage, far above what a crowd gives.
_MAX_CANDIDATES: Final = 2000
# Shift in x and y and size, in faces, of the crops that a new face is judged by.
_VARIANTS: Final = np.array(
    [
        (x, y, size)
        for size in (0.9, 1.2)
        for x, y in ((0, 0), (0.08, 0), (-0.08, 0), (0, 0.08), (0, -0.08))
    ],
    np.float32,
)


@dataclass(frozen=True, slots=True)
class MtcnnOptions:
    """Settings of the cascade.

    Attributes:
        smallest_face: Side of the smallest face looked for, pixels, >= 12; None for a twelfth of
            the image's shorter side, at least 20, and see `finer`.
        scale_factor: Size of a pyramid level relative to the one before, 0..1.
        thresholds: Scores that a candidate must exceed in the three stages.
        margin: Share of a followed face's size that is added on each side before it is looked
            at again.
        padding: Share of the image's sides that is added on each side, in black, for a second
            search where the first one found nothing: for faces that fill or leave the image. 0
            for none, at most 1.
        finer: Whether the search goes on for smaller faces, down to 20 pixels, where it found some
            that are near `smallest_face`, or none; only for the default of `smallest_face`.
    """

    smallest_face: float | None = None
    scale_factor: float = 0.709
    thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7)
    margin: float = 0.0
    padding: float = 0.25
    finer: bool = True

    def __post_init__(self) -> None:
        if self.smallest_face is not None and not self.smallest_face >= CELL:
            raise ValueError(f"smallest_face: expected at least {CELL}, got {self.smallest_face}")
        if not 0.1 <= self.scale_factor <= 0.95:
            raise ValueError(f"scale_factor: expected 0.1 to 0.95, got {self.scale_factor}")
        if len(self.thresholds) != 3 or not all(0 < t < 1 for t in self.thresholds):
            raise ValueError(f"thresholds: expected three of 0..1, got {self.thresholds}")
        for name in ("margin", "padding"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0 to 1, got {getattr(self, name)}")


class Mtcnn:
    """Multi-task cascaded detector on ONNX Runtime; candidates run in batches."""

    name = "mtcnn"
    searches = True

    def __init__(self, options: MtcnnOptions | None = None, *, threads: int = 1) -> None:
        """Load the networks from the installed package.

        Args:
            options: Settings; None for the defaults.
            threads: Threads of each network, >= 1.

        Raises:
            ModelError: a network is missing or cannot be loaded.
        """
        self.options = options or MtcnnOptions()
        self._cv2 = load_cv2()
        self._pnet = _Stage("mtcnn-pnet.onnx", ("probability", "offsets"), threads)
        self._rnet = _Stage("mtcnn-rnet.onnx", ("probability", "offsets"), threads)
        self._onet = _Stage("mtcnn-onet.onnx", ("probability", "offsets", "landmarks"), threads)

    @property
    def model_files(self) -> tuple[Path, ...]:
        """Files of the three networks, in the order of the cascade."""
        return self._pnet.path, self._rnet.path, self._onet.path

    @property
    def inference_seconds(self) -> float:
        """Time spent inside the three networks so far."""
        return self._pnet.seconds + self._rnet.seconds + self._onet.seconds

    def detect(self, image: Image) -> Detections:
        """Search the whole image; see `Detector.detect`."""
        require_image(image)
        smallest = self._smallest_face(image)
        found = self._judge(image, self._propose(image, smallest))
        if not len(found) and self.options.padding:
            found = self._judge(image, self._propose_beyond(image))
        if self.options.finer and self.options.smallest_face is None:
            found = self._search_finer(image, found, smallest)
        return found

    def _search_finer(self, image: Image, found: Detections, smallest: float) -> Detections:
        """Look for ever smaller faces while small ones are found, and once where none is.

        Faces near the limit of a search are seldom alone: most of a group may lie below it.
        """
        is_wanted = not len(found) or _smallest_side(found) < _NEAR_LIMIT * smallest
        while is_wanted and smallest > SMALLEST_PIXELS:
            below, smallest = smallest, max(SMALLEST_PIXELS, smallest / 2)
            found = _joined(found, self._judge(image, self._propose(image, smallest, below)))
            is_wanted = _smallest_side(found) < _NEAR_LIMIT * smallest
        return found

    def _judge(self, image: Image, boxes: Floats) -> Detections:
        """Run the second and third stage on candidates, shape (N, 4)."""
        boxes = self._filter(image, boxes)
        probability, boxes, landmarks = self._describe(image, boxes)
        good = probability > self.options.thresholds[2]
        return _distinct(boxes[good], probability[good], landmarks[good])

    def refine(self, image: Image, boxes_xywh: Floats) -> Detections:
        """Run the last network alone on each box; see `Detector.refine`."""
        require_image(image)
        squares = _core.square_boxes(to_xyxy(boxes_xywh))
        margin = self.options.margin * (squares[:, 2:] - squares[:, :2])
        squares[:, :2] -= margin
        squares[:, 2:] += margin
        probability, boxes, landmarks = self._describe(image, squares)
        return Detections(to_xywh(boxes), probability, landmarks)

    def confirm(self, image: Image, boxes_xywh: Floats) -> Floats:
        """Average the last network over shifted and scaled crops; see `Detector.confirm`.

        Real faces score high on all of them; prints and patterns that pass for a face in one crop
        seldom do in its neighbours. Where a crop leaves the image, the pixels of the edge go on:
        black would count against faces that the image cuts off.
        """
        require_image(image)
        centers = (boxes_xywh[:, :2] + boxes_xywh[:, 2:] / 2)[:, np.newaxis]
        sides = boxes_xywh[:, 2:].max(axis=1)[:, np.newaxis, np.newaxis]
        halves = sides * _VARIANTS[:, 2:] / 2
        centers = centers + sides * _VARIANTS[:, :2]
        squares = np.concatenate([centers - halves, centers + halves], axis=2)
        inside, squares = self._with_edges(image, squares.reshape(-1, 4).astype(np.float32))
        probability, _, _ = self._describe(inside, squares)
        scores: Floats = probability.reshape(len(boxes_xywh), len(_VARIANTS)).mean(axis=1)
        return scores

    def _with_edges(self, image: Image, squares: Floats) -> tuple[Image, Floats]:
        """Continue an image as far as squares, shape (N, 4), reach; return it and them in it."""
        size_wh = np.array(image.shape[1::-1])
        before = np.maximum(-squares[:, :2], 0).max(axis=0, initial=0)
        after = np.maximum(squares[:, 2:] - size_wh, 0).max(axis=0, initial=0)
        # Boxes may reach far outside.
        sides = np.minimum(np.ceil([before, after]), size_wh).astype(int)
        if sides.any():
            (left, top), (right, bottom) = sides.tolist()
            border = self._cv2.BORDER_REPLICATE
            image = self._cv2.copyMakeBorder(image, top, bottom, left, right, border)
        return image, squares + np.tile(sides[0], 2).astype(np.float32)

    def _smallest_face(self, image: Image) -> float:
        """Side of the smallest face that is looked for, pixels."""
        return self.options.smallest_face or max(
            SMALLEST_PIXELS, min(image.shape[:2]) * SMALLEST_SHARE
        )

    def _propose_beyond(self, image: Image) -> Floats:
        """First stage on the image with black around it, for large faces only, shape (N, 4)."""
        height, width = image.shape[:2]
        x, y = round(width * self.options.padding), round(height * self.options.padding)
        padded = self._cv2.copyMakeBorder(image, y, y, x, x, self._cv2.BORDER_CONSTANT)
        smallest = max(self._smallest_face(image), min(width, height) * _FILLING_SHARE)
        return self._propose(padded, smallest) - np.array([x, y, x, y], np.float32)

    def _propose(self, image: Image, smallest: float, below: float = math.inf) -> Floats:
        """First stage: square candidates, shape (N, 4), from the levels for faces of a size."""
        found: list[Floats] = []
        scores: list[Floats] = []
        level = image
        for width, height in self._pyramid(image.shape[1], image.shape[0], smallest, below):
            level = self._shrink(level, width, height)
            probability, offsets = self._pnet(level[np.newaxis])
            boxes, score, offset = _candidates(
                probability[0, 0], offsets[0], self.options.thresholds[0]
            )
            boxes *= np.array([image.shape[1] / width, image.shape[0] / height] * 2, np.float32)
            kept = _core.nms(boxes, score, 0.5, "union")
            found.append(np.concatenate([boxes[kept], offset[kept]], axis=1))
            scores.append(score[kept])
        if not found:
            return np.zeros((0, 4), np.float32)
        rows = np.concatenate(found)
        kept = _core.nms(np.ascontiguousarray(rows[:, :4]), np.concatenate(scores), 0.7, "union")[
            :_MAX_CANDIDATES
        ]
        return _moved_and_squared(rows[kept, :4], rows[kept, 4:])

    def _shrink(self, image: Image, width: int, height: int) -> Image:
        """Resize in halves, which OpenCV does fast, and the rest by interpolation."""
        cv2 = self._cv2
        while image.shape[1] >= 2 * width and image.shape[0] >= 2 * height:
            half = (image.shape[1] // 2, image.shape[0] // 2)
            image = cv2.resize(image, half, interpolation=cv2.INTER_AREA)
        smaller: Image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        return smaller

    def _filter(self, image: Image, boxes: Floats) -> Floats:
        """Second stage: keep, move and square the candidates that still look like a face."""
        if not len(boxes):
            return boxes
        parts = [self._rnet(batch) for batch in crops(self._cv2, image, boxes, 24)]
        probability = np.concatenate([part[0] for part in parts])[:, 0]
        offsets = np.concatenate([part[1] for part in parts])
        good = probability > self.options.thresholds[1]
        boxes, probability, offsets = boxes[good], probability[good], offsets[good]
        kept = _core.nms(boxes, probability, 0.7, "union")
        return _moved_and_squared(boxes[kept], offsets[kept])

    def _describe(self, image: Image, boxes: Floats) -> tuple[Floats, Floats, Floats]:
        """Third stage: probability (N,), box (N, 4) and landmarks (N, 5, 2) of each square."""
        if not len(boxes):
            none = Detections.empty()
            return none.scores, none.boxes_xywh, none.landmarks
        parts = [self._onet(batch) for batch in crops(self._cv2, image, boxes, 48)]
        probability, offsets, landmarks = (
            np.concatenate([part[i] for part in parts]) for i in range(3)
        )
        corners, sizes = boxes[:, np.newaxis, :2], (boxes[:, 2:] - boxes[:, :2])[:, np.newaxis]
        return (
            probability[:, 0],
            _core.regress_boxes(boxes, offsets),
            landmarks * sizes + corners,
        )

    def _pyramid(
        self, width: int, height: int, smallest: float, below: float
    ) -> list[tuple[int, int]]:
        """Sizes of the pyramid's levels, largest first; none where a cell does not fit."""
        shorter = min(width, height)
        scale = CELL / smallest
        levels = []
        while shorter * scale >= CELL and scale * below > CELL:
            levels.append((math.ceil(width * scale), math.ceil(height * scale)))
            scale *= self.options.scale_factor
        return levels


class _Stage(Network):
    """One network of the cascade, with one input, from the files of the wheel."""

    def __init__(self, file: str, outputs: tuple[str, ...], threads: int) -> None:
        path = data_path("models", file)
        if path is None:
            raise ModelError(
                f"{file}: the detector's weights are not in the installed package; "
                "reinstall cexpr with 'pip install --force-reinstall'"
            )
        super().__init__(path, threads=threads)
        (self._input,) = self.inputs
        self._names = outputs

    def __call__(self, values: NDArray[Any]) -> list[Floats]:
        return self.run(self._names, {self._input: values})


def _candidates(
    probability: Floats, offsets: Floats, threshold: float
) -> tuple[Floats, Floats, Floats]:
    """Cells of one level that may hold a face: boxes (N, 4) in level pixels, scores, offsets."""
    rows, columns = np.nonzero(probability > threshold)
    corners = np.stack([columns, rows], axis=1).astype(np.float32) * STRIDE
    boxes = np.concatenate([corners, corners + CELL], axis=1)
    return boxes, probability[rows, columns], np.ascontiguousarray(offsets[:, rows, columns].T)


def _moved_and_squared(boxes: Floats, offsets: Floats) -> Floats:
    moved = _core.regress_boxes(np.ascontiguousarray(boxes), np.ascontiguousarray(offsets))
    squares: Floats = _core.square_boxes(moved)
    return squares


def _distinct(boxes: Floats, scores: Floats, landmarks: Floats) -> Detections:
    """Keep each face once, best score first; boxes by their corners."""
    kept = _core.nms(np.ascontiguousarray(boxes), scores, 0.7, "min")
    return Detections(to_xywh(boxes[kept]), scores[kept], landmarks[kept])


def _joined(first: Detections, second: Detections) -> Detections:
    boxes = np.concatenate([first.boxes_xywh, second.boxes_xywh])
    scores = np.concatenate([first.scores, second.scores])
    return _distinct(to_xyxy(boxes), scores, np.concatenate([first.landmarks, second.landmarks]))


def _smallest_side(found: Detections) -> float:
    """Longer side of the smallest face, pixels; infinite without a face."""
    return float(found.boxes_xywh[:, 2:].max(axis=1).min(initial=math.inf))
