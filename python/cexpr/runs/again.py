"""Phase 2 of a clip again, from the tables that a run wrote."""

from __future__ import annotations

from cexpr.options import RunOptions
from cexpr.rules.rule_set import RuleSet
from cexpr.runs.folder import RunFolder
from cexpr.runs.record import ClipRecord
from cexpr.tables.result import ClipResult, face_rows
from cexpr.timeline.decide import decide_tables
from cexpr.timeline.events import length_of


def decide_again(
    run: RunFolder, clip: ClipRecord, rules: RuleSet, options: RunOptions
) -> ClipResult:
    """Decide a finished clip again; no video is read and nothing is written.

    Args:
        run: The folder of the run.
        clip: A clip of it.
        rules: The rules to use.
        options: Options of the run; their smoothings override those of the rules.

    Raises:
        ClipError: the record names no such table, or its file is missing or damaged.
        ValueError: the tables of faces and frames do not belong together.
    """
    faces, before = (run.read_table(clip, part) for part in ("faces", "frames"))
    time = before.column("time").to_numpy()
    seconds = clip.info.get("seconds")
    if seconds is None:
        # The record of an earlier version; its last frame is as long as the one before it.
        seconds = length_of(time, None) if len(time) else 0.0
    tables = decide_tables(
        face_rows(faces, run.record.derived),
        before.column("frame").to_numpy(),
        time,
        rules,
        options.smoothings(rules.smooth),
        float(time[0] + seconds) if len(time) else None,
        options.min_quality,
    )
    return ClipResult(
        stem=clip.stem,
        frames=tables.frames,
        faces=tables.faces,
        events=tables.events,
        compounds=tuple(rules.compounds),
        derived=run.record.derived,
        info={**clip.info, "seconds": seconds},
    )
