"""`cexpr rules`: list, check, test, explain, and a schema for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cexpr._support.text import counted
from cexpr.cli._console import complain, print_json
from cexpr.cli._help import App
from cexpr.cli._options import whole
from cexpr.errors import RuleError, RuleProblem, UsageError
from cexpr.signals import VALENCE_AROUSAL

app = App(help="List, check, test and explain rule files.")

_Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE|NAME...", help="Rule files, or names of shipped rule sets."),
]


@app.command("list")
def list_rules() -> None:
    """List the rule sets that come with cexpr."""
    from cexpr.rules.files import shipped
    from cexpr.rules.rule_set import RuleSet

    for name in shipped():
        rules = RuleSet.load(name)
        typer.echo(f"{name}\n  {rules.about}")
        if rules.source:
            typer.echo(f"  source: {rules.source}")
        typer.echo(f"  reads: {', '.join(rules.signals)}")


@app.command()
def check(files: _Files) -> None:
    """Check rule files and show every problem.

    Exit status: 0 no problem; 2 problems found.
    """
    from cexpr.rules.rule_set import RuleSet

    failed = False
    for file in files:
        try:
            rules = RuleSet.load(file)
        except RuleError as error:
            failed = True
            if not error.problems:
                complain(str(error))
            for problem in error.problems:
                typer.echo(_shown(problem, _lines(file)))
            continue
        typer.echo(f"{file}: ok, {counted(len(rules.compounds), 'compound')}")
    if failed:
        raise typer.Exit(2)


@app.command()
def test(files: _Files) -> None:
    """Run the tests in rule files.

    Exit status: 0 all passed; 1 some failed; 2 a rule file has problems.
    """
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
    file: Annotated[
        str, typer.Argument(metavar="FILE|NAME", help="Rule file, or name of a shipped rule set.")
    ],
    frames: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="STEM.frames.csv of a finished run, with its table of faces in the same folder.",
            show_default=False,
        ),
    ] = None,
    frame: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Number of the frame in that file, from 1.",
            show_default=False,
            parser=whole("--frame"),
        ),
    ] = None,
    given: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=X,NAME=X",
            help="Signals to explain instead of a frame, for example fear=0.5,surprise=0.4; "
            "the others are 0.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Explain one frame: every compound's score, the values behind it, and why one won."""
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
    """Print a JSON Schema of rule files, for completion and validation in editors."""
    from cexpr.rules.schema import rule_schema

    print_json(rule_schema())


def _parse_given(text: str) -> dict[str, float]:
    given: dict[str, float] = {}
    for part in text.split(","):
        written, equals, value = part.partition("=")
        name = written.strip()
        try:
            if not equals:
                raise ValueError
            number = float(value)
        except ValueError as error:
            raise UsageError(
                f"--given: expected NAME=VALUE,... such as fear=0.5,surprise=0.4; got '{part}'"
            ) from error
        if name in given:
            raise UsageError(f"--given: {name} is given twice")
        least = -1 if name in VALENCE_AROUSAL else 0
        if not least <= number <= 1:
            raise UsageError(f"--given: {name}: expected {least}..1, got {value.strip()}")
        given[name] = number
    return given


def _with_score(name: str | None, scores: dict[str, float]) -> str:
    return "no label" if name is None else f"{name} ({scores[name]:.4g})"


def _lines(file: str) -> list[str]:
    """Return the lines of a file with mistakes, as far as they can be read."""
    from cexpr.rules.files import shipped
    from cexpr.rules.yaml import MAX_BYTES, split_lines

    path = shipped().get(file, Path(file))
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES)
    return split_lines(data.decode("utf-8", errors="replace"))


def _shown(problem: RuleProblem, lines: list[str]) -> str:
    """Return the problem, the line that it is in, and a caret below its column."""
    if not 1 <= problem.line <= len(lines):
        return str(problem)
    line = lines[problem.line - 1]
    start = problem.column - 1
    # A very long line is cut around the column; what cannot be printed must not move the cursor.
    cut = max(0, start - 60)
    shown = "".join(
        character if character.isprintable() or character == "\t" else "\ufffd"
        for character in line[cut : cut + 120]
    )
    pad = "".join(character if character == "\t" else " " for character in shown[: start - cut])
    return f"{problem}\n  {shown}\n  {pad}^"
