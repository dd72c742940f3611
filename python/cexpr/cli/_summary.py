"""The summary at the end of a command that went through clips."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from cexpr.cli._console import complain, page, print_json
from cexpr.signals import GROUPS

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
    """Print a row for each clip: frames, faces, the most frequent compounds, time."""
    console = page()
    table = Table("clip", box=None, pad_edge=False)
    for name in ("frames", "faces"):
        table.add_column(name, justify="right")
    table.add_column("most frequent compounds")
    table.add_column("time", justify="right")
    for clip in record.clips.values():
        table.add_row(*_row(clip))
    console.print(table, markup=False, highlight=False)
    counts = record.counts()
    failed = f", {counts['failed']} failed" if counts["failed"] else ""
    derived = (
        f"; derived from the expressions, not learnt: {_groups(record)}" if record.derived else ""
    )
    console.print(
        f"{counts['done']} done{failed}, {record.seconds:.1f} s on {record.provider}; "
        f"results in {folder}{derived}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _groups(record: RunRecord) -> str:
    """Name the heads whose signals were derived; a learnt one of another model comes first."""
    heads = [head for head, names in GROUPS.items() if set(names) & set(record.derived)]
    return ", ".join(
        head.replace("_", " and " if head == "valence_arousal" else " ") for head in heads
    )


def _row(clip: ClipRecord) -> list[str]:
    time = f"{clip.seconds:.1f} s"
    if clip.status != "done":
        return [clip.stem, "", "", clip.status, time]
    frames = clip.info["frames"]
    labels = ", ".join(
        f"{name} {count / frames:.0%}" for name, count in list(clip.compounds.items())[:2]
    )
    return [clip.stem, str(frames), str(clip.info["faces"]), labels or "none", time]
