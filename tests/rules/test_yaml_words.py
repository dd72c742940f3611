"""What is not YAML is told in plain words, at the place to mend."""

from __future__ import annotations

import pytest

from cexpr.rules.yaml import YamlError, compose

# Words of the parser that people who write rules need not know.
JARGON = ("mapping", "sequence", "scalar", "token", "block", "flow", "node", "stream", "document")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: 1\nname b\nc: 2\n", (2, 1), "expected 'key: value'; the ':' with a space"),
        ("compounds\n  A: fear\n", (2, 4), "the line above has a value already, or lacks a ':'"),
        ("a: 1\nb:2\nc: 3\n", (2, 1), "the ':' with a space behind it is missing"),
        ("cexpr:1\nname: x\n", (1, 6), "a space is missing after this ':'"),
        ("cexpr:1\n\n# a\nname: x\n", (1, 6), "a space is missing after this ':'"),
        ("a:\n  A:fear\n  B: fear\n", (2, 4), "a space is missing after this ':'"),
        ("a:\n  A:fear\n  B:fear\n  C: 1\n", (2, 4), "a space is missing after this ':'"),
        ("a:\n  - A:fear\n    B: fear\n", (2, 6), "a space is missing after this ':'"),
        ("A: weighted(fear: 1)\n", (1, 17), "a second ':' is not allowed here; put the whole"),
        ("a: {A: weighted(fear: 1)}\n", (1, 21), "a second ':' before the next comma"),
        ("a:\n  b: 1\n    c: 2\n", (3, 6), "the line above has a value already"),
        ("a:\n   b: 1\n  c: 2\n", (3, 3), "the indentation fits no line above"),
        ("tests:\n  - a: 1\n   b: 2\n", (3, 4), "the indentation fits no line above"),
        ("  a: 1\nb: 2\n", (2, 1), "further out than the first one"),
        ("a: 1\n- b\n", (2, 1), "a list item stands among the entries of a map"),
        ("a: @x\n", (1, 4), "a value cannot begin with '@'; put the whole value in quotes"),
        ("a: %x\n", (1, 4), "a value cannot begin with '%'"),
        ("a: ? b\n", (1, 4), "a value cannot begin with '?'"),
        ("a: * 2\n", (1, 4), "a value that begins with '*'"),
        ("a: & b\n", (1, 4), "a value that begins with '&'"),
        ("when: > 0.5\n", (1, 7), "a value that begins with '>' is not text here"),
        ("when: |x\n", (1, 7), "a value that begins with '|'"),
        ("a: !x!y z\n", (1, 4), "a value that begins with '!'"),
        ("a: {b: 1\nc: 2\n", (1, 4), "the '{' here is never closed; expected '}'"),
        ("a: [b, c\nd: 1\n", (1, 4), "the '[' here is never closed; expected ']'"),
        ('a: "b\n--- c"\n', (1, 4), "this quote is never closed"),
        ('a: "b\nc: 1\n', (3, 1), "close what is open: the quote in line 1, column 4"),
        ("a: {b: 1", (1, 9), "close what is open: the brace in line 1, column 4"),
        ("a: }\n", (1, 4), "no bracket is open that this '}' could close"),
        ("a: {b: 1,, c: 2}\n", (1, 10), "a value is missing before this comma"),
        ('a: {b: "x" y}\n', (1, 12), "expected ',' or '}' here"),
        ("a: {b: 1} + 2\n", (1, 11), "nothing may follow a value that is in quotes or brackets"),
        ("- a: [b], c: 1\n", (1, 9), "a comma stands outside of brackets; begin the next entry"),
        ("- a: {b: 1}, c: 1\n", (1, 12), "or put the whole map in { }"),
        ('a: "\\d"\n', (1, 6), "use single quotes"),
        ('a: "\\x1"\n', (1, 7), "use single quotes"),
        ("a: - b\n", (1, 4), "begin it in the next line"),
        ("a: 1\n\tb: 2\n", (2, 1), "a tab cannot indent YAML; use spaces"),
    ],
)
def test_a_mistake_is_told_in_plain_words(text: str, place: tuple[int, int], words: str) -> None:
    with pytest.raises(YamlError) as caught:
        compose(text)
    assert words in caught.value.message
    assert (caught.value.line, caught.value.column) == place
    assert not [word for word in JARGON if word in caught.value.message]
