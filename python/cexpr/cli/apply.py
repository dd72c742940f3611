"""`cexpr apply`: other rules or more tables for a finished run, without touching video."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cexpr.cli.summary import finish

if TYPE_CHECKING:
    from cexpr.runs.record import ClipRecord


def apply(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a finished run.", show_default=False)
    ],
    rules: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|NAME",
            help="Rule file, or name of a shipped rule set; without, the rules of the run.",
            show_default=False,
        ),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="csv|parquet",
            help="Also write the tables in this format; repeatable.",
            autocompletion=lambda: ["csv", "parquet"],
            show_default=False,
        ),
    ] = None,
    events: Annotated[
        bool, typer.Option("--events", help="Also write the table of events for each clip.")
    ] = False,
    abaw: Annotated[
        bool, typer.Option("--abaw", help="Also write the ABAW submissions CE.txt and MTL.txt.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but failures.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print run.json on standard output.")
    ] = False,
) -> None:
    """Decide the clips of a finished run anew, with other rules; no video is read.

    Replaces the tables of frames, and events and submissions where the run wrote them.

    With --events, --abaw and --format it also writes what the run did not; a run that goes on in
    the folder later needs these options, too.

    Exit status: 0 all clips done; 1 some failed; 2 bad usage or rules.
    """
    from cexpr.runs import submissions
    from cexpr.runs.apply import apply as apply_rules

    start = last = time.perf_counter()
    took: dict[str, float] = {}

    def on_clip(clip: ClipRecord) -> None:
        nonlocal last
        now = time.perf_counter()
        took[clip.stem], last = now - last, now

    record = apply_rules(
        folder, rules, events=events, abaw=abaw, formats=formats or (), on_clip=on_clip
    )
    if abaw and not quiet:
        for note in submissions.notes(record.signals):
            typer.echo(note, err=True)
    if not as_json:
        # The record tells how long the run took; the table is about what was done now.
        record.seconds = time.perf_counter() - start
        for clip in record.clips.values():
            clip.seconds = took.get(clip.stem, 0.0)
    finish(record, folder, quiet=quiet, as_json=as_json)
