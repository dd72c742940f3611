"""`cexpr rules`: list, show, make, check, test and explain rule files, and a schema for editors."""

from __future__ import annotations

from typing import Annotated

import typer

from cexpr._support.text import counted
from cexpr.cli._console import print_json
from cexpr.cli._help import App
from cexpr.cli._options import AsJson
from cexpr.cli.rules_check import check, run_tests
from cexpr.cli.rules_explain import explain

app = App(help="List, show, make, check, test and explain rule files.")


@app.command("list")
def list_rules(as_json: AsJson = False) -> None:
    """List the rule sets that come with cexpr."""
    from cexpr.rules.files import shipped
    from cexpr.rules.rule_set import RuleSet

    entries = []
    for name, path in shipped().items():
        rules = RuleSet.load(name)
        entries.append(
            {
                "name": name,
                "about": rules.about,
                "source": rules.source,
                "path": str(path),
                "compounds": rules.compounds,
                "signals": rules.signals,
            }
        )
    if as_json:
        print_json({"rules": entries})
        return
    for entry in entries:
        typer.echo(f"{entry['name']}\n  {entry['about']}")
        if entry["source"]:
            typer.echo(f"  source: {entry['source']}")
        typer.echo(f"  path: {entry['path']}")
        typer.echo(f"  compounds: {', '.join(entry['compounds'])}")
        typer.echo(f"  reads: {', '.join(entry['signals'])}")


@app.command()
def show(
    file: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="Name of a shipped rule set, or rule file.",
            show_default=False,
        ),
    ],
) -> None:
    """Print the text of a rule set, comments included."""
    from cexpr.rules.files import read

    typer.echo(read(file), nl=False)


@app.command()
def new(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="File to write, which must not exist yet.", show_default=False
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME|FILE",
            help="Rule set to start from, comments included.",
            show_default="a small commented rule set",
        ),
    ] = None,
) -> None:
    """Write a new rule file, with comments, that works at once.

    Its name becomes that of the file.
    """
    from cexpr.rules.new_file import write_new

    rules = write_new(file, source)
    typer.echo(f"{file}: written, {counted(len(rules.compounds), 'compound')}")


app.command()(check)
app.command("test")(run_tests)
app.command()(explain)


@app.command()
def schema() -> None:
    """Print a JSON Schema of rule files, for completion and validation in editors."""
    from cexpr.rules.schema import rule_schema

    print_json(rule_schema())
