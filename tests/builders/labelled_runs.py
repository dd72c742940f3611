"""Folders of finished runs whose clips have the labels that a test wants."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from builders.results_files import make_faces_table
from cexpr.abaw.classes import CE_CLASSES
from cexpr.runs.record import ClipRecord, RunRecord
from cexpr.signals import SIGNALS
from cexpr.tables.columns import Content, event_columns, schema
from cexpr.tables.files import write_result
from cexpr.tables.layout import FrameRowsDecided, frames_table
from cexpr.tables.result import ClipResult, FaceRows

COMPOUNDS = CE_CLASSES


def clip(stem: str, labels: list[int], names: tuple[str, ...] = SIGNALS) -> ClipResult:
    """A clip with these labels; every signal is 0.6, and unknown where there is no label."""
    count = len(labels)
    frame = np.arange(1, count + 1, dtype=np.int64)
    known = np.array(labels)[:, None] >= 0
    nothing = np.zeros(0, np.int64)
    faces = FaceRows(
        nothing,
        nothing.astype(np.float64),
        nothing,
        np.zeros((0, 4), np.float32),
        np.zeros(0, np.float32),
        names,
        np.zeros((0, len(names)), np.float32),
    )
    frames = frames_table(
        FrameRowsDecided(
            frame=frame,
            time=frame / 25.0,
            n_faces=np.ones(count, np.int64),
            signals=np.where(known, np.float32(0.6), np.float32(np.nan)).repeat(len(names), axis=1),
            scores=np.zeros((count, len(COMPOUNDS)), np.float32),
            labels=np.array(labels, np.int32),
            confidence=np.zeros(count, np.float32),
            filled=np.zeros(count, bool),
            face=np.ones(count, np.int64),
        ),
        Content(names, COMPOUNDS),
    )
    return ClipResult(
        stem,
        frames,
        make_faces_table(faces, COMPOUNDS),
        schema(event_columns()).empty_table(),
        COMPOUNDS,
    )


def run_folder(folder: Path, *clips: ClipResult, names: tuple[str, ...] = SIGNALS) -> Path:
    folder.mkdir()
    record = RunRecord(
        options={},
        rules={"sha256": "0", "compounds": list(COMPOUNDS)},
        models=[],
        signals=list(names),
        derived={},
        provider="CPUExecutionProvider",
    )
    for one in clips:
        files = write_result(folder, one, ("csv",))
        record.clips[one.stem] = ClipRecord(
            stem=one.stem, path=one.stem, kind="video", status="done", files=files
        )
    record.save(folder)
    return folder
