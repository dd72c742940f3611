"""The command `cexpr`: each command parses, calls the library and prints."""

from __future__ import annotations

import inspect
import sys
from typing import Annotated

import typer

from cexpr._core import __version__
from cexpr.cli import evaluate, heads, models, rules
from cexpr.cli.apply import apply
from cexpr.cli.run import run
from cexpr.cli.submit import check_submission, submit
from cexpr.cli.tune import tune
from cexpr.errors import CexprError

app = typer.Typer(
    name="cexpr",
    help="Compound facial expressions from video clips.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(run)
app.command()(apply)
app.command()(submit)
app.command("check-submission")(check_submission)
app.command()(tune)
app.command()(heads.extract)
app.add_typer(evaluate.app, name="eval")
app.add_typer(heads.app, name="heads")
app.add_typer(models.app, name="models")
app.add_typer(rules.app, name="rules")


def _join_lines(group: typer.Typer) -> None:
    """Make each paragraph of the commands' help one line, which the terminal's width then breaks.

    Typer keeps the line breaks of all paragraphs but the first.
    """
    for command in group.registered_commands:
        text = inspect.getdoc(command.callback) or ""
        command.help = "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))
    for child in group.registered_groups:
        if child.typer_instance is not None:
            _join_lines(child.typer_instance)


_join_lines(app)


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
    """Run the command line; a `CexprError` becomes one line on stderr and its exit code."""
    try:
        app()
    except CexprError as error:
        typer.echo(f"cexpr: {error}", err=True)
        sys.exit(error.exit_code)
