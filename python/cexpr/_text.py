"""Words for people."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return `1 frame`, `2 frames`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
