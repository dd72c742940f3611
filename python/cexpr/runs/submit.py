"""Write a run as a submission with exactly the rows of the organisers' sample file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cexpr._support.atomic import write_atomically
from cexpr._support.text import counted
from cexpr.abaw import files as abaw
from cexpr.abaw.files import Key, Kind
from cexpr.errors import UsageError
from cexpr.runs import submissions
from cexpr.runs.record import RunRecord
from cexpr.signals import ACTION_UNITS, EXPRESSIONS, VALENCE_AROUSAL
from cexpr.tables.files import read_table


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


def submit(kind: Kind, folder: Path, template: Path, out: Path, fill: str | None) -> Submitted:
    """Write a submission.

    Args:
        kind: `ce` or `mtl`.
        folder: A finished run.
        template: The organisers' sample file: its header, its images, its order.
        out: The file to write.
        fill: What follows the image for videos of which the run knows nothing, for example `0`.

    Raises:
        UsageError: The folder holds no run, or none with what the kind needs; or a video of the
            template is not in the run and there is no fill.
        ClipError: A table of the run cannot be read.
    """
    header, images = abaw.read_template(template)
    known = _known_rows(kind, folder)
    numbers: dict[str, list[int]] = {}
    for video, number in sorted(known):
        numbers.setdefault(video, []).append(number)
    lacking = list(dict.fromkeys(key[0] for _, key in images if key[0] not in numbers))
    if lacking and fill is None:
        raise UsageError(
            f"{folder}: has nothing for {counted(len(lacking), 'video')} of the template "
            f"({', '.join(lacking[:5])}{', ...' if len(lacking) > 5 else ''}); "
            "run them, or give --fill"
        )
    lines, held = [header], []
    for image, key in images:
        row = fill if key[0] in lacking else known.get(key)
        if row is None:
            row = known[key[0], abaw.nearest(numbers[key[0]], key[1])]
            held.append(image)
        lines.append(f"{image},{row}")
    write_atomically(out, ("\n".join(lines) + "\n").encode())
    wanted = {key for _, key in images}
    unused = sum(key not in wanted for key in known)
    return Submitted(len(images), held, unused, lacking)


def _known_rows(kind: Kind, folder: Path) -> Mapping[Key, str]:
    """What follows the image in each row of a run that is known, by video and frame."""
    record = RunRecord.load(folder)
    if record is None:
        raise UsageError(f"{folder}: holds no run; expected a folder that 'cexpr run' wrote")
    _require(kind, folder, record)
    rows: dict[Key, str] = {}
    for stem, clip in record.clips.items():
        files = [name for name in clip.files if ".frames." in name]
        if clip.status != "done" or not files:
            continue
        frames = read_table(folder / files[0])
        lines = (
            submissions.compound_rows(stem, frames)
            if kind == "ce"
            else submissions.multi_task_rows(stem, frames, record.thresholds)
        )
        for line in lines:
            image, _, values = line.partition(",")
            key = abaw.image_key(image)
            assert key is not None
            if not _is_unknown(kind, values):
                rows[key] = values
    return rows


def _require(kind: Kind, folder: Path, record: RunRecord) -> None:
    wanted, present = (
        (submissions.CE_CLASSES, record.rules.get("compounds", ()))
        if kind == "ce"
        else ((*EXPRESSIONS[:1], *VALENCE_AROUSAL, *ACTION_UNITS), record.signals)
    )
    lacking = [name for name in wanted if name not in present]
    # Rules may leave out some of the compounds; a model gives all units or none of them.
    if kind == "ce" and len(lacking) < len(wanted):
        return
    if lacking:
        raise UsageError(
            f"{folder}: the run cannot be a submission of kind '{kind}': it has no "
            f"{', '.join(lacking)}"
        )


def _is_unknown(kind: Kind, values: str) -> bool:
    # A submission may hold no marker of a missing value; a valence of -1 is none.
    fields = values.split(",")
    return "-1" in fields if kind == "ce" else "-5" in fields[:2] or "-1" in fields[2:]
