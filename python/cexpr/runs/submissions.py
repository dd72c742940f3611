"""Runs as submissions to the ABAW challenge: of all their frames, or of those in a sample file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from cexpr._support.atomic import write_atomically
from cexpr._support.text import counted
from cexpr._support.types import Integers
from cexpr.abaw.classes import CE_CLASSES, CE_HEADER, MTL_HEADER, Kind
from cexpr.abaw.files import Key, image_key, nearest, read_template
from cexpr.abaw.rows import (
    compound_ids,
    compound_rows,
    has_missing,
    label_ids,
    lacking_signals,
    multi_task_rows,
)
from cexpr.errors import UsageError
from cexpr.metrics import COMPOUND_FRAMES
from cexpr.rules.rule_set import RuleSet
from cexpr.runs.again import frames_of, rules_of
from cexpr.runs.folder import RunFolder
from cexpr.runs.record import RunRecord

FILES = _CE_FILE, _MTL_FILE = "CE.txt", "MTL.txt"
"""Names of the files that `write` writes."""

# Videos that a message names.
_SHOWN = 5


def check(rules: RuleSet, names: Sequence[str], left_out: Sequence[str] = ()) -> list[str]:
    """Tell which submission cannot be written, before anything is computed.

    Args:
        rules: The rules of the run.
        names: Signals that the run has.
        left_out: Derived signals that it leaves out.

    Returns:
        A sentence where `MTL.txt` will be missing.

    Raises:
        UsageError: the rules have none of the seven compounds, so there is nothing to submit.
    """
    require_compounds(rules)
    return notes(names, left_out)


def notes(names: Sequence[str], left_out: Sequence[str] = ()) -> list[str]:
    """Say in a sentence that `MTL.txt` will be missing, if it will.

    Args:
        names: Signals that the run has.
        left_out: Derived signals that it leaves out.
    """
    lacking = lacking_signals(names)
    unknown = [name for name in lacking if name not in left_out]
    if unknown:
        return [f"no MTL.txt, because no model provides {', '.join(unknown)}"]
    if lacking:
        return [f"no MTL.txt, because this run leaves out the derived signals {', '.join(lacking)}"]
    return []


def require_compounds(rules: RuleSet) -> None:
    """Refuse rules whose labels mean nothing to the challenge.

    Raises:
        UsageError: none of the seven compounds is in the rules.
    """
    if not set(CE_CLASSES) & set(rules.compounds):
        raise UsageError(
            f"no submission: the rules '{rules.name}' have none of the compounds of the challenge "
            f"({', '.join(CE_CLASSES)})"
        )


def write(folder: RunFolder, rules: RuleSet | None = None) -> None:
    """Write `CE.txt` and, where the models provide everything, `MTL.txt` for all finished clips.

    Every row of `CE.txt` has a class. A frame without a label gets its strongest pair
    (`abaw.rows.compound_ids`); a frame that holds nothing, the class of the nearest frame of its
    clip that does; and a clip in which nothing is known, the most frequent class of C-EXPR-DB. The
    record's `submission` counts each.

    Args:
        folder: The folder of the run.
        rules: Its rules; None to load them if they are needed.

    Raises:
        RuleError, UsageError: its rules are needed and cannot be loaded, or have changed.
        ClipError: a table of a finished clip cannot be read.
        FileError: a file cannot be written.
    """
    record = folder.record
    ce, mtl = [CE_HEADER], [MTL_HEADER]
    counts = dict.fromkeys(("frames", "strongest", "nearest", "unknown"), 0)
    has_mtl = not lacking_signals(record.signals)
    rules = rules or _rules_for_images(folder)
    for clip in folder.clips():
        frames = frames_of(folder, clip, rules)
        own = compound_ids(frames, record.rules.get("adjusted", {}))
        ce += compound_rows(clip.stem, frames, _completed(frames, own))
        is_known = own >= 0
        counts["frames"] += len(own)
        counts["strongest"] += int((is_known & (label_ids(frames) < 0)).sum())
        counts["nearest" if is_known.any() else "unknown"] += int((~is_known).sum())
        if has_mtl:
            mtl += multi_task_rows(clip.stem, frames, record.thresholds)
    record.submission = counts
    _write(folder.path / _CE_FILE, ce)
    if has_mtl:
        _write(folder.path / _MTL_FILE, mtl)


def _rules_for_images(folder: RunFolder) -> RuleSet | None:
    """Load the rules of a run if it has images together, whose frames are in no table."""
    return rules_of(folder.record) if any(one.is_together for one in folder.clips()) else None


def _completed(frames: pa.Table, ids: Integers) -> Integers:
    """Give a class to frames without: the nearest one, or the most frequent of C-EXPR-DB."""
    numbers = frames.column("frame").to_pylist()
    known = {number: one for number, one in zip(numbers, ids.tolist(), strict=True) if one >= 0}
    if not known:
        return np.full_like(ids, np.argmax(COMPOUND_FRAMES))
    increasing = list(known)
    return np.array([known[nearest(increasing, number)] for number in numbers], np.int64)


def told(record: RunRecord) -> list[str]:
    """Say in sentences which rows of `CE.txt` are not labels of the rules; none where all are.

    Args:
        record: A run whose submissions were written.
    """
    counts = record.submission
    reasons = {
        "strongest": "got the strongest pair, because the rules give them no label",
        "nearest": "got the class of the nearest frame, because nothing is known of them",
        "unknown": f"got {CE_CLASSES[int(np.argmax(COMPOUND_FRAMES))]}, the most frequent class "
        "of C-EXPR-DB, because nothing is known of their clip",
    }
    return [
        f"CE.txt: {counts[kind]} of {counted(counts['frames'], 'frame')} {reason}"
        for kind, reason in reasons.items()
        if counts.get(kind)
    ]


@dataclass(frozen=True)
class Submitted:
    """What it took to fill the template.

    Attributes:
        rows: Number of rows written.
        held: Images that the run lacks or knows nothing of; each got the row of the nearest frame
            of its video that has one, the earlier of two equally near.
        strongest: Images without a label that got their strongest pair (`ce` only).
        unused: Number of the run's frames that the template does not ask for.
        filled: Videos of which the run knows nothing; their rows are the given fill.
    """

    rows: int
    held: Sequence[str]
    strongest: Sequence[str]
    unused: int
    filled: Sequence[str]


def submit(
    kind: Kind, folder: Path, template: Path, out: Path, fill: str | None = None
) -> Submitted:
    """Write a run as a submission with exactly the rows of the organisers' sample file.

    Args:
        kind: `ce` or `mtl`.
        folder: A finished run.
        template: The organisers' sample file: its header, its images, its order.
        out: The file to write.
        fill: What follows the image for videos of which the run knows nothing, for example `0`.

    Raises:
        UsageError: the folder holds no run, or none with what the kind needs; or a video of the
            template is not in the run and there is no fill.
        ClipError: a table of the run cannot be read.
        FileError: the file cannot be written.
    """
    header, images = read_template(template)
    known, labelled = _known_rows(kind, RunFolder.open(folder))
    numbers: dict[str, list[int]] = {}
    for video, number in sorted(known):
        numbers.setdefault(video, []).append(number)
    lacking = list(dict.fromkeys(key[0] for _, key in images if key[0] not in numbers))
    if lacking and fill is None:
        some = ", ".join(lacking[:_SHOWN]) + (", ..." if len(lacking) > _SHOWN else "")
        raise UsageError(
            f"{folder}: has nothing for {counted(len(lacking), 'video')} of the template ({some}); "
            "run them, or give values to fill them with",
            remedies=["fill"],
        )
    lines, held, strongest = [header], [], []
    for image, key in images:
        row = fill if key[0] in lacking else known.get(key)
        if row is None:
            row = known[key[0], nearest(numbers[key[0]], key[1])]
            held.append(image)
        elif key in known and key not in labelled:
            strongest.append(image)
        lines.append(f"{image},{row}")
    _write(out, lines)
    wanted = {key for _, key in images}
    unused = sum(key not in wanted for key in known)
    return Submitted(len(images), held, strongest, unused, lacking)


def _known_rows(kind: Kind, folder: RunFolder) -> tuple[Mapping[Key, str], Set[Key]]:
    """Return the values after the image in each known row of a run, and which rows are labels.

    Both by video and frame.
    """
    _require(kind, folder)
    rules = _rules_for_images(folder)
    rows: dict[Key, str] = {}
    labelled: set[Key] = set()
    for clip in folder.clips():
        frames = frames_of(folder, clip, rules)
        if kind == "ce":
            ids = compound_ids(frames, folder.record.rules.get("adjusted", {}))
            lines = compound_rows(clip.stem, frames, ids)
            is_label = (label_ids(frames) >= 0).tolist()
        else:
            lines = multi_task_rows(clip.stem, frames, folder.record.thresholds)
            is_label = [True] * frames.num_rows
        for line, is_own in zip(lines, is_label, strict=True):
            image, _, values = line.partition(",")
            key = image_key(image)
            assert key is not None
            if not has_missing(kind, values):
                rows[key] = values
            if is_own:
                labelled.add(key)
    return rows, labelled


def _require(kind: Kind, folder: RunFolder) -> None:
    """Refuse a run that has nothing, or not all, of what the kind needs.

    Raises:
        UsageError: it does; rules may leave out some of the compounds.
    """
    record = folder.record
    if kind == "mtl":
        lacking = lacking_signals(record.signals)
    else:
        compounds = record.rules.get("compounds", ())
        lacking = [] if set(CE_CLASSES) & set(compounds) else list(CE_CLASSES)
    if lacking:
        raise UsageError(
            f"{folder.path}: the run cannot be a submission of kind '{kind}': it has no "
            f"{', '.join(lacking)}"
        )


def _write(path: Path, lines: Sequence[str]) -> None:
    write_atomically(path, ("\n".join(lines) + "\n").encode())
