"""`cexpr check-submission`: what is wrong with a file for the ABAW challenges."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cexpr.cli import _options as options


def check_submission(
    kind: options.Challenge,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The submission.", exists=True, dir_okay=False),
    ],
    template: options.OptionalTemplate = None,
) -> None:
    """Report what is wrong with a submission, line by line.

    Exit status: 0 no problem; 1 problems found; 2 bad usage.
    """
    from cexpr.abaw import files

    problems = files.check_submission(file, kind, template)
    for one in problems:
        typer.echo(f"{file}:{one.line}: {one.message}")
    if problems:
        raise typer.Exit(1)
    typer.echo(f"{file}: no problem found")
