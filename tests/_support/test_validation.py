"""What pydantic finds is said in the words of those who wrote the options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cexpr
from cexpr.errors import UsageError
from cexpr.models.manifest import load
from cexpr.options import RunOptions

RAW = ("Input should", "Value error", "Extra inputs", "permitted", "Field required", "[key]")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "nope"}, "unknown option 'model'; did you mean 'models'?"),
        ({"fps": 25}, "unknown option 'fps'; did you mean 'folder_fps'?"),
        ({"zzz": 1}, "unknown option 'zzz'; known: rules, models, blend, "),
        ({"formats": ["xlsx"]}, "formats: expected csv or parquet, got 'xlsx'"),
        ({"formats": []}, "formats: expected at least 1 of them, got an empty list"),
        ({"formats": "csv"}, "formats: expected a list, got 'csv'"),
        ({"folder_fps": -3}, "folder_fps: expected a number above 0, got -3"),
        ({"folder_fps": float("inf")}, "folder_fps: expected a finite number, got inf"),
        ({"threads": 0}, "threads: expected at least 1, got 0"),
        ({"threads": "many"}, "threads: expected a whole number, got 'many'"),
        ({"threads": True}, "threads: expected a whole number, got True"),
        ({"threads": "2"}, "threads: expected a whole number, got '2'"),
        ({"threads": 1.5}, "threads: expected a whole number, got 1.5"),
        ({"folder_fps": "25"}, "folder_fps: expected a number, got '25'"),
        ({"folder_fps": True}, "folder_fps: expected a number, got True"),
        ({"thresholds": {"AU01": "0.5"}}, "thresholds.AU01: expected a number, got '0.5'"),
        ({"abaw": "yes"}, "abaw: expected true or false, got 'yes'"),
        ({"events": 1}, "events: expected true or false, got 1"),
        ({"models": None}, "models: expected a list, got None"),
        ({"blend": "fear=1"}, "blend: expected names with values, got 'fear=1'"),
        ({"blend": {"fear": 1}}, "blend.fear: expected a list, got 1"),
        ({"blend": {"fear": ["1"]}}, "blend.fear: expected a number, got '1'"),
        ({"blend": {"fear": [float("nan")]}}, "blend.fear: expected a finite number, got nan"),
        ({"blend": {"fear": [float("inf")]}}, "blend.fear: expected a finite number, got inf"),
        ({"smooth": "box"}, "smooth: expected names with values, got 'box'"),
        ({"thresholds": [0.5]}, "thresholds: expected names with values, got a list"),
        ({"events": "perhaps"}, "events: expected true or false, got 'perhaps'"),
        ({"rules": 3}, "rules: expected text, got 3"),
        ({"rules": ["x"]}, "rules: expected text, got a list"),
        ({"rules": {"x": 1}}, "rules: expected text, got names with values"),
        ({"blend": {"fear": ["a"]}}, "blend.fear: expected a number, got 'a'"),
        ({"thresholds": {"AU01": 7}}, "thresholds.AU01: expected at most 1, got 7"),
        (
            {"smooth": {"compound": {"kernel": "none"}}},
            "smooth: unknown option 'compound'; did you mean 'compounds'?",
        ),
        (
            {"smooth": {"compounds": {"kernel": "none", "radus": 1}}},
            "smooth.compounds: unknown option 'radus'; did you mean 'radius'?",
        ),
        (
            {"smooth": {"compounds": {"kernel": "box"}}},
            "smooth.compounds: radius: the box kernel needs one, in frames (10) or seconds",
        ),
        ({"smooth": {"compounds": {}}}, "smooth.compounds: option 'kernel' is missing"),
    ],
)
def test_a_problem_is_one_plain_sentence(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        RunOptions.checked(options)
    assert str(caught.value).startswith(message)
    assert not any(words in str(caught.value) for words in RAW)
    assert "; " not in str(caught.value).replace("; did", "").replace("; known", "")


def test_names_are_those_that_the_user_typed() -> None:
    with pytest.raises(UsageError, match="--fps: expected a number above 0"):
        RunOptions.checked({"folder_fps": -3}, {"folder_fps": "--fps"})


def test_long_values_and_many_problems_are_cut() -> None:
    with pytest.raises(UsageError) as caught:
        RunOptions.checked({"threads": "x" * 1000, **{f"zzz{number}": 1 for number in range(9)}})
    assert "got 'xxx" in str(caught.value)
    assert "x" * 50 not in str(caught.value)
    assert str(caught.value).endswith("; and 5 more")


def test_a_misspelt_option_is_named() -> None:
    with pytest.raises(UsageError, match="unknown option 'model'; did you mean 'models'"):
        RunOptions.checked({"model": "nope"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("color: gray", "colour: gray"), "input: unknown key 'colour'; did you mean 'color'?"),
        (("licence: CC0", "license: CC0"), "unknown key 'license'; did you mean 'licence'?"),
        (("licence: CC0\n", ""), "key 'licence' is missing"),
        (("cexpr_model: 1", "cexpr_model: 2"), "cexpr_model: expected 1, got 2"),
        (("size: 8", "size: large"), "input.size: expected a whole number, got 'large'"),
        (("size: 8", "size: 4"), "input.size: expected at least 8, got 4"),
        (
            ("activation: softmax", "activaton: softmax"),
            "outputs.expression: unknown key 'activaton'; did you mean 'activation'?",
        ),
        (("file: m.onnx\n", ""), "expected file or url"),
    ],
)
def test_a_manifest_is_corrected_key_by_key(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    good = """cexpr_model: 1
id: m
file: m.onnx
licence: CC0
input: {size: 8, color: gray, mean: [0], std: [1], face: {box_margin: 0}}
outputs:
  expression:
    tensor: output
    activation: softmax
    labels: [anger, fear]
"""
    path = tmp_path / "m.yaml"
    path.write_text(good, encoding="utf-8")
    assert load(path).id == "m"
    path.write_text(good.replace(*change), encoding="utf-8")
    with pytest.raises(cexpr.ModelError) as caught:
        load(path)
    assert message in str(caught.value)
    assert not any(words in str(caught.value) for words in RAW)
