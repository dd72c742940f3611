"""Reading YAML: positions, scalars, and every kind of text that is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cexpr.rules.yaml import MAX_DEPTH, MAX_NODES, YamlError, compose, decode


def refused(data: bytes | str) -> tuple[int, int, str]:
    with pytest.raises(YamlError) as caught:
        compose(decode(data) if isinstance(data, bytes) else data)
    return caught.value.line, caught.value.column, caught.value.message


def test_nodes_carry_their_place() -> None:
    root = compose("a: 1\nb: [x, 'y z']\n").root
    assert root == (
        "map",
        1,
        1,
        [
            (("str", 1, 1, "a"), ("int", 1, 4, 1)),
            (("str", 2, 1, "b"), ("list", 2, 4, [("str", 2, 5, "x"), ("str", 2, 9, "y z")])),
        ],
    )


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("~", ("null", None)),
        ("true", ("bool", True)),
        ("False", ("bool", False)),
        ("12", ("int", 12)),
        ("-0012", ("int", -12)),
        ("1.5e3", ("float", 1500.0)),
        (".5", ("float", 0.5)),
        ("-.inf", ("float", float("-inf"))),
        # What YAML 1.1 would turn into something else stays text.
        ("yes", ("str", "yes")),
        ("off", ("str", "off")),
        ("1:30", ("str", "1:30")),
        ("2026-01-01", ("str", "2026-01-01")),
        ("0x10", ("str", "0x10")),
        ("1_000", ("str", "1_000")),
        ("0.5s", ("str", "0.5s")),
        ("'12'", ("str", "12")),
        ("!!str 12", ("str", "12")),
    ],
)
def test_scalars_are_read_as_in_yaml_1_2(text: str, node: tuple[str, object]) -> None:
    kind, _, _, value = compose(text).root
    assert (kind, value) == node


@pytest.mark.parametrize(
    ("text", "column", "inside", "expected"),
    [
        ("a: mean(fear, surprise)", 4, "surprise", (1, 15)),
        ("a: 'mean(fear, surprise)'", 5, "surprise", (1, 16)),
        ("a: mean(fear,\n   surprise)", 4, "surprise", (2, 4)),
        ("a: >-\n  mean(fear,\n       surprise)", 4, "surprise", (3, 8)),
        ("a: | # why\n  mean(fear,\n    surprise)\n", 4, "surprise", (3, 5)),
        ('a: "mean(\\x66ear, surprise)"', 5, "surprise", (1, 19)),
    ],
)
def test_a_place_inside_a_value_is_found_in_the_text(
    text: str, column: int, inside: str, expected: tuple[int, int]
) -> None:
    tree = compose(text)
    _, line, start, value = tree.root[3][0][1]
    assert start == column
    assert tree.locate(line, start + value.index(inside)) == expected


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b"", (1, 1), "empty"),
        (b"# only a comment\n", (1, 1), "empty"),
        (b"a:\n\tb: 1", (2, 1), "tab"),
        (b"\xef\xbb\xbfa: 1", (1, 1), "byte-order mark"),
        ("a: 1".encode("utf-16"), (1, 1), "byte-order mark"),
        (b"a: 1\nb: \xff", (2, 4), "UTF-8"),
        (b"a: \x07", (1, 4), "U+0007"),
        (b"k: v: w", (1, 5), "':'"),
        (b"a: [1,", (1, 7), "ends too early"),
        (b"--- a\n--- b", (2, 1), "second document"),
        (b"[" * 10_000, (1, MAX_DEPTH + 1), "nested"),
        (b"- " * 10_000, (1, 2 * MAX_DEPTH + 1), "nested"),
        (b"{a: " * 10_000, (1, 4 * MAX_DEPTH + 1), "nested"),
        (b"x" * 10_000_000, (1, 1), "at most"),
        (b"!!python/object:os.system x", (1, 1), "!!python/object:os.system"),
        (b"a: !!python/object/apply:os.system ['ls']", (1, 4), "tag"),
        (b"a: !mine {b: c}", (1, 4), "'!mine'"),
        (b"&a [*a]", (1, 5), "still open"),
        (b"[*b]", (1, 2), "not defined"),
        (b'a: "\\uD800"', (1, 4), "surrogate"),
        (b'a: "\\UFFFFFFFF"', (1, 1), "out of range"),
        (b"%YAML 1." + b"1" * 5000 + b"\n---\na: 1", (1, 1), "out of range"),
        (b"a: 12345678901234567890", (1, 4), "too long"),
    ],
)
def test_bad_text_is_refused_at_its_place(data: bytes, place: tuple[int, int], words: str) -> None:
    line, column, message = refused(data)
    assert (line, column) == place
    assert words in message


def test_aliases_count_as_what_they_stand_for() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    line, _, message = refused("\n".join(lines))
    assert line == 5
    assert "aliases" in message


def test_a_flat_list_is_limited_too() -> None:
    line, _, message = refused("- x\n" * (MAX_NODES + 1))
    assert line == MAX_NODES + 1
    assert str(MAX_NODES) in message


def test_an_alias_is_the_node_it_names() -> None:
    root = compose("a: &x [1, 2]\nb: *x").root
    assert root[3][0][1] is root[3][1][1]


_YAML_BYTES = st.text(alphabet="ab:-?!&*[]{}|>%@#'\"\\ \t\n,~.0123456789\u00e9\u2028", max_size=80)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=80), _YAML_BYTES.map(str.encode)))
def test_any_bytes_give_a_tree_or_a_place(data: bytes) -> None:
    refusal = None
    kind = ""
    try:
        kind = compose(decode(data)).root[0]
    except YamlError as error:
        refusal = error
    if refusal is None:
        assert kind in {"map", "list", "str", "int", "float", "bool", "null"}
    else:
        assert min(refusal.line, refusal.column) >= 1
        assert refusal.message


@pytest.mark.parametrize("text", ["compounds: [a, b", "compounds: [", "about: 'text", "a: {b: 1"])
def test_what_is_never_closed_is_called_so(text: str) -> None:
    with pytest.raises(YamlError, match="ends too early; close what is open") as caught:
        compose(text)
    assert "stream" not in caught.value.message
    assert "flow" not in caught.value.message
