"""Compound or not: its definition beside plain references, and the known faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cexpr.evaluation import crowd, detection
from cexpr.evaluation.crowd import VOTE_COLUMNS, Answers
from cexpr.evaluation.detection import FIGURES, NO_COMPOUND, ReadableFaces


def votes(*rows: dict[str, int]) -> np.ndarray:
    return np.array([[row.get(name, 0) for name in VOTE_COLUMNS] for row in rows], dtype=np.int64)


def test_faces_that_half_of_the_crowd_calls_no_face_are_left_out() -> None:
    faces = detection.readable_faces(
        votes(
            {"fear": 5, "surprise": 5},
            {"neutral": 5, "not_a_face": 5},
            {"neutral": 6, "not_a_face": 4},
            {"unknown": 10},
        )
    )
    assert faces.rows.tolist() == [0, 2, 3]
    assert faces.labels.tolist() == [0, NO_COMPOUND, NO_COMPOUND]


def test_plain_faces_have_eight_or_nine_tenths_of_the_votes() -> None:
    faces = detection.readable_faces(
        votes(
            {"neutral": 8, "sadness": 2},
            {"neutral": 7, "sadness": 2},
            {"neutral": 7, "sadness": 3},
            {"happiness": 9, "neutral": 1},
            {"happiness": 8, "neutral": 1},
            {"contempt": 10},
        )
    )
    # 7 of 9 votes are less than 80 %, 8 of 9 less than 90 %.
    assert faces.is_neutral.tolist() == [True, False, False, False, False, False]
    assert faces.is_single.tolist() == [False, False, False, True, False, False]


def plain_average_precision(truth: np.ndarray, scores: np.ndarray) -> float:
    """Go through every threshold by itself."""
    total, last_recall = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        named = scores >= threshold
        hits = (truth & named).sum()
        total += (hits / truth.sum() - last_recall) * hits / named.sum()
        last_recall = hits / truth.sum()
    return float(total)


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_equals_its_definition(seed: int) -> None:
    random = np.random.default_rng(seed)
    truth = random.uniform(size=60) < 0.3
    scores = random.choice(np.float32([-np.inf, 0.1, 0.2, 0.3, 0.4, 0.7]), 60)
    found = detection.average_precision(truth, scores)
    assert found == pytest.approx(plain_average_precision(truth, scores))
    counts = random.integers(0, 4, 60)
    repeated = detection.average_precision(np.repeat(truth, counts), np.repeat(scores, counts))
    assert detection.average_precision(truth, scores, counts) == pytest.approx(repeated)


def test_average_precision_of_extremes() -> None:
    truth = np.array([True, True, False, False])
    assert detection.average_precision(truth, np.float32([4, 3, 2, 1])) == 1.0
    assert detection.average_precision(truth, np.float32([1, 1, 1, 1])) == 0.5
    assert detection.average_precision(~truth & truth, np.float32([4, 3, 2, 1])) == 0.0
    assert detection.average_precision(np.zeros(0, bool), np.zeros(0, np.float32)) == 0.0


def eight_faces() -> ReadableFaces:
    """Three compounds, two neutral faces, two smiles and another."""
    return ReadableFaces(
        np.arange(8),
        np.array([0, 0, 1, 7, 7, 7, 7, 7], dtype=np.int32),
        np.array([0, 0, 0, 1, 1, 0, 0, 0], dtype=bool),
        np.array([0, 0, 0, 0, 0, 1, 1, 0], dtype=bool),
    )


def test_figures_equal_their_definitions() -> None:
    given = np.array([0, 1, -1, -1, 2, -1, -1, 0], dtype=np.int32)
    scores = np.float32([0.9, 0.8, 0.1, 0.0, 0.7, 0.2, 0.3, 0.6])
    found = detection.measure(eight_faces(), Answers(given, scores), rounds=100)
    value = {name: found.figures[name][0] for name in FIGURES}
    # Four faces are called a compound, two of them are; one compound of three is missed.
    assert value["precision"] == pytest.approx(2 / 4)
    assert value["recall"] == pytest.approx(2 / 3)
    assert value["f1"] == pytest.approx(4 / 7)
    assert value["average_precision"] == pytest.approx((1 + 1 + 3 / 7) / 3)
    # Class 0: 1 hit, 2 faces, 2 named. No compound: 3 hits, 5 faces, 4 named.
    assert value["macro_f1"] == pytest.approx((2 / 4 + 6 / 9) / 8)
    assert value["per_100_neutral"] == pytest.approx(50)
    assert value["per_100_single"] == 0
    assert found.confusion.sum() == 8
    assert found.confusion[NO_COMPOUND].tolist() == [1, 0, 1, 0, 0, 0, 0, 3]
    for middle, low, high in found.figures.values():
        assert low <= middle <= high


def test_intervals_repeat_and_narrow_with_more_faces() -> None:
    random = np.random.default_rng(3)

    def width(count: int) -> float:
        labels = np.where(random.uniform(size=count) < 0.3, 0, NO_COMPOUND).astype(np.int32)
        is_right = random.uniform(size=count) < 0.8
        given = np.where((labels == 0) == is_right, 0, -1).astype(np.int32)
        nothing = np.zeros(count, bool)
        faces = ReadableFaces(np.arange(count), labels, nothing, nothing)
        answers = Answers(given, np.where(given == 0, 1, 0).astype(np.float32))
        found = detection.measure(faces, answers, rounds=200)
        assert found.figures == detection.measure(faces, answers, rounds=200).figures
        assert found.figures["per_100_neutral"] == (0, 0, 0)
        _, low, high = found.figures["f1"]
        return high - low

    assert width(4000) < width(100) / 3


def test_answers_of_other_faces_are_refused() -> None:
    answers = Answers(np.zeros(3, np.int32), np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="expected 8 like the faces; got 3"):
        detection.measure(eight_faces(), answers)


def test_the_validation_faces_hold_a_tenth_of_compounds(shared: Path) -> None:
    held = crowd.read_faces(shared / "data" / "ferplus_valid.npz")
    faces = detection.readable_faces(held.votes)
    assert len(faces.labels) == 3579
    assert (faces.labels < NO_COMPOUND).sum() == 363
