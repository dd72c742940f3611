"""Phase 2 of a clip again, from the tables that a run wrote."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cexpr.errors import RuleError, UsageError
from cexpr.options import RunOptions
from cexpr.rules.rule_set import RuleSet
from cexpr.runs.folder import RunFolder
from cexpr.runs.record import ClipRecord, RunRecord
from cexpr.tables.result import ClipResult, face_rows
from cexpr.timeline.decide import decide_tables
from cexpr.timeline.events import length_of


def rules_of(record: RunRecord) -> RuleSet:
    """Load the rules of a run, which must be what they were then.

    Raises:
        RuleError: they cannot be loaded.
        UsageError: they have changed since.
    """
    name = RunOptions.checked(record.options).rules
    try:
        rules = RuleSet.load(name)
    except RuleError as error:
        raise RuleError(
            f"{error}\nthese are the rules of the run; name other rules",
            error.problems,
            remedies=["rules"],
        ) from error
    if rules.sha256 != record.rules["sha256"]:
        raise UsageError(
            f"{name}: these rules have changed since the run used them; name them again "
            "to use them as they are now",
            remedies=["rules"],
        )
    return rules


def frames_of(run: RunFolder, clip: ClipRecord, rules: RuleSet | None) -> pa.Table:
    """Read the frames of a finished clip; that of an image among others is decided again.

    Args:
        run: The folder of the run.
        clip: A clip of it.
        rules: Its rules; None only where no image is among others (`ClipRecord.is_together`).

    Raises:
        ClipError: the record names no such table, or its file is missing or damaged.
    """
    if clip.is_together and rules is not None:
        options = RunOptions.checked(run.record.options)
        return decide_again(run, clip, rules, options).frames
    return run.read_table(clip, "frames")


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
    faces = run.read_table(clip, "faces")
    if clip.is_together:
        number, time = np.ones(1, np.int64), np.zeros(1)
    else:
        before = run.read_table(clip, "frames")
        number, time = before.column("frame").to_numpy(), before.column("time").to_numpy()
    seconds = clip.info.get("seconds")
    if seconds is None:
        # The record of an earlier version; its last frame is as long as the one before it.
        seconds = length_of(time, None) if len(time) else 0.0
    tables = decide_tables(
        face_rows(faces, run.record.derived),
        number,
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
