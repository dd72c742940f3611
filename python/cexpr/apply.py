"""Phase 2 again on a finished run: other rules, the same faces, no video."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cexpr import submissions
from cexpr.clip_job import fill_record
from cexpr.decision import decide
from cexpr.errors import ClipError, UsageError
from cexpr.export import Format, read_table, table_path, write_table
from cexpr.options import RunOptions
from cexpr.pipeline import require_signals
from cexpr.results import ClipResult, face_rows
from cexpr.rules import RuleSet
from cexpr.run_record import ClipRecord, RunRecord, rules_entry

OnClip = Callable[[ClipRecord], None]


def apply(folder: Path, rules_file: str, on_clip: OnClip | None = None) -> RunRecord:
    """Decide the clips of a finished run anew and replace their tables of frames.

    An interruption loses nothing: clips that still hold the labels of other rules are recorded as
    outdated, and the same call goes on with them.

    Args:
        folder: Folder of a run.
        rules_file: Rule file, or name of a shipped rule set.
        on_clip: Called with the record of each clip that was done.

    Returns:
        The record, as `run.json` holds it now; clips whose tables cannot be read have failed.

    Raises:
        UsageError: the folder holds no run, or no clip of it is done.
        RuleError: the rules have mistakes or need signals that the run does not have.
    """
    record = RunRecord.load(folder)
    if record is None:
        raise UsageError(f"{folder}: holds no run (no run.json); name the --out folder of a run")
    rules = RuleSet.load(rules_file)
    require_signals(rules, tuple(record.signals))
    options = RunOptions.checked({**record.options, "rules": rules_file})
    if options.abaw:
        submissions.require_compounds(rules)
    clips = [clip for clip in record.clips.values() if clip.status in ("done", "outdated")]
    if not clips:
        raise UsageError(f"{folder}: no clip of this run is done; there is nothing to decide")
    record.rules, record.options = rules_entry(rules), options.model_dump(mode="json")
    for clip in clips:
        clip.status = "outdated"
    record.save(folder)
    try:
        for clip in clips:
            _apply_to(folder, clip, rules, options)
            if on_clip is not None:
                on_clip(clip)
        if options.abaw:
            submissions.write(folder, record)
    finally:
        record.save(folder)
    return record


def _apply_to(folder: Path, clip: ClipRecord, rules: RuleSet, options: RunOptions) -> None:
    """Decide one clip and replace its files; a clip whose tables are damaged fails alone."""
    try:
        source: Format = options.formats[0]
        faces = read_table(table_path(folder, clip.stem, "faces", source))
        before = read_table(table_path(folder, clip.stem, "frames", source))
        frames, events = decide(
            face_rows(faces),
            before.column("frame").to_numpy(),
            before.column("time").to_numpy(),
            rules,
            options.smoothings(rules.smooth),
        )
    except (ClipError, ValueError) as error:
        clip.status, clip.error = "failed", " ".join(str(error).split())
        return
    result = ClipResult(clip.stem, frames, faces, events, tuple(rules.compounds), info=clip.info)
    parts = [part for part in ("events", "frames") if part != "events" or options.events]
    for part in parts:
        for kind in options.formats:
            write_table(table_path(folder, clip.stem, part, kind), getattr(result, part), kind)
    fill_record(clip, result)
    clip.status, clip.error = "done", None
