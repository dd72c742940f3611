"""Every example of docs/rules.md: files compile and pass their tests, tables and commands hold."""

from __future__ import annotations

import doctest
import math
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cexpr.cli import app
from cexpr.errors import RuleError
from cexpr.rules.rule_set import RuleSet
from cexpr.signals import SIGNALS

DOCUMENT = Path(__file__).parents[2] / "docs" / "rules.md"

pytestmark = pytest.mark.skipif(
    not DOCUMENT.exists(), reason="the documents are not beside the tests"
)

_BLOCK = re.compile(r"(?:<!-- file: (\S+) -->\n)?```(\w+)( wrong)?\n(.*?)```", re.DOTALL)
_ROW = re.compile(r"^\| `([^|]+)` \|([^|`]*)\| (unknown|[-\d.e]+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: the file that it is, its language, whether it is meant to be wrong."""

    file: str | None
    language: str
    wrong: bool
    text: str
    line: int


def blocks() -> list[Block]:
    if not DOCUMENT.exists():
        return []
    text = DOCUMENT.read_text(encoding="utf-8")
    return [
        Block(match[1], match[2], bool(match[3]), match[4], text[: match.start(2)].count("\n") + 1)
        for match in _BLOCK.finditer(text)
    ]


def rows() -> list[tuple[str, str, str]]:
    return _ROW.findall(DOCUMENT.read_text(encoding="utf-8")) if DOCUMENT.exists() else []


@pytest.mark.parametrize(
    "block",
    [block for block in blocks() if block.language == "yaml"],
    ids=lambda block: f"line-{block.line}",
)
def test_every_file_compiles_and_passes_its_tests(block: Block) -> None:
    if block.wrong:
        with pytest.raises(RuleError):
            RuleSet.from_string(block.text)
        return
    rules = RuleSet.from_string(block.text)
    assert all(result["passed"] for result in rules.run_tests())
    assert bool(rules.warnings) == (block.file == "dubious.yaml")


def test_the_tables_hold_what_they_should() -> None:
    assert len(rows()) > 50


@pytest.mark.parametrize(("expression", "given", "expected"), rows())
def test_every_expression_of_the_tables_gives_its_value(
    expression: str, given: str, expected: str
) -> None:
    values = dict.fromkeys(SIGNALS, 0.0)
    for part in filter(None, (part.strip() for part in given.split(","))):
        name, _, value = part.partition("=")
        values[name] = math.nan if value == "unknown" else float(value)
    rules = RuleSet.from_dict(
        {"cexpr": 1, "name": "table", "let": {"x": expression}, "compounds": {"A": "x + 0"}}
    )
    row = np.array([list(values.values())], dtype=np.float32)
    result = rules.evaluate(row, names=list(values))[0, 0]
    if expected == "unknown":
        assert math.isnan(result)
    else:
        assert result == pytest.approx(float(expected), rel=1e-5, abs=1e-7)


def test_commands_print_and_python_gives_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(
        optionflags=doctest.IGNORE_EXCEPTION_DETAIL | doctest.NORMALIZE_WHITESPACE
    )
    globs: dict[str, object] = {}
    ran = {"console": 0, "pycon": 0}
    for block in blocks():
        if block.file:
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
        if block.language == "console":
            run_console(block)
        if block.language == "pycon":
            test = doctest.DocTestParser().get_doctest(
                block.text, globs, "docs/rules.md", str(DOCUMENT), block.line
            )
            said: list[str] = []
            assert runner.run(test, out=said.append, clear_globs=False).failed == 0, "".join(said)
            globs = test.globs
        if block.language in ran:
            ran[block.language] += 1
    assert min(ran.values()) >= 3


def run_console(block: Block) -> None:
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        words = shlex.split(command.partition(" > ")[0])
        assert words.pop(0) == "cexpr"
        output = CliRunner().invoke(app, words).output
        if " > " not in command:
            assert output == expected, f"docs/rules.md:{block.line}"
        else:
            assert output
