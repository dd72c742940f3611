"""`--help` of every command: complete, plain, and the same with `-h`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from cexpr.cli import app


def walk(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, command
    # Typer brings its own copy of click, so the kind of a command is told by what it has.
    for name, child in getattr(command, "commands", {}).items():
        yield from walk(child, f"{path} {name}".strip())


COMMANDS = dict(walk(typer.main.get_command(app)))
LEAVES = {path: one for path, one in COMMANDS.items() if not hasattr(one, "commands")}


def shown(path: str, flag: str = "--help", width: int = 80) -> str:
    result = CliRunner().invoke(app, [*path.split(), flag], env={"COLUMNS": str(width)})
    assert result.exit_code == 0, result.output
    return result.stdout


def words_of(text: str) -> str:
    return " ".join(text.replace("`", "'").split())


@pytest.mark.parametrize("path", COMMANDS)
def test_the_short_flag_shows_the_same(path: str) -> None:
    assert shown(path, "-h") == shown(path)


@pytest.mark.parametrize("path", COMMANDS)
def test_help_is_plain_text_that_fits_the_terminal(path: str) -> None:
    text = shown(path)
    assert not re.search("[\u2500-\u257f]", text), "a box"
    assert all(len(line) <= 80 for line in text.splitlines())
    assert text.startswith("usage: ")


@pytest.mark.parametrize("path", COMMANDS)
def test_help_names_no_type_of_the_language(path: str) -> None:
    # `<bool>`, `<str>`, `[OPTIONS] {input}`: words of the library that parses.
    assert not re.search(r"<\w+[^>]*>|[{}]|\b(bool|str|list\[)\b", shown(path))


@pytest.mark.parametrize("path", LEAVES)
def test_every_parameter_is_named_explained_and_has_its_default_told(path: str) -> None:
    command, text = LEAVES[path], words_of(shown(path))
    for paragraph in command.help.split("\n\n"):
        assert words_of(paragraph) in text
    for parameter in command.params:
        assert parameter.help, f"{parameter.name} has no help"
        assert words_of(parameter.help) in text
        if parameter.param_type_name == "option" and not parameter.is_flag:
            name = max(parameter.opts, key=len)
            assert re.search(rf"{name} [A-Za-z][^ ]* ", text), f"{name} does not say what it takes"
        if isinstance(parameter.show_default, str):
            assert f"Default: {parameter.show_default}." in text
        elif parameter.default not in (None, False) and not parameter.required:
            assert "Default: " in text.split(words_of(parameter.help))[1][:40]


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in LEAVES])
def test_a_group_lists_its_commands(path: str) -> None:
    lines = shown(path).splitlines()
    for name in COMMANDS[path].commands:
        assert any(line.startswith(f"  {name} ") for line in lines), name


def test_required_options_say_so() -> None:
    text = words_of(shown("submit"))
    assert "--template FILE The organisers' sample file. Required." in text


def test_lines_grow_with_the_terminal_up_to_a_limit() -> None:
    longest = {
        width: max(map(len, shown("run", width=width).splitlines())) for width in (60, 80, 400)
    }
    assert longest[60] <= 60 < longest[80] <= 80 < longest[400] <= 100


def test_the_usage_names_options_that_are_required() -> None:
    assert shown("submit", width=100).startswith(
        "usage: cexpr submit [OPTIONS] --template FILE CHALLENGE DIR\n"
    )
