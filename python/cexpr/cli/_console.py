"""What the commands print with: consoles, lines on standard error, and errors in one style."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import typer
from rich.console import Console
from rich.control import Control
from rich.segment import ControlType
from rich.table import Table

from cexpr._support.text import closest
from cexpr.cli._help import parameter_name
from cexpr.errors import CexprError, FileError

# As a shell reports a command that was stopped by Ctrl-C.
INTERRUPTED: Final = 130
_STANDARD_OUTPUT: Final = 1
# Why a pipe or file that is open cannot be written.
_FULL: Final = (errno.ENOSPC, errno.EFBIG, errno.EIO)
# Of a file or pipe, which has no width to fit into.
_PAGE_WIDTH: Final = 160
# The flags of the arguments that `CexprError.remedies` names, where they are not `--name`.
_FLAGS: Final = {
    "hosts": "--allow-host",
    "max_bytes": "--max-mb",
    "models": "--model",
}
# Flags to leave out, by the argument that they set.
_FLAGS_AGAINST: Final = {"derived": "--no-derived"}
# Arguments of the library with which its messages may begin, and that are flags here.
_ARGUMENTS: Final = ("blend", "jobs", "sha256", "threads")
# What the parser says, and how it is said here.
_UNEXPECTED: Final = re.compile(r"got unexpected extra argument(?:s|\(s\))? \((.*)\)")
_NO_VALUE: Final = re.compile(r"option '(.*)' requires an argument")
_ABSENT: Final = re.compile(r"(file|path|directory) '(.*)' does not exist")
_FOLDER: Final = re.compile(r"file '(.*)' is a directory")
# Typer carries click within itself or depends on it, by its version; this is the base of its errors
# either way.
_CLICK_ERROR: Final[type[Exception]] = typer.BadParameter.__mro__[2]


class StoppedError(CexprError):
    """Ctrl-C, with what to know after it."""

    exit_code = INTERRUPTED


def page() -> Console:
    """A console on standard output that leaves lines whole where that is a file or pipe."""
    return Console(width=None if sys.stdout.isatty() else _PAGE_WIDTH)


def table(*columns: str) -> Table:
    """A table with boxes on a terminal, and plain in a file or pipe."""
    return Table(*columns) if sys.stdout.isatty() else Table(*columns, box=None, pad_edge=False)


def print_json(value: Mapping[str, Any], indent: int = 2) -> None:
    """Print a value as JSON on standard output; arrays become lists."""
    typer.echo(json.dumps(value, indent=indent, ensure_ascii=False, default=_plain))


def complain(text: str) -> None:
    """Print a line on standard error that says who speaks."""
    typer.echo(f"cexpr: {text}", err=True)


def start_line() -> None:
    """On a terminal, wipe out what stands in the last line: `^C`, or a bar that was cut short."""
    console = Console(stderr=True)
    if console.is_terminal:
        console.show_cursor(True)
        console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))


def call(app: typer.Typer) -> int:
    """Run a command line; what goes wrong is told in one line on standard error.

    Returns:
        The exit status.
    """
    try:
        status = app(prog_name="cexpr", standalone_mode=False)
        sys.stdout.flush()
    except CexprError as error:
        if isinstance(error, StoppedError):
            start_line()
        complain(_with_flags(error))
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except _CLICK_ERROR as error:
        return _refuse(error)
    except OSError as error:
        if not _is_of_output(error):
            raise
        complain(f"standard output cannot be written: {error.strerror}")
        return FileError.exit_code
    if status == INTERRUPTED:
        # Typer makes Ctrl-C an exit status.
        start_line()
        complain("stopped")
    return status if isinstance(status, int) else 0


def _is_of_output(error: OSError) -> bool:
    """Tell whether standard output could not be written; if so, drop what waits for it."""
    # Whatever else writes names its file, or has made the error a `FileError`.
    if error.filename is not None or error.errno not in _FULL:
        return False
    # What is left would fail once more when Python ends.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STANDARD_OUTPUT)
    os.close(nowhere)
    return True


def _with_flags(error: CexprError) -> str:
    """The message of an error, with the flags of the arguments that would mend it."""
    against = [_FLAGS_AGAINST[name] for name in error.remedies if name in _FLAGS_AGAINST]
    flags = [
        _FLAGS.get(name, f"--{name.replace('_', '-')}")
        for name in error.remedies
        if name not in _FLAGS_AGAINST
    ]
    text = str(error)
    argument, colon, _ = text.partition(": ")
    if colon and argument in _ARGUMENTS and not Path(argument).exists():
        text = f"--{text}"
    hints = [f"use {' or '.join(flags)}"] if flags else []
    hints += [f"run without {' or '.join(against)}"] if against else []
    return f"{text} ({', or '.join(hints)})" if hints else text


def _refuse(error: Any) -> int:
    """Print what the parser of the command line found, and return the exit status."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
    else:
        complain(_sentence(error))
    return int(error.exit_code)


def _sentence(error: Any) -> str:
    context = getattr(error, "ctx", None)
    help_hint = "" if context is None else f"; see '{context.command_path} --help'"
    if hasattr(error, "possibilities") and context is not None:
        flags = [flag for one in context.command.params for flag in one.opts if flag[1] == "-"]
        close = closest(error.option_name, flags)
        hint = f"; did you mean '{close}'?" if close else help_hint
        return f"unknown option '{error.option_name}'{hint}"
    parameter = getattr(error, "param", None)
    if hasattr(error, "param_type") and parameter is not None:
        return f"{parameter_name(parameter)} is missing{help_hint}"
    message = str(error.message).rstrip(".").replace("Input should be ", "expected ")
    message = _in_house_style(message[:1].lower() + message[1:])
    if parameter is None:
        return f"{message}{help_hint}"
    # A path at the front tells already what is meant.
    is_path = ": no such " in message or message.endswith(": expected a file, got a folder")
    return message if is_path else f"{parameter_name(parameter)}: {message}"


def _in_house_style(message: str) -> str:
    """Bring what the parser says to the style of the other messages."""
    if found := _UNEXPECTED.fullmatch(message):
        return f"unexpected argument '{found[1]}'"
    if found := _NO_VALUE.fullmatch(message):
        return f"{found[1]}: expected a value"
    if found := _ABSENT.fullmatch(message):
        return f"{found[2]}: no such file{' or folder' if found[1] == 'path' else ''}"
    if found := _FOLDER.fullmatch(message):
        return f"{found[1]}: expected a file, got a folder"
    return message


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"not for JSON: {type(value)}")
