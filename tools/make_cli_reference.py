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

HEADER = """# The command line

Written by `python tools/make_cli_reference.py docs/cli.md` from the commands themselves.
Exit status of every command: 0 done; 1 some clips, or a rule file's own tests, failed;
2 bad usage, rules or model. What the commands write: [tables.md](tables.md).
The environment variable `CEXPR_HOME` names the folder where `cexpr models pull` puts models and
where they are looked for; `~/.cache/cexpr` without.
"""


def commands(command: Any, path: str = "cexpr") -> Iterator[tuple[str, Any]]:
    """Every command with its full name; typer brings its own copy of click."""
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from commands(child, f"{path} {name}")
    else:
        yield path, command


def describe(path: str, command: Any) -> str:
    """One section of the reference."""
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    usage = " ".join([path, "[OPTIONS]" if options else "", *map(_shown, arguments)])
    lines = [f"## {path}", "", "```", " ".join(usage.split()), "```", ""]
    lines += [" ".join(part.split()) + "\n" for part in command.help.split("\n\n")]
    if command.params:
        lines += ["| argument or option | meaning | default |", "| --- | --- | --- |"]
        lines += [
            f"| {_names(one)} | {' '.join((one.help or '').split())} | {_default(one)} |"
            for one in (*arguments, *options)
        ]
    return "\n".join(lines) + "\n"


def _shown(argument: Any) -> str:
    name = argument.name.upper() + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    if value is None or value in (False, (), [], "") or callable(value):
        return ""
    values = value if isinstance(value, list | tuple) else [value]
    return ", ".join(f"`{getattr(one, 'value', one)}`" for one in values)


def reference() -> str:
    """The whole page."""
    sections = [describe(path, one) for path, one in commands(typer.main.get_command(app))]
    return "\n".join([HEADER, *sections])


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python tools/make_cli_reference.py docs/cli.md")
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
