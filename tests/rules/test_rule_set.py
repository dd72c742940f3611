"""The class `RuleSet`: loading, evaluating, deciding, explaining, pickling."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cexpr.errors import RuleError
from cexpr.rules.rule_set import RuleSet
from cexpr.signals import SIGNALS

TEXT = """\
cexpr: 1
name: two
about: two & <more>
source: nowhere
let:
  negative: valence < 0
compounds:
  Fearfully_Surprised: {score: "mean(fear, surprise)", when: negative}
  Happily_Surprised: {score: "mean(happiness, surprise)", when: not negative}
tests:
  - given: {fear: 0.5, surprise: 0.4, valence: -0.3}
    expect: Fearfully_Surprised
"""
NAMES = ["surprise", "fear", "valence", "happiness"]


def rows(*values: tuple[float, ...]) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def problems_of(text: str) -> list[tuple[int, int, str, str]]:
    with pytest.raises(RuleError) as caught:
        RuleSet.from_string(text, "mine.yaml")
    found = caught.value.problems
    assert str(caught.value) == "\n".join(map(str, found))
    return [(one.line, one.column, one.rule, one.message) for one in found]


def test_the_parts_of_a_file_are_attributes() -> None:
    rules = RuleSet.from_string(TEXT)
    assert (rules.name, rules.about, rules.source) == ("two", "two & <more>", "nowhere")
    assert rules.compounds == ["Fearfully_Surprised", "Happily_Surprised"]
    assert rules.signals == ["fear", "happiness", "surprise", "valence"]
    assert (rules.faces, rules.gaps, rules.gaps_at_most) == ("max", "interpolate", (1.0, "seconds"))
    assert not rules.looks_over_time
    assert rules.text == TEXT
    assert len(rules.sha256) == 64


def test_arrays_may_lie_in_memory_as_they_like() -> None:
    rules = RuleSet.from_string("cexpr: 1\nname: a\ncompounds: {A: fear, B: surprise}")
    signals = np.random.default_rng(0).random((6, 4), np.float32)
    names = ["fear", "anger", "surprise", "sadness"]
    scores = rules.evaluate(signals, names)
    for other in (np.asfortranarray(signals), np.repeat(signals, 2, axis=1)[:, ::2]):
        np.testing.assert_array_equal(rules.evaluate(other, names), scores)
    np.testing.assert_array_equal(rules.decide(np.asfortranarray(scores)), rules.decide(scores))


def test_evaluate_reads_columns_by_name_in_any_order() -> None:
    rules = RuleSet.from_string(TEXT)
    signals = rows((0.4, 0.5, -0.3, 0.1), (0.4, 0.5, 0.3, 0.1), (0.4, 0.5, np.nan, 0.1))
    scores = rules.evaluate(signals, names=NAMES)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores[:2], [[0.45, 0], [0, 0.25]], rtol=1e-6)
    assert np.isnan(scores[2]).all()
    labels = rules.decide(scores)
    assert labels.dtype == np.int32
    assert labels.tolist() == [0, 1, -1]


def test_no_rows_give_no_scores() -> None:
    rules = RuleSet.from_string(TEXT)
    assert rules.evaluate(np.zeros((0, 4), np.float32), names=NAMES).shape == (0, 2)
    assert rules.decide(np.zeros((0, 2), np.float32)).shape == (0,)


def test_a_missing_signal_is_refused_with_its_place() -> None:
    rules = RuleSet.from_string(TEXT, "mine.yaml")
    (problem,) = rules.missing(["fear", "happiness", "surprise"])
    assert (problem.line, problem.column) == (6, 13)
    with pytest.raises(RuleError, match=r"mine\.yaml:6:13: negative: .*valence"):
        rules.evaluate(rows((0, 0, 0)), names=["fear", "happiness", "surprise"])
    assert rules.missing(SIGNALS) == []


def test_wrong_arrays_are_refused() -> None:
    rules = RuleSet.from_string(TEXT)
    with pytest.raises(ValueError, match="signals"):
        rules.evaluate(np.zeros((2, 3), np.float32), names=NAMES)
    with pytest.raises(ValueError, match="surprise"):
        rules.evaluate(np.zeros((2, 4), np.float32), names=["surprise", *NAMES[:3]])
    for names in ("fear", [1, 2, 3, 4]):
        with pytest.raises(TypeError, match="names: expected a sequence of strings"):
            rules.evaluate(np.zeros((2, 4), np.float32), names=names)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="scores"):
        rules.decide(np.zeros((2, 3), np.float32))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"signals": None}, TypeError, "signals: expected float32, .* got NoneType"),
        ({"signals": "fear"}, TypeError, "signals: expected float32, .* got str"),
        ({"signals": [["a"]]}, TypeError, "signals: expected numbers, got 'a'"),
        ({"signals": np.zeros((2, 4), bool)}, TypeError, "signals: .* got dtype bool"),
        ({"signals": np.zeros((2, 4), complex)}, TypeError, "signals: .* got dtype complex128"),
        ({"signals": np.full((2, 4), 1e300)}, ValueError, r"signals: 1e\+300 is out of the range"),
        ({"signals": np.zeros(4)}, ValueError, "signals: expected float32, shape"),
        ({"names": None}, TypeError, "names: expected a sequence of strings; got None"),
        ({"names": set(NAMES)}, TypeError, "names: expected a sequence of strings; got {"),
        ({"signals": [[1, 2, 3, 4], [1]]}, TypeError, "signals: .* row 1 has 1 value, row 0 has 4"),
        (
            {"signals": pd.DataFrame(np.zeros((2, 4)), columns=NAMES[::-1])},
            ValueError,
            f"signals: expected column 0 of the data frame to be '{NAMES[0]}', got '{NAMES[3]}'",
        ),
        ({"names": 3}, TypeError, "names: expected a sequence of strings; got 3"),
        ({"frames": [0.5, 1.0]}, TypeError, r"frames: expected whole numbers, got 0\.5"),
        ({"frames": "ab"}, TypeError, "frames: expected int64"),
        ({"times": ["a", "b"]}, TypeError, "times: expected numbers, got 'a'"),
        ({"tracks": [1, np.nan]}, TypeError, "tracks: expected whole numbers, got nan"),
        ({"tracks": [1]}, ValueError, "tracks"),
        ({"windows": None}, TypeError, "windows: expected text, got None"),
        ({"windows": "both"}, ValueError, "windows: expected 'centred' or 'trailing'"),
    ],
)
def test_wrong_arguments_are_named(
    change: dict[str, object], error: type[Exception], message: str
) -> None:
    rules = RuleSet.from_string(TEXT)
    arguments = {"signals": np.zeros((2, 4), np.float32), "names": NAMES, **change}
    for method in (rules.evaluate, rules.explain):
        with pytest.raises(error, match=message):
            method(**arguments)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        (None, TypeError, "row: expected a whole number, got None"),
        (0.0, TypeError, r"row: expected a whole number, got 0\.0"),
        (-1, ValueError, "row: expected at least 0; got -1"),
        (2, ValueError, "row: expected less than 2, got 2"),
        (2**70, ValueError, "row: 118059.* is out of the range of int64"),
    ],
)
def test_a_row_that_is_not_there_is_not_explained(
    row: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        RuleSet.from_string(TEXT).explain(np.zeros((2, 4)), NAMES, row=row)  # type: ignore[arg-type]


def test_numbers_of_other_types_give_the_same() -> None:
    rules = RuleSet.from_string(
        "cexpr: 1\nname: t\ncompounds: {A: 'mean_over(fear, 2s)', B: anger}"
    )
    signals = rows((0.1, 0.4), (0.3, 0.2), (0.6, 0.7))
    names, times, tracks = ["fear", "anger"], np.array([0.0, 1.0, 2.0]), np.array([1, 1, 2])
    expected = rules.evaluate(signals, names, times=times, tracks=tracks)
    for cast in (np.float64, np.ndarray.tolist, pd.DataFrame):
        found = rules.evaluate(
            cast(signals), names, times=[0, 1, 2], tracks=tracks.astype(np.int32)
        )
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(rules.decide(cast(expected)), rules.decide(expected))
    frame = pd.DataFrame(signals.astype(np.float64), columns=names)
    found = rules.evaluate(frame, frame.columns, times=pd.Series(times), tracks=[1.0, 1.0, 2.0])
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("scores", [None, "ab", [["a", "b"]], np.zeros((2, 2), bool)])
def test_scores_that_are_not_numbers_are_refused(scores: object) -> None:
    with pytest.raises(TypeError, match=r"scores: expected (float32|numbers)"):
        RuleSet.from_string(TEXT).decide(scores)  # type: ignore[arg-type]


def test_columns_of_scores_are_the_compounds_in_their_order() -> None:
    rules = RuleSet.from_string(TEXT)
    scores = pd.DataFrame([[0.1, 0.9]], columns=rules.compounds)
    assert rules.decide(scores).tolist() == [1]
    with pytest.raises(ValueError, match=f"scores: expected column 0 .* '{rules.compounds[0]}'"):
        rules.decide(scores[rules.compounds[::-1]])


def test_a_masked_signal_is_unknown() -> None:
    rules = RuleSet.from_string("cexpr: 1\nname: t\ncompounds: {A: fear, B: anger}")
    masked = np.ma.array([[0.5, 0.9]], mask=[[0, 1]])
    found = rules.evaluate(masked, ["fear", "anger"])
    np.testing.assert_array_equal(found, np.float32([[0.5, np.nan]]))


def test_texts_and_paths_of_another_type_are_refused() -> None:
    for make in (RuleSet.from_string, RuleSet):
        with pytest.raises(TypeError, match="text: expected text, got 3"):
            make(3)  # type: ignore[operator]
    with pytest.raises(TypeError, match="data: expected a dict, got None"):
        RuleSet.from_dict(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="given: expected a dict, got 'fear'"):
        RuleSet.from_string(TEXT).explain_given("fear")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="given: expected names of signals, got 1"):
        RuleSet.from_string(TEXT).explain_given({1: 2})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="path: expected a path or a name, got None"):
        RuleSet.load(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="fear: expected a number, got 'much'"):
        RuleSet.from_string(TEXT).explain_given({"fear": "much"})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="names: expected a sequence of strings; got None"):
        RuleSet.from_string(TEXT).missing(None)  # type: ignore[arg-type]


def test_without_an_index_seconds_see_one_row_and_frames_see_neighbours() -> None:
    text = "cexpr: 1\nname: t\ncompounds: {%s: 'mean_over(fear, %s)'}"
    signals = rows((0.0,), (0.3,), (0.6,))
    seconds = RuleSet.from_string(text % ("A", "2s"))
    assert seconds.looks_over_time
    np.testing.assert_allclose(seconds.evaluate(signals, ["fear"]), signals)
    frames = RuleSet.from_string(text % ("A", "3"))
    expected = [[0.15], [0.3], [0.45]]
    np.testing.assert_allclose(frames.evaluate(signals, ["fear"]), expected, rtol=1e-6)
    times = np.array([0.0, 1.0, 2.0])
    np.testing.assert_allclose(
        seconds.evaluate(signals, ["fear"], times=times), expected, rtol=1e-6
    )
    tracks = np.array([1, 2, 1], dtype=np.int64)
    np.testing.assert_allclose(
        seconds.evaluate(signals, ["fear"], times=times * 0, tracks=tracks),
        [[0.3], [0.3], [0.3]],
        rtol=1e-6,
    )


def test_explain_tells_every_value_and_why_one_won() -> None:
    found = RuleSet.from_string(TEXT).explain(rows((0.4, 0.5, -0.3, 0.1)), NAMES)
    assert (found.winner, found.runner_up) == ("Fearfully_Surprised", None)
    first, second = found.compounds
    assert first.score == pytest.approx(0.45)
    assert not first.gate_closed
    assert second.gate_closed
    assert second.score == 0
    assert first.when is not None
    assert (first.when.text, first.when.value) == ("negative", 1)
    negative = found.lets["negative"]
    assert (negative.text, negative.value) == ("valence < 0", 1)
    assert negative.parts[0].value == pytest.approx(-0.3)
    values = {term.text: term.value for term in first.score_term.parts}
    assert values == pytest.approx({"fear": 0.5, "surprise": 0.4})
    text = str(found)
    assert text.splitlines()[:2] == [found.reason, "Fearfully_Surprised = 0.45"]
    assert "when: closed" in text
    assert "let negative = 1\n  valence < 0 = 1\n    valence = -0.3" in text
    assert found.reason


def test_explain_tells_why_there_is_no_label() -> None:
    rules = RuleSet.from_string(TEXT)
    unknown = rules.explain(rows((0.4, 0.5, np.nan, 0.1)), NAMES)
    assert unknown.reason == "no label: every score is unknown"
    assert "  when: unknown\n" in str(unknown)
    gated = RuleSet.from_string("cexpr: 1\nname: a\ncompounds: {A: {score: 1, when: fear > 0.5}}")
    assert gated.explain_given({}).reason == "no label: every gate is closed"
    plain = RuleSet.from_string(
        "cexpr: 1\nname: a\ncompounds: {A: fear, B: {score: 1, when: false}}"
    )
    assert plain.explain_given({}).reason == "no label: every score is 0 or unknown"


def test_explain_given_refuses_what_is_no_signal() -> None:
    rules = RuleSet.from_string(TEXT)
    assert rules.explain_given({"happiness": 0.8}).winner == "Happily_Surprised"
    with pytest.raises(RuleError, match="did you mean 'fear'"):
        rules.explain_given({"feer": 0.8})


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_rule_set_pickles_as_its_text(again: object) -> None:
    rules = RuleSet.from_string(TEXT, "mine.yaml")
    other = again(rules)  # type: ignore[operator]
    signals = rows((0.4, 0.5, -0.3, 0.1))
    np.testing.assert_array_equal(other.evaluate(signals, NAMES), rules.evaluate(signals, NAMES))
    assert (other.text, other.file, other.sha256) == (rules.text, "mine.yaml", rules.sha256)


def test_an_error_pickles_with_its_problems() -> None:
    with pytest.raises(RuleError) as caught:
        RuleSet.from_string("cexpr: 1\nname: a\ncompounds: {A: feer}")
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.problems == caught.value.problems
    assert again.exit_code == 2


def test_it_shows_itself() -> None:
    rules = RuleSet.from_string(TEXT, "mine.yaml")
    assert "two" in repr(rules)
    assert "Happily_Surprised" in repr(rules)
    shown = rules._repr_html_()
    assert "two &amp; &lt;more&gt;" in shown
    assert "<td>1</td><td>Happily_Surprised</td>" in shown
    found = rules.explain_given({"fear": 0.5, "valence": -0.2})._repr_html_()
    assert "\nFearfully_Surprised = 0.25\n" in found
    assert "valence &lt; 0 = 1" in found


def test_a_dict_is_the_same_as_its_yaml() -> None:
    rules = RuleSet.from_dict(
        {
            "cexpr": 1,
            "name": "built",
            "let": {"negative": "valence < 0"},
            "compounds": {"A": {"score": "fear", "when": "negative"}, "B": "mean(fear, anger)"},
            "decide": {"abstain_below": 0.25},
            "tests": [{"given": {"fear": 0.5, "valence": -1.0}, "expect": "A"}],
        }
    )
    assert rules.compounds == ["A", "B"]
    assert rules.run_tests()[0]["passed"]
    assert rules.decide(rows((0.2, 0.1), (0.3, 0.1))).tolist() == [-1, 0]


def test_a_dict_that_is_no_data_is_refused() -> None:
    with pytest.raises(TypeError, match="expected dicts"):
        RuleSet.from_dict({"cexpr": 1, "name": "a", "compounds": {"A": object()}})
    endless: dict[str, object] = {"cexpr": 1}
    endless["compounds"] = endless
    with pytest.raises(RuleError, match="still open"):
        RuleSet.from_dict(endless)
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(RuleError, match="nested"):
        RuleSet.from_dict({"cexpr": deep})


def test_load_takes_files_and_names(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(TEXT, encoding="utf-8")
    for path in (file, str(file)):
        assert RuleSet.load(path).name == "two"
    assert RuleSet.load("hsemotion-mean").name == "hsemotion-mean"
    with pytest.raises(RuleError, match="did you mean 'hsemotion-mean'"):
        RuleSet.load("hsemotion-meen")
    with pytest.raises(RuleError, match=r"missing\.yaml: no such file"):
        RuleSet.load(tmp_path / "missing.yaml")
    with pytest.raises(RuleError, match="cannot be read"):
        RuleSet.load(tmp_path)


def test_a_name_goes_before_a_folder_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "default").mkdir()
    monkeypatch.chdir(tmp_path)
    assert RuleSet.load("default").name == "default"
    (tmp_path / "rules").write_text(TEXT, encoding="utf-8")
    assert RuleSet.load("rules").name == "two"


def test_every_problem_is_told_in_order() -> None:
    found = problems_of(
        "cexpr: 1\nname: a\nsmoth: {}\ncompounds:\n  A: mean(fear, suprise)\n  B: (fear\n"
    )
    assert [(line, column) for line, column, *_ in found] == [(3, 1), (5, 17), (6, 6)]
    assert "did you mean 'smooth'" in found[0][3]
    assert "did you mean 'surprise'" in found[1][3]
    assert found[1][2] == "A"


@pytest.mark.parametrize(
    ("scalar", "place"),
    [
        ("mean(fear, angr)", (4, 17)),
        ("'mean(fear, angr)'", (4, 18)),
        ("mean(fear,\n    angr)", (5, 5)),
        (">-\n    mean(fear,\n      angr)", (6, 7)),
        ("|\n    mean(fear,\n      angr)", (6, 7)),
    ],
)
def test_a_problem_in_an_expression_stands_at_its_character(
    scalar: str, place: tuple[int, int]
) -> None:
    ((line, column, _, message),) = problems_of(f"cexpr: 1\nname: a\ncompounds:\n  A: {scalar}\n")
    assert "did you mean 'anger'" in message
    assert (line, column) == place
