"""From faces to tensors: faces of several frames and people go through the models together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from cexpr._support.types import Floats, Image, Integers, Labels
from cexpr.faces.cut import cut_face, cut_matrices
from cexpr.faces.quality import face_quality
from cexpr.models import outputs
from cexpr.models.session import FaceModel
from cexpr.tables.result import FaceRows

if TYPE_CHECKING:
    from cexpr.faces.track import TrackedFaces

# Faces that go through a model at once: enough to hide the cost of a call, and memory stays small.
BATCH: Final = 16

Tensors = Mapping[str, Floats]
"""Raw output tensors of a model by name, N rows each."""


class FaceBatches:
    """Cuts faces out of images and runs models on each full batch.

    A face's pixels are cut out at once, so no image is kept. Models that want the same pixels
    share them.
    """

    def __init__(
        self,
        models: Sequence[FaceModel],
        on_batch: Callable[[Sequence[Tensors]], None],
        batch: int = BATCH,
    ) -> None:
        """Make the buffers.

        Args:
            models: The models, at least one.
            on_batch: Called with the raw tensors of each model for the next faces, in the order
                in which the faces were added.
            batch: Faces that wait at most, >= 1.
        """
        self._models = models
        self._on_batch = on_batch
        self._size = batch
        # The name of a model's input does not change its pixels.
        layouts = [model.input.model_copy(update={"tensor": None}) for model in models]
        self._layouts = list(dict.fromkeys(layouts))
        self._layout_of = [self._layouts.index(layout) for layout in layouts]
        self._inputs = [layout.zeros(batch) for layout in self._layouts]
        self._waiting = 0

    def add(self, image: Image, landmarks: Floats, boxes_xywh: Floats) -> None:
        """Cut out the faces of an image; run the models whenever a batch is full.

        Args:
            image: uint8, shape (H, W, 3), BGR.
            landmarks: float32, shape (F, 5, 2), pixels; NaN where unknown.
            boxes_xywh: float32, shape (F, 4), pixels.

        Raises:
            ModelError: a model fails on the batch.
        """
        if not len(boxes_xywh):
            return
        matrices = [cut_matrices(layout, landmarks, boxes_xywh) for layout in self._layouts]
        for face in range(len(boxes_xywh)):
            place = slice(self._waiting, self._waiting + 1)
            for layout, batch, matrix in zip(self._layouts, self._inputs, matrices, strict=True):
                cut_face(image, matrix[face], layout, batch[place])
            self._waiting += 1
            if self._waiting == self._size:
                self.flush()

    def flush(self) -> None:
        """Run the models on the faces that wait, if any.

        Raises:
            ModelError: a model fails on the batch.
        """
        if not self._waiting:
            return
        count, self._waiting = self._waiting, 0
        self._on_batch(
            [
                model.run(self._inputs[layout][:count])
                for model, layout in zip(self._models, self._layout_of, strict=True)
            ]
        )

    def drop(self) -> None:
        """Forget the faces that wait."""
        self._waiting = 0


class SignalRows:
    """Collects the faces of a clip with their blended signals.

    Attributes:
        names: Names of the signals.
        derived: Formula by the name of each signal that is computed instead of learnt.
    """

    def __init__(
        self,
        models: Sequence[FaceModel],
        weights: Mapping[str, Sequence[float]],
        batch: int = BATCH,
    ) -> None:
        """Make the buffers.

        Args:
            models: The models to blend, at least one.
            weights: Weights as `cexpr.models.outputs.blend` takes them.
            batch: Faces that wait at most, >= 1.

        Raises:
            UsageError: the weights do not fit the models.
        """
        self._models = models
        self._weights = weights
        provided = outputs.blended([outputs.provided(model.manifest) for model in models], weights)
        self.names, self.derived = provided
        self._batches = FaceBatches(models, self._take_in, batch)
        self.clear()

    def clear(self) -> None:
        """Start afresh; a clip that failed may have left rows."""
        self._batches.drop()
        self._frame: list[int] = []
        self._time: list[float] = []
        self._track: list[Integers] = [np.zeros(0, np.int64)]
        self._boxes: list[Floats] = [np.zeros((0, 4), np.float32)]
        self._detection: list[Floats] = [np.zeros(0, np.float32)]
        self._quality: list[Floats] = [np.zeros(0, np.float32)]
        self._reason: list[Labels] = [np.zeros(0, np.int32)]
        self._signals: list[Floats] = [np.zeros((0, len(self.names)), np.float32)]

    def add(self, number: int, time: float, image: Image, faces: TrackedFaces) -> None:
        """Take the faces of the next frame.

        Args:
            number: Number of the frame, from 1.
            time: Its time in seconds.
            image: uint8, shape (H, W, 3), BGR.
            faces: Its faces.

        Raises:
            ModelError: a model fails on a batch.
        """
        if not len(faces):
            return
        self._frame += [number] * len(faces)
        self._time += [time] * len(faces)
        self._track.append(faces.tracks)
        self._boxes.append(faces.boxes_xywh)
        self._detection.append(faces.scores)
        quality, reason = face_quality(image, faces.landmarks, faces.boxes_xywh, faces.scores)
        self._quality.append(quality)
        self._reason.append(reason)
        self._batches.add(image, faces.landmarks, faces.boxes_xywh)

    def take(self) -> FaceRows:
        """Run what waits, return the rows of all frames and start afresh.

        Raises:
            ModelError: a model fails on the batch.
        """
        self._batches.flush()
        rows = FaceRows(
            frame=np.array(self._frame, np.int64),
            time=np.array(self._time, np.float64),
            track=np.concatenate(self._track),
            boxes_xywh=np.concatenate(self._boxes),
            detection=np.concatenate(self._detection),
            names=self.names,
            signals=np.concatenate(self._signals),
            derived=self.derived,
            quality=np.concatenate(self._quality),
            reason=np.concatenate(self._reason),
        )
        self.clear()
        return rows

    def _take_in(self, tensors: Sequence[Tensors]) -> None:
        parts = [
            outputs.signals(model.manifest, part)
            for model, part in zip(self._models, tensors, strict=True)
        ]
        self._signals.append(outputs.blend(parts, self._weights).values)
