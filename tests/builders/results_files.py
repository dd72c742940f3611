"""Small results for tests, with gaps, several faces and labels that are missing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cexpr.tables.columns import Content
from cexpr.tables.layout import (
    EventRows,
    FaceDecisions,
    FrameRowsDecided,
    events_table,
    faces_table,
    frames_table,
)
from cexpr.tables.result import ClipResult, FaceRows

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


def make_faces_table(rows: FaceRows, compounds: tuple[str, ...] = COMPOUNDS) -> pa.Table:
    """The table of faces none of which has a label."""
    count = len(rows)
    decided = FaceDecisions(
        signals=rows.signals,
        scores=np.zeros((count, len(compounds)), np.float32),
        labels=np.full(count, -1, np.int32),
        confidence=np.full(count, np.nan, np.float32),
    )
    return faces_table(rows, decided, Content(rows.names, compounds))


def make_result(stem: str = "clip") -> ClipResult:
    """A result for `make_face_rows` with every kind of row."""
    nan = np.nan
    rows = FrameRowsDecided(
        frame=np.arange(1, 6, dtype=np.int64),
        time=np.arange(5) * 0.04,
        n_faces=np.array([1, 2, 0, 1, 0], np.int64),
        signals=np.array([[0.1, 0.9, -1.0]] * 4 + [[nan] * 3], np.float32),
        scores=np.array([[0.5, 0.25], [0.5, 0.25], [0.4, 0.6], [0, 0], [nan, nan]], np.float32),
        labels=np.array([0, 0, 1, -1, -1], np.int32),
        confidence=np.array([0.5, 0.5, 0.6, 0.0, 0.0], np.float32),
        filled=np.array([False, False, True, False, False]),
        face=np.array([1, 2, 0, 1, 0], np.int64),
    )
    event = EventRows(
        label=np.array([0], np.int32),
        onset=np.array([0]),
        apex=np.array([0]),
        offset=np.array([1]),
        duration=np.array([0.08]),
        peak=np.array([0.5], np.float32),
        mean=np.array([0.5], np.float32),
        face=np.array([1]),
        end_time=np.array([0.08]),
    )
    return ClipResult(
        stem=stem,
        frames=frames_table(rows, Content(NAMES, COMPOUNDS)),
        faces=make_faces_table(make_face_rows()),
        events=events_table(event, rows.frame, rows.time, COMPOUNDS),
        compounds=COMPOUNDS,
    )
