"""`cexpr rules check` and `test`, and the warnings that other commands show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cexpr._support.text import counted
from cexpr.cli._console import complain, print_json
from cexpr.cli._options import AsJson
from cexpr.errors import RuleError, RuleProblem

if TYPE_CHECKING:
    from cexpr.rules.rule_set import RuleSet

_Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE|NAME...", help="Rule files, or names of shipped rule sets."),
]
_Strict = Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")]
# Stretches of wrong labels that a message shows.
_STRETCHES: Final = 4


def check(files: _Files, strict: _Strict = False, as_json: AsJson = False) -> None:
    """Check rule files; show every problem, and warn about rules that cannot be meant.

    Exit status: 0 no problem; 2 problems found, or warnings with --strict.
    """
    reports = [_report(file, strict) for file in files]
    if as_json:
        print_json({"files": [_as_json(report) for report in reports]})
    else:
        for report in reports:
            _print_report(report)
    if not all(report["ok"] for report in reports):
        raise typer.Exit(2)


def run_tests(files: _Files, strict: _Strict = False) -> None:
    """Run the tests in rule files.

    Exit status: 0 all passed; 1 some failed; 2 a rule file has problems, or warnings with --strict.
    """
    from cexpr.rules.rule_set import RuleSet

    failed = refused = False
    for file in files:
        rules = RuleSet.load(file)
        is_refused = strict and bool(rules.warnings)
        warn(rules, "error" if is_refused else "warning")
        refused = refused or is_refused
        passed = 0
        for entry, result in zip(rules.tests, rules.run_tests(), strict=True):
            passed += result["passed"]
            if not result["passed"]:
                failed = True
                for line in _failure(entry, result, rules.compounds):
                    typer.echo(f"{file}:{line}")
        typer.echo(f"{file}: {passed} of {len(rules.tests)} tests passed")
        if is_refused:
            typer.echo(_refusal(file, rules.warnings))
    if refused:
        raise typer.Exit(2)
    if failed:
        raise typer.Exit(1)


def warn(rules: RuleSet, kind: str = "warning") -> None:
    """Show the warnings of a rule set on standard error, called warnings or another kind."""
    if rules.warnings:
        lines = _lines(rules.file)
        for warning in rules.warnings:
            typer.echo(_shown(warning, lines, kind), err=True)


def warn_about(rules: str, quiet: bool) -> None:
    """Show the warnings of a file or shipped set on standard error, unless it is to be quiet.

    Raises:
        RuleError: the file cannot be read or has mistakes.
    """
    from cexpr.rules.rule_set import RuleSet

    if not quiet:
        warn(RuleSet.load(rules))


def _report(file: str, strict: bool) -> dict[str, Any]:
    """Check a file: whether all is well, its compounds, problems and warnings."""
    from cexpr.rules.rule_set import RuleSet

    try:
        rules = RuleSet.load(file)
    except RuleError as error:
        problems = error.problems or (RuleProblem("", 0, 0, "", str(error)),)
        return {"file": file, "ok": False, "compounds": [], "problems": problems, "warnings": ()}
    return {
        "file": file,
        "ok": not (strict and rules.warnings),
        "compounds": rules.compounds,
        "problems": (),
        "warnings": rules.warnings,
    }


def _print_report(report: Mapping[str, Any]) -> None:
    file, warnings = report["file"], report["warnings"]
    for problem in report["problems"]:
        if problem.file:
            typer.echo(_shown(problem, _lines(file)))
        else:
            complain(problem.message)
    for warning in warnings:
        typer.echo(_shown(warning, _lines(file), "warning" if report["ok"] else "error"))
    if report["ok"]:
        about = f"{file}: ok, {counted(len(report['compounds']), 'compound')}"
        typer.echo(f"{about}, {counted(len(warnings), 'warning')}" if warnings else about)
    elif warnings:
        typer.echo(_refusal(file, warnings))


def _refusal(file: str, warnings: Sequence[RuleProblem]) -> str:
    return f"{file}: refused for {counted(len(warnings), 'warning')} (--strict)"


def _as_json(report: Mapping[str, Any]) -> dict[str, Any]:
    def plain(problems: Sequence[RuleProblem]) -> list[dict[str, Any]]:
        # The file is named above them.
        return [
            {name: value for name, value in asdict(one).items() if name != "file"}
            for one in problems
        ]

    return {
        **report,
        "problems": plain(report["problems"]),
        "warnings": plain(report["warnings"]),
    }


def _failure(
    entry: Mapping[str, Any], result: Mapping[str, Any], compounds: Sequence[str]
) -> Iterator[str]:
    """Yield what a test got instead, a line for a single frame or for each entry of `frames`."""
    label = f"test '{entry['name']}': " if entry["name"] else ""
    if not entry["frames"]:
        scores = dict(zip(compounds, result["scores"], strict=True))
        yield (
            f"{entry['line']}:{entry['column']}: {label}"
            f"expected {_with_score(entry['expect'], scores)}, "
            f"got {_with_score(result['got'], scores)}, "
            f"runner-up {_with_score(result['runner_up'], scores)}"
        )
        return
    first = 1
    for step in entry["frames"]:
        last = first + step["repeat"] - 1
        got = _wrong(step, result["labels"][first - 1 : last], first)
        if got:
            yield (
                f"{step['line']}:{step['column']}: {label}{_frames(first, last)}: "
                f"expected {step['expect'] or 'no label'}, got {got}"
            )
        first = last + 1


def _wrong(step: Mapping[str, Any], labels: Sequence[str | None], first: int) -> str:
    """Say which other labels the frames of an entry got; "" where all is as expected."""
    stretches = []
    for label, stretch in groupby(enumerate(labels, first), lambda one: one[1]):
        numbers = [number for number, _ in stretch]
        if step["is_checked"] and label != step["expect"]:
            name = label or "no label"
            where = f" in {_frames(numbers[0], numbers[-1])}"
            stretches.append(name if len(numbers) == len(labels) else name + where)
    more = ", and more" if len(stretches) > _STRETCHES else ""
    return ", ".join(stretches[:_STRETCHES]) + more


def _frames(first: int, last: int) -> str:
    return f"frame {first}" if first == last else f"frames {first} to {last}"


def _with_score(name: str | None, scores: Mapping[str, float]) -> str:
    return "no label" if name is None else f"{name} ({scores[name]:.4g})"


def _lines(file: str) -> list[str]:
    """Return the lines of a file with mistakes, as far as they can be read."""
    from cexpr.rules.files import shipped
    from cexpr.rules.yaml import MAX_BYTES, split_lines

    path = shipped().get(file, Path(file))
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES)
    return split_lines(data.decode("utf-8", errors="replace"))


def _shown(problem: RuleProblem, lines: list[str], kind: str = "") -> str:
    """Return the problem, the line that it is in, and a caret below its column."""
    if kind:
        rule = f"{kind}: {problem.rule}" if problem.rule else kind
        problem = replace(problem, rule=rule)
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
