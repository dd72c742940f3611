"""Rule files that people and fuzzers get wrong: always an error with a place, never a crash."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cexpr.errors import RuleError
from cexpr.rules.rule_set import RuleSet
from cexpr.rules.yaml import split_lines
from cexpr.signals import SIGNALS

HEAD = "cexpr: 1\nname: bad\ncompounds:\n  A: "


def attempt(text: str) -> RuleSet | RuleError:
    """Compile a text and use what comes out; anything but a RuleError fails the test."""
    try:
        rules = RuleSet.from_string(text)
    except RuleError as error:
        lines = len(split_lines(text))
        for problem in error.problems:
            if not 0 <= problem.line <= lines + 1:
                raise AssertionError(f"no such line: {problem}") from error
        if not error.problems:
            raise AssertionError("an error without a problem") from error
        return error
    rows = np.linspace(-1, 1, 3 * len(SIGNALS), dtype=np.float32).reshape(3, -1)
    rows[1] = np.nan
    scores = rules.evaluate(rows, SIGNALS)
    assert scores.shape == (3, len(rules.compounds))
    rules.decide(scores)
    rules.explain(rows, SIGNALS, row=2)
    rules.run_tests()
    return rules


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "A"),
        ("~", "A"),
        ("[fear]", "A"),
        ("fear surprise", "expected an operator"),
        ("mean()", "too few arguments"),
        ("mean(fear", "never closed"),
        ("clamp(fear, 1)", "too few arguments"),
        ("clamp(fear, 1, 0)", "low <= high"),
        ("if(fear, 1, 0)", "expected a condition"),
        ("fear and surprise", "expected a condition"),
        ("fear / 0", "zero"),
        ("mean_over(fear, 1e9s)", "window"),
        ("mean_over(fear, -1s)", "window"),
        ("mean_over(fear, 0)", "window"),
        ("mean_over(fear, surprise)", "window"),
        ("mean_over(fear, 1e400s)", "out of range"),
        ("0.5s", "seconds"),
        ("fear ** 2", "a power is written"),
        ("fear && surprise", "'and'"),
        ("'fear & surprise'", "'and'"),
        ("fear = surprise", "'=='"),
        ("open(fear)", "unknown function 'open'"),
        ("__import__('os')", "unexpected"),
        ("fear.real", "unexpected|operator"),
        ("sadnes", "did you mean 'sadness'"),
        ("has(nothing)", "unknown signal"),
        ("weighted(fear = 0)", "above 0"),
        ("A", "A"),
        ("1e999", "A"),
        (".nan", "A"),
        ("((((((((((" * 50 + "fear" + "))))))))))" * 50, "nested"),
        ("-" * 3000 + "fear", "nested"),
        ("'" + "not " * 3000 + "true'", "nested"),
        (" + ".join(["fear"] * 5000), "nested|bytes|long"),
        ("x" * 20_000, "A"),
        ("é", "unexpected character 'é'"),
        ('"fear\\0"', "unexpected"),
    ],
)
def test_a_bad_expression_is_refused(expression: str, words: str) -> None:
    with pytest.raises(RuleError, match=words):
        RuleSet.from_string(HEAD + expression)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "map"),
        ("cexpr:1\nname:a\n", "with a space behind the ':'"),
        ("cexpr: 1", "name"),
        ("cexpr: 2\nname: a\ncompounds: {A: fear}", "cexpr"),
        ("cexpr: 1\nname: a\ncompounds: {}", "compound"),
        ("cexpr: 1\nname: a\ncompounds: {A: fear, A: anger}", "twice"),
        ("cexpr: 1\nname: a\ncompounds: {1: fear}", "name"),
        ("cexpr: 1\nname: a\ncompounds: {fear: fear}", "fear"),
        ("cexpr: 1\nname: a\ncompounds: {A: {when: 'true'}}", "score"),
        ("cexpr: 1\nname: a\ncompounds: {A: {score: fear, when: fear}}", "condition"),
        ("cexpr: 1\nname: a\nlet: {b: c, c: d, d: b}\ncompounds: {A: b}", "cycle"),
        ("cexpr: 1\nname: a\nlet: {b: b}\ncompounds: {A: b}", "cycle"),
        ("cexpr: 1\nname: a\nlet: {mean: fear}\ncompounds: {A: fear}", "mean"),
        ("cexpr: 1\nname: a\ncompounds: {A: fear}\nfaces: all", "faces"),
        ("cexpr: 1\nname: a\ncompounds: {A: fear}\nsmooth: {kernel: box}", "radius"),
        ("cexpr: 1\nname: a\ncompounds: {A: fear}\nsmooth: {kernel: gaussian, radius: 3}", "sigma"),
        ("cexpr: 1\nname: a\ncompounds: {A: fear}\nsmooth: {kernel: box, radius: .inf}", "radius"),
        ("cexpr: 1\nname: a\ncompounds: {A: fear}\ndecide: {bias: {B: 1}}", "unknown compound"),
        ("cexpr: 1\nname: a\ncompounds: {A: fear}\ndecide: {abstain_below: .nan}", "number"),
        ("cexpr: 1\nname: a\ncompounds: {A: fear}\ndecide: {min_frames: 1e30}", "frames"),
        ("cexpr: 1\nname: a\ncompounds: {A: fear}\ndecide: {min_frames: 0.5s}", "min_duration"),
        ("cexpr: 1\nname: a\ncompounds: {A: fear}\ndecide: {min_frames: 1.5}", "min_duration"),
        ("cexpr: 1\nname: a\ncompounds: {A: fear}\ntests: [{given: {fear: 1}, expect: B}]", "B"),
        ("cexpr: 1\nname: a\ncompounds: {A: fear}\ntests: {}", "list"),
        ("{{a: b}: c}", "key"),
    ],
)
def test_a_bad_file_is_refused(text: str, words: str) -> None:
    with pytest.raises(RuleError, match=words):
        RuleSet.from_string(text)


def test_many_problems_stay_a_short_list() -> None:
    bad = "".join(f"  A{number}: nothing{number}\n" for number in range(1500))
    with pytest.raises(RuleError) as caught:
        RuleSet.from_string("cexpr: 1\nname: a\ncompounds:\n" + bad)
    assert len(caught.value.problems) <= 201


def test_a_long_chain_of_lets_is_no_recursion() -> None:
    lets = "".join(f"  a{number}: a{number + 1}\n" for number in range(5000))
    attempt(f"cexpr: 1\nname: a\nlet:\n{lets}  a5000: fear\ncompounds: {{A: a0}}\n")


def test_doubling_lets_do_not_grow() -> None:
    lets = "".join(f"  a{number}: a{number + 1} + a{number + 1}\n" for number in range(60))
    attempt(f"cexpr: 1\nname: a\nlet:\n{lets}  a60: fear\ncompounds: {{A: a0}}\n")
    attempt(f"cexpr: 1\nname: a\nlet:\n{lets}  a60: 1\ncompounds: {{A: a0 + fear}}\n")


def test_too_many_windows_are_refused_and_equal_ones_count_once() -> None:
    windows = [f"mean_over(fear, {number})" for number in range(1, 258)]
    with pytest.raises(RuleError, match="257 different functions over time; at most 256"):
        RuleSet.from_string(HEAD + f"sum({', '.join(windows)})")
    attempt(HEAD + f"sum({', '.join(windows[:256] * 2)})")


def test_windows_inside_windows_end() -> None:
    expression = "fear"
    for _ in range(40):
        expression = f"mean_over({expression}, 3600s)"
    attempt(HEAD + expression)


_NAMES = st.sampled_from(["fear", "valence", "AU12", "x", "A", "feer", "1", "0.5", "1e30", "1/0"])
_EXPRESSIONS = st.recursive(
    _NAMES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "^", "<", "==", "and"]), inner).map(
            " ".join
        ),
        st.tuples(
            st.sampled_from(["mean", "gmean", "hmean", "if", "clamp", "log", "has", "sigmoid"]),
            st.lists(inner, max_size=3),
        ).map(lambda call: f"{call[0]}({', '.join(call[1])})"),
        st.tuples(
            st.sampled_from(["mean_over", "max_over", "min_over", "slope_over"]),
            inner,
            st.sampled_from(["3", "0.5s", "0", "1e9s", "fear"]),
        ).map(lambda over: f"{over[0]}({over[1]}, {over[2]})"),
        inner.map("not {}".format),
        inner.map("({})".format),
        inner.map("-{}".format),
    ),
    max_leaves=12,
)
_TEXTS = st.one_of(
    _EXPRESSIONS,
    st.text(alphabet="feararngx()+-*/^<>=,.:0123456789s \té\u2028'\"", max_size=30),
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(),
)


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "cexpr": st.sampled_from([1, 1, 1, 2, "1", None]),
            "name": st.sampled_from(["a", "", 3, None]),
            "compounds": st.dictionaries(
                st.sampled_from(["A", "B", "fear", "mean", "é", "", 5]),
                st.one_of(
                    _TEXTS,
                    st.fixed_dictionaries(
                        {"score": _TEXTS}, optional={"when": _TEXTS, "otherwise": _TEXTS}
                    ),
                ),
                min_size=1,
                max_size=3,
            ),
        },
        optional={
            "let": st.dictionaries(st.sampled_from(["x", "y", "fear", "A"]), _TEXTS, max_size=3),
            "smooth": st.one_of(
                _TEXTS, st.dictionaries(st.sampled_from(["all", "kernel", "radius"]), _TEXTS)
            ),
            "decide": st.dictionaries(
                st.sampled_from(["abstain_below", "bias", "priors", "min_frames"]),
                st.one_of(_TEXTS, st.dictionaries(st.sampled_from(["A", "B"]), _TEXTS)),
            ),
            "tests": st.lists(
                st.fixed_dictionaries({"given": st.just({"fear": 0.5}), "expect": _TEXTS}),
                max_size=2,
            ),
        },
    )
)
def test_any_data_compiles_or_is_refused(data: dict[str, object]) -> None:
    import yaml

    attempt(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_shipped_file_with_a_cut_and_a_paste_compiles_or_is_refused(data: st.DataObject) -> None:
    text = RuleSet.load("circumplex").text
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    paste = data.draw(
        st.one_of(
            st.text(max_size=8),
            st.sampled_from(["&a ", "*a", "- ", ": ", "\n", "\t", "{", "[", "!!x ", "|", ">", "%"]),
        )
    )
    attempt(text[:start] + paste + text[end:])


def test_a_warning_inside_a_folded_text_has_its_own_place() -> None:
    rules = RuleSet.from_string(
        "cexpr: 1\nname: a\ncompounds:\n  A: >-\n    fear *\n    (valence > 3)\n"
    )
    (warning,) = rules.warnings
    assert (warning.line, warning.column, warning.rule) == (6, 6, "A")
    assert "'valence > 3' is never true" in warning.message


@pytest.mark.parametrize(
    ("text", "place", "quoted"),
    [
        (
            "compounds:\n  A: {score: mean(fear, surprise)}\n",
            (4, 23),
            'score: "mean(fear, surprise)"',
        ),
        ("compounds: {A: mean(fear, anger), B: sadness}\n", (3, 25), 'A: "mean(fear, anger)"'),
        (
            "compounds:\n  A: {score: fear, when: 'true', otherwise: clamp(fear, 0, 1)}\n",
            (4, 55),
            'otherwise: "clamp(fear, 0, 1)"',
        ),
        ("let: {a: min(fear, anger)}\ncompounds: {A: a}\n", (3, 18), 'a: "min(fear, anger)"'),
    ],
)
def test_a_comma_inside_braces_is_explained(text: str, place: tuple[int, int], quoted: str) -> None:
    with pytest.raises(RuleError) as caught:
        RuleSet.from_string(f"cexpr: 1\nname: a\n{text}")
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == place
    assert problem.message.startswith("a comma inside { } ends the value, which is '")
    assert f"put the expression in quotes: {quoted}, or write the map without" in problem.message


def test_a_key_that_comes_twice_is_shown_at_both_places() -> None:
    with pytest.raises(RuleError) as caught:
        RuleSet.from_string("cexpr: 1\nname: a\ncompounds:\n  A: fear\n  B: fear\n  A: anger\n")
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (6, 3)
    assert "'A' comes twice in compounds, first in line 4, column 3" in problem.message
