"""`cexpr apply`: other rules on a finished run, without touching video."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cexpr.cli.summary import finish


def apply(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a finished run.", show_default=False)
    ],
    rules: Annotated[
        str,
        typer.Option(
            metavar="FILE|NAME",
            help="Rule file, or name of a shipped rule set.",
            show_default=False,
        ),
    ],
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but failures.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON on standard output.")
    ] = False,
) -> None:
    """Decide the clips of a finished run anew, with other rules; no video is read.

    Replaces the tables of frames, and events and submissions where the run wrote them.

    Exit status: 0 all clips done; 1 some failed; 2 bad usage or rules.
    """
    from cexpr.apply import apply as apply_rules

    finish(apply_rules(folder, rules), folder, quiet=quiet, as_json=as_json)
