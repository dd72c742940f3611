"""Small results for tests, with gaps, several faces and labels that are missing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cexpr.tables.result import EVENT_SCHEMA, ClipResult, FaceRows, faces_table, frames_table

NAMES = ("fear", "surprise", "valence")
COMPOUNDS = ("Fearfully_Surprised", "Sadly_Angry")


def make_face_rows() -> FaceRows:
    """Frames 1, 2 and 4 of five: one face, two, one with an unknown signal."""
    nan = np.nan
    return FaceRows(
        frame=np.array([1, 2, 2, 4], np.int64),
        time=np.array([0.0, 0.04, 0.04, 0.12]),
        track=np.array([1, 1, 2, 1], np.int64),
        boxes_xywh=np.arange(16, dtype=np.float32).reshape(4, 4) / 4,
        detection=np.array([0.99, 0.98, 0.75, 1.0], np.float32),
        names=NAMES,
        signals=np.array(
            [[0.1, 0.9, -1.0], [0.2, 0.8, 0.5], [1e-9, 0.5, 0.25], [0.3, nan, 0.0]], np.float32
        ),
    )


def make_result(stem: str = "clip") -> ClipResult:
    """A result for `make_face_rows` with every kind of row."""
    nan = np.nan
    frames = frames_table(
        frame=np.arange(1, 6, dtype=np.int64),
        time=np.arange(5) * 0.04,
        n_faces=np.array([1, 2, 0, 1, 0], np.int64),
        names=NAMES,
        signals=np.array([[0.1, 0.9, -1.0]] * 4 + [[nan] * 3], np.float32),
        compounds=COMPOUNDS,
        scores=np.array([[0.5, 0.25], [0.5, 0.25], [0.4, 0.6], [0, 0], [nan, nan]], np.float32),
        labels=np.array([0, 0, 1, -1, -1], np.int32),
        confidence=np.array([0.5, 0.5, 0.6, 0.0, 0.0], np.float32),
        filled=np.array([False, False, True, False, False]),
    )
    event = [0, COMPOUNDS[0], 0, 1, 0.0, 1, 0.0, 2, 0.04, 0.08, 0.5, 0.5, 1]
    events = pa.table(
        [pa.array([value], kind) for value, kind in zip(event, EVENT_SCHEMA.types, strict=True)],
        schema=EVENT_SCHEMA,
    )
    return ClipResult(stem, frames, faces_table(make_face_rows()), events, COMPOUNDS)
