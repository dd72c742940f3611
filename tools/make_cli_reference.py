"""Write `docs/cli.md` from the commands themselves.

python tools/make_cli_reference.py docs/cli.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from cexpr.cli import app
from cexpr.cli._help import default_of, names, usage

HEADER = """# The command line

`python tools/make_cli_reference.py docs/cli.md` writes this page from the commands themselves.
`cexpr COMMAND -h` prints the same.
Exit status: 0 done; 1 some clips or tests of a rule file failed, or a result cannot be written;
2 bad usage, rules or model; 130 stopped by Ctrl-C.
`cexpr --version` prints the version.
`cexpr --install-completion` sets up completion in your shell; `--show-completion` prints it.
An error is one line on standard error that starts with `cexpr: `.
The files that the commands write: [tables.md](tables.md).
The environment variable `CEXPR_HOME` names the folder for models from `cexpr models pull`.
Its default is `~/.cache/cexpr`.
"""


def commands(command: Any, path: str = "cexpr") -> Iterator[tuple[str, Any]]:
    """Every command with its full name."""
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from commands(child, f"{path} {name}")
    else:
        yield path, command


def describe(path: str, command: Any) -> str:
    """One section of the reference."""
    lines = [f"## {path}", "", "```", usage(command, path), "```", ""]
    lines += [" ".join(part.split()) + "\n" for part in command.help.split("\n\n")]
    if command.params:
        lines += ["| argument or option | meaning | default |", "| --- | --- | --- |"]
        ordered = sorted(command.params, key=lambda one: one.param_type_name != "argument")
        lines += [f"| {_names(one)} | {_plain(one.help)} | {_default(one)} |" for one in ordered]
    return "\n".join(lines) + "\n"


def _names(parameter: Any) -> str:
    return f"`{_plain(names(parameter))}`"


def _plain(text: str) -> str:
    """A text for a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    default = default_of(parameter)
    # A default in words stands for a value that the command finds out.
    return f"`{default}`" if default and not isinstance(parameter.show_default, str) else default


def reference() -> str:
    """The whole page."""
    sections = [describe(path, one) for path, one in commands(typer.main.get_command(app))]
    return "\n".join([HEADER, *sections])


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python tools/make_cli_reference.py docs/cli.md")
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
