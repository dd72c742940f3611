"""Every face on its own timeline: the same as if its frames were a clip of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.random_faces import COMPOUNDS, clips, make_rows, make_rules, timeline_of
from cexpr.tables.result import FaceRows
from cexpr.timeline.decide import Tables, decide_tables
from cexpr.timeline.tracks import lay_out

SECTIONS = st.fixed_dictionaries(
    {
        "gaps": st.sampled_from(
            [
                "interpolate",
                "hold",
                "none",
                {"how": "interpolate", "at_most": 2},
                {"how": "hold", "at_most": "0.08s"},
            ]
        ),
        "smooth": st.sampled_from(
            [
                "none",
                {"expression": {"kernel": "box", "radius": 2}},
                {"compounds": {"kernel": "box", "radius": 2, "filled": "skip"}},
                {"compounds": {"kernel": "gaussian", "sigma": 1, "radius": 3, "filled": "count"}},
            ]
        ),
        "decide": st.sampled_from(
            [
                {},
                {"abstain_below": 0.45},
                {"abstain_below": 0.4, "exit_below": 0.2, "hysteresis": 0.1},
                {"min_frames": 3},
                {"min_duration": "0.12s", "hysteresis": 0.2},
            ]
        ),
        "events": st.sampled_from([{}, {"min_duration": "0.08s", "merge_gap": 1}]),
    }
)


def span_of(rows: FaceRows, track: int, frame_count: int) -> tuple[int, int]:
    """First frame of a track's timeline and the one after its last, by walking along the clip."""
    with_face = set(rows.frame.tolist())
    own = rows.frame[rows.track == track].tolist()
    first, stop = own[0], own[-1] + 1
    while stop <= frame_count and stop not in with_face:
        stop += 1
    while first > 1 and not with_face & set(range(1, own[0])):
        first -= 1
    return first, stop


def alone(rows: FaceRows, track: int, frame_count: int, sections: dict[str, Any]) -> Tables:
    """A track decided as a clip that has no other face and no other frame."""
    first, stop = span_of(rows, track, frame_count)
    own = rows[rows.track == track]
    frame = np.arange(first, stop, dtype=np.int64)
    # A frame ends where the next one of the whole clip begins; a still lasts 0.
    end = (stop - 1) / 25.0 if frame_count > 1 else 0.0
    rules = make_rules(faces="max", **sections)
    return decide_tables(own, frame, (frame - 1) / 25.0, rules, end_time=end)


def strongest(candidates: list[tuple[dict[str, Any], float, int]]) -> dict[str, Any] | None:
    """The row to show, by the words of the documentation: row, detection, order."""

    def strength(entry: tuple[dict[str, Any], float, int]) -> tuple[int, float, int]:
        row, detection, order = entry
        scores = [row[name] for name in COMPOUNDS if row[name] is not None]
        if row["compound"] is not None:
            return 2, row["confidence"], -order
        return (1, max(scores), -order) if scores else (0, detection, -order)

    return max(candidates, key=strength)[0] if candidates else None


@settings(deadline=None, max_examples=150)
@given(clips(), SECTIONS)
def test_each_face_is_decided_as_if_it_were_alone(
    clip: tuple[FaceRows, int], sections: dict[str, Any]
) -> None:
    rows, count = clip
    tables = decide_tables(rows, *timeline_of(count), make_rules(faces="each", **sections))
    tracks = np.unique(rows.track).tolist()
    own = {track: alone(rows, track, count, sections) for track in tracks}
    by_frame = {
        track: {row["frame"]: row for row in found.frames.to_pylist()}
        for track, found in own.items()
    }

    decided = ("expression", *COMPOUNDS, "compound", "compound_id", "confidence")
    for face in tables.faces.to_pylist():
        expected = by_frame[face["face"]][face["frame"]]
        assert {name: face[name] for name in decided} == {name: expected[name] for name in decided}

    for row in tables.frames.to_pylist():
        number = row.pop("frame")
        seen = [i for i in range(len(rows)) if rows.frame[i] == number]
        assert row.pop("n_faces") == len(seen)
        candidates = [
            (by_frame[int(rows.track[i])][number], float(rows.detection[i]), i) for i in seen
        ]
        if not seen:
            candidates = [
                (by_frame[track][number], -np.inf, last_row(rows, track, number))
                for track in tracks
                if number in by_frame[track]
            ]
        shown = strongest(candidates)
        for name, value in row.items():
            if shown is not None:
                assert value == shown[name], name
            elif name not in ("time", "compound_id", "filled"):
                assert value is None, name

    def key(event: dict[str, Any]) -> tuple[int, int]:
        return event["onset_frame"], event["face"]

    expected_events = [
        # The merged sets name no face where the apex was filled in.
        {**event, "face": track}
        for track in tracks
        for event in own[track].events.to_pylist()
    ]
    found_events = tables.events.to_pylist()
    assert found_events == sorted(found_events, key=key)
    assert [event["event"] for event in found_events] == list(range(len(found_events)))
    expected_events.sort(key=key)
    for found, expected in zip(found_events, expected_events, strict=True):
        assert found | {"event": 0} == pytest.approx(expected | {"event": 0}, abs=2e-6)


def last_row(rows: FaceRows, track: int, number: int) -> int:
    """The face row of a track before a frame, or else its first one."""
    mine = np.flatnonzero(rows.track == track)
    before = mine[rows.frame[mine] < number]
    return int(before[-1] if len(before) else mine[0])


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=30), st.sampled_from([0.0, 0.3]), SECTIONS)
def test_a_clip_with_one_face_is_the_same_as_with_max(
    present: list[bool], unknown: float, sections: dict[str, Any]
) -> None:
    frame = [number for number, is_there in enumerate(present, 1) if is_there]
    rows = make_rows(frame, [1] * len(frame), seed=len(present), unknown=unknown)
    each, merged = (
        decide_tables(rows, *timeline_of(len(present)), make_rules(faces=faces, **sections))
        for faces in ("each", "max")
    )
    assert each.frames.equals(merged.frames)
    assert each.faces.equals(merged.faces)
    assert each.events.drop_columns("face").equals(merged.events.drop_columns("face"))


@settings(deadline=None)
@given(clips(), st.sampled_from(["max", "mean", "first", "largest"]), SECTIONS)
def test_faces_are_decided_alone_under_every_rule_set(
    clip: tuple[FaceRows, int], faces: str, sections: dict[str, Any]
) -> None:
    rows, count = clip
    each, merged = (
        decide_tables(rows, *timeline_of(count), make_rules(faces=how, **sections)).faces
        for how in ("each", faces)
    )
    assert each.equals(merged)


def test_nothing_is_interpolated_between_two_faces() -> None:
    # Face 1 ends in frame 2, face 2 begins in frame 5.
    rows = make_rows([2, 5], [1, 2])
    rows.signals[:] = [[0, 0.2, 0.2, 0.5, 0], [0, 0.8, 0.8, 0.5, 0]]
    tables = decide_tables(rows, *timeline_of(7), make_rules(faces="each"))
    columns = tables.frames.to_pydict()
    assert columns["face"] == [None, 1, None, None, 2, None, None]
    assert columns["filled"] == [1, 0, 1, 1, 0, 1, 1]
    assert columns["happiness"] == pytest.approx([0.2] * 4 + [0.8] * 3)
    events = tables.events.to_pydict()
    assert events["face"] == [1, 2]
    assert events["offset_frame"] == [4, 7]
    # The last frame of face 1 ends where face 2 begins.
    assert events["end_time"] == pytest.approx([4 / 25, 7 / 25])


def test_timelines_take_no_more_room_than_their_tracks() -> None:
    frames, tracks = 1_000_000, 20_000
    first = np.arange(tracks) * 50
    index = np.repeat(first, 3) + np.tile(np.arange(3), tracks)
    layout = lay_out(np.repeat(np.arange(1, tracks + 1), 3), index, frames)
    # Three frames of the track and the 47 without a face that follow, once.
    assert len(layout.row) == frames
    dense = lay_out(np.arange(1, tracks + 1), np.arange(tracks), tracks)
    assert len(dense.row) == tracks


def test_the_first_of_two_rows_of_one_face_in_one_frame_counts() -> None:
    rows = make_rows([1, 1], [3, 3])
    rows.signals[:] = [[0, 0.2, 0.2, 0.5, 0], [0, 0.8, 0.8, 0.5, 0]]
    tables = decide_tables(rows, *timeline_of(1), make_rules(faces="each"))
    assert tables.frames.column("Happily_Surprised").to_pylist() == pytest.approx([0.2])
    assert tables.faces.column("Happily_Surprised").to_pylist() == pytest.approx([0.2, 0.2])
