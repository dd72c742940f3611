"""YAML text to the node tree of the rule compiler, every node with its line and column.

Nothing is constructed: the events of the parser become plain tuples, so a tag can run no code.
The walk keeps its own stack, so depth costs no recursion, and every limit holds before memory is
spent: bytes before parsing, depth and nodes while parsing, aliases counted as what they stand for.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from cexpr.rules.yaml_words import explain

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 32
MAX_NODES: Final = 20_000

Node = tuple[str, int, int, Any]
"""`(kind, line, column, value)`, 1-based; kinds map, list, str, int, float, bool, null."""

# A longer text is not an expression; nobody needs the place of each character in it.
_MAX_MOVED: Final = 4096
_LINE_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_INT: Final = re.compile(r"[-+]?[0-9]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NAMED: Final[dict[str, tuple[str, Any]]] = {
    **{word: ("null", None) for word in ("", "~", "null", "Null", "NULL")},
    **{word: ("bool", True) for word in ("true", "True", "TRUE")},
    **{word: ("bool", False) for word in ("false", "False", "FALSE")},
    **{sign + word: ("float", float(sign + "inf"))
       for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
    **{word: ("float", float("nan")) for word in (".nan", ".NaN", ".NAN")},
}  # fmt: skip
_TAGS: Final = {
    "tag:yaml.org,2002:str": "str",
    "tag:yaml.org,2002:map": "map",
    "tag:yaml.org,2002:seq": "list",
    "!": "str",
}


class YamlError(Exception):
    """The text is not YAML as rule files use it; `line` and `column` are 1-based."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.message = message


@dataclass
class YamlTree:
    """A composed document: the node tree, and where its scalars really stand in the text."""

    root: Node
    text: str
    _moved: dict[int, list[tuple[int, list[tuple[int, int]]]]] = field(default_factory=dict)

    def locate(self, line: int, column: int) -> tuple[int, int]:
        """Turn a position inside a scalar's value into one in the text.

        The compiler counts on from a scalar's first character as if the value stood in one line.
        That is wrong only for folded, literal and escaped scalars, which are looked up here.

        Args:
            line: 1-based line of the scalar.
            column: 1-based column of the scalar plus the offset in its value.

        Returns:
            Line and column, 1-based, of that character in the text.
        """
        for start, places in reversed(self._moved.get(line, [])):
            if start <= column and places:
                return places[min(column - start, len(places) - 1)]
        return line, column


@dataclass
class _Open:
    """A map or list that is still being filled."""

    kind: str
    line: int
    column: int
    items: list[Any]
    anchor: str | None
    size: int = 1
    key: Node | None = None


def split_lines(text: str) -> list[str]:
    """Split a text into lines at the same breaks as the YAML reader does."""
    return _LINE_BREAK.split(text)


def decode(data: bytes) -> str:
    """Decode the bytes of a rule file.

    Args:
        data: The whole file.

    Returns:
        The text.

    Raises:
        YamlError: the file is too long, has a byte-order mark or is not UTF-8.
    """
    if len(data) > MAX_BYTES:
        raise YamlError(1, 1, f"the file is too long; a rule file has at most {MAX_BYTES} bytes")
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise YamlError(
            1, 1, "the file starts with a byte-order mark; save it as UTF-8 without one"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = _position(before, len(before))
        raise YamlError(
            line, column, f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        ) from error


def compose(text: str) -> YamlTree:
    """Compose the one YAML document of a text.

    Args:
        text: YAML; scalars are read as in YAML 1.2 (`yes`, `on` and `1:30` are strings).

    Returns:
        The tree.

    Raises:
        YamlError: the text is not YAML, has no document or several, or exceeds a limit.
    """
    if len(text) > MAX_BYTES:
        raise YamlError(1, 1, f"the text is too long; a rule file has at most {MAX_BYTES} bytes")
    if text.startswith("\ufeff"):
        raise YamlError(1, 1, "the text starts with a byte-order mark; remove it")
    composer = _Composer(text)
    try:
        for event in _events(text):
            composer.take(event)
    except yaml.reader.ReaderError as error:
        line, column = _position(text, error.position)
        raise YamlError(
            line, column, f"character U+{ord(text[error.position]):04X} is not allowed in YAML"
        ) from error
    except yaml.MarkedYAMLError as error:
        raise YamlError(*explain(error, split_lines(text))) from error
    except (ValueError, OverflowError) as error:
        # The scanner converts escapes and version numbers without a check of its own.
        line, column = composer.last
        raise YamlError(
            line, column, "an escape or a number after this place is out of range"
        ) from error
    if composer.root is None:
        raise YamlError(1, 1, "the file is empty; a rule file starts with 'cexpr: 1'")
    return YamlTree(composer.root, text, composer.moved)


def _events(text: str) -> Iterator[Any]:
    loader = yaml.SafeLoader(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


class _Composer:
    """Takes parser events one by one and builds nodes, with the limits of this module."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root: Node | None = None
        self.last = (1, 1)
        self.moved: dict[int, list[tuple[int, list[tuple[int, int]]]]] = {}
        self._breaks = [match.end() for match in _LINE_BREAK.finditer(text)]
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        self.last = (line, column)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise YamlError(
                    line, column, "a second document starts here; a rule file has only one"
                )
        elif isinstance(event, yaml.ScalarEvent):
            self._put(self._scalar(event, line, column), 1, 1, event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event, line, column)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            kind = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
            self._check_tag(event.tag, (kind,), line, column)
            if len(self._stack) >= MAX_DEPTH:
                raise YamlError(line, column, f"nested deeper than {MAX_DEPTH} levels")
            self._stack.append(_Open(kind, line, column, [], event.anchor))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            done = self._stack.pop()
            node = (done.kind, done.line, done.column, done.items)
            self._put(node, done.size, 1, done.anchor)

    def _put(self, node: Node, size: int, added: int, anchor: str | None) -> None:
        """Hang a node into the tree: `size` nodes in it, `added` of them not counted before."""
        self._nodes += added
        if self._nodes > MAX_NODES:
            message = f"the file holds more than {MAX_NODES} values; aliases count each time"
            raise YamlError(*self.last, message)
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if not self._stack:
            self.root = node
            return
        parent = self._stack[-1]
        parent.size += size
        if parent.kind == "list":
            parent.items.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            parent.items.append((parent.key, node))
            parent.key = None

    def _alias(self, event: Any, line: int, column: int) -> None:
        if event.anchor not in self._anchors:
            state = "still open here" if self._is_open(event.anchor) else "not defined before this"
            raise YamlError(
                line,
                column,
                f"alias '*{event.anchor}': the anchor is {state}; "
                "put the value in quotes if it is an expression",
            )
        node, size = self._anchors[event.anchor]
        self._put(node, size, size, None)

    def _is_open(self, anchor: str) -> bool:
        return any(entry.anchor == anchor for entry in self._stack)

    def _check_tag(self, tag: str | None, kinds: tuple[str, ...], line: int, column: int) -> None:
        if tag is not None and _TAGS.get(tag) not in kinds:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            raise YamlError(
                line,
                column,
                f"tag '{shown}' is not allowed; a rule file is plain data without tags",
            )

    def _scalar(self, event: Any, line: int, column: int) -> Node:
        self._check_tag(event.tag, ("str",), line, column)
        value: str = event.value
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise YamlError(line, column, "an escape encodes half a character (a surrogate)")
        if event.style in ("'", '"'):
            column += 1
        self._note_moved(event, line, column)
        if event.style is None and event.tag is None:
            kind, parsed = _resolve(value, line, column)
            return (kind, line, column, parsed)
        return ("str", line, column, value)

    def _note_moved(self, event: Any, line: int, column: int) -> None:
        """Remember where each character of the value stands, unless it is simply in one line."""
        start, end = event.start_mark.index, event.end_mark.index
        if event.style in ("'", '"'):
            start, end = start + 1, end - 1
        elif event.style in ("|", ">"):
            # The header and its comment are not part of the value.
            start = next((at for at in self._breaks if at > start), end)
        value = event.value
        in_place = self.text.startswith(value, start) and not _LINE_BREAK.search(value)
        if in_place or len(value) > _MAX_MOVED:
            return
        places, at = [], start
        for character in value:
            if not character.isspace():
                found = self.text.find(character, at, min(end, at + _MAX_MOVED))
                at = found if found >= 0 else at
            places.append(self._line_column(min(at, end)))
            at += not character.isspace()
        self.moved.setdefault(line, []).append((column, places))

    def _line_column(self, index: int) -> tuple[int, int]:
        line = bisect_right(self._breaks, index)
        return line + 1, index - (self._breaks[line - 1] if line else 0) + 1


def _resolve(value: str, line: int, column: int) -> tuple[str, Any]:
    if value in _NAMED:
        return _NAMED[value]
    if _INT.fullmatch(value):
        if len(value) > 19 or not -(2**63) <= int(value) < 2**63:
            raise YamlError(line, column, "the number is too long; at most 18 digits")
        return "int", int(value)
    if _FLOAT.fullmatch(value):
        return "float", float(value)
    return "str", value


def _position(text: str, index: int) -> tuple[int, int]:
    breaks = [match.end() for match in _LINE_BREAK.finditer(text, 0, index)]
    return len(breaks) + 1, index - (breaks[-1] if breaks else 0) + 1
