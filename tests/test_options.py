"""Options: checked in one place, with messages that name the option."""

from __future__ import annotations

import pickle
import pydoc
from pathlib import Path

import numpy as np
import pytest

from cexpr.errors import UsageError
from cexpr.options import RunOptions, read_config
from cexpr.rules.rule_set import RuleSet
from cexpr.smoothing import Smoothing


def test_defaults_are_those_of_the_contract() -> None:
    options = RunOptions()
    assert (options.rules, options.detector, options.formats) == ("default", "mtcnn", ("csv",))
    assert not options.abaw


def test_a_single_model_may_be_named_without_a_list(tmp_path: Path) -> None:
    assert RunOptions(models="cexpr-s") == RunOptions(models=["cexpr-s"])
    path = tmp_path / "options.yaml"
    path.write_text("models: cexpr-s", encoding="utf-8")
    assert read_config(path)["models"] == ["cexpr-s"]


def test_numbers_of_numpy_are_numbers() -> None:
    options = RunOptions(
        threads=np.int64(3), folder_fps=np.float32(25), blend={"fear": np.array([1.0, 2.0])}
    )
    assert (options.threads, options.folder_fps) == (3, 25.0)
    assert options.blend == {"fear": (1.0, 2.0)}


def test_help_shows_the_options_and_not_the_library_that_checks_them() -> None:
    text = pydoc.render_doc(RunOptions, renderer=pydoc.plaintext)
    for shown in ("threads: int = 2", "blend: dict[str, tuple[float, ...]] = {}", "smoothings("):
        assert shown in text
    for hidden in ("<function", "Annotated", "model_", "__pydantic", "FieldInfo"):
        assert hidden not in text
    assert [name for name in dir(RunOptions) if name[0] != "_"] == ["checked", "smoothings"]


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        RunOptions.checked({"threads": 0, "formats": ["xlsx"], "colour": "red"})
    for word in ("threads", "formats", "xlsx", "colour"):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_order_and_repetition_of_formats_change_nothing() -> None:
    first = RunOptions.checked({"formats": ["parquet", "csv", "csv"]})
    assert first == RunOptions.checked({"formats": ["csv", "parquet"]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("smooth: {expression: {kernel: box}}", "radius: the box kernel needs one"),
        ("smooth: {expression: {kernel: box, radius: 0}}", "a kernel needs radius, at least 1"),
        ("smooth: {expression: {kernel: gaussian, radius: 3}}", "sigma belongs to the gaussian"),
        ("smooth: {expression: {kernel: box, radius: 3, sigma: 1}}", "sigma belongs to"),
        (
            "smooth: {expressions: {kernel: none}}",
            "smooth: unknown option 'expressions'; did you mean 'expression'",
        ),
        ("thresholds: {AU03: 0.5}", "not AU03"),
        ("thresholds: {AU01: 1.5}", "thresholds.AU01"),
        ("min_quality: 1.5", "min_quality"),
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
    filled = of_rules["action_units"].filled
    assert smoothings["action_units"] == Smoothing("gaussian", 4, 1.5, "rows", filled)
    assert RunOptions().smoothings(of_rules) == of_rules
    assert RunOptions(smooth=of_rules).smoothings(of_rules) == of_rules


def test_a_smoothing_keeps_what_the_rules_say_of_filled_frames_unless_it_says_so_itself() -> None:
    of_rules = RuleSet.from_string(
        "cexpr: 1\nname: a\ncompounds: {A: fear}\n"
        "smooth: {compounds: {kernel: box, radius: 2, filled: skip}}"
    ).smooth
    for filled, expected in ((None, "skip"), ("count", "count")):
        options = RunOptions(smooth={"compounds": Smoothing("box", 5, filled=filled)})
        assert options.smoothings(of_rules)["compounds"] == Smoothing("box", 5, filled=expected)


def test_smoothings_are_recorded_by_attribute_and_read_back() -> None:
    given = {"expression": {"kernel": "gaussian", "radius": 3.0, "sigma": 1}}
    options = RunOptions.checked({"smooth": given})
    dumped = options.model_dump(mode="json")
    expected = {"kernel": "gaussian", "radius": 3, "sigma": 1.0, "window": "frames"}
    assert dumped["smooth"] == {"expression": expected}
    assert repr(dumped["smooth"]["expression"]) == repr(expected)
    assert RunOptions.checked(dumped) == options
    assert pickle.loads(pickle.dumps(options)) == options


def test_options_refuse_in_the_words_of_cexpr_however_they_are_made() -> None:
    for make in (lambda: RunOptions(rulez="x"), lambda: RunOptions.checked({"rulez": "x"})):
        with pytest.raises(UsageError, match=r"^unknown option 'rulez'; did you mean 'rules'"):
            make()


def test_another_kind_of_file_is_named_with_the_argument_that_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    for text, kind, remedy in (
        ("compounds: {A: fear}", "a rule file", "rules"),
        ("cexpr_model: 1", "the manifest of a model", "models"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError) as caught:
            read_config(path)
        assert str(caught.value) == f"{path}: is {kind}, not an options file"
        assert caught.value.remedies == (remedy,)


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


def test_a_turn_is_a_number_or_auto() -> None:
    for value, expected in (("90", 90), (np.int64(180), 180), ("auto", "auto"), (0, 0)):
        assert RunOptions(rotate=value).rotate == expected
    for wrong in ("45", 360, "left", True, None):
        with pytest.raises(UsageError, match="rotate: expected auto, 0, 90, 180 or 270, got"):
            RunOptions(rotate=wrong)
