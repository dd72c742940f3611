"""Phase 2 as a whole against plain numpy, and what each step promises by itself."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import reference
from builders.random_faces import (
    COMPOUNDS,
    NAMES,
    clips,
    make_rows,
    make_rules,
    timeline_of,
)
from cexpr.errors import RuleError
from cexpr.tables.result import FaceRows, columns_matrix
from cexpr.timeline.decide import decide_tables

# Sums in float32 against sums in float64, on values in -1..1.
TOLERANCE = 1e-5


def plain_phase_2(
    rows: FaceRows, frame: Any, *, box: int, faces: str, gaps: str, scores_box: int, filled: str
) -> dict[str, Any]:
    """The same in loops: smooth, score, merge, fill, smooth scores, choose."""
    signals = rows.signals.astype(np.float64)
    if box:
        for face in np.unique(rows.track):
            mine = rows.track == face
            # Expressions alone are smoothed.
            signals[mine, :3] = reference.smooth(
                rows.signals[mine, :3], rows.frame[mine], "box", box
            )
    fear, happiness, surprise, valence, smile = signals.T
    gated = np.where(valence < 0, (fear + surprise) / 2, 0.0)
    first = np.where(np.isnan(valence), np.nan, gated)
    scores = np.stack([first, np.minimum(happiness, surprise), smile * happiness], axis=1)
    index = rows.frame - frame[0]
    area = rows.boxes_xywh[:, 2] * rows.boxes_xywh[:, 3]
    key = area if faces == "largest" else rows.detection
    merged, decided = reference.merge_faces(
        scores.astype(np.float32), index, len(frame), faces, key
    )
    seen = np.isin(frame, rows.frame).astype(np.uint8)
    full = reference.fill_gaps(merged.astype(np.float32), seen, gaps)
    if scores_box:
        basis = full if filled == "count" else np.where(seen[:, None] == 1, full, np.nan)
        smoothed = reference.smooth(basis.astype(np.float32), frame, "box", scores_box)
        full = np.where(np.isnan(smoothed), full, smoothed)
    usable = ~np.isnan(full) & (full != 0)
    best = np.argmax(np.where(usable, full, -np.inf), axis=1)
    labels = np.where(usable.any(axis=1), best, -1)
    return {"signals": signals, "scores": full, "labels": labels, "decided": decided, "seen": seen}


@settings(deadline=None)
@given(
    clips(),
    st.sampled_from([0, 1, 3]),
    st.sampled_from(["max", "mean", "first", "largest"]),
    st.sampled_from(["interpolate", "hold", "none"]),
    st.sampled_from([0, 2]),
    st.sampled_from(["skip", "count"]),
)
def test_the_whole_phase_equals_plain_numpy(
    clip: tuple[FaceRows, int], box: int, faces: str, gaps: str, scores_box: int, filled: str
) -> None:
    rows, count = clip
    frame, time = timeline_of(count)
    smooth: dict[str, Any] = {}
    if box:
        smooth["expression"] = {"kernel": "box", "radius": box}
    if scores_box:
        smooth["compounds"] = {"kernel": "box", "radius": scores_box, "filled": filled}
    rules = make_rules(faces=faces, gaps=gaps, **({"smooth": smooth} if smooth else {}))
    frames, *_ = decide_tables(rows, frame, time, rules)
    plain = plain_phase_2(
        rows, frame, box=box, faces=faces, gaps=gaps, scores_box=scores_box, filled=filled
    )

    scores = columns_matrix(frames, COMPOUNDS)
    np.testing.assert_allclose(scores, plain["scores"], atol=TOLERANCE)
    labels = frames.column("compound_id").to_numpy()
    for t in np.flatnonzero(labels != plain["labels"]):
        # Only scores that are equal but for rounding may be told apart differently.
        pair = plain["scores"][t, [labels[t], plain["labels"][t]]]
        assert abs(pair[0] - pair[1]) < TOLERANCE
    assert frames.num_rows == count
    assert frames.column("n_faces").to_pylist() == [int((rows.frame == t).sum()) for t in frame]
    signals = columns_matrix(frames, NAMES)
    for t in np.flatnonzero(labels >= 0):
        row = plain["decided"][t, labels[t]]
        if plain["seen"][t] and row >= 0 and labels[t] == plain["labels"][t]:
            np.testing.assert_allclose(signals[t], plain["signals"][row], atol=TOLERANCE)


def test_a_clip_without_faces_has_a_row_for_every_frame_and_no_label() -> None:
    frames, _, events = decide_tables(make_rows([], []), *timeline_of(4), make_rules())
    columns = frames.to_pydict()
    assert columns["frame"] == [1, 2, 3, 4]
    assert columns["n_faces"] == [0] * 4
    assert columns["compound"] == [None] * 4
    assert columns["compound_id"] == [-1] * 4
    assert columns["filled"] == [0] * 4
    assert columns["fear"] == [None] * 4
    assert events.num_rows == 0


@pytest.mark.parametrize(
    ("gaps", "filled", "expected"),
    [
        ("interpolate", [0, 1, 1, 0, 1], [0.2, 0.4, 0.6, 0.8, 0.8]),
        ("hold", [0, 1, 1, 0, 1], [0.2, 0.2, 0.2, 0.8, 0.8]),
        ("none", [0, 0, 0, 0, 0], [0.2, None, None, 0.8, None]),
    ],
)
def test_filled_frames_hold_filled_signals_and_say_so(
    gaps: str, filled: list[int], expected: list[float | None]
) -> None:
    rows = make_rows([1, 4], [1, 1])
    rows.signals[:, 0] = [0.2, 0.8]
    frames, *_ = decide_tables(rows, *timeline_of(5), make_rules(gaps=gaps))
    assert frames.column("filled").to_pylist() == filled
    assert frames.column("fear").to_pylist() == pytest.approx(expected)


def test_missing_numbers_of_a_folder_stay_missing() -> None:
    rows = make_rows([3, 10], [1, 1])
    frame = np.array([3, 4, 10], np.int64)
    frames, *_ = decide_tables(rows, frame, (frame - 1) / 25.0, make_rules())
    assert frames.column("frame").to_pylist() == [3, 4, 10]
    assert frames.column("n_faces").to_pylist() == [1, 0, 1]


def test_a_row_names_its_face_and_its_strongest_expression() -> None:
    rows = make_rows([1, 1, 2, 3], [7, 9, 9, 9])
    # Valence and action units are not expressions.
    rows.signals[:] = [[0.1, 0.2, 0.4, 0.9, 0.9], [0.2, 0.9, 0.8, 0.9, 1.0]] + [[np.nan] * 5] * 2
    rows.signals[3, :3] = [0.3, 0.1, 0.2]
    frames, faces, _ = decide_tables(rows, *timeline_of(4), make_rules())
    assert frames.column("face").to_pylist() == [9, 9, 9, None]
    assert frames.column("expression").to_pylist() == ["happiness", None, "fear", "fear"]
    assert faces.column("expression").to_pylist() == ["surprise", "happiness", None, "fear"]


@pytest.mark.parametrize("faces", ["max", "each"])
@pytest.mark.parametrize("gaps", ["interpolate", "hold", "none"])
def test_a_filled_row_names_no_face(gaps: str, faces: str) -> None:
    rows = make_rows([2, 5], [3, 3])
    frames = decide_tables(rows, *timeline_of(6), make_rules(gaps=gaps, faces=faces)).frames
    assert frames.column("face").to_pylist() == [None, 3, None, None, 3, None]
    assert any(frames.column("filled").to_pylist()) == (gaps != "none")


def test_the_end_of_the_last_frame_may_be_given() -> None:
    rows = make_rows([1, 2], [1, 1])
    rows.signals[:] = [0, 0.8, 0.8, 0.5, 0]
    (event,) = decide_tables(rows, *timeline_of(2), make_rules(), end_time=0.5).events.to_pylist()
    assert (event["duration"], event["end_time"]) == (0.5, 0.5)
    (event,) = decide_tables(rows, *timeline_of(2), make_rules()).events.to_pylist()
    assert (event["duration"], event["end_time"]) == pytest.approx((0.08, 0.08))


def test_a_face_outside_the_clip_is_refused() -> None:
    with pytest.raises(
        ValueError, match="frame 9: has a face but is not among the frames of the clip"
    ):
        decide_tables(make_rows([1, 9], [1, 1]), *timeline_of(3), make_rules())


def test_rules_that_need_an_absent_signal_are_refused() -> None:
    rows = make_rows([1], [1])
    fewer = dataclasses.replace(
        rows, names=NAMES[:3], signals=np.ascontiguousarray(rows.signals[:, :3])
    )
    with pytest.raises(RuleError, match="AU12"):
        decide_tables(fewer, *timeline_of(1), make_rules())


def test_a_frame_without_a_label_shows_the_face_that_came_closest() -> None:
    rows = make_rows([1, 1], [1, 2])
    rows.signals[:] = [[0.1, 0.1, 0.1, 0.5, 0.1], [0.1, 0.4, 0.4, 0.5, 0.1]]
    rules = make_rules(decide={"abstain_below": 0.9})
    frames, *_ = decide_tables(rows, *timeline_of(1), rules)
    assert frames.column("compound").to_pylist() == [None]
    assert frames.column("happiness").to_pylist() == pytest.approx([0.4])


def test_short_labels_are_taken_away_and_events_are_cut() -> None:
    rows = make_rows(list(range(1, 9)), [1] * 8)
    rows.signals[:] = [0, 0.9, 0.8, 0.5, 0]
    rows.signals[3] = [0, 0.9, 0.1, 0.5, 0.3]
    frames, _, events = decide_tables(rows, *timeline_of(8), make_rules(decide={"min_frames": 3}))
    assert frames.column("compound").to_pylist() == ["Happily_Surprised"] * 8
    (event,) = events.to_pylist()
    assert (event["compound"], event["onset_frame"], event["offset_frame"]) == (
        "Happily_Surprised",
        1,
        8,
    )
    assert event["duration"] == pytest.approx(8 / 25)
    assert event["apex_frame"] == 1
    assert event["peak"] == pytest.approx(0.8)


def test_an_event_names_the_face_that_decided_at_its_apex() -> None:
    rows = make_rows([1, 1, 2, 2, 4, 4], [7, 9, 7, 9, 7, 9])
    rows.signals[:] = [0, 0, 0, 0.5, 0]
    # Face 9 is the happier one in the first frames, face 7 smiles in the last.
    rows.signals[[0, 1, 2, 3], 1] = rows.signals[[0, 1, 2, 3], 2] = [0.2, 0.4, 0.3, 0.8]
    rows.signals[4, [1, 4]] = 0.9
    _, _, events = decide_tables(rows, *timeline_of(5), make_rules(gaps="hold"))
    found = [(one["compound"], one["apex_frame"], one["face"]) for one in events.to_pylist()]
    assert found == [("Happily_Surprised", 2, 9), ("Smile", 4, 7)]


def test_an_event_that_is_filled_in_at_its_apex_has_no_face() -> None:
    rows = make_rows([3], [4])
    rows.signals[:] = [0, 0.6, 0.6, 0.5, 0]
    _, _, events = decide_tables(rows, *timeline_of(3), make_rules(gaps="interpolate"))
    (event,) = events.to_pylist()
    # The score is held from the only face on; of equal ones the first is the apex.
    assert (event["onset_frame"], event["apex_frame"], event["face"]) == (1, 1, None)
