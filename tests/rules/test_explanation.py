"""Explanations as data and as text."""

from __future__ import annotations

import math

import pytest

from cexpr.rules.explanation import CompoundTerm, RowExplanation, Term
from cexpr.rules.rule_set import RuleSet

TEXT = """\
cexpr: 1
name: two
let: {high: fear > 0.3, both: "mean(fear, surprise)"}
compounds:
  A: {score: both * 2, when: high, otherwise: 0.1}
  B: {score: happiness}
decide: {bias: {B: 0.5}}
"""


@pytest.fixture
def rules() -> RuleSet:
    return RuleSet.from_string(TEXT)


def test_the_text_goes_from_the_verdict_to_the_scores_and_the_lets(rules: RuleSet) -> None:
    found = rules.explain_given({"fear": 0.4, "surprise": 0.2, "happiness": 0.3})
    verdict, *lines = str(found).splitlines()
    assert verdict == found.reason == "B with 0.8, 0.2 ahead of A"
    assert lines[0] == "B = 0.3 (with priors and bias 0.8)"
    assert lines[1] == "  happiness = 0.3"
    assert lines[2] == "A = 0.6"
    assert lines[3:5] == ["  when: open", "    high = 1"]
    assert lines[5:7] == ["  both * 2 = 0.6", "    both = 0.3"]
    assert lines[7:9] == ["  otherwise:", "    0.1 = 0.1"]
    assert "let both = 0.3" in lines
    assert (found.winner, found.runner_up) == ("B", "A")


def test_the_best_stand_alone_with_the_lets_that_they_read(rules: RuleSet) -> None:
    found = rules.explain_given({"fear": 0.4, "surprise": 0.2, "happiness": 0.3})
    lines = found.text(1, ["A note."]).splitlines()
    assert lines == [
        found.reason,
        "A note.",
        "B = 0.3 (with priors and bias 0.8)",
        "  happiness = 0.3",
    ]
    assert "let both = 0.3" in found.text(2)


def test_only_the_lets_of_the_shown_rules_stand_below_them_unless_all_are_wanted() -> None:
    rules = RuleSet.from_string(
        "cexpr: 1\nname: a\nlet: {outer: inner + 1, inner: fear, other: anger}\n"
        "compounds: {A: 2 * outer, B: other}"
    )
    found = rules.explain_given({"fear": 0.5})
    lets = [line for line in found.text(1).splitlines() if line.startswith("let ")]
    assert lets == ["let outer = 1.5"]
    assert str(found).count("\nlet ") == 3


def test_the_winner_stands_first_even_where_another_score_that_is_0_is_adjusted_above_it() -> None:
    rules = RuleSet.from_string(
        "cexpr: 1\nname: a\ncompounds: {A: anger, B: fear}\ndecide: {bias: {A: 5}}"
    )
    found = rules.explain_given({"fear": 0.5})
    assert found.winner == "B"
    assert found.text(1).splitlines()[1] == "B = 0.5"


def test_without_a_label_the_best_stands_before_the_second_best() -> None:
    rules = RuleSet.from_string(
        "cexpr: 1\nname: a\ncompounds: {A: anger, B: fear, C: sadness}\n"
        "decide: {abstain_below: 0.8}"
    )
    found = rules.explain_given({"anger": 0.4, "fear": 0.5, "sadness": 0.2})
    assert found.reason.startswith("no label: the highest score, 0.5 of B, is below abstain_below")
    assert (found.winner, found.runner_up) == (None, "B")
    lines = found.text(2).splitlines()
    assert lines[1:] == ["B = 0.5", "  fear = 0.5", "A = 0.4", "  anger = 0.4"]


def test_the_default_shows_the_score_that_the_verdict_names_first() -> None:
    rules = RuleSet.load("default")
    found = rules.explain_given({"happiness": 0.9, "surprise": 0.05, "fear": 0.01})
    names = [line.split(" = ")[0] for line in found.text(2).splitlines() if line[0].isupper()]
    assert names == ["Happily_Surprised", "Fearfully_Surprised"]


def test_where_no_compound_has_a_score_none_is_ahead() -> None:
    rules = RuleSet.from_string("cexpr: 1\nname: a\ncompounds: {A: anger, B: fear}")
    nothing = rules.explain_given({})
    assert (nothing.winner, nothing.runner_up) == (None, None)
    assert [line.split(" = ")[0] for line in str(nothing).splitlines()[1::2]] == ["A", "B"]


def test_a_let_stands_after_those_that_it_reads() -> None:
    rules = RuleSet.from_string(
        "cexpr: 1\nname: a\nlet: {outer: inner + 1, inner: fear}\ncompounds: {A: outer}"
    )
    assert list(rules.explain_given({"fear": 0.5}).lets) == ["inner", "outer"]


def test_a_closed_gate_and_an_unknown_one_say_so(rules: RuleSet) -> None:
    closed = rules.explain_given({"fear": 0.1})
    assert closed.compounds[0].gate_closed
    assert closed.compounds[0].score == pytest.approx(0.1)
    assert "  when: closed" in str(closed).splitlines()
    unknown = rules.explain_given({"fear": math.nan})
    assert "  when: unknown" in str(unknown).splitlines()


def test_an_unknown_score_stands_last(rules: RuleSet) -> None:
    found = rules.explain_given({"fear": 0.4, "surprise": math.nan, "happiness": 0.0})
    names = [line.split(" = ")[0] for line in str(found).splitlines() if line[0] in "AB"]
    assert names == ["B", "A"]


def test_a_number_is_not_explained_and_depth_is_told_by_space() -> None:
    inner = Term("a + 1", "operator", 1.5, (Term("a", "signal", 0.5), Term("1", "number", 1.0)))
    outer = Term("(a + 1) * 2", "operator", 3.0, (inner, Term("2", "number", 2.0)))
    assert list(outer.lines()) == ["(a + 1) * 2 = 3", "  a + 1 = 1.5", "    a = 0.5"]


def test_the_page_of_a_notebook_shows_the_text_and_nothing_that_runs() -> None:
    term = CompoundTerm("<b>", 0.5, 0.5, False, None, Term("fear < 1", "condition", 1.0), None)
    shown = RowExplanation("<b>", None, "why", (term,), {})._repr_html_()
    assert shown == "<pre>why\n&lt;b&gt; = 0.5\n  fear &lt; 1 = 1</pre>"
