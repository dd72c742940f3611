"""A terminal for tests: a command runs in it, and its screen can be read."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import threading
from collections.abc import Callable
from pathlib import Path

_SEQUENCE = re.compile(rb"\x1b\[([?0-9;]*)([A-Za-z])")
_CTRL_C = b"\x03"


def run_and_interrupt(
    arguments: list[str], folder: Path, *, when: Callable[[bytes], bool], columns: int = 80
) -> tuple[bytes, int]:
    """Run `cexpr` in a terminal and press Ctrl-C.

    Args:
        arguments: Of the command.
        folder: Where it runs.
        when: Told again and again what the terminal got so far; True is when to press the key.
        columns: Width of the terminal.

    Returns:
        Everything that the terminal got, and the exit status.
    """
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ["TERM"] = "xterm-256color"
        os.environ.pop("COLUMNS", None)
        # The parent sets the size first.
        os.read(0, 1)
        os.execv(sys.executable, [sys.executable, "-m", "cexpr", *arguments])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.write(terminal, b"\n")
    # A command that hangs must fail the test, not stop it.
    guard = threading.Timer(120, os.kill, (child, 9))
    guard.start()
    output, is_pressed = b"", False
    while True:
        if not is_pressed and when(output):
            os.write(terminal, _CTRL_C)
            is_pressed = True
        if not select.select([terminal], [], [], 0.05)[0]:
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        output += part
    guard.cancel()
    os.close(terminal)
    return output, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def screen_of(output: bytes, columns: int = 80) -> list[str]:
    """What stands on an endless screen after some output; empty lines are left out."""
    lines: list[list[str]] = [[]]
    row = column = 0
    text = output.decode()
    at = 0
    while at < len(text):
        sequence = _SEQUENCE.match(text[at:].encode())
        if sequence is not None:
            at += sequence.end()
            argument, kind = sequence[1].decode(), sequence[2].decode()
            if kind == "A":
                row = max(0, row - int(argument or 1))
            elif kind == "K":
                lines[row] = [] if argument == "2" else lines[row][:column]
            continue
        character = text[at]
        at += 1
        if character == "\r":
            column = 0
        elif character == "\n":
            row += 1
        else:
            if column == columns:
                row, column = row + 1, 0
            while row >= len(lines):
                lines.append([])
            lines[row] += [" "] * (column + 1 - len(lines[row]))
            lines[row][column] = character
            column += 1
        while row >= len(lines):
            lines.append([])
    return [line for line in ("".join(cells).rstrip() for cells in lines) if line]
