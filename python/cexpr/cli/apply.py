"""`cexpr apply`: other rules or more tables for a finished run, without touching video."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from cexpr.cli import _options as options
from cexpr.cli._summary import finish
from cexpr.cli.rules_check import warn_about

if TYPE_CHECKING:
    from cexpr.runs.record import ClipRecord


def apply(
    folder: options.RunFolder,
    rules: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|NAME",
            help="Rule file, or name of a shipped rule set (see 'cexpr rules list').",
            show_default="the rules of the run",
        ),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="csv|parquet",
            help="Also write the tables in this format. Repeat for both.",
            parser=options.one_of("--format", "csv", "parquet"),
            autocompletion=lambda: ["csv", "parquet"],
            show_default=False,
        ),
    ] = None,
    events: options.Events = False,
    abaw: options.Abaw = False,
    quiet: options.Quiet = False,
    as_json: options.SummaryAsJson = False,
) -> None:
    """Decide the clips of a finished run again with other rules, without reading any video.

    Replaces the tables of frames and faces and those of the whole run, and the events and
    submissions if the run wrote them.

    --events, --abaw and --format add tables that the run did not write. A later 'cexpr run' into
    this folder goes on with them; it must name the same rules.

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

    if rules is not None:
        warn_about(rules, quiet)
    record = apply_rules(
        folder, rules, events=events, abaw=abaw, formats=formats or (), on_clip=on_clip
    )
    if abaw and not quiet:
        for note in submissions.notes(record.signals, record.left_out()):
            typer.echo(note, err=True)
    if not as_json:
        # The record tells how long the run took; the table is about what was done now.
        record.seconds = time.perf_counter() - start
        for clip in record.clips.values():
            clip.seconds = took.get(clip.stem, 0.0)
    finish(record, folder, quiet=quiet, as_json=as_json)
