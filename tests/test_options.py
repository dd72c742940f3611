"""Options: checked in one place, with messages that name the option."""

from __future__ import annotations

from pathlib import Path

import pytest

from cexpr.errors import UsageError
from cexpr.options import RunOptions, parse_blend, read_config
from cexpr.rules.rule_set import RuleSet


def test_defaults_are_those_of_the_contract() -> None:
    options = RunOptions()
    assert (options.rules, options.detector, options.formats) == ("default", "mtcnn", ("csv",))
    assert not options.abaw


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        RunOptions.checked({"threads": 0, "formats": ["xlsx"], "colour": "red"})
    for word in ("threads", "formats", "xlsx", "colour"):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_order_and_repetition_of_formats_change_nothing() -> None:
    first = RunOptions.checked({"formats": ["parquet", "csv", "csv"]})
    assert first == RunOptions.checked({"formats": ["csv", "parquet"]})


def test_blend_weights_are_read_by_name() -> None:
    assert parse_blend(["expression=0.8,0.2", "fear=1,0"]) == {
        "expression": (0.8, 0.2),
        "fear": (1.0, 0.0),
    }


@pytest.mark.parametrize("text", ["expression", "=1,2", "fear=", "fear=a,b", "fear=nan,1"])
def test_weights_in_another_form_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected NAME=W,W"):
        parse_blend([text])


def test_weights_for_one_name_are_given_once() -> None:
    with pytest.raises(UsageError, match="each NAME once"):
        parse_blend(["fear=1,0", "fear=0,1"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("smooth: {expression: {kernel: box}}", "a kernel needs radius"),
        ("smooth: {expression: {kernel: gaussian, radius: 3}}", "sigma belongs to the gaussian"),
        ("smooth: {expression: {kernel: box, radius: 3, sigma: 1}}", "sigma belongs to"),
        (
            "smooth: {expressions: {kernel: none}}",
            "smooth: unknown option 'expressions'; did you mean 'expression'",
        ),
        ("thresholds: {AU03: 0.5}", "not AU03"),
        ("thresholds: {AU01: 1.5}", "thresholds.AU01"),
        ("detectors: mtcnn", "detectors"),
        ("- mtcnn", "expected options by name"),
        ("{", "cannot be read"),
    ],
)
def test_a_wrong_options_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "options.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message) as caught:
        read_config(path)
    assert str(path) in str(caught.value)


def test_a_smoothing_stands_in_for_its_group_alone() -> None:
    of_rules = RuleSet.load("hsemotion-mean").smooth
    one = {"kernel": "gaussian", "radius": 4, "sigma": 1.5, "window": "rows"}
    options = RunOptions.checked({"smooth": {"action_units": one}})
    smoothings = options.smoothings(of_rules)
    assert {**smoothings, "action_units": of_rules["action_units"]} == of_rules
    assert smoothings["action_units"]["kernel"] == "gaussian"
    assert smoothings["action_units"]["radius"] == (4.0, "frames")
    assert smoothings["action_units"]["sigma"] == (1.5, "frames")
    assert smoothings["action_units"]["window"] == "rows"
    assert RunOptions().smoothings(of_rules) == of_rules


def test_files_are_looked_for_here_and_then_beside_the_options_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, here = tmp_path / "tuned", tmp_path / "here"
    folder.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    path = folder / "options.yaml"
    path.write_text(
        "models: [heads.onnx, cexpr-s, both.onnx, nowhere.onnx]\nrules: mine.yaml\n"
        "detector_model: yunet.onnx\n",
        encoding="utf-8",
    )
    for name in ("heads.onnx", "both.onnx", "mine.yaml", "yunet.onnx", "cexpr-s"):
        (folder / name).touch()
    (here / "both.onnx").touch()
    values = read_config(path)
    beside = str(folder / "heads.onnx")
    assert values["models"] == [beside, "cexpr-s", "both.onnx", "nowhere.onnx"]
    assert values["rules"] == str(folder / "mine.yaml")
    assert values["detector_model"] == str(folder / "yunet.onnx")
