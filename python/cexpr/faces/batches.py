"""From tracked faces to signals: crops of several frames and people go through a model together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from cexpr import _core
from cexpr._support.opencv import load_cv2
from cexpr._support.types import Floats, Image, Integers
from cexpr.faces.halving import halved, halvings_for, surroundings
from cexpr.models import outputs as heads
from cexpr.models import session as inference
from cexpr.models.manifest import InputSpec
from cexpr.tables.result import FaceRows

if TYPE_CHECKING:
    from cexpr.faces.track import Tracks

# Faces that go through a model at once: enough to hide the cost of a call, and memory stays small.
BATCH: Final = 16
# Sampling that averages where a face shrinks a lot (see `cexpr.preprocess`).
_SAMPLING: Final = "auto"
_MOST_BILINEAR: Final = 2.0


class FaceSignals:
    """Runs every model on the faces of a clip, in batches, and keeps the rows.

    A face's pixels are cut out at once, so no image is kept.
    """

    def __init__(
        self,
        models: Sequence[inference.Model],
        blend: Mapping[str, Sequence[float]],
        batch: int = BATCH,
    ) -> None:
        """Make the buffers.

        Args:
            models: The models to blend, at least one.
            blend: Weights as `heads.blend` takes them.
            batch: Faces that wait at most, >= 1.

        Raises:
            UsageError: the weights do not fit the models.
            ModelError: a model fails on a face.
        """
        self._models = models
        self._blend = blend
        # Models that want the same pixels share them; the name of their input does not matter.
        layouts = [model.input.model_copy(update={"tensor": None}) for model in models]
        self._layouts = list(dict.fromkeys(layouts))
        self._layout_of = [self._layouts.index(layout) for layout in layouts]
        self._inputs = [
            np.zeros((batch, layout.channels, layout.size, layout.size), np.float32)
            for layout in self._layouts
        ]
        self._waiting = 0
        # A first run on nothing tells the names, and fails before a clip is opened.
        first = self._run(1)
        self.names = first.names
        self.derived = first.derived
        self.clear()

    def clear(self) -> None:
        """Start afresh; a clip that failed may have left rows."""
        self._frame: list[int] = []
        self._time: list[float] = []
        self._face: list[Integers] = [np.zeros(0, np.int64)]
        self._boxes: list[Floats] = [np.zeros((0, 4), np.float32)]
        self._detection: list[Floats] = [np.zeros(0, np.float32)]
        self._signals: list[Floats] = [np.zeros((0, len(self.names)), np.float32)]
        self._waiting = 0

    def add(self, number: int, time: float, image: Image, tracks: Tracks) -> None:
        """Take the faces of the next frame.

        Args:
            number: Number of the frame, 1-based.
            time: Its time in seconds.
            image: uint8, shape (H, W, 3), BGR.
            tracks: Its faces.
        """
        count = len(tracks)
        self._frame += [number] * count
        self._time += [time] * count
        self._face.append(tracks.ids)
        self._boxes.append(tracks.boxes_xywh)
        self._detection.append(tracks.scores)
        matrices = [
            cut_matrices(layout, tracks.landmarks, tracks.boxes_xywh) for layout in self._layouts
        ]
        done = 0
        while done < count:
            room = min(len(self._inputs[0]) - self._waiting, count - done)
            for spec, batch, matrix in zip(self._layouts, self._inputs, matrices, strict=True):
                for face in range(room):
                    out = batch[self._waiting + face :][:1]
                    cut_face(image, matrix[done + face], spec, out)
            self._waiting += room
            done += room
            if self._waiting == len(self._inputs[0]):
                self._flush()

    def take(self) -> FaceRows:
        """Run what waits, return the rows of all frames and start afresh."""
        self._flush()
        rows = FaceRows(
            frame=np.array(self._frame, np.int64),
            time=np.array(self._time, np.float64),
            face=np.concatenate(self._face),
            boxes_xywh=np.concatenate(self._boxes),
            detection=np.concatenate(self._detection),
            names=self.names,
            signals=np.concatenate(self._signals),
        )
        self.clear()
        return rows

    def _flush(self) -> None:
        if self._waiting:
            self._signals.append(self._run(self._waiting).values)
            self._waiting = 0

    def _run(self, count: int) -> heads.Signals:
        parts = [
            heads.signals(model.manifest, model.run(self._inputs[layout][:count]))
            for model, layout in zip(self._models, self._layout_of, strict=True)
        ]
        return heads.blend(parts, self._blend)


def cut_face(image: Image, matrix: Floats, spec: InputSpec, out: Floats) -> None:
    """Cut one face out as a model wants it; equals `preprocess` with area sampling, but faster.

    A face that shrinks more than twice is cut from its surroundings halved by OpenCV, so that the
    kernel need not take many samples for each pixel.

    Args:
        image: uint8, shape (H, W, 3), BGR.
        matrix: float32, shape (2, 3), from image to output pixels.
        spec: The model's input.
        out: float32, shape (1, C, size, size), written whole.
    """
    a, b, tx, c, d, ty = matrix.ravel().tolist()
    area = a * d - b * c
    # At most twice is left to bilinear sampling, as `preprocess` does.
    shrink = abs(area) ** -0.5 if area else 0.0
    times = halvings_for(shrink) if shrink > _MOST_BILINEAR else 0
    if times:
        # The output's corners in the image; pixel (0, 0) is the square around that point.
        ends = (-0.5, spec.size - 0.5)
        corners = [(u - tx, v - ty) for u in ends for v in ends]
        x = [(d * u - b * v) / area for u, v in corners]
        y = [(a * v - c * u) / area for u, v in corners]
        unit = 1 << times
        left, top, part = surroundings(image, [[min(x), min(y), max(x), max(y)]], unit)
        image = halved(load_cv2(), part, times)
        # Pixel i of the halved image is centred on pixel unit * i + (unit - 1) / 2 of the part.
        middle_x, middle_y = left + (unit - 1) / 2, top + (unit - 1) / 2
        shift_x, shift_y = a * middle_x + b * middle_y, c * middle_x + d * middle_y
        matrix = np.array(
            [
                [a * unit, b * unit, tx + shift_x],
                [c * unit, d * unit, ty + shift_y],
            ],
            np.float32,
        )
    _core.preprocess_into(
        image, matrix[np.newaxis], spec.mean, spec.std, spec.color, _SAMPLING, out
    )


def cut_matrices(spec: InputSpec, landmarks: Floats, boxes_xywh: Floats) -> Floats:
    """Return `inference.face_matrices`; landmarks that no transform fits count as unknown."""
    try:
        return inference.face_matrices(spec, landmarks, boxes_xywh)
    except ValueError:
        usable = landmarks.copy()
        for face in range(len(landmarks)):
            try:
                inference.face_matrices(spec, landmarks[face : face + 1], boxes_xywh[:1])
            except ValueError:
                usable[face] = np.nan
        return inference.face_matrices(spec, usable, boxes_xywh)
