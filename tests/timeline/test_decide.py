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
    rows: FaceRows, frame: Any, *, box: int, faces: str, gaps: Any, scores_box: int, filled: str
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
    how, at_most = (gaps["how"], gaps["at_most"]) if isinstance(gaps, dict) else (gaps, 25)
    full = reference.fill_gaps(merged.astype(np.float32), seen, how, at_most)
    if scores_box:
        basis = full if filled == "count" else np.where(seen[:, None] == 1, full, np.nan)
        smoothed = reference.smooth(basis.astype(np.float32), frame, "box", scores_box)
        is_empty = (seen[:, None] == 0) & np.isnan(full)
        full = np.where(np.isnan(smoothed) | is_empty, full, smoothed)
    usable = ~np.isnan(full) & (full != 0)
    best = np.argmax(np.where(usable, full, -np.inf), axis=1)
    labels = np.where(usable.any(axis=1), best, -1)
    return {"signals": signals, "scores": full, "labels": labels, "decided": decided, "seen": seen}


@settings(deadline=None)
@given(
    clips(),
    st.sampled_from([0, 1, 3]),
    st.sampled_from(["max", "mean", "first", "largest"]),
    st.sampled_from(
        [
            "interpolate",
            "hold",
            "none",
            {"how": "interpolate", "at_most": 2},
            {"how": "hold", "at_most": 1},
        ]
    ),
    st.sampled_from([0, 2]),
    st.sampled_from(["skip", "count"]),
)
def test_the_whole_phase_equals_plain_numpy(
    clip: tuple[FaceRows, int], box: int, faces: str, gaps: Any, scores_box: int, filled: str
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
        ({"at_most": 1}, [0, 1, 0, 0, 1], [0.2, 0.2, None, 0.8, 0.8]),
        ({"at_most": "0.04s"}, [0, 1, 0, 0, 1], [0.2, 0.2, None, 0.8, 0.8]),
        ({"how": "hold", "at_most": 0}, [0, 0, 0, 0, 0], [0.2, None, None, 0.8, None]),
    ],
)
@pytest.mark.parametrize("faces", ["max", "each"])
def test_filled_frames_hold_filled_signals_and_say_so(
    faces: str, gaps: object, filled: list[int], expected: list[float | None]
) -> None:
    rows = make_rows([1, 4], [1, 1])
    rows.signals[:, 0] = [0.2, 0.8]
    frames, *_ = decide_tables(rows, *timeline_of(5), make_rules(gaps=gaps, faces=faces))
    assert frames.column("filled").to_pylist() == filled
    assert frames.column("fear").to_pylist() == pytest.approx(expected)


def test_a_frame_far_from_any_face_is_empty() -> None:
    rows = make_rows([30, 90], [1, 1])
    smooth = {"compounds": {"kernel": "box", "radius": 40, "filled": "count"}}
    for faces in ("max", "each"):
        frames = decide_tables(
            rows, *timeline_of(130), make_rules(faces=faces, smooth=smooth)
        ).frames
        # A second, 25 frames, before the first face and behind each.
        known = [*range(5, 56), *range(90, 116)]
        for name in ("fear", "Smile"):
            at = [i + 1 for i, value in enumerate(frames[name].to_pylist()) if value is not None]
            assert at == known
        faces_at = [i + 1 for i, value in enumerate(frames["face"].to_pylist()) if value]
        assert faces_at == [30, 90]
        filled = [i + 1 for i, value in enumerate(frames["filled"].to_pylist()) if value]
        assert filled == [number for number in known if number not in (30, 90)]
        labelled = [i + 1 for i, value in enumerate(frames["compound"].to_pylist()) if value]
        assert set(labelled) <= set(known)


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


def with_quality(rows: FaceRows, values: list[float]) -> FaceRows:
    quality = np.float32(values)
    return dataclasses.replace(rows, quality=quality, reason=(quality < 0.5).astype(np.int32))


@pytest.mark.parametrize("faces", ["max", "each"])
def test_a_face_below_the_limit_counts_as_not_seen_but_keeps_its_signals(faces: str) -> None:
    rows = make_rows([1, 2, 2, 3, 4], [7, 7, 9, 7, 9], seed=3)
    judged = with_quality(rows, [0.9, 0.2, 0.8, 0.5, np.nan])
    rules = make_rules(faces=faces)
    kept = np.array([0, 2, 3, 4])
    tables = decide_tables(judged, *timeline_of(4), rules, min_quality=0.5)
    without = decide_tables(judged[kept], *timeline_of(4), rules)
    counts = tables.frames["n_faces"].to_pylist()
    assert counts == [1, 2, 1, 1]
    assert tables.frames.drop_columns("n_faces").equals(without.frames.drop_columns("n_faces"))
    assert tables.events.equals(without.events)
    assert tables.faces.take(kept).equals(without.faces)
    poor = tables.faces.slice(1, 1).to_pylist()[0]
    assert [poor[name] for name in NAMES] == pytest.approx(rows.signals[1].tolist())
    assert poor["quality"] == pytest.approx(0.2)
    assert poor["quality_reason"] == "small"
    assert poor["expression"] is not None
    empty = (*COMPOUNDS, "compound", "confidence")
    assert [poor[name] for name in empty] == [None] * len(empty)
    assert poor["compound_id"] == -1
    # 0 keeps all.
    every = decide_tables(judged, *timeline_of(4), rules, min_quality=0)
    assert every.frames.equals(decide_tables(rows, *timeline_of(4), rules).frames)


def test_a_clip_of_poor_faces_has_no_label() -> None:
    rows = with_quality(make_rows([1, 2], [1, 1]), [0.1, 0.2])
    for faces in ("max", "each"):
        tables = decide_tables(rows, *timeline_of(2), make_rules(faces=faces), min_quality=0.5)
        assert tables.frames["compound"].to_pylist() == [None, None]
        assert tables.frames["n_faces"].to_pylist() == [1, 1]
        # What the face looks like is shown all the same.
        assert tables.frames["face"].to_pylist() == [1, 1]
        expected = decide_tables(rows, *timeline_of(2), make_rules(faces=faces))
        for name in (*NAMES, "expression"):
            assert tables.frames[name].equals(expected.frames[name])
            assert tables.faces[name].equals(expected.faces[name])
        assert tables.faces.num_rows == 2
        assert tables.events.num_rows == 0


def test_a_frame_with_a_poor_face_only_is_not_called_filled() -> None:
    rows = with_quality(make_rows([1, 2, 3], [1, 1, 1]), [0.9, 0.1, 0.9])
    frames = decide_tables(rows, *timeline_of(4), make_rules(), min_quality=0.5).frames
    assert frames["filled"].to_pylist() == [False, False, False, True]
    assert frames["face"].to_pylist() == [1, 1, 1, None]
    # The gap is filled as if the face had not been seen.
    without = decide_tables(rows[np.array([0, 2])], *timeline_of(4), make_rules()).frames
    for name in (*NAMES, *COMPOUNDS, "compound"):
        assert frames[name].equals(without[name])


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
