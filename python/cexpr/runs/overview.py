"""The tables about a whole run: the events of all clips, the clips, and what columns mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from cexpr.errors import ClipError
from cexpr.options import RunOptions
from cexpr.rules.rule_set import RuleSet
from cexpr.runs.again import decide_again
from cexpr.runs.folder import RunFolder
from cexpr.runs.record import ClipRecord, RunRecord
from cexpr.tables.columns import (
    Column,
    Content,
    clip_columns,
    event_columns,
    face_columns,
    frame_columns,
    image_columns,
    run_event_columns,
    schema,
)
from cexpr.tables.files import FORMATS, write_table
from cexpr.tables.layout import arrow_array, columns_table, text_array

COLUMNS_FILE: Final = "columns.csv"
_TABLES: Final = ("events", "clips")


def write(
    run: RunFolder,
    rules: RuleSet,
    options: RunOptions,
    events: Mapping[str, pa.Table] | None = None,
    on_clip: Callable[[], None] = lambda: None,
) -> None:
    """Write `events`, `clips` and `columns.csv` for all finished clips of a run.

    The events of a clip that has no table of them are decided again from its other tables. If these
    cannot be read, the clip is recorded as failed, and the next run does it anew.

    Args:
        run: The folder of the run.
        rules: Its rules.
        options: Its options.
        events: Tables of events, by stem, of clips that were just decided.
        on_clip: Called after each clip.

    Raises:
        FileError: a file cannot be written.
    """
    tables = []
    no_events = schema(event_columns()).empty_table()
    for clip in run.clips():
        try:
            found = (events or {}).get(clip.stem)
            if found is None and clip.events and not clip.is_together:
                found = _events(run, clip, rules, options)
            tables.append(no_events if found is None else found)
        except (ClipError, ValueError) as error:
            clip.status, clip.error = "failed", " ".join(str(error).split())
        on_clip()
    clips = run.clips()
    content = content_of(run.record)
    parts = {"events": _all_events(clips, tables), "clips": _clips_table(clips, content)}
    for name, table in parts.items():
        for kind in options.formats:
            write_table(run.path / f"{name}.{kind}", table, kind)
    if "csv" in options.formats:
        write_table(run.path / COLUMNS_FILE, columns_table(described(content)), "csv")


def remove(folder: Path) -> None:
    """Remove what `write` wrote, so that no table is older than the clips that it tells of."""
    for name in file_names():
        with suppress(OSError):
            (folder / name).unlink()


def file_names() -> tuple[str, ...]:
    """List the names of all files that `write` may write."""
    return (*(f"{name}.{kind}" for name in _TABLES for kind in FORMATS), COLUMNS_FILE)


def content_of(record: RunRecord) -> Content:
    """Return what the columns of a run depend on."""
    return Content(
        signals=tuple(record.signals),
        compounds=tuple(record.rules.get("compounds", ())),
        derived=record.derived,
        rules=str(record.rules.get("name", "")),
    )


def described(content: Content) -> dict[str, list[Column]]:
    """List the columns of every table that a run writes, by the name of the table."""
    return {
        "frames": frame_columns(content),
        "faces": face_columns(content),
        "images": image_columns(content),
        "events": run_event_columns(),
        "clips": clip_columns(content),
    }


def _events(run: RunFolder, clip: ClipRecord, rules: RuleSet, options: RunOptions) -> pa.Table:
    """Return the events of a clip: those that it wrote, or decided again."""
    if options.events:
        return run.read_table(clip, "events")
    return decide_again(run, clip, rules, options).events


def _all_events(clips: list[ClipRecord], tables: list[pa.Table]) -> pa.Table:
    """Join the events of clips; the first column names the clip."""
    joined = schema(run_event_columns())
    parts = [
        pa.table([text_array([clip.stem] * table.num_rows), *table.columns], schema=joined)
        for clip, table in zip(clips, tables, strict=True)
        if table.num_rows
    ]
    return pa.concat_tables([joined.empty_table(), *parts]).combine_chunks()


def _clips_table(clips: list[ClipRecord], content: Content) -> pa.Table:
    """Lay the clips out, a row for each; shares are null where a clip has no face."""
    described_columns = clip_columns(content)
    rows = [_clip_row(clip, content) for clip in clips]
    arrays = [
        text_array([row[one.name] for row in rows])
        if pa.types.is_string(one.kind)
        else arrow_array(np.array([row[one.name] for row in rows]), one.kind)
        for one in described_columns
    ]
    return pa.table(arrays, schema=schema(described_columns))


def _clip_row(clip: ClipRecord, content: Content) -> dict[str, Any]:
    with_face, quality = clip.info["frames_with_face"], clip.info.get("quality")
    shares = {name: clip.expressions.get(name, 0.0) for name in content.signals}
    shares |= {name: clip.shown.get(name, 0.0) for name in content.compounds}
    # Counted in frames, because the rounded shares need not add up to 1.
    labelled = sum(round(shares[name] * with_face) for name in content.compounds)
    shares["none"] = round((with_face - labelled) / max(1, with_face), 6)
    if not with_face:
        shares = dict.fromkeys(shares, math.nan)
    return {
        "clip": clip.stem,
        "frames": clip.info["frames"],
        "seconds": clip.info.get("seconds", math.nan),
        "frames_with_face": with_face,
        "faces": clip.info["faces"],
        "quality": math.nan if quality is None else quality,
        **shares,
    }
