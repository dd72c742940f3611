"""Errors with a message for a person and an exit code for the shell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class CexprError(Exception):
    """Base of the errors that cexpr reports in one line instead of a traceback.

    Attributes:
        exit_code: Exit status of a command that ends with this error.
        remedies: Names of the arguments to change, such as `overwrite`; a command adds the flags
            that it has for them.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, remedies: Sequence[str] = ()) -> None:
        """Keep the message, and how to fix the error."""
        super().__init__(message)
        self.remedies = tuple(remedies)


class UsageError(CexprError):
    """An option or argument is wrong; nothing was processed."""


@dataclass(frozen=True)
class RuleProblem:
    """One mistake in a rule file.

    Attributes:
        file: Name of the file.
        line: 1-based; 0 if the mistake has no place in the file.
        column: 1-based, in characters.
        rule: The compound, `let` or section that it is in, or "".
        message: What is wrong and what to do.
    """

    file: str
    line: int
    column: int
    rule: str
    message: str

    def __str__(self) -> str:
        """Return `file:line:column: rule: message`, without what is unknown."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(part for part in (place, self.rule, self.message) if part)


class RuleError(CexprError):
    """A rule file has mistakes; the message has a line for every problem.

    Attributes:
        problems: The same, taken apart; empty if the file could not be read at all.
    """

    def __init__(
        self,
        message: str,
        problems: Sequence[RuleProblem] = (),
        *,
        remedies: Sequence[str] = (),
    ) -> None:
        """Keep the message, and the problems that it reports."""
        super().__init__(message, remedies=remedies)
        self.problems = tuple(problems)


class ModelError(CexprError):
    """A model or its manifest is missing, damaged or does not fit."""


class FileError(CexprError):
    """A file cannot be written: a full disk, a folder without write permission."""

    exit_code: ClassVar[int] = 1


class ClipError(CexprError):
    """A clip cannot be read; other clips are not affected."""

    exit_code: ClassVar[int] = 1
