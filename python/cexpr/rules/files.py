"""Rule files: found by path or name, read, and refused with the place of every problem."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Final

from cexpr._support.resources import data_files
from cexpr._support.text import shortened, unknown
from cexpr.errors import RuleError, RuleProblem
from cexpr.rules.yaml import MAX_BYTES, YamlError, decode

_SUFFIXES: Final = (".yaml", ".yml")


def shipped() -> dict[str, Path]:
    """Return the files of the rule sets that come with cexpr, by name."""
    return {path.stem: path for path in data_files("rules", "*.yaml")}


def read(path: str | PathLike[str]) -> str:
    """Read the text of a rule file.

    Args:
        path: A file, or the bare name of a shipped rule set, which overrides a file of that name.

    Returns:
        The text.

    Raises:
        RuleError: there is no such file or name, or it cannot be read, is too long or not UTF-8.
        TypeError: path is not a path.
    """
    if not isinstance(path, str | PathLike):
        raise TypeError(f"path: expected a path or a name, got {shortened(repr(path))}")
    name = fspath(path)
    file = Path(path)
    if isinstance(path, str) and file.name == name and file.suffix not in _SUFFIXES:
        known = shipped()
        if name in known:
            file = known[name]
        elif not file.is_file():
            hint = unknown("rule set", name, list(known))
            raise RuleError(f"{hint} (to name a file, include its .yaml)")
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise RuleError(f"{name}: no such file") from error
        raise RuleError(f"{name}: the rule file cannot be read: {error.strerror}") from error
    try:
        return decode(data)
    except YamlError as error:
        raise unreadable(name, error) from error


def refusal(problems: Sequence[RuleProblem]) -> RuleError:
    """Make the error that reports all problems of a file."""
    return RuleError("\n".join(map(str, problems)), problems)


def unreadable(file: str, error: YamlError) -> RuleError:
    """Make the error for a text that is not YAML."""
    return refusal([RuleProblem(file, error.line, error.column, "", error.message)])
