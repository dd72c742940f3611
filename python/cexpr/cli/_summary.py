"""The summary at the end of a command that went through clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer
from rich.table import Table

from cexpr._support.text import command_line, counted
from cexpr.cli._console import complain, page, print_json
from cexpr.signals import ACTION_UNITS
from cexpr.tables.result import label_shares, shares_line

if TYPE_CHECKING:
    from cexpr.runs.record import ClipRecord, RunRecord


def finish(record: RunRecord, folder: Path, *, quiet: bool, as_json: bool) -> None:
    """Print the summary, and on standard error the warnings of each clip and why some failed.

    Args:
        record: What was done.
        folder: Where the results are.
        quiet: Print failures only.
        as_json: Print the summary as JSON on standard output, quiet or not.

    Raises:
        typer.Exit: with status 1 if a clip failed.
    """
    if as_json:
        print_json(record.as_json(), indent=1)
    elif not quiet:
        _print_table(record, folder)
    if not quiet:
        for line in _warnings(record):
            complain(line)
    failed = [clip for clip in record.clips.values() if clip.status == "failed"]
    for clip in failed:
        complain(str(clip.error))
    if failed:
        raise typer.Exit(1)


def _warnings(record: RunRecord) -> Iterator[str]:
    """Yield the warnings of clips, advice where no clip has a face, and what CE.txt adds."""
    from cexpr.runs.submissions import told

    done = [clip for clip in record.clips.values() if clip.status == "done"]
    for clip in done:
        warnings = clip.info.get("warnings")
        if warnings:
            yield f"{clip.stem}: {'; '.join(warnings)}"
    searches = record.options.get("detector") != "full-frame"
    if done and searches and not any(clip.info.get("faces") for clip in done):
        yield (
            "no face was found in any clip; if the images are already face crops, "
            "run with --detector full-frame; if they are not upright, with --rotate auto"
        )
    yield from told(record)


def _print_table(record: RunRecord, folder: Path) -> None:
    """Print a row for each clip: frames, faces, shares of what they show, time.

    Images that share a table share a row; those that failed are told of one by one.
    """
    console = page()
    table = Table("clip", box=None, pad_edge=False)
    for name in ("frames", "faces"):
        table.add_column(name, justify="right")
    table.add_column("share of the frames with a face")
    table.add_column("time", justify="right")
    images = [one for one in record.clips.values() if one.is_together and one.status == "done"]
    for clip in record.clips.values():
        if not (clip.is_together and clip.status == "done"):
            table.add_row(*_row(clip))
    if images:
        table.add_row(*_images_row(images))
    console.print(table, markup=False, highlight=False)
    counts = record.counts()
    failed = f", {counts['failed']} failed" if counts["failed"] else ""
    lines = [
        f"{counts['done']} done{failed}, {record.seconds:.1f} s on {record.provider}; "
        f"results in {folder}"
    ]
    if record.derived:
        is_csv = "csv" in record.options.get("formats", ())
        where = "columns.csv" if is_csv else command_line("cexpr", "columns", str(folder))
        lines.append(f"derived, not learnt: {_derived(record)} (see {where})")
    if images:
        without = sum(not one.info["faces"] for one in images)
        lines.append(f"no face in {without} of {counted(len(images), 'image')}")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _images_row(images: Sequence[ClipRecord]) -> list[str]:
    """Return the row of all images that share a table."""
    shown = [next(iter(one.shown), None) for one in images if one.info["faces"]]
    faces = sum(one.info["faces"] for one in images)
    # An image takes milliseconds, so that the sum is what says something.
    time = f"{sum(one.seconds for one in images):.1f} s"
    shares = shares_line(label_shares(np.array(shown, object))) if shown else "no face"
    name = counted(len(images), "image")
    return [name, str(len(images)), str(faces), shares or "unknown", time]


def _derived(record: RunRecord) -> str:
    """Name the signals that were derived; the first and the last action unit stand for all."""
    names = list(record.derived)
    if set(ACTION_UNITS) <= set(names):
        names = [name for name in names if name not in ACTION_UNITS]
        names.append(f"{ACTION_UNITS[0]} to {ACTION_UNITS[-1]}")
    return ", ".join(names)


def _row(clip: ClipRecord) -> list[str]:
    time = f"{clip.seconds:.1f} s"
    if clip.status != "done":
        return [clip.stem, "", "", clip.status, time]
    frames, faces = clip.info["frames"], clip.info["faces"]
    shown = shares_line(clip.shown) or ("unknown" if faces else "no face")
    return [clip.stem, str(frames), str(faces), shown, time]
