"""Words for people."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence


def reason_of(error: Exception) -> str:
    """Say why a file or an address cannot be used, without the words of the programming language.

    Args:
        error: What the system or a decoder raised.

    Returns:
        For example "no such file", "Permission denied" or "byte 0xc0 is not UTF-8; save the file
        as UTF-8"; the text of any other error in one line.
    """
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, UnicodeDecodeError):
        return f"byte 0x{error.object[error.start]:02x} is not UTF-8; save the file as UTF-8"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())


def counted(number: int, noun: str) -> str:
    """Return `1 frame`, `2 frames`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def command_line(*words: str) -> str:
    """Return a command as a shell takes it."""
    return " ".join(map(shlex.quote, words))


def shortened(text: str, longest: int = 40) -> str:
    """Return a text that came from outside, cut where it would fill a message."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def closest(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that was probably meant, or None."""
    # `fps` is not a close match of `folder_fps`, but a word of it.
    close = difflib.get_close_matches(name, known, 1) or [
        one for one in known if name in one.split("_")
    ]
    return close[0] if close else None


def unknown(kind: str, name: str, known: Sequence[str]) -> str:
    """Say that a name is not known, and which one may have been meant."""
    close = closest(name, known)
    hint = f"; did you mean '{close}'?" if close else f"; known: {', '.join(known)}"
    return f"unknown {kind} '{shortened(name)}'{hint}"
