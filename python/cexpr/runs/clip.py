"""One clip of a run: analysed, written, recorded; a failure is a record, too."""

from __future__ import annotations

import time
import traceback
from pathlib import Path

from cexpr.clips.sources import ClipSource
from cexpr.errors import CexprError
from cexpr.options import RunOptions
from cexpr.pipeline import Pipeline, Progress
from cexpr.runs.record import ClipRecord, written
from cexpr.tables.files import write_result
from cexpr.tables.result import ClipResult, expression_shares


def run_clip(
    pipeline: Pipeline,
    source: ClipSource,
    on_progress: Progress | None = None,
    *,
    folder: Path,
) -> ClipRecord:
    """Analyse one clip and write its files.

    Args:
        pipeline: The loaded pipeline.
        source: The clip.
        on_progress: Called after each frame.
        folder: Where the files go.

    Returns:
        The record: `done`, or `failed` with one sentence.
    """
    start = time.perf_counter()
    record = ClipRecord.of(source)
    try:
        result = pipeline.run(source, on_progress)
        before = time.perf_counter()
        record.files = write_result(
            folder, result, pipeline.options.formats, parts=tables_of(pipeline.options)
        )
        fill_record(record, result)
        record.info["timings"]["write"] = time.perf_counter() - before
        record.status = "done"
    except Exception as error:  # noqa: BLE001 - a defect met by one clip must not stop the others
        enter_failure(record, error)
    record.seconds = time.perf_counter() - start
    return record


def enter_failure(record: ClipRecord, error: Exception) -> None:
    """Enter into a clip's record why it failed; a defect of the program with its traceback."""
    record.status = "failed"
    if isinstance(error, CexprError):
        record.error = written(" ".join(str(error).split()))
        return
    record.error = written(f"{record.path}: unexpected {type(error).__name__}: {error}")
    record.info["traceback"] = "".join(traceback.format_exception(error))


def died_clip(source: ClipSource, how: str) -> ClipRecord:
    """Make the record of a clip whose process ended unexpectedly.

    Args:
        source: The clip.
        how: How the process ended, for example "signal 9".
    """
    record = ClipRecord.of(source)
    record.status = "failed"
    record.error = written(
        f"{source.path}: the process that read it ended unexpectedly ({how}); the clip may be "
        "damaged, or memory ran out: try fewer jobs"
    )
    return record


def tables_of(options: RunOptions) -> tuple[str, ...]:
    """List the tables that a run writes; `frames` last, so that it never stands alone."""
    return ("faces", "events", "frames") if options.events else ("faces", "frames")


def fill_record(record: ClipRecord, result: ClipResult) -> None:
    """Enter what a result holds into the clip's record."""
    record.info = {**record.info, **result.info}
    total = result.frames.num_rows
    record.compounds = {name: round(share * total) for name, share in result.shares.items()}
    record.shown, record.expressions = (
        {name: round(share, 6) for name, share in shares.items()}
        for shares in (result.shown, expression_shares(result.frames))
    )
    record.events = result.events.num_rows
