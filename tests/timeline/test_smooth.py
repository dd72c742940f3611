"""Smoothing stays within one face, and its lengths follow the frame rate."""

from __future__ import annotations

import numpy as np
import pytest

from builders.random_faces import NAMES, make_rows, make_rules, timeline_of
from cexpr.smoothing import Smoothing
from cexpr.tables.result import columns_matrix
from cexpr.timeline.decide import decide_tables
from cexpr.timeline.smooth import frame_rate, smooth_scores

# Sums in float32 against sums in float64, on values in -1..1.
TOLERANCE = 1e-5


def test_faces_are_smoothed_each_by_itself() -> None:
    rows = make_rows([1, 1, 2, 2, 3, 3], [1, 2, 1, 2, 1, 2])
    rows.signals[:] = [[0, 1, 0, 0, 0], [1, 0, 0, 0, 0]] * 3
    smooth = {"expression": {"kernel": "box", "radius": 5}}
    frames, *_ = decide_tables(rows, *timeline_of(3), make_rules(faces="first", smooth=smooth))
    chosen = columns_matrix(frames, ["fear", "happiness"])
    assert set(map(tuple, chosen.tolist())) <= {(0.0, 1.0), (1.0, 0.0)}


def test_lengths_in_seconds_follow_the_frame_rate() -> None:
    rows = make_rows(list(range(1, 31)), [1] * 30)
    by_seconds = {"expression": {"kernel": "gaussian", "sigma": "0.12s", "radius": "0.2s"}}
    by_frames = {"expression": {"kernel": "gaussian", "sigma": 3, "radius": 5}}
    frames = [
        decide_tables(rows, *timeline_of(30), make_rules(smooth=s))[0]
        for s in (by_seconds, by_frames)
    ]
    np.testing.assert_allclose(
        columns_matrix(frames[0], NAMES), columns_matrix(frames[1], NAMES), atol=TOLERANCE
    )


@pytest.mark.parametrize(("filled", "expected"), [("skip", 0.5), ("count", 0.4)])
def test_filled_scores_take_part_where_the_rules_count_them(filled: str, expected: float) -> None:
    scores = np.float32([[0.4], [0.2], [0.6]])
    smoothing = Smoothing(kernel="box", radius=1, filled=filled)  # type: ignore[arg-type]
    smoothed = smooth_scores(scores, np.uint8([1, 0, 1]), np.arange(3), smoothing, 25.0)
    assert smoothed[1, 0] == pytest.approx(expected)


def test_the_frame_rate_counts_missing_frames() -> None:
    assert frame_rate(np.array([1, 2, 11]), np.array([0.0, 0.1, 1.0])) == pytest.approx(10.0)
    assert frame_rate(np.array([1]), np.array([0.0])) == 30.0
