"""Phase 2 again on a finished run: other rules or more tables, the same faces, no video."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cexpr.errors import ClipError, RuleError, UsageError
from cexpr.options import RunOptions
from cexpr.pipeline import require_signals
from cexpr.rules.rule_set import RuleSet
from cexpr.runs import submissions
from cexpr.runs.clip import fill_record, tables_of
from cexpr.runs.record import ClipRecord, RunRecord, rules_entry
from cexpr.tables.files import FORMATS, Format, read_table, table_path, write_result
from cexpr.tables.result import ClipResult, face_rows
from cexpr.timeline.decide import decide_tables

OnClip = Callable[[ClipRecord], None]


def apply(
    folder: Path,
    rules_file: str | None = None,
    on_clip: OnClip | None = None,
    *,
    events: bool = False,
    abaw: bool = False,
    formats: Sequence[str] = (),
) -> RunRecord:
    """Decide the clips of a finished run anew and replace their tables of frames.

    What the run wrote is written again; `events`, `abaw` and `formats` add to that. An interruption
    loses nothing: clips that still hold the labels of other rules are recorded as outdated, and the
    same call goes on with them.

    Args:
        folder: Folder of a run.
        rules_file: Rule file, or name of a shipped rule set; None for the rules of the run.
        on_clip: Called with the record of each clip that was done.
        events: Also write the tables of events.
        abaw: Also write the submissions.
        formats: Also write all tables in these formats, "csv" or "parquet".

    Returns:
        The record, as `run.json` holds it now; clips whose tables cannot be read have failed.

    Raises:
        UsageError: the folder holds no run, or no clip of it is done, a format is unknown, or the
            rules of the run are no longer what they were.
        RuleError: the rules have mistakes or need signals that the run does not have.
    """
    for kind in formats:
        if kind not in FORMATS:
            raise UsageError(f"--format: expected {' or '.join(FORMATS)}, got '{kind}'")
    record = RunRecord.load(folder)
    if record is None:
        raise UsageError(f"{folder}: holds no run (no run.json); name the --out folder of a run")
    before = RunOptions.checked(record.options)
    rules = _rules_of(record, before) if rules_file is None else RuleSet.load(rules_file)
    require_signals(rules, tuple(record.signals))
    options = RunOptions.checked(
        {
            **record.options,
            "rules": rules.file,
            "events": before.events or events,
            "abaw": before.abaw or abaw,
            "formats": (*before.formats, *formats),
        }
    )
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


def _rules_of(record: RunRecord, options: RunOptions) -> RuleSet:
    """Load the rules of a run, which must be what they were then."""
    try:
        rules = RuleSet.load(options.rules)
    except RuleError as error:
        raise RuleError(
            f"{error}\nthese are the rules of the run; name others with --rules", error.problems
        ) from error
    if rules.sha256 != record.rules["sha256"]:
        raise UsageError(
            f"{options.rules}: these rules have changed since the run used them; "
            f"give --rules {options.rules} to use them as they are now"
        )
    return rules


def _apply_to(folder: Path, clip: ClipRecord, rules: RuleSet, options: RunOptions) -> None:
    """Decide one clip and replace its files; a clip whose tables are damaged fails alone."""
    try:
        source = _format_of(clip)
        faces = read_table(table_path(folder, clip.stem, "faces", source))
        before = read_table(table_path(folder, clip.stem, "frames", source))
        frames, events = decide_tables(
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
    added = [kind for kind in options.formats if f"{clip.stem}.faces.{kind}" not in clip.files]
    write_result(folder, result, added, parts=("faces",))
    parts = tables_of(options)
    write_result(folder, result, options.formats, parts=parts[1:])
    clip.files = [
        table_path(folder, clip.stem, part, kind).name for part in parts for kind in options.formats
    ]
    fill_record(clip, result)
    clip.status, clip.error = "done", None


def _format_of(clip: ClipRecord) -> Format:
    """The first format that the clip has; the record may already ask for more."""
    for kind in FORMATS:
        if f"{clip.stem}.faces.{kind}" in clip.files:
            return kind
    raise ClipError(f"{clip.stem}: the record names no table of its faces; run the clip again")
