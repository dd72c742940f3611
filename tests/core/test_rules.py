"""The compiler and evaluator of rules, against plain Python and numpy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cexpr import _core
from cexpr.signals import SIGNALS

NAN = math.nan
NAMES = ("fear", "surprise", "anger", "valence")
# float32 arithmetic on values around 1, a handful of operations deep.
TOLERANCE = 1e-5


def text(value: str) -> tuple[str, int, int, str]:
    return ("str", 1, 1, value)


def mapping(**entries: Any) -> tuple[str, int, int, list[Any]]:
    return ("map", 1, 1, [(text(key), value) for key, value in entries.items()])


def compile_rules(compounds: dict[str, str], **sections: Any) -> _core.RuleSet:
    root = mapping(
        cexpr=("int", 1, 1, 1),
        name=text("test"),
        compounds=mapping(**{name: text(rule) for name, rule in compounds.items()}),
        **sections,
    )
    return _core.compile_rules(root)


# Expressions with what they mean in plain Python: pairs (source, function of a row).
Meaning = Callable[[dict[str, float]], float]
Expression = tuple[str, Meaning]


def unknown(*values: float) -> bool:
    return any(math.isnan(value) for value in values)


def infix(symbol: str, apply: Callable[[float, float], float]) -> Callable[..., Expression]:
    def build(left: Expression, right: Expression) -> Expression:
        def meaning(row: dict[str, float]) -> float:
            a, b = left[1](row), right[1](row)
            return NAN if unknown(a, b) else apply(a, b)

        return f"({left[0]} {symbol} {right[0]})", meaning

    return build


def call(name: str, apply: Callable[..., float]) -> Callable[..., Expression]:
    def build(*args: Expression) -> Expression:
        def meaning(row: dict[str, float]) -> float:
            values = [arg[1](row) for arg in args]
            return NAN if unknown(*values) else apply(*values)

        return f"{name}({', '.join(arg[0] for arg in args)})", meaning

    return build


def both(left: Expression, right: Expression) -> Expression:
    def meaning(row: dict[str, float]) -> float:
        a, b = left[1](row), right[1](row)
        return 0.0 if 0.0 in (a, b) else NAN if unknown(a, b) else 1.0

    return f"({left[0]} and {right[0]})", meaning


def either(left: Expression, right: Expression) -> Expression:
    def meaning(row: dict[str, float]) -> float:
        a, b = left[1](row), right[1](row)
        return 1.0 if 1.0 in (a, b) else NAN if unknown(a, b) else 0.0

    return f"({left[0]} or {right[0]})", meaning


def inverse(operand: Expression) -> Expression:
    return f"(not {operand[0]})", lambda row: 1.0 - operand[1](row)


def choose(condition: Expression, yes: Expression, no: Expression) -> Expression:
    def meaning(row: dict[str, float]) -> float:
        which = condition[1](row)
        return NAN if unknown(which) else yes[1](row) if which == 1.0 else no[1](row)

    return f"if({condition[0]}, {yes[0]}, {no[0]})", meaning


def literal(value: float) -> Expression:
    return repr(value), lambda row: value


def signal(name: str) -> Expression:
    return name, lambda row: row[name]


# Multiples of 1/8: sums, differences and products of a few are exact, so that comparisons agree.
EIGHTHS = st.integers(0, 16).map(lambda n: n / 8)
LEAVES = st.one_of(EIGHTHS.map(literal), st.sampled_from(NAMES).map(signal))


def grow(numbers: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    comparisons = st.one_of(
        st.builds(infix("<", lambda a, b: float(a < b)), LEAVES, LEAVES),
        st.builds(infix(">=", lambda a, b: float(a >= b)), LEAVES, LEAVES),
        st.builds(infix("!=", lambda a, b: float(a != b)), LEAVES, LEAVES),
    )
    conditions = st.recursive(
        comparisons,
        lambda inner: st.one_of(
            st.builds(both, inner, inner),
            st.builds(either, inner, inner),
            st.builds(inverse, inner),
        ),
        max_leaves=4,
    )
    return st.one_of(
        st.builds(infix("+", lambda a, b: a + b), numbers, numbers),
        st.builds(infix("-", lambda a, b: a - b), numbers, numbers),
        st.builds(infix("*", lambda a, b: a * b), numbers, LEAVES),
        st.builds(call("mean", lambda *v: sum(v) / len(v)), numbers, LEAVES, LEAVES),
        st.builds(call("min", min), numbers, LEAVES),
        st.builds(call("max", max), numbers, LEAVES, numbers),
        st.builds(call("abs", abs), numbers),
        st.builds(call("sigmoid", lambda x: 1 / (1 + math.exp(-x))), numbers),
        st.builds(choose, conditions, numbers, numbers),
        conditions,
    )


EXPRESSIONS = st.recursive(LEAVES, grow, max_leaves=12)
VALUES = st.one_of(EIGHTHS, st.just(NAN))
ROWS = st.lists(st.tuples(*[VALUES] * len(NAMES)), min_size=1, max_size=40)


@settings(max_examples=200, deadline=None)
@given(expression=EXPRESSIONS, rows=ROWS)
def test_any_expression_means_what_plain_python_says(
    expression: Expression, rows: list[tuple[float, ...]]
) -> None:
    source, meaning = expression
    rules = compile_rules({"C": source})
    signals = np.array(rows, np.float32)
    expected = np.array([meaning(dict(zip(NAMES, row, strict=True))) for row in rows])
    before = _core.cpu_active()
    try:
        for name in _core.cpu_targets():
            _core.cpu_set_active(name)
            scores = rules.evaluate(signals, list(NAMES))[:, 0]
            np.testing.assert_allclose(scores, expected, rtol=TOLERANCE, atol=TOLERANCE)
    finally:
        _core.cpu_set_active(before)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.sampled_from([0, 1, 15, 16, 17, 255, 257, 1000]))
def test_the_three_means_equal_numpy(seed: int, rows: int) -> None:
    generator = np.random.default_rng(seed)
    signals = generator.random((rows, 2)).astype(np.float32)
    signals[generator.random((rows, 2)) < 0.1] = 0.0
    rules = compile_rules(
        {
            "M": "mean(fear, surprise)",
            "G": "gmean(fear, surprise)",
            "H": "hmean(fear, surprise)",
        }
    )
    a, b = signals.astype(np.float64).T
    with np.errstate(invalid="ignore"):
        harmonic = np.where(a + b == 0, 0.0, 2 * a * b / (a + b))
    expected = np.stack([(a + b) / 2, np.sqrt(a * b), harmonic], axis=1)
    scores = rules.evaluate(signals, ["fear", "surprise"])
    np.testing.assert_allclose(scores, expected, rtol=1e-6, atol=0)


def test_windows_keep_tracks_apart(target: str) -> None:
    rules = compile_rules({"C": "mean_over(fear, 3)"})
    signals = np.array([[0.0], [1.0], [0.5], [0.5]], np.float32)
    frames = np.array([1, 1, 2, 2], np.int64)
    tracks = np.array([7, 9, 7, 9], np.int64)
    scores = rules.evaluate(signals, ["fear"], frames, None, tracks)
    np.testing.assert_allclose(scores[:, 0], [0.25, 0.75, 0.25, 0.75])


def test_windows_look_to_both_sides_or_back(target: str) -> None:
    rules = compile_rules({"C": "mean_over(fear, 3)"})
    signals = np.array([[0.0], [0.3], [0.6], [0.9]], np.float32)
    for windows, expected in (
        ("centred", [0.15, 0.3, 0.6, 0.75]),
        ("trailing", [0.0, 0.15, 0.3, 0.6]),
    ):
        scores = rules.evaluate(signals, ["fear"], windows=windows)
        np.testing.assert_allclose(scores[:, 0], expected, rtol=1e-6)
    with pytest.raises(ValueError, match="windows: expected 'centred' or 'trailing'"):
        rules.evaluate(signals, ["fear"], windows="back")


@settings(max_examples=50, deadline=None)
@given(
    scores=st.lists(
        st.tuples(*[st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.just(NAN))] * 3),
        max_size=300,
    )
)
def test_decide_is_argmax_with_nothing_for_nothing(scores: list[tuple[float, ...]]) -> None:
    rules = compile_rules({"A": "fear", "B": "anger", "C": "surprise"})
    matrix = np.array(scores, np.float32).reshape(-1, 3)
    known = np.nan_to_num(matrix, nan=0.0)
    expected = np.where((known == 0).all(axis=1), -1, known.argmax(axis=1)) if len(known) else []
    labels = rules.decide(matrix)
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, expected)


def test_columns_that_no_rule_reads_are_ignored(target: str) -> None:
    rules = compile_rules({"C": "fear - anger"})
    names = [*SIGNALS, "extra"]
    signals = np.random.default_rng(0).random((33, len(names))).astype(np.float32)
    expected = signals[:, names.index("fear")] - signals[:, names.index("anger")]
    np.testing.assert_array_equal(rules.evaluate(signals, names)[:, 0], expected)


def test_a_vocabulary_of_ones_own() -> None:
    root = mapping(
        cexpr=("int", 1, 1, 1), name=text("own"), compounds=mapping(C=text("blink + yawn"))
    )
    rules = _core.compile_rules(root, signals=["yawn", "blink"])
    assert rules.signals == ["yawn", "blink"]
    with pytest.raises(_core.RuleSetError, match="unknown signal 'blink'"):
        _core.compile_rules(root)


def test_arguments_of_the_wrong_kind_are_refused() -> None:
    rules = compile_rules({"C": "mean_over(fear, 3)"})
    good = np.zeros((2, 1), np.float32)
    with pytest.raises(TypeError, match="signals: expected float32"):
        rules.evaluate(good.astype(np.float64), ["fear"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="frames: expected int64"):
        rules.evaluate(good, ["fear"], np.zeros(2, np.int32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="shape"):
        rules.evaluate(good[0], ["fear"])
    with pytest.raises(ValueError, match="columns"):
        rules.evaluate(good, ["fear", "anger"])
    with pytest.raises(ValueError, match="frames: expected 2 rows"):
        rules.evaluate(good, ["fear"], np.zeros(3, np.int64))
    with pytest.raises(ValueError, match="centred"):
        rules.evaluate(good, ["fear"], windows="both")
    with pytest.raises(ValueError, match="comes twice"):
        rules.evaluate(np.zeros((2, 2), np.float32), ["fear", "fear"])
    with pytest.raises(ValueError, match="row: expected less than 2"):
        rules.explain(good, ["fear"], 2)


@pytest.mark.parametrize(
    "node",
    [
        "text",
        ("str", 1, 1),
        ("word", 1, 1, "x"),
        ("str", 1, 1, 5),
        ("str", "1", 1, "x"),
        ("list", 1, 1, "x"),
        ("map", 1, 1, [("str", 1, 1, "x")]),
        ("map", 1, 1, [(text("a"), text("b"), text("c"))]),
        ("int", 1, 1, "five"),
    ],
)
def test_a_tuple_that_is_no_node_is_a_type_error(node: Any) -> None:
    with pytest.raises(TypeError):
        _core.compile_rules(mapping(name=node) if node == "text" else node)


def test_deep_shared_and_huge_trees_are_refused() -> None:
    deep: Any = text("x")
    shared: Any = text("x")
    for _ in range(40):
        shared = ("list", 2, 3, [shared, shared])
    with pytest.raises(_core.RuleSetError, match="more than 200000 values"):
        _core.compile_rules(shared)
    for _ in range(10_000):
        deep = ("list", 2, 3, [deep])
    with pytest.raises(_core.RuleSetError, match="levels inside each other") as caught:
        _core.compile_rules(deep, "deep.yaml")
    assert caught.value.file == "deep.yaml"
    assert caught.value.problems[0][:2] == (2, 3)


def test_text_that_is_no_unicode_and_numbers_without_end_are_problems() -> None:
    with pytest.raises(_core.RuleSetError, match="unexpected character"):
        compile_rules({"C": "fear + \ud800"})
    with pytest.raises(_core.RuleSetError, match="within"):
        _core.compile_rules(
            mapping(
                cexpr=("int", 1, 1, 1),
                name=text("big"),
                compounds=mapping(C=("int", 1, 1, 10**400)),
            )
        )
