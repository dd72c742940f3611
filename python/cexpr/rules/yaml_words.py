"""What is wrong with a text that is not YAML, in words for people who write rules.

The parser speaks of tokens, scalars and mappings, and often points behind the mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import yaml

_QUOTE_IT: Final = "put the whole value in quotes"
# A key with its value right behind the ':'.
_NO_SPACE: Final = re.compile(r"\s*(?:- +)*[\w-]+:(?=\S)")
_IS_EMPTY: Final = re.compile(r"\s*(?:#|$)")


class _Found(NamedTuple):
    """What the parser found: places are from 0, `start` is where the thing began that it read."""

    problem: str
    context: str
    at: tuple[int, int]
    start: tuple[int, int]
    lines: Sequence[str]

    @property
    def line(self) -> str:
        return self.lines[self.at[0]] if self.at[0] < len(self.lines) else ""

    @property
    def opening(self) -> str:
        """The character that began what the parser read."""
        line = self.lines[self.start[0]] if self.start[0] < len(self.lines) else ""
        return line[self.start[1] : self.start[1] + 1]

    @property
    def shown(self) -> str:
        """What stands where the parser stopped."""
        return self.line[self.at[1] : self.at[1] + 1]


_Answer = tuple[tuple[int, int], str]


def explain(error: yaml.MarkedYAMLError, lines: Sequence[str]) -> tuple[int, int, str]:
    """Say in plain words why a text is not YAML.

    Args:
        error: What the parser raised.
        lines: The lines of the text.

    Returns:
        Line and column, from 1, and the message.
    """
    at = _place(error.problem_mark) or _place(error.context_mark) or (0, 0)
    found = _Found(
        problem=error.problem or "",
        context=error.context or "",
        at=at,
        start=_place(error.context_mark) or at,
        lines=lines,
    )
    for words, answer in _ANSWERS:
        if re.search(words, f"{found.context}: {found.problem}"):
            (line, column), message = answer(found)
            return line + 1, column + 1, message
    return at[0] + 1, at[1] + 1, f"this cannot be read; {_QUOTE_IT}, or check the indentation"


def _place(mark: yaml.Mark | None) -> tuple[int, int] | None:
    return None if mark is None else (mark.line, mark.column)


def _tab(found: _Found) -> _Answer:
    return found.at, "a tab cannot indent YAML; use spaces"


def _cut_short(found: _Found) -> _Answer:
    line, column = found.start
    kind = {"[": "bracket", "{": "brace", '"': "quote", "'": "quote"}.get(found.opening)
    opened = f"the {kind} in line {line + 1}, column {column + 1}" if kind else "a bracket or quote"
    return found.at, f"the text ends too early; close what is open: {opened}"


def _second_colon(found: _Found) -> _Answer:
    if re.search(r":\s", found.line[: found.at[1]]):
        return found.at, f"a second ':' is not allowed here; {_QUOTE_IT}"
    return _missing_space(found) or (
        found.at,
        "':' is not allowed here: the line above has a value already, or lacks a ':'; "
        "check it, and the indentation",
    )


def _missing_space(found: _Found) -> _Answer | None:
    """Find the first of the lines right above the place that have a value right behind a ':'."""
    answer = None
    for number in range(found.at[0] - 1, -1, -1):
        tight = _NO_SPACE.match(found.lines[number])
        if tight:
            answer = (number, tight.end() - 1), "a space is missing after this ':'"
        elif not _IS_EMPTY.match(found.lines[number]):
            break
    return answer


def _no_colon(found: _Found) -> _Answer:
    return found.start, "expected 'key: value'; the ':' with a space behind it is missing"


def _first_character(found: _Found) -> _Answer:
    return found.at, f"a value cannot begin with '{found.shown}'; {_QUOTE_IT}"


def _indented_otherwise(found: _Found) -> _Answer:
    if "'<scalar>'" in found.problem:
        return found.at, (
            f"nothing may follow a value that is in quotes or brackets; {_QUOTE_IT}, or none of it"
        )
    if found.problem.endswith("','"):
        return found.at, (
            "a comma stands outside of brackets; begin the next entry in a line of its own, "
            "or put the whole map in { }"
        )
    if found.problem.endswith("'-'"):
        return found.at, "a list item stands among the entries of a map; check the indentation"
    return found.at, (
        "the indentation fits no line above; the entries of one map start in one column"
    )


def _further_out(found: _Found) -> _Answer:
    return _missing_space(found) or (
        found.at,
        "this line is further out than the first one; all keys of a file start in one column",
    )


def _in_brackets(found: _Found) -> _Answer:
    close = "}" if "'}'" in found.problem else "]"
    if found.at[0] != found.start[0]:
        return found.start, f"the '{found.opening}' here is never closed; expected '{close}'"
    if found.problem.endswith("':'"):
        return found.at, f"a second ':' before the next comma is not allowed here; {_QUOTE_IT}"
    return found.at, f"expected ',' or '{close}' here; {_QUOTE_IT}"


def _open_quote(found: _Found) -> _Answer:
    return found.start, "this quote is never closed"


def _no_value(found: _Found) -> _Answer:
    if found.shown in ("}", "]"):
        return found.at, f"no bracket is open that this '{found.shown}' could close"
    if found.shown == ",":
        return found.at, "a value is missing before this comma"
    return _first_character(found)


def _special(found: _Found) -> _Answer:
    return found.start, f"a value that begins with '{found.opening}' is not text here; {_QUOTE_IT}"


def _escape(found: _Found) -> _Answer:
    return found.at, (
        "a backslash in double quotes starts an escape, and this is none; use single quotes"
    )


def _list_in_line(found: _Found) -> _Answer:
    return found.at, "a list cannot begin in the line of its key; begin it in the next line"


# The words of the parser, and who answers; the first that fits.
_ANSWERS: Final[tuple[tuple[str, Callable[[_Found], _Answer]], ...]] = (
    (r"'\\t'", _tab),
    (r"mapping values are not allowed", _second_colon),
    (r"quoted scalar: found unexpected document separator", _open_quote),
    (r"<stream end>|unexpected end of stream", _cut_short),
    (r"could not find expected ':'", _no_colon),
    (r"cannot start any token|mapping keys are not allowed", _first_character),
    (r"expected <block end>", _indented_otherwise),
    (r"expected '<document start>'", _further_out),
    (r"expected ',' or", _in_brackets),
    (r"expected the node content", _no_value),
    (r"scanning an (alias|anchor)|a block scalar|tag", _special),
    (r"double-quoted scalar", _escape),
    (r"sequence entries are not allowed", _list_in_line),
)
