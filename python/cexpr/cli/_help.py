"""Commands that show their help as plain text: names, one sentence or two, and the default."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from cexpr._support.text import unknown
from cexpr.errors import UsageError

_MOST_COLUMNS: Final = 100
_WIDEST_NAME: Final = 26
# What an option expects, by what its help calls its value.
_PATHS: Final = {"DIR": "a folder", "FILE": "a file", "PATH": "a file or folder"}


class Command(TyperCommand):
    """A command with plain help, which takes no empty text for a path."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            UsageError: an argument or the path of an option is empty.
        """
        options = {flag: one for one in self.params for flag in one.opts}
        for before, argument in pairwise(["", *args]):
            flag, equals, value = argument.partition("=")
            if argument and not (equals and not value):
                continue
            flag = flag if argument else before
            if flag in options:
                expected = _PATHS.get(options[flag].metavar or "")
                if expected is not None:
                    raise UsageError(f"{flag}: expected {expected}, got ''")
            elif not argument:
                raise UsageError("expected a name or path, got ''")
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        formatter.write(_help(self, ctx))


class Commands(TyperGroup):
    """A group of commands with plain help, which says what an unknown command may have meant."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        formatter.write(_help(self, ctx))

    def resolve_command(self, ctx: Any, args: Any) -> Any:
        """Find a command by its name.

        Raises:
            UsageError: there is no such command.
        """
        if args[0] not in self.commands and not args[0].startswith("-"):
            raise UsageError(unknown("command", args[0], list(self.commands)))
        return super().resolve_command(ctx, args)


class App(typer.Typer):
    """A command line, or a part of one, that is made of these."""

    def __init__(self, help: str, **settings: Any) -> None:
        super().__init__(
            help=help,
            cls=Commands,
            no_args_is_help=True,
            pretty_exceptions_enable=False,
            context_settings={"help_option_names": ["-h", "--help"]},
            **settings,
        )

    def command(self, name: str | None = None, **settings: Any) -> Callable[..., Any]:
        """Register a command."""
        return super().command(name, cls=Command, **settings)


def usage(command: Any, path: str) -> str:
    """The line that shows how a command is called, for example `cexpr run [OPTIONS] INPUT...`."""
    if hasattr(command, "commands"):
        return f"{path} COMMAND"
    words = [path]
    if any(one.param_type_name == "option" and not one.is_eager for one in command.params):
        words.append("[OPTIONS]")
    words += [
        f"{max(one.opts, key=len)} {one.metavar}"
        for one in command.params
        if one.param_type_name == "option" and one.required
    ]
    words += [
        argument_name(one) if one.required else f"[{argument_name(one)}]"
        for one in command.params
        if one.param_type_name == "argument"
    ]
    return " ".join(words)


def argument_name(argument: Any) -> str:
    """Return the name of an argument, for example `INPUT...`."""
    name = argument.metavar or argument.name.upper()
    return str(name if argument.nargs == 1 or name.endswith("...") else f"{name}...")


def parameter_name(parameter: Any) -> str:
    """Return the name of an option or argument in messages, for example `--out`."""
    if parameter.param_type_name == "argument":
        return argument_name(parameter)
    return str(max(parameter.opts, key=len))


def names(parameter: Any) -> str:
    """All that can be typed for a parameter, for example `-o, --out DIR`."""
    if parameter.param_type_name == "argument":
        return argument_name(parameter)
    flags = ", ".join(sorted((*parameter.opts, *parameter.secondary_opts), key=len))
    return flags if parameter.is_flag else f"{flags} {parameter.metavar}"


def default_of(parameter: Any) -> str:
    """The default as a text; empty where there is none, or nothing to say of it."""
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    value = parameter.default
    if parameter.required or not parameter.show_default or callable(value):
        return ""
    if value is None or value is False or value in ((), [], ""):
        return ""
    values = value if isinstance(value, list | tuple) else [value]
    return ", ".join(f"{one:g}" if isinstance(one, float) else str(one) for one in values)


def _help(command: Any, context: Any) -> str:
    width = min(shutil.get_terminal_size().columns, _MOST_COLUMNS)
    parameters = [one for one in command.get_params(context) if not getattr(one, "hidden", False)]
    groups = {
        kind: [(names(one), _meaning(one)) for one in parameters if one.param_type_name == kind]
        for kind in ("argument", "option")
    }
    children = [
        (name, (child.help or "").split("\n\n")[0])
        for name, child in getattr(command, "commands", {}).items()
    ]
    parts = [
        f"usage: {usage(command, context.command_path)}",
        *(_wrapped(text, width) for text in (command.help or "").split("\n\n")),
        _section("Arguments", groups["argument"], width),
        _section("Commands", children, width),
        _section("Options", groups["option"], width),
    ]
    return "\n\n".join(part for part in parts if part)


def _meaning(parameter: Any) -> str:
    default = default_of(parameter)
    is_required = parameter.required and parameter.param_type_name == "option"
    return " ".join(
        text
        for text in (
            parameter.help or "",
            f"Default: {default}." if default else "",
            "Required." if is_required else "",
        )
        if text
    )


def _section(title: str, rows: Sequence[tuple[str, str]], width: int) -> str:
    if not rows:
        return ""
    widest = min(max(len(name) for name, _ in rows), _WIDEST_NAME)
    lines = [f"{title}:"]
    for name, text in rows:
        inset = " " * (widest + 4)
        start = f"  {name:{widest}}  "
        if len(name) > widest:
            lines.append(f"  {name}")
            start = inset
        lines.append(_wrapped(text, width, start, inset))
    return "\n".join(lines)


def _wrapped(text: str, width: int, start: str = "", inset: str = "") -> str:
    return textwrap.fill(
        # The help is plain text; what the code marks for Markdown is quoted.
        " ".join(text.split()).replace("`", "'"),
        width,
        initial_indent=start,
        subsequent_indent=inset,
        break_long_words=False,
        break_on_hyphens=False,
    )
