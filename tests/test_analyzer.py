from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cexpr.analyzer import Analyzer, DecidedFrame
from cexpr.errors import RuleError
from cexpr.rules.rule_set import RuleSet
from cexpr.tables.result import FaceRows
from cexpr.timeline.decide import decide_tables

# Sums run in another order; everything is rounded to float32 at the same places.
TOLERANCE = 2e-6
NAMES = ("anger", "fear", "happiness", "sadness", "surprise", "valence", "AU12")
FRAMES_PER_SECOND = 25
LONGEST_GAP = 4

RULES = """
cexpr: 1
name: stream
smooth:
  expression: {{kernel: gaussian, sigma: 2, radius: 5}}
  valence_arousal: {{kernel: box, radius: 0.12s}}
  action_units: none
  compounds: {compounds}
compounds:
  Fearfully_Surprised: mean(fear, surprise)
  Happily_Surprised: {{score: "mean(happiness, surprise)", when: valence > 0}}
  Sadly_Angry: gmean(sadness, anger) * (1 + AU12)
faces: {faces}
gaps: {gaps}
decide: {decide}
"""


def make_rules(
    faces: str = "max",
    gaps: str = "interpolate",
    compounds: str = "none",
    decide: str = "{min_frames: 1}",
) -> RuleSet:
    return RuleSet.from_string(
        RULES.format(faces=faces, gaps=gaps, compounds=compounds, decide=decide)
    )


def make_faces(seed: int, frame_count: int, each_returns: bool = False) -> FaceRows:
    """Two people who come and go; nobody is there for at most LONGEST_GAP frames.

    With `each_returns` each of the two is away for at most LONGEST_GAP frames.
    """
    random = np.random.default_rng(seed)
    frame, face = [], []
    gap = 0
    last = {3: 0, 5: 0}
    for number in range(1, frame_count + 1):
        there = [
            track
            for track in (3, 5)
            if random.random() < 0.6 or (each_returns and number - last[track] > LONGEST_GAP)
        ]
        last.update(dict.fromkeys(there, number))
        gap = 0 if there else gap + 1
        if gap > LONGEST_GAP:
            there, gap = [3], 0
        frame += [number] * len(there)
        face += there
    rows = len(frame)
    signals = random.random((rows, len(NAMES)), dtype=np.float32)
    signals[:, NAMES.index("valence")] -= 0.5
    signals[random.random(signals.shape) < 0.05] = np.nan
    return FaceRows(
        frame=np.asarray(frame, np.int64),
        time=(np.asarray(frame, np.float64) - 1) / FRAMES_PER_SECOND,
        track=np.asarray(face, np.int64),
        boxes_xywh=random.random((rows, 4), dtype=np.float32),
        detection=random.random(rows, dtype=np.float32),
        names=NAMES,
        signals=signals,
    )


def run_stream(live: Analyzer, rows: FaceRows, frame_count: int) -> list[DecidedFrame]:
    out: list[DecidedFrame] = []
    area = rows.boxes_xywh[:, 2] * rows.boxes_xywh[:, 3]
    for number in range(1, frame_count + 1):
        here = rows.frame == number
        ready = live.push(
            number,
            (number - 1) / FRAMES_PER_SECOND,
            rows.signals[here],
            rows.track[here],
            rows.detection[here],
            area[here],
        )
        assert [frame.frame for frame in ready] == [
            frame for frame in [number - live.delay] if frame >= 1
        ]
        out += ready
    return out + live.flush()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    frame_count=st.integers(1, 90),
    faces=st.sampled_from(["max", "mean", "first", "largest", "each"]),
    gaps=st.sampled_from(
        [
            "interpolate",
            "hold",
            "none",
            "{how: interpolate, at_most: 3}",
            "{how: interpolate, at_most: 0.08s}",
            "{how: hold, at_most: 2}",
        ]
    ),
    compounds=st.sampled_from(
        ["none", "{kernel: box, radius: 3}", "{kernel: box, radius: 4, filled: skip}"]
    ),
    decide=st.sampled_from(
        ["{min_frames: 1}", "{min_frames: 6, hysteresis: 0.05}", "{abstain_below: 0.5}"]
    ),
)
def test_stream_gives_the_frames_of_the_whole_clip(
    seed: int, frame_count: int, faces: str, gaps: str, compounds: str, decide: str
) -> None:
    rules = make_rules(faces, gaps, compounds, decide)
    rows = make_faces(seed, frame_count, each_returns=faces == "each")
    # With `each`, an unknown signal beside an absence makes a longer gap in a score.
    longest = LONGEST_GAP * (3 if faces == "each" else 1)
    live = Analyzer(rules, NAMES, max_faces=2, gap_frames=longest)
    decided = run_stream(live, rows, frame_count)
    number = np.arange(1, frame_count + 1)
    time = (number - 1) / FRAMES_PER_SECOND
    expected = decide_tables(rows, number, time, rules).frames
    assert [frame.frame for frame in decided] == number.tolist()
    assert [frame.face_count for frame in decided] == expected["n_faces"].to_pylist()
    assert [frame.is_filled for frame in decided] == [
        bool(value) for value in expected["filled"].to_pylist()
    ]
    scores = np.stack([frame.scores for frame in decided])
    wanted = np.stack(
        [expected[name].to_numpy(zero_copy_only=False) for name in rules.compounds], axis=1
    )
    np.testing.assert_allclose(scores, wanted.astype(np.float32), rtol=0, atol=TOLERANCE)
    names = [rules.compounds[frame.label] if frame.label >= 0 else None for frame in decided]
    assert names == expected["compound"].to_pylist()
    seen = np.array([frame.face_count > 0 for frame in decided])
    signals = np.stack([frame.signals for frame in decided])
    wanted = np.stack([expected[name].to_numpy(zero_copy_only=False) for name in NAMES], axis=1)
    np.testing.assert_allclose(
        signals[seen], wanted[seen].astype(np.float32), rtol=0, atol=TOLERANCE
    )
    assert np.isnan(signals[~seen]).all()
    shown = np.array([frame.track for frame in decided])
    wanted = expected["face"].to_numpy(zero_copy_only=False)
    np.testing.assert_array_equal(shown[seen], wanted[seen])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    faces=st.sampled_from(["max", "each"]),
    gaps=st.sampled_from(["{at_most: 0.2s}", "{at_most: 0}", "{how: hold, at_most: 4}"]),
    filled=st.sampled_from(["skip", "count"]),
)
def test_long_gaps_are_as_empty_in_a_stream_as_in_a_clip(
    seed: int, faces: str, gaps: str, filled: str
) -> None:
    rules = make_rules(faces, gaps, f"{{kernel: box, radius: 3, filled: {filled}}}")
    away = np.random.default_rng(seed).integers(1, 90, (3, 1)) + np.arange(25)
    rows = keep_track(make_faces(seed, 90), 3, away)
    # As far as gaps are filled at all, this stream sees their end.
    live = Analyzer(rules, NAMES, max_faces=2, gap_frames=12)
    assert live.delay == 5 + 3 + (5 if "0.2s" in gaps else 0)
    decided = run_stream(live, rows, 90)
    number = np.arange(1, 91)
    expected = decide_tables(rows, number, (number - 1) / FRAMES_PER_SECOND, rules).frames
    assert [int(frame.is_filled) for frame in decided] == expected["filled"].to_pylist()
    assert [frame.label for frame in decided] == expected["compound_id"].to_pylist()
    for k, name in enumerate(rules.compounds):
        np.testing.assert_allclose(
            np.array([frame.scores[k] for frame in decided]),
            expected[name].to_numpy(zero_copy_only=False).astype(np.float32),
            atol=TOLERANCE,
        )


def test_delay_is_the_sum_of_the_steps() -> None:
    rules = make_rules(compounds="{kernel: box, radius: 3}", decide="{min_duration: 0.2s}")
    assert Analyzer(rules, NAMES).delay == 5 + 12 + 3 + 4
    assert Analyzer(rules, NAMES, gap_frames=0, frames_per_second=50).delay == 6 + 0 + 3 + 9


def test_analyzer_refuses_what_does_not_fit() -> None:
    rules = make_rules()
    with pytest.raises(RuleError, match="surprise"):
        Analyzer(rules, NAMES[:4])
    with pytest.raises(ValueError, match="frames_per_second"):
        Analyzer(rules, NAMES, frames_per_second=0)
    live = Analyzer(rules, NAMES, max_faces=1)
    one = np.zeros((1, len(NAMES)), np.float32)
    track = np.int64([4])
    live.push(1, 0.0, one, track)
    with pytest.raises(ValueError, match=r"frame: expected the number after 1 .* got 3"):
        live.push(3, 0.1, one, track)
    with pytest.raises(ValueError, match="time: expected at least 0"):
        live.push(2, -0.1, one, track)
    with pytest.raises(ValueError, match="at most max_faces = 1; got 2"):
        live.push(2, 0.1, np.repeat(one, 2, axis=0), np.int64([1, 2]))
    with pytest.raises(ValueError, match="expected 7 signals"):
        live.push(2, 0.1, one[:, :3].copy(), track)
    with pytest.raises(ValueError, match="tracks: expected int64"):
        live.push(2, 0.1, one, np.int64([1, 2]))
    live.push(2, 0.1, one, track)
    assert [frame.frame for frame in live.flush()] == [1, 2]
    live.push(90, 0.0, one, track)
    live.reset()
    assert live.flush() == []


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"frame": None}, TypeError, "frame: expected a whole number, got None"),
        ({"frame": 1.0}, TypeError, r"frame: expected a whole number, got 1\.0"),
        ({"frame": 2**64}, ValueError, "frame: .* is out of the range of int64"),
        ({"time": "now"}, TypeError, "time: expected a number, got 'now'"),
        ({"time": float("nan")}, ValueError, "time: expected a finite number of seconds"),
        ({"signals": None}, TypeError, "signals: expected float32, .* got NoneType"),
        ({"signals": [["a"] * 7]}, TypeError, "signals: expected numbers, got 'a'"),
        ({"signals": np.zeros(7)}, ValueError, "signals: expected float32, shape"),
        ({"tracks": [0.5]}, TypeError, r"tracks: expected whole numbers, got 0\.5"),
        (
            {"signals": pd.DataFrame(np.zeros((1, 7)), columns=NAMES[::-1])},
            ValueError,
            "signals: expected column 0 of the data frame to be",
        ),
        ({"tracks": None}, TypeError, "tracks: expected int64, .* got NoneType"),
        ({"detection": ["a"]}, TypeError, "detection: expected numbers, got 'a'"),
        ({"detection": [1, 2]}, ValueError, "detection: expected float32"),
        ({"area": True}, TypeError, "area: expected float32, .* got bool"),
    ],
)
def test_push_names_a_wrong_argument_and_changes_nothing(
    change: dict[str, object], error: type[Exception], text: str
) -> None:
    live = Analyzer(make_rules(), NAMES)
    one = {"frame": 1, "time": 0.0, "signals": np.zeros((1, len(NAMES))), "tracks": [4]}
    with pytest.raises(error, match=text):
        live.push(**{**one, **change})
    live.push(**one)
    assert [frame.frame for frame in live.flush()] == [1]


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"rules": "default"}, TypeError, "rules: expected a RuleSet, got str"),
        ({"signals": "fear"}, TypeError, "signals: expected a sequence of strings; got 'fear'"),
        ({"signals": None}, TypeError, "signals: expected a sequence of strings; got None"),
        ({"signals": set(NAMES)}, TypeError, "signals: expected a sequence of strings; got {"),
        ({"frames_per_second": None}, TypeError, "frames_per_second: expected a number, got None"),
        ({"max_faces": -1}, ValueError, "max_faces: expected 1 to 1024; got -1"),
        ({"max_faces": 1.5}, TypeError, r"max_faces: expected a whole number, got 1\.5"),
        ({"gap_frames": -1}, ValueError, "gap_frames: expected 0 to 65536; got -1"),
        ({"gap_frames": 2**70}, ValueError, "gap_frames: .* is out of the range of int64"),
    ],
)
def test_an_analyzer_names_a_wrong_setting(
    change: dict[str, object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        Analyzer(**{"rules": make_rules(), "signals": NAMES, **change})


def test_an_empty_list_is_a_frame_without_a_face() -> None:
    live = Analyzer(make_rules(), NAMES)
    live.push(1, 0.0, [], [], [], [])
    (decided,) = live.flush()
    assert (decided.frame, decided.face_count, decided.label) == (1, 0, -1)


def test_numbers_of_other_types_give_the_same() -> None:
    rows = make_faces(3, 40)
    area = rows.boxes_xywh[:, 2] * rows.boxes_xywh[:, 3]
    results = []
    for cast, whole in ((np.float32, np.int64), (np.float64, np.int32), (list, list)):
        live = Analyzer(make_rules(faces="largest"), NAMES)
        decided = []
        for number in range(1, 41):
            here = rows.frame == number
            decided += live.push(
                np.int32(number),
                np.float32(number / 25),
                cast(rows.signals[here]) if here.any() else rows.signals[here],
                whole(rows.track[here]),
                cast(rows.detection[here]),
                cast(area[here]),
            )
        results.append([(one.label, one.confidence) for one in [*decided, *live.flush()]])
    np.testing.assert_array_equal(results[1], results[0])
    np.testing.assert_array_equal(results[2], results[0])


def keep_track(rows: FaceRows, track: int, away: Any = ()) -> FaceRows:
    """The rows of one person, but for the frames `away`."""
    return rows[(rows.track == track) & ~np.isin(rows.frame, away)]


def alone(rows: FaceRows, track: int, frame_count: int) -> tuple[list[int], dict[str, list[Any]]]:
    """Numbers and table of the frames of one person's timeline, as a clip of that person alone."""
    own = keep_track(rows, track)
    first, last = int(own.frame[0]), int(own.frame[-1])
    with_face = set(rows.frame.tolist())
    first = 1 if first == rows.frame[0] else first
    while last < frame_count and last + 1 not in with_face:
        last += 1
    number = np.arange(first, last + 1)
    time = (number - 1) / FRAMES_PER_SECOND
    table = decide_tables(own, number, time, make_each("max")).frames
    return number.tolist(), {name: table[name].to_pylist() for name in table.column_names}


def make_each(faces: str) -> RuleSet:
    return make_rules(faces, compounds="{kernel: box, radius: 2}", decide="{min_frames: 4}")


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), frame_count=st.integers(1, 70))
def test_each_face_gets_what_a_clip_of_its_own_gives(seed: int, frame_count: int) -> None:
    rules = make_each("each")
    rows = make_faces(seed, frame_count, each_returns=True)
    # An unknown signal beside an absence makes a longer gap in a score.
    live = Analyzer(rules, NAMES, max_faces=2, gap_frames=3 * LONGEST_GAP)
    decided = run_stream(live, rows, frame_count)
    seen = 0
    for track in np.unique(rows.track).tolist():
        numbers, table = alone(rows, track, frame_count)
        for index, number in enumerate(numbers):
            for face in decided[number - 1].faces:
                if face.track == track:
                    seen += 1
                    label = rules.compounds[face.label] if face.label >= 0 else None
                    assert label == table["compound"][index]
                    for name, score in zip(rules.compounds, face.scores, strict=True):
                        wanted = table[name][index]
                        wanted = np.nan if wanted is None else wanted
                        np.testing.assert_allclose(score, wanted, rtol=0, atol=TOLERANCE)
    assert seen == len(rows.track)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), gaps=st.sampled_from(["interpolate", "hold", "none"]))
def test_one_face_alone_gives_what_merged_faces_give(seed: int, gaps: str) -> None:
    rows = keep_track(make_faces(seed, 60), 3)
    results = []
    for faces in ("each", "max"):
        rules = make_rules(faces, gaps, "{kernel: box, radius: 3}", "{min_frames: 5}")
        results.append(run_stream(Analyzer(rules, NAMES), rows, 60))
    for each, merged in zip(*results, strict=True):
        assert (each.label, each.is_filled) == (merged.label, merged.is_filled)
        np.testing.assert_array_equal(each.scores, merged.scores)
        np.testing.assert_array_equal(each.signals, merged.signals)
        assert len(each.faces) == each.face_count
        assert merged.faces == ()


def test_a_frame_shows_the_face_with_the_strongest_label() -> None:
    rules = RuleSet.from_string(
        "cexpr: 1\nname: a\ncompounds: {A: fear, B: anger}\nfaces: each\n"
        "gaps: hold\ndecide: {abstain_below: 0.5}"
    )
    live = Analyzer(rules, ["anger", "fear"])
    (decided,) = live.push(1, 0.0, [[0.1, 0.6], [0.9, 0.2]], [4, 2])
    assert (decided.label, decided.track) == (1, 2)
    assert decided.confidence == pytest.approx(0.9)
    assert [(face.track, face.label) for face in decided.faces] == [(4, 0), (2, 1)]
    assert decided.faces[0].confidence == pytest.approx(0.6)
    np.testing.assert_array_equal(decided.faces[1].signals, np.float32([0.9, 0.2]))
    (filled,) = live.push(2, 0.1, [], [])
    assert (filled.label, filled.track, filled.is_filled, filled.faces) == (1, -1, True, ())
    (weak,) = live.push(3, 0.2, [[0.1, 0.4], [0.3, 0.2]], [4, 2])
    assert (weak.label, weak.track) == (-1, 4)
    assert np.isnan(weak.confidence)
