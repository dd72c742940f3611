"""Errors with a message for a person and an exit code for the shell."""

from __future__ import annotations

from typing import ClassVar


class CexprError(Exception):
    """Base of the errors that cexpr reports in one line instead of a traceback."""

    exit_code: ClassVar[int] = 2


class UsageError(CexprError):
    """An option or argument is wrong; nothing was processed."""


class RuleError(CexprError):
    """A rule file is wrong; the message names file, line and column."""


class ModelError(CexprError):
    """A model or its manifest is missing, damaged or does not fit."""


class ClipError(CexprError):
    """One clip cannot be read; other clips go on."""

    exit_code: ClassVar[int] = 1
