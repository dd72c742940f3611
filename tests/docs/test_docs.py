"""The documents say what the program does: commands, options and examples are checked."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

import cexpr
from cexpr.cli import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

pytestmark = pytest.mark.skipif(
    not (ROOT / "README.md").exists(), reason="the documents are not beside the tests"
)


def leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    # Typer brings its own copy of click, so the kind of a command is told by what it has.
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from leaves(child, f"{path} {name}")
    else:
        yield path, command


COMMANDS = dict(leaves(typer.main.get_command(app), "cexpr"))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_option_has_help(path: str) -> None:
    command = COMMANDS[path]
    assert command.help
    for parameter in command.params:
        assert parameter.help, f"{path}: {parameter.name} has no help"


def test_the_reference_of_the_command_line_is_up_to_date() -> None:
    script = runpy.run_path(str(ROOT / "tools" / "make_cli_reference.py"))
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == script["reference"](), "run python tools/make_cli_reference.py docs/cli.md"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_files_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_every_public_name_has_a_docstring() -> None:
    for name in cexpr.__all__:
        if not name.startswith("__"):
            assert getattr(cexpr, name).__doc__, name


def test_the_rule_file_of_the_readme_passes_its_own_tests() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    rules = cexpr.RuleSet.from_string(source)
    assert rules.compounds == ["Fearfully_Surprised", "Happily_Surprised"]


def test_the_python_example_of_the_readme_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    exec(compile(source, "README.md", "exec"), {})
    assert "compound" in capsys.readouterr().out


def boxed_text(path: str, width: int) -> str:
    """What a person reads in the help of a command, without boxes and breaks."""
    words = path.split()[1:]
    environment = {"COLUMNS": str(width), "TERMINAL_WIDTH": str(width)}
    result = CliRunner().invoke(app, [*words, "--help"], env=environment)
    assert result.exit_code == 0, result.output
    return result.stdout


def words_of(text: str) -> str:
    return " ".join(re.sub(r"[\u2500-\u257f]", " ", text).split())


@pytest.mark.parametrize("path", COMMANDS)
def test_the_help_of_every_command_shows_the_whole_of_its_texts(path: str) -> None:
    # So wide that no text is broken.
    shown = words_of(boxed_text(path, 400))
    command = COMMANDS[path]
    for parameter in command.params:
        assert words_of(parameter.help) in shown, f"{path}: {parameter.name}"
        if isinstance(parameter.show_default, str):
            assert f"[default: ({parameter.show_default})]" in shown
        assert "[default" not in parameter.help, "name it as show_default"
    for paragraph in command.help.split("\n\n"):
        assert paragraph in boxed_text(path, 400), "a paragraph breaks where the terminal does not"
