"""`cexpr submit`: a run as a file for the ABAW challenges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cexpr._support.text import counted
from cexpr.cli import _options as options


def submit(
    kind: options.Challenge,
    folder: options.RunFolder,
    template: options.Template,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="File to write.",
            show_default="CE.submission.txt or MTL.submission.txt in DIR",
        ),
    ] = None,
    fill: Annotated[
        str | None,
        typer.Option(
            metavar="VALUES",
            help="What to write after the image name for videos that the run lacks, for example 0.",
        ),
    ] = None,
) -> None:
    """Write a run as a submission with exactly the rows of the organisers' sample file.

    A frame without a label takes its strongest pair. A frame that is missing from the run, or of
    which nothing is known, takes the row of the nearest frame of its video. The number of such rows
    is reported for each video.
    """
    from cexpr.runs.submissions import submit as write_submission

    target = out or folder / f"{kind.upper()}.submission.txt"
    done = write_submission(kind, folder, template, target, fill)
    typer.echo(f"{target}: {counted(done.rows, 'row')}")
    for images, how in (
        (done.held, "filled from the nearest known frame"),
        (done.strongest, "without a label filled with the strongest pair"),
    ):
        for video, count in _by_video(images).items():
            typer.echo(f"{video}: {counted(count, 'row')} {how}")
    for video in done.filled:
        typer.echo(f"{video}: not in the run, filled with {fill}")
    if done.unused:
        unused = counted(done.unused, "frame")
        typer.echo(f"{unused} of the run not in the template, left out")


def _by_video(images: Sequence[str]) -> Counter[str]:
    """Count images by their video."""
    from cexpr.abaw.files import image_key

    keys = [image_key(image) for image in images]
    return Counter(key[0] for key in keys if key is not None)
