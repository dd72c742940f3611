"""Runs as submissions to the ABAW challenge: of all their frames, or of those in a sample file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cexpr._support.atomic import write_atomically
from cexpr._support.text import counted
from cexpr.abaw.classes import CE_CLASSES, CE_HEADER, MTL_HEADER, Kind
from cexpr.abaw.files import Key, image_key, nearest, read_template
from cexpr.abaw.rows import compound_rows, has_missing, lacking_signals, multi_task_rows
from cexpr.errors import UsageError
from cexpr.rules.rule_set import RuleSet
from cexpr.runs.folder import RunFolder
from cexpr.runs.record import ClipRecord

# Videos that a message names.
_SHOWN = 5


def check(rules: RuleSet, names: Sequence[str]) -> list[str]:
    """Tell which submission cannot be written, before anything is computed.

    Args:
        rules: The rules of the run.
        names: Signals that the models provide.

    Returns:
        A sentence where `MTL.txt` will be missing.

    Raises:
        UsageError: the rules have none of the seven compounds, so there is nothing to submit.
    """
    require_compounds(rules)
    return notes(names)


def notes(names: Sequence[str]) -> list[str]:
    """Say in a sentence that `MTL.txt` will be missing, if it will.

    Args:
        names: Signals that the models provide.
    """
    lacking = lacking_signals(names)
    return [f"no MTL.txt, because no model provides {', '.join(lacking)}"] if lacking else []


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


def write(folder: RunFolder) -> None:
    """Write `CE.txt` and, where the models provide everything, `MTL.txt` for all finished clips.

    Raises:
        ClipError: a table of a finished clip cannot be read.
        FileError: a file cannot be written.
    """
    ce, mtl = [CE_HEADER], [MTL_HEADER]
    has_mtl = not lacking_signals(folder.record.signals)
    for clip in folder.clips():
        frames = folder.read_table(clip, "frames")
        ce += compound_rows(clip.stem, frames)
        if has_mtl:
            mtl += multi_task_rows(clip.stem, frames, folder.record.thresholds)
    _write(folder.path / "CE.txt", ce)
    if has_mtl:
        _write(folder.path / "MTL.txt", mtl)


@dataclass(frozen=True)
class Submitted:
    """What it took to fill the template.

    Attributes:
        rows: Number of rows written.
        held: Images that the run lacks or has no label for; each got the row of the nearest frame
            of its video that has one, the earlier of two equally near.
        unused: Number of the run's frames that the template does not ask for.
        filled: Videos of which the run knows nothing; their rows are the given fill.
    """

    rows: int
    held: Sequence[str]
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
    known = _known_rows(kind, RunFolder.open(folder))
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
    lines, held = [header], []
    for image, key in images:
        row = fill if key[0] in lacking else known.get(key)
        if row is None:
            row = known[key[0], nearest(numbers[key[0]], key[1])]
            held.append(image)
        lines.append(f"{image},{row}")
    _write(out, lines)
    wanted = {key for _, key in images}
    unused = sum(key not in wanted for key in known)
    return Submitted(len(images), held, unused, lacking)


def _known_rows(kind: Kind, folder: RunFolder) -> Mapping[Key, str]:
    """Return the values after the image in each known row of a run, by video and frame."""
    _require(kind, folder)
    rows: dict[Key, str] = {}
    for clip in folder.clips():
        for line in _rows(kind, folder, clip):
            image, _, values = line.partition(",")
            key = image_key(image)
            assert key is not None
            if not has_missing(kind, values):
                rows[key] = values
    return rows


def _rows(kind: Kind, folder: RunFolder, clip: ClipRecord) -> Iterator[str]:
    frames = folder.read_table(clip, "frames")
    if kind == "ce":
        return compound_rows(clip.stem, frames)
    return multi_task_rows(clip.stem, frames, folder.record.thresholds)


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
