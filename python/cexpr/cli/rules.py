"""`cexpr rules`: list, check, test, explain, and a schema for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cexpr.errors import RuleError, RuleProblem, UsageError

app = typer.Typer(
    help="Work with rule files: list, check, test and explain them.", no_args_is_help=True
)

_Files = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Rule files, or names of shipped rule sets.")
]


@app.command("list")
def list_rules() -> None:
    """List the rule sets that come with cexpr."""
    from cexpr.rules.rule_set import RuleSet, shipped

    for name in shipped():
        rules = RuleSet.load(name)
        typer.echo(f"{name}\n  {rules.about}")
        if rules.source:
            typer.echo(f"  source: {rules.source}")
        typer.echo(f"  reads: {', '.join(rules.signals)}")


@app.command()
def check(files: _Files) -> None:
    """Check rule files and show every problem; exit status 2 if there is one."""
    from cexpr.rules.rule_set import RuleSet

    failed = False
    for file in files:
        try:
            rules = RuleSet.load(file)
        except RuleError as error:
            failed = True
            if not error.problems:
                typer.echo(str(error))
            for problem in error.problems:
                typer.echo(_shown(problem, _lines(file)))
            continue
        count = len(rules.compounds)
        typer.echo(f"{file}: ok, {count} compound{'s' * (count != 1)}")
    if failed:
        raise typer.Exit(2)


@app.command()
def test(files: _Files) -> None:
    """Run the tests that rule files carry; exit status 1 if one fails."""
    from cexpr.rules.rule_set import RuleSet

    failed = False
    for file in files:
        rules = RuleSet.load(file)
        passed = 0
        for entry, result in zip(rules.tests, rules.run_tests(), strict=True):
            passed += result["passed"]
            if not result["passed"]:
                failed = True
                scores = dict(zip(rules.compounds, result["scores"], strict=True))
                label = f"test '{entry['name']}': " if entry["name"] else ""
                typer.echo(
                    f"{file}:{entry['line']}:{entry['column']}: {label}"
                    f"expected {_with_score(entry['expect'], scores)}, "
                    f"got {_with_score(result['got'], scores)}, "
                    f"runner-up {_with_score(result['runner_up'], scores)}"
                )
        typer.echo(f"{file}: {passed} of {len(rules.tests)} tests passed")
    if failed:
        raise typer.Exit(1)


@app.command()
def explain(
    file: Annotated[str, typer.Argument(help="Rule file, or name of a shipped rule set.")],
    frames: Annotated[
        Path | None,
        typer.Option(
            help="STEM.frames.csv of a finished run, with its table of faces beside it.",
            show_default=False,
        ),
    ] = None,
    frame: Annotated[
        int | None, typer.Option(help="Number of the frame in it, from 1.", show_default=False)
    ] = None,
    given: Annotated[
        str | None,
        typer.Option(help="Signals, as in fear=0.5,surprise=0.4.", show_default=False),
    ] = None,
) -> None:
    """Show for one frame every compound's score with the values behind it, and why one won."""
    from cexpr.rules.rule_set import RuleSet

    if (given is None) == (frames is None) or (frames is None) != (frame is None):
        raise UsageError("give either --frames FILE with --frame N, or --given NAME=VALUE,...")
    rules = RuleSet.load(file)
    if given is not None:
        typer.echo(str(rules.explain_given(_parse_given(given))))
    elif frames is not None and frame is not None:
        from cexpr.runs.explain import explain_frame

        typer.echo(str(explain_frame(rules, frames, frame)))


@app.command()
def schema() -> None:
    """Print a JSON Schema of rule files, for completion and checks in an editor."""
    from cexpr.rules.schema import rule_schema

    typer.echo(json.dumps(rule_schema(), indent=2))


def _parse_given(text: str) -> dict[str, float]:
    given: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        try:
            if not equals:
                raise ValueError
            given[name.strip()] = float(value)
        except ValueError as error:
            raise UsageError(
                f"--given: expected NAME=VALUE,... such as fear=0.5,surprise=0.4; got '{part}'"
            ) from error
    return given


def _with_score(name: str | None, scores: dict[str, float]) -> str:
    return "no label" if name is None else f"{name} ({scores[name]:.4g})"


def _lines(file: str) -> list[str]:
    """Return the lines of a file that was just found wrong, as far as they can be read."""
    from cexpr.rules import yaml as rule_yaml
    from cexpr.rules.rule_set import shipped

    path = shipped().get(file, Path(file))
    with path.open("rb") as stream:
        data = stream.read(rule_yaml.MAX_BYTES)
    return rule_yaml.split_lines(data.decode("utf-8", errors="replace"))


def _shown(problem: RuleProblem, lines: list[str]) -> str:
    """Return the problem, the line that it is in, and a caret below its column."""
    if not 1 <= problem.line <= len(lines):
        return str(problem)
    line = lines[problem.line - 1]
    start = problem.column - 1
    # A very long line is shown around the column; what cannot be printed moves no cursor.
    cut = max(0, start - 60)
    shown = "".join(
        character if character.isprintable() or character == "\t" else "\ufffd"
        for character in line[cut : cut + 120]
    )
    pad = "".join(character if character == "\t" else " " for character in shown[: start - cut])
    return f"{problem}\n  {shown}\n  {pad}^"
