"""Single images of a run, a batch at a time: their faces go through the models together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from cexpr.clips.decode import open_clip
from cexpr.clips.reader import Frame
from cexpr.clips.sources import ClipSource
from cexpr.faces.batches import SignalRows
from cexpr.faces.track import Tracker
from cexpr.options import RunOptions
from cexpr.pipeline import Pipeline
from cexpr.runs.clip import enter_failure, run_clip
from cexpr.runs.record import IMAGES, ClipRecord, written
from cexpr.tables.images import images_table
from cexpr.tables.result import FaceRows
from cexpr.timeline.stills import StillTables, decide_stills

BATCH: Final = 32
"""Images that are analysed and recorded together."""

Batch = tuple[ClipSource, ...]
Item = ClipSource | Batch
"""What a process does at a time: a clip with tables of its own, or images together."""

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Finished:
    """What came of an item.

    Attributes:
        records: The record of each clip, done or failed.
        names: The images among them whose faces belong into the table of images.
        rows: Rows of these there, None without such images.
        again: Images that are to be tried alone.
    """

    records: Sequence[ClipRecord] = ()
    names: Sequence[str] = ()
    rows: pa.Table | None = None
    again: Sequence[ClipSource] = field(default=())


class Analyst:
    """The loaded pipeline of a process, for clips and for batches of images."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.rows = SignalRows(pipeline.models, pipeline.options.blend)

    @classmethod
    def load(cls, options: RunOptions) -> Analyst:
        """Load everything that the options name."""
        return cls(Pipeline(options))


def items_of(sources: Sequence[ClipSource], jobs: int, *, together: bool) -> list[Item]:
    """Say what is done at a time: images in batches, if they go together, other clips alone.

    Args:
        sources: The clips.
        jobs: Processes that share the work, >= 1.
        together: Whether the images have one table.
    """
    if not together:
        return list(sources)
    images = [source for source in sources if source.kind == "image"]
    size = max(1, min(BATCH, -(-len(images) // jobs)))
    batches = [tuple(images[start : start + size]) for start in range(0, len(images), size)]
    return [*(source for source in sources if source.kind != "image"), *batches]


def do_item(analyst: Analyst, item: Item, on_progress: Progress, *, folder: Path) -> Finished:
    """Analyse a clip and write its files, or a batch of images.

    Args:
        analyst: What the process has loaded.
        item: The clip or the batch.
        on_progress: Called after each frame of a clip, and after each image of a batch.
        folder: Where files go.
    """
    if isinstance(item, ClipSource):
        return Finished([run_clip(analyst.pipeline, item, on_progress, folder=folder)])
    found = run_stills(analyst, item, on_progress)
    # What turned out to have several pictures is a clip with tables of its own.
    others = [run_clip(analyst.pipeline, one, on_progress, folder=folder) for one in found.again]
    return replace(found, records=[*found.records, *others], again=())


def run_stills(analyst: Analyst, batch: Batch, on_progress: Progress) -> Finished:
    """Analyse images; nothing is written.

    Args:
        analyst: What the process has loaded.
        batch: The images.
        on_progress: Called after each image with their number so far and the whole number.

    Returns:
        The records, `done` or `failed`, and the faces. Files that hold several pictures are not
        analysed but returned as `again`.
    """
    pipeline = analyst.pipeline
    records: list[ClipRecord] = []
    seen: list[ClipRecord] = []
    longer: list[ClipSource] = []
    inside = pipeline.inference_seconds
    analyst.rows.clear()
    try:
        for number, source in enumerate(batch, start=1):
            start = time.perf_counter()
            record = ClipRecord.of(source)
            if not _look(analyst, source, record, len(seen) + 1):
                longer.append(source)
                continue
            records.append(record)
            record.seconds = time.perf_counter() - start
            if record.status == "pending":
                seen.append(record)
            on_progress(number, len(batch))
        start = time.perf_counter()
        rows = analyst.rows.take()
        if not pipeline.options.derived:
            rows = rows.learnt()
        least = pipeline.options.min_quality
        tables = decide_stills(rows, len(seen), pipeline.rules, least) if seen else None
    except Exception as error:  # noqa: BLE001 - a defect met by one image must not stop the others
        # A model fails on a whole batch; which image it fails on shows when each is alone.
        if len(batch) > 1:
            return _joined([run_stills(analyst, (one,), on_progress) for one in batch])
        enter_failure(record, error)
        return Finished([record])
    if tables is None:
        return Finished(records, again=longer)
    shared = (time.perf_counter() - start) / len(seen)
    for record in seen:
        record.seconds += shared
        record.files = [f"{IMAGES}.{kind}" for kind in pipeline.options.formats]
        record.info["timings"]["inference"] = (pipeline.inference_seconds - inside) / len(seen)
        record.status = "done"
    enter_stills(seen, tables, rows)
    names = [record.stem for record in seen]
    images = images_table(tables.faces, rows.frame, [record.path for record in seen], names)
    return Finished(records, names, images, again=longer)


def enter_stills(records: Sequence[ClipRecord], tables: StillTables, rows: FaceRows) -> None:
    """Enter what was decided for images into their records, each as a clip of one frame.

    Args:
        records: The images.
        tables: What was decided for them, in this order.
        rows: Their faces.
    """
    counts = np.bincount(rows.frame, minlength=len(records) + 1)[1:].tolist()
    labels, expressions = (
        tables.frames.column(name).to_pylist() for name in ("compound", "expression")
    )
    qualities = np.split(rows.quality, np.cumsum(counts)[:-1])
    for record, faces, quality, label, expression in zip(
        records, counts, qualities, labels, expressions, strict=True
    ):
        record.info = {
            **record.info,
            "faces": faces,
            "face_rows": faces,
            "frames_with_face": int(faces > 0),
            "quality": round(float(quality.mean()), 6) if faces else None,
        }
        record.compounds = _one(label)
        record.shown, record.expressions = _one(label or expression), _one(expression)
        record.events = 0


def _one(name: str | None) -> dict[str, Any]:
    return {name: 1} if name else {}


def _look(analyst: Analyst, source: ClipSource, record: ClipRecord, number: int) -> bool:
    """Search an image and hand its faces to the models; False where it holds several pictures."""
    start = time.perf_counter()
    try:
        turn = analyst.pipeline.turn_of(source)
        with open_clip(source, turn=turn) as clip:
            frames = list(islice(clip, 2))
        decoded = time.perf_counter() - start
        if len(frames) > 1:
            return False
        image = frames[0].image
        tracker = Tracker(analyst.pipeline.detector)
        faces = tracker.update(Frame(1, 0.0, image))
    except Exception as error:  # noqa: BLE001 - a defect met by one image must not stop the others
        enter_failure(record, error)
        return True
    record.info = {
        "frames": 1,
        "announced_frames": clip.announced_frames,
        "seconds": 0.0,
        "full_detections": tracker.full_detections,
        "cuts": [],
        "rotate": turn,
        "width": clip.width,
        "height": clip.height,
        "fps": clip.fps,
        "warnings": list(map(written, clip.warnings)),
        "timings": {"decode_wait": decoded},
    }
    analyst.rows.add(number, 0.0, image, faces)
    return True


def _joined(parts: Sequence[Finished]) -> Finished:
    """Put several results together."""
    tables = [part.rows for part in parts if part.rows is not None]
    return Finished(
        records=[record for part in parts for record in part.records],
        names=[name for part in parts for name in part.names],
        rows=pa.concat_tables(tables) if tables else None,
        again=[source for part in parts for source in part.again],
    )
