"""Phase 2 again on a finished run: other rules or more tables, the same faces, no video."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from os import PathLike

import numpy as np
import pyarrow as pa

from cexpr._support import arguments
from cexpr.errors import ClipError, RuleError, UsageError
from cexpr.options import RunOptions
from cexpr.rules.needs import require_signals
from cexpr.rules.rule_set import RuleSet
from cexpr.runs import overview, submissions
from cexpr.runs.again import decide_again, rules_of
from cexpr.runs.clip import fill_record, tables_of
from cexpr.runs.folder import RunFolder
from cexpr.runs.record import IMAGES, ClipRecord, RunRecord
from cexpr.runs.resume import file_endings, name_problem
from cexpr.runs.run import rules_entry
from cexpr.runs.stills import enter_stills
from cexpr.tables.files import FORMATS, write_result
from cexpr.tables.images import faces_of_images, images_table
from cexpr.tables.result import ClipResult, face_rows
from cexpr.timeline.stills import decide_stills

OnClip = Callable[[ClipRecord], None]


def apply(
    folder: str | PathLike[str],
    rules: str | PathLike[str] | RuleSet | None = None,
    *,
    events: bool = False,
    abaw: bool = False,
    formats: str | Sequence[str] = (),
    on_clip: OnClip | None = None,
) -> RunRecord:
    """Decide the clips of a finished run again and replace their tables.

    No video is read. What the run wrote is written again; `events`, `abaw` and `formats` add to
    that. An interruption loses nothing: clips that still hold the labels of other rules are
    recorded as outdated, and the same call goes on with them.

    Args:
        folder: Folder of a run.
        rules: Rule file, name of a shipped rule set, or a rule set that was loaded from either;
            None for the rules of the run.
        events: Also write the tables of events.
        abaw: Also write the submissions.
        formats: Also write all tables in these formats, "csv" or "parquet".
        on_clip: Called with the record of each clip that was done or failed; None to call
            nothing.

    Returns:
        The record, as `run.json` holds it now; clips whose tables cannot be read have failed.

    Raises:
        TypeError: `folder` or `rules` is not a path, or another argument has the wrong type.
        UsageError: the folder holds no run, or no clip of it is done, a format is unknown, the
            rules of the run are no longer what they were, `rules` is a rule set that is in no
            file, or a table that is asked for would have a name that is too long.
        RuleError: the rules have mistakes or need signals that the run does not have.
        FileError: a table, a submission or `run.json` cannot be written.
        ClipError: a table that a submission needs cannot be read back.

    Example:
        >>> record = apply("results", "emfacs", events=True)  # doctest: +SKIP
        >>> record.rules["name"]  # doctest: +SKIP
        'emfacs'
    """
    folder = arguments.path("folder", folder, "a folder")
    if not isinstance(rules, str | PathLike | RuleSet | None):
        raise TypeError(
            f"rules: expected a path (str or os.PathLike) or a cexpr.RuleSet, got {rules!r}"
        )
    arguments.flag("events", events)
    arguments.flag("abaw", abaw)
    arguments.function("on_clip", on_clip)
    if isinstance(formats, bytes) or not isinstance(formats, Iterable):
        raise TypeError(f"formats: expected names of formats, got {formats!r}")
    formats = (formats,) if isinstance(formats, str) else tuple(formats)
    for kind in formats:
        if kind not in FORMATS:
            raise UsageError(f"formats: expected {' or '.join(FORMATS)}, got '{kind}'")
    run = RunFolder.open(folder)
    record = run.record
    before = RunOptions.checked(record.options)
    rule_set = rules_of(record) if rules is None else _in_file(rules)
    require_signals(rule_set, record.signals, record.left_out())
    options = RunOptions.checked(
        {
            **record.options,
            "rules": rule_set.file,
            "events": before.events or events,
            "abaw": before.abaw or abaw,
            "formats": (*before.formats, *formats),
        }
    )
    if options.abaw:
        submissions.require_compounds(rule_set)
    clips = run.clips("done", "outdated")
    if not clips:
        raise UsageError(f"{folder}: no clip of this run is done; there is nothing to decide")
    _require_names(run, clips, options)
    record.rules, record.options = rules_entry(rule_set), options.model_dump(mode="json")
    for clip in clips:
        clip.status = "outdated"
    run.save()
    overview.remove(folder)
    tables: dict[str, pa.Table] = {}
    try:
        images = [clip for clip in clips if clip.is_together]
        _apply_to_images(run, images, rule_set, options)
        for clip in clips:
            result = None if clip.is_together else _apply_to(run, clip, rule_set, options)
            if result is not None:
                tables[clip.stem] = result.events
            if on_clip is not None:
                on_clip(clip)
        overview.write(run, rule_set, options, tables)
        if options.abaw:
            submissions.write(run, rule_set)
    finally:
        run.save()
    return record


def _require_names(run: RunFolder, clips: Iterable[ClipRecord], options: RunOptions) -> None:
    """Refuse tables whose names the file system refuses, before anything is written.

    Raises:
        UsageError: a clip would have such a table.
    """
    endings = file_endings(options)
    for clip in clips:
        problem = None if clip.is_together else name_problem(run.path, clip.stem, endings)
        if problem is not None:
            raise UsageError(
                f"{clip.path}: {problem} and run it again, or ask for no more tables or formats"
            )


def _in_file(rules: str | PathLike[str] | RuleSet) -> RuleSet:
    """Load rules, or check that a rule set is in the file that the record will name."""
    if not isinstance(rules, RuleSet):
        return RuleSet.load(rules)
    try:
        is_there = RuleSet.load(rules.file).sha256 == rules.sha256
    except RuleError:
        is_there = False
    if not is_there:
        raise UsageError(
            f"rules: the run records the file of its rules, and {rules.file} does not hold this "
            "rule set; write its text to a file and name that"
        )
    return rules


def _apply_to(
    run: RunFolder, clip: ClipRecord, rules: RuleSet, options: RunOptions
) -> ClipResult | None:
    """Decide one clip and replace its files; a clip whose tables are damaged fails alone."""
    try:
        result = decide_again(run, clip, rules, options)
    except (ClipError, ValueError) as error:
        clip.status, clip.error = "failed", " ".join(str(error).split())
        return None
    clip.files = write_result(run.path, result, options.formats, parts=tables_of(options))
    fill_record(clip, result)
    clip.status, clip.error = "done", None
    return result


def _apply_to_images(
    run: RunFolder, clips: Sequence[ClipRecord], rules: RuleSet, options: RunOptions
) -> None:
    """Decide the images that have one table and replace it; they fail together."""
    if not clips:
        return
    try:
        before = run.images_of(clips)
    except ClipError as error:
        for clip in clips:
            clip.status, clip.error = "failed", " ".join(str(error).split())
        return
    counts = [clip.info["face_rows"] for clip in clips]
    number = np.repeat(np.arange(1, len(clips) + 1), counts)
    rows = face_rows(faces_of_images(before, number), run.record.derived)
    decided = decide_stills(rows, len(clips), rules, options.min_quality)
    table = images_table(
        decided.faces, number, [clip.path for clip in clips], [clip.stem for clip in clips]
    )
    run.write_images(table, options.formats)
    enter_stills(clips, decided, rows)
    for clip in clips:
        clip.files = [f"{IMAGES}.{kind}" for kind in options.formats]
        clip.status, clip.error = "done", None
