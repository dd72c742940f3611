"""Rule files: finding them by path or name, reading them, and saying what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Final

from cexpr._support.resources import data_files
from cexpr._support.text import unknown
from cexpr.errors import RuleError, RuleProblem
from cexpr.rules import yaml as rule_yaml

_SUFFIXES: Final = (".yaml", ".yml")


def shipped() -> dict[str, Path]:
    """Return the files of the rule sets that come with cexpr, by name."""
    return {path.stem: path for path in data_files("rules", "*.yaml")}


def read(path: str | PathLike[str]) -> str:
    """Read the text of a rule file.

    Args:
        path: A file, or the bare name of a shipped rule set, which goes before a file of that name.

    Returns:
        The text.

    Raises:
        RuleError: there is no such file or name, or it cannot be read, is too long or no UTF-8.
    """
    name = fspath(path)
    file = Path(path)
    if isinstance(path, str) and file.name == name and file.suffix not in _SUFFIXES:
        known = shipped()
        if name in known:
            file = known[name]
        elif not file.is_file():
            hint = unknown("rule set", name, list(known))
            raise RuleError(f"{hint} (a file is named with its .yaml)")
    try:
        with file.open("rb") as stream:
            data = stream.read(rule_yaml.MAX_BYTES + 1)
    except OSError as error:
        raise RuleError(f"{name}: the rule file cannot be read: {error.strerror}") from error
    try:
        return rule_yaml.decode(data)
    except rule_yaml.YamlError as error:
        raise unreadable(name, error) from error


def refusal(problems: Sequence[RuleProblem]) -> RuleError:
    """Make the error that tells all problems of a file."""
    return RuleError("\n".join(map(str, problems)), problems)


def unreadable(file: str, error: rule_yaml.YamlError) -> RuleError:
    """Make the error for a text that is no YAML."""
    return refusal([RuleProblem(file, error.line, error.column, "", error.message)])
