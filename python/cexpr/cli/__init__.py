"""The command `cexpr`: each command parses, calls the library and prints."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cexpr._core import __version__
from cexpr.cli import evaluate, heads, models, rules
from cexpr.cli._console import call
from cexpr.cli._help import App
from cexpr.cli.apply import apply
from cexpr.cli.check_submission import check_submission
from cexpr.cli.columns import columns
from cexpr.cli.extract import extract
from cexpr.cli.run import run
from cexpr.cli.submit import submit
from cexpr.cli.tune import tune

app = App(name="cexpr", help="Compound facial expressions from video clips.")
app.command()(run)
app.command()(apply)
app.command()(columns)
app.command()(submit)
app.command("check-submission")(check_submission)
app.command()(tune)
app.command()(extract)
app.add_typer(evaluate.app, name="eval")
app.add_typer(heads.app, name="heads")
app.add_typer(models.app, name="models")
app.add_typer(rules.app, name="rules")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cexpr {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Compound facial expressions from video clips."""


def main() -> None:
    """Run the command line and exit; what goes wrong is one line on standard error."""
    sys.exit(call(app))
