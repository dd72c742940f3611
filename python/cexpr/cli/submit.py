"""`cexpr submit` and `cexpr check`: files for the ABAW challenges."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from cexpr._support.text import counted


class Challenge(str, Enum):
    """Kinds of submission."""

    ce = "ce"
    mtl = "mtl"


Kind = Annotated[Challenge, typer.Argument(help="ce: compound expressions; mtl: multi-task.")]


def submit(
    kind: Kind,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a finished run.", exists=True)
    ],
    template: Annotated[
        Path, typer.Option(help="The organisers' sample file.", exists=True, dir_okay=False)
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="File to write; DIR/KIND.submission.txt.")
    ] = None,
    fill: Annotated[
        str | None,
        typer.Option(
            metavar="VALUES", help="What follows the image for videos that the run lacks, e.g. 0."
        ),
    ] = None,
) -> None:
    """Write a run as a submission with exactly the rows of the organisers' sample file.

    A frame that the run lacks, or has no label for, takes the row of the nearest frame of its video
    that has one; the number of such rows is reported for each video.
    """
    from cexpr.abaw import files as abaw
    from cexpr.runs.submissions import submit as write

    target = out or folder / f"{kind.value.upper()}.submission.txt"
    done = write(kind.value, folder, template, target, fill)
    typer.echo(f"{target}: {counted(done.rows, 'row')}")
    counts: dict[str, int] = {}
    for image in done.held:
        key = abaw.image_key(image)
        if key is not None:
            counts[key[0]] = counts.get(key[0], 0) + 1
    for video, count in counts.items():
        typer.echo(f"{video}: {counted(count, 'row')} held from the nearest frame with a label")
    for video in done.filled:
        typer.echo(f"{video}: not in the run, filled with {fill}")
    if done.unused:
        unused = counted(done.unused, "frame")
        typer.echo(f"{unused} of the run not in the template, left out")


def check_submission(
    kind: Kind,
    file: Annotated[Path, typer.Argument(help="The submission.", exists=True, dir_okay=False)],
    template: Annotated[
        Path | None,
        typer.Option(
            help="The organisers' sample file; without it, frames must count from 1.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Say line by line what is wrong with a submission; exit status 1 if anything is."""
    from cexpr.abaw import files as abaw

    problems = abaw.check_submission(file, kind.value, template)
    for one in problems:
        typer.echo(f"{file}:{one.line}: {one.message}")
    if problems:
        raise typer.Exit(1)
    typer.echo(f"{file}: no problem found")
