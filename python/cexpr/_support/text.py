"""Words for people."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence


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
