"""The crowd benchmark: its definition, its scores and its reader."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

import cexpr
from builders.tiny_model import write_tiny_model
from cexpr.cli import app
from cexpr.errors import UsageError
from cexpr.evaluation import crowd
from cexpr.evaluation.crowd import VOTE_COLUMNS, crowd_labels
from cexpr.rules.rule_set import RuleSet


def votes(**counts: int) -> np.ndarray:
    return np.array([[counts.get(name, 0) for name in VOTE_COLUMNS]], dtype=np.int64)


@pytest.mark.parametrize(
    ("counts", "label"),
    [
        ({"fear": 5, "surprise": 5}, 0),
        ({"happiness": 3, "surprise": 3, "neutral": 4}, 1),
        ({"sadness": 4, "surprise": 4, "unknown": 2}, 2),
        ({"disgust": 2, "surprise": 7, "anger": 1}, 3),
        ({"anger": 2, "surprise": 8}, 4),
        ({"sadness": 3, "fear": 5, "contempt": 2}, 5),
        ({"sadness": 6, "anger": 3, "surprise": 1}, 6),
        # One tagger is not enough, nor is less than 60 %, nor a tie with a third emotion.
        ({"fear": 1, "surprise": 9}, -1),
        ({"fear": 2, "surprise": 3, "neutral": 5}, -1),
        ({"fear": 2, "surprise": 6, "anger": 2}, -1),
        # A pair that is none of the seven.
        ({"happiness": 5, "sadness": 5}, -1),
        # Neutral and contempt may have more votes than one of the pair.
        ({"fear": 4, "surprise": 2, "contempt": 4}, 0),
    ],
)
def test_a_compound_is_two_emotions_ahead_of_all_others(counts: dict[str, int], label: int) -> None:
    assert crowd_labels(votes(**counts)).tolist() == [label]


def test_a_face_with_nine_votes_needs_six_of_them() -> None:
    assert crowd_labels(votes(fear=3, surprise=3, neutral=3)).tolist() == [0]
    assert crowd_labels(votes(fear=3, surprise=2, neutral=4)).tolist() == [-1]


def test_the_validation_faces_hold_the_known_compounds(shared: Path) -> None:
    faces = crowd.read_faces(shared / "data" / "ferplus_valid.npz")
    labels = crowd_labels(faces.votes)
    assert np.bincount(labels[labels >= 0]).tolist() == [138, 84, 11, 2, 51, 27, 50]


def test_scores_equal_their_definitions() -> None:
    labels = np.array([0, 0, 0, 1, 1, 6, -1], dtype=np.int32)
    predicted = np.array([0, 0, 1, 1, -1, 9, 0], dtype=np.int32)
    result = crowd.score(labels, predicted)
    assert result.faces == 6
    assert result.accuracy == pytest.approx(3 / 6)
    # Class 0: 2 hits, 3 faces, 2 named. Class 1: 1 hit, 2 faces, 2 named. Class 6: no hit.
    assert result.f1 == pytest.approx([4 / 5, 2 / 4, 0, 0, 0, 0, 0])
    assert result.macro_f1 == pytest.approx((4 / 5 + 2 / 4) / 7)
    assert result.confusion[6].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]
    with pytest.raises(ValueError, match=r"expected shape \(7,\)"):
        crowd.score(labels, predicted[:3])


def test_no_faces_score_nothing() -> None:
    nothing = np.zeros(0, dtype=np.int32)
    assert crowd.score(nothing, nothing).accuracy == 0.0
    assert crowd.score(nothing, nothing).macro_f1 == 0.0


def test_the_margin_holds_the_truth_and_repeats() -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 7, 400).astype(np.int32)
    better = np.where(random.uniform(size=400) < 0.8, labels, (labels + 1) % 7).astype(np.int32)
    worse = np.where(random.uniform(size=400) < 0.5, labels, (labels + 1) % 7).astype(np.int32)
    margin = crowd.bootstrap_margin(labels, better, worse, rounds=300)
    for measure in ("accuracy", "macro_f1"):
        ahead, low, high = margin[measure]
        assert 0 < low < ahead < high
        assert low < 0.3 < high
    assert crowd.bootstrap_margin(labels, better, worse, rounds=300) == margin
    same = crowd.bootstrap_margin(labels, worse, worse, rounds=100)
    assert set(same.values()) == {(0.0, 0.0, 0.0)}


def test_files_that_are_no_faces_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "other.npz", images=np.zeros((2, 3)), votes=np.zeros((2, 10)))
    np.savez(tmp_path / "lacking.npz", images=np.zeros((2, 3, 3), np.uint8))
    for name in ("text.npz", "other.npz", "lacking.npz", "missing.npz"):
        with pytest.raises(UsageError, match="expected"):
            crowd.read_faces(tmp_path / name)
    with pytest.raises(UsageError, match=r"label\.csv"):
        crowd.read_faces(tmp_path)


def test_a_folder_of_images_with_a_table_is_read(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    images = random.integers(0, 256, (3, 48, 48), dtype=np.uint8)
    rows = []
    for number, image in enumerate(images):
        cv2.imwrite(str(tmp_path / f"fer{number:07d}.png"), image)
        counts = ",".join(map(str, np.roll([7, 3, 0, 0, 0, 0, 0, 0, 0, 0], number)))
        rows.append(f'fer{number:07d}.png,"(0, 0, 48, 48)",{counts}')
    (tmp_path / "label.csv").write_text("\n".join(rows) + "\n")
    faces = crowd.read_faces(tmp_path)
    np.testing.assert_array_equal(faces.images, images)
    assert faces.votes[1].tolist() == [0, 7, 3, 0, 0, 0, 0, 0, 0, 0]


def test_faces_are_sampled_as_those_of_a_clip(tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path)
    random = np.random.default_rng(4)
    # They shrink five times, where samplings differ.
    images = random.integers(0, 256, (18, 40, 40), dtype=np.uint8)
    (tmp_path / "clip").mkdir()
    for number, image in enumerate(images, start=1):
        cv2.imwrite(str(tmp_path / "clip" / f"{number}.png"), image)
    rules = RuleSet.from_dict({"cexpr": 1, "name": "one", "compounds": {"Sadly_Angry": "anger"}})
    rows = cexpr.analyze(tmp_path / "clip", rules, str(model), detector="full-frame").faces
    faces = crowd.CrowdFaces(images, np.zeros((18, 10), np.int64))
    found = crowd.face_signals(faces, str(model))
    for name, column in zip(found.names, found.values.T, strict=True):
        np.testing.assert_array_equal(column, rows.column(name).to_numpy())


@pytest.mark.parametrize("window", ["4s", "50"])
def test_answers_are_matched_by_name_and_stand_alone(window: str) -> None:
    rules = RuleSet.from_dict(
        {
            "cexpr": 1,
            "name": "other-order",
            "compounds": {
                "Sadly_Angry": f"mean_over(sadness, {window})",
                "Something_Else": "disgust",
                "Fearfully_Surprised": f"mean_over(fear, {window})",
            },
        }
    )
    signals = np.array(
        [[0.9, 0.1, 0.0], [0.1, 0.8, 0.2], [0.0, 0.0, 0.9], [0.0, 0.0, 0.0]], dtype=np.float32
    )
    answers = crowd.answer(rules, signals, ["fear", "sadness", "disgust"])
    assert answers.labels.tolist() == [0, 6, -1, -1]
    np.testing.assert_array_equal(answers.scores, np.float32([0.9, 0.8, -np.inf, -np.inf]))


def test_the_best_score_is_the_adjusted_one_also_without_a_label() -> None:
    rules = RuleSet.from_dict(
        {
            "cexpr": 1,
            "name": "adjusted",
            "compounds": {"Sadly_Angry": "anger", "Sadly_Fearful": "fear"},
            "decide": {"bias": {"Sadly_Fearful": 0.25}, "abstain_below": 0.5},
        }
    )
    signals = np.float32([[0.6, 0.5], [0.4, 0.125], [0.125, 0.0]])
    answers = crowd.answer(rules, signals, ["anger", "fear"])
    assert answers.labels.tolist() == [5, -1, -1]
    np.testing.assert_array_equal(answers.scores, np.float32([0.75, 0.4, 0.125]))


def write_faces(path: Path, count: int = 24) -> None:
    """Random grey squares whose votes are fearful or happy surprise, or one emotion alone."""
    random = np.random.default_rng(5)
    kinds = [{"fear": 5, "surprise": 5}, {"happiness": 6, "surprise": 4}, {"neutral": 10}]
    rows = np.concatenate([votes(**kinds[number % 3]) for number in range(count)])
    images = random.integers(0, 256, (count, 48, 48), dtype=np.uint8)
    np.savez(path, images=images, votes=rows.astype(np.uint8))


def test_the_command_scores_rule_sets_with_the_model_of_the_package(tmp_path: Path) -> None:
    write_faces(tmp_path / "faces.npz")
    words = ["eval", "crowd", str(tmp_path / "faces.npz"), "--rounds", "100"]
    chosen = ["--rules", "challenge", "--rules", "hsemotion-mean"]
    found = CliRunner().invoke(app, [*words, *chosen, "--json"])
    assert found.exit_code == 0, found.output
    report = json.loads(found.output)
    assert set(report) == {"challenge", "hsemotion-mean"}
    for entry in report.values():
        assert entry["faces"] == 16
        honest = entry["detection"]
        assert (honest["faces"], honest["neutral_faces"], honest["single_faces"]) == (24, 8, 0)
        labelled = np.array(honest["confusion"])[:, :7].sum()
        precision, low, high = honest["precision"]
        assert precision == pytest.approx(np.array(honest["confusion"])[:7, :7].sum() / labelled)
        assert low <= precision <= high
        confusion = np.array(entry["confusion"])
        assert confusion.sum(axis=1).tolist() == [8, 8, 0, 0, 0, 0, 0]
        assert entry["accuracy"] == pytest.approx(np.trace(confusion) / 16)
    assert report["hsemotion-mean"]["margin"]["macro_f1"] == [0.0, 0.0, 0.0]
    table = CliRunner().invoke(app, [*words, *chosen])
    assert table.output.startswith("16 crowd-confirmed compounds among 24 faces, model cexpr-s\n")
    heading = "compound or not, on 24 readable faces: 8 plainly neutral, 0 of one single emotion"
    assert heading in table.output
    assert "challenge: rows are the crowd's class" in table.output


def test_the_measuring_tool_builds_every_variant_and_writes_its_page(tmp_path: Path) -> None:
    tool = Path(__file__).parents[2] / "tools" / "measure_rules.py"
    if not tool.exists():
        pytest.skip("the tools are not beside the tests")
    write_faces(tmp_path / "faces.npz")
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- measured -->\nold\n<!-- end -->\nafter\n", encoding="utf-8")
    write_faces(tmp_path / "more.npz", 48)
    files = [str(tmp_path / name) for name in ("faces.npz", "more.npz")]
    runpy.run_path(str(tool))["main"]([*files, "--write", str(page)])
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- measured -->\nModel `cexpr-s`, SHA-256 `")
    assert text.endswith("<!-- end -->\nafter\n")
    assert "\nold\n" not in text
    assert "| gmean, pairs relative ^0.4 |" in text
    assert "### faces.npz, 16 compounds" in text
    assert "### more.npz, 32 compounds" in text
    assert "| not zero-shot: logistic regression | " in text


def test_the_tool_for_default_finds_its_thresholds_and_writes_its_page(tmp_path: Path) -> None:
    tool = Path(__file__).parents[2] / "tools" / "measure_default.py"
    if not tool.exists():
        pytest.skip("the tools are not beside the tests")
    write_faces(tmp_path / "faces.npz")
    write_faces(tmp_path / "more.npz", 48)
    page = tmp_path / "page.md"
    page.write_text(
        "a\n<!-- measured default -->\nold\n<!-- end default -->\nb\n", encoding="utf-8"
    )
    files = [str(tmp_path / name) for name in ("faces.npz", "more.npz")]
    runpy.run_path(str(tool))["main"]([*files, "--write", str(page)])
    text = page.read_text(encoding="utf-8")
    assert text.startswith("a\n<!-- measured default -->\nModel `cexpr-s`, SHA-256 `")
    assert text.endswith("<!-- end default -->\nb\n")
    assert "\nold\n" not in text
    for line in ("### faces.npz, 24 readable faces", "### more.npz, 48 readable faces"):
        assert line in text
    for name in ("gmean", "`default`", "not zero-shot: a fitted threshold for each pair"):
        assert f"\n| {name} | " in text


def test_a_text_instead_of_faces_is_not_taken_for_a_program(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(UsageError, match=r"a folder with label\.csv: not an npz file$"):
        crowd.read_faces(tmp_path / "text.npz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"ten votes: no such file$"):
        crowd.read_faces(tmp_path / "empty")
