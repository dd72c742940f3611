import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import reference
from cexpr.timeline import steps


def some_scores(draw: st.DrawFn, rows: int, columns: int) -> npt.NDArray[np.float32]:
    """Few different values, so that ties, zeros and NaN are common."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels = np.float32([0, 0.125, 0.25, 0.375, 0.5, 0.75, 1])
    values = random.choice(levels, size=(rows, columns))
    values[random.random(values.shape) < draw(st.sampled_from([0, 0.1, 0.6]))] = np.nan
    return values


@st.composite
def score_tables(draw: st.DrawFn) -> npt.NDArray[np.float32]:
    return some_scores(draw, draw(st.integers(0, 40)), draw(st.integers(1, 4)))


@settings(deadline=None)
@given(data=st.data(), how=st.sampled_from(["max", "mean", "first", "largest"]))
def test_merge_faces_follows_the_definition(data: st.DataObject, how: str) -> None:
    scores = data.draw(score_tables())
    frame_count = data.draw(st.integers(1, 12))
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    frames = random.integers(0, frame_count, size=len(scores))
    key = random.choice(np.float32([0.1, 0.5, np.nan]), size=len(scores))
    merged, decided = steps.merge_faces(scores, frames, frame_count, how, key, key)
    expected, expected_rows = reference.merge_faces(scores, frames, frame_count, how, key)
    np.testing.assert_allclose(merged, expected, rtol=1e-6)
    np.testing.assert_array_equal(decided, expected_rows)


@settings(deadline=None)
@given(
    data=st.data(),
    how=st.sampled_from(["interpolate", "hold", "none"]),
    at_most=st.sampled_from([None, 0, 1, 2, 4]),
    unit=st.sampled_from(["frames", "seconds"]),
)
def test_fill_gaps_follows_the_definition(
    data: st.DataObject, how: str, at_most: int | None, unit: str
) -> None:
    values = data.draw(score_tables())
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    seen = (random.random(len(values)) < data.draw(st.sampled_from([0, 0.3, 0.8]))).astype(np.uint8)
    # Rows of a quarter of a second, so that lengths in seconds are whole numbers of rows.
    times = np.arange(len(values)) / 4
    length = None if at_most is None else (at_most / (4 if unit == "seconds" else 1), unit)
    filled, flags = steps.fill_gaps(values, seen, how, length, times)
    expected = reference.fill_gaps(values, seen, how, np.inf if at_most is None else at_most)
    np.testing.assert_allclose(filled, expected, rtol=1e-6)
    np.testing.assert_array_equal(flags, (seen == 0) & ~np.isnan(expected).all(axis=1))


@settings(deadline=None)
@given(
    scores=score_tables(),
    abstain_below=st.sampled_from([-np.inf, 0.25, 0.5]),
    exit_below=st.sampled_from([-np.inf, 0.125, 0.25, 1.0]),
    hysteresis=st.sampled_from([0, 0.125, 0.3]),
    min_frames=st.integers(0, 6),
)
def test_decide_follows_the_definition(
    scores: npt.NDArray[np.float32],
    abstain_below: float,
    exit_below: float,
    hysteresis: float,
    min_frames: int,
) -> None:
    labels, confidence = steps.choose_labels(
        scores,
        abstain_below=abstain_below,
        exit_below=exit_below,
        hysteresis=hysteresis,
        min_duration=min_frames,
    )
    expected = reference.decide(scores, abstain_below, exit_below, hysteresis, min_frames)
    assert labels.tolist() == expected
    for row, label, value in zip(scores, labels, confidence, strict=True):
        np.testing.assert_equal(value, row[label] if label >= 0 else np.float32(np.nan))


@settings(deadline=None)
@given(scores=score_tables(), min_frames=st.integers(2, 6))
def test_no_run_is_shorter_than_asked(scores: npt.NDArray[np.float32], min_frames: int) -> None:
    labels, _ = steps.choose_labels(scores, min_duration=(min_frames, "frames"))
    frames = np.arange(len(scores)) / 25
    events = steps.cut_events(labels, np.ones(len(labels), np.float32), frames)
    for onset, offset in zip(events.onset, events.offset, strict=True):
        whole = onset == 0 and offset == len(labels) - 1
        assert whole or offset - onset + 1 >= min_frames


def test_equal_spacing_makes_frames_and_seconds_the_same() -> None:
    scores = np.random.default_rng(5).random((300, 3), dtype=np.float32)
    times = np.arange(300) / 25
    by_frames, _ = steps.choose_labels(scores, times, min_duration=(5, "frames"))
    by_seconds, _ = steps.choose_labels(scores, times, min_duration=(5 / 25, "seconds"))
    # The first row of a clip has no step before it: its run needs one row more.
    np.testing.assert_array_equal(by_frames[20:], by_seconds[20:])


def test_no_row_and_one_row() -> None:
    labels, confidence = steps.choose_labels(np.zeros((0, 7), np.float32))
    assert labels.shape == confidence.shape == (0,)
    labels, _ = steps.choose_labels(np.float32([[0.1, 0.3]]), min_duration=9)
    assert labels.tolist() == [1]
    merged, decided = steps.merge_faces(
        np.zeros((0, 7), np.float32), np.zeros(0, np.int64), 3, "max"
    )
    assert np.isnan(merged).all()
    assert (decided == -1).all()
    filled, flags = steps.fill_gaps(merged, np.zeros(3, np.uint8))
    assert np.isnan(filled).all()
    assert not flags.any()


def test_events_name_onset_apex_and_offset() -> None:
    labels = np.int32([-1, 3, 3, 3, -1, 3, 1])
    strength = np.float32([9, 1, 4, 2, 9, 3, np.nan])
    times = np.float64([0, 1, 2, 4, 5, 6, 7])
    events = steps.cut_events(labels, strength, times)
    assert len(events) == 3
    assert events.label.tolist() == [3, 3, 1]
    assert events.onset.tolist() == [1, 5, 6]
    assert events.apex.tolist() == [2, 5, 6]
    assert events.offset.tolist() == [3, 5, 6]
    assert events.duration.tolist() == [4, 1, 1]
    np.testing.assert_array_equal(events.peak, np.float32([4, 3, np.nan]))
    np.testing.assert_allclose(events.mean, np.float32([7 / 3, 3, np.nan]), rtol=1e-6)
    joined = steps.cut_events(
        labels, strength, times, min_duration=(2, "seconds"), merge_gap=(1, "frames")
    )
    assert joined.onset.tolist() == [1]
    assert joined.offset.tolist() == [5]
    assert joined.mean.tolist() == [2.5]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: steps.choose_labels(np.zeros((2, 2))), TypeError, "scores: expected float32"),
        (
            lambda: steps.choose_labels(np.zeros((2, 2), np.float32), hysteresis=-1),
            ValueError,
            "hysteresis",
        ),
        (
            lambda: steps.choose_labels(np.zeros((2, 2), np.float32), min_duration=(1, "seconds")),
            ValueError,
            "times: expected",
        ),
        (
            lambda: steps.choose_labels(np.zeros((2, 2), np.float32), min_duration=(1, "hours")),
            ValueError,
            "'frames' or 'seconds'; got 'hours'",
        ),
        (
            lambda: steps.choose_labels(np.zeros((2, 2), np.float32), bias=np.zeros(3, np.float32)),
            ValueError,
            "bias: expected one number for each of the 2 compounds; got 3",
        ),
        (
            lambda: steps.merge_faces(np.zeros((1, 2), np.float32), np.int64([2]), 2, "max"),
            ValueError,
            "row_frames: expected numbers from 0 to 2 - 1; got 2",
        ),
        (
            lambda: steps.merge_faces(np.zeros((1, 2), np.float32), np.int64([0]), 2, "first"),
            ValueError,
            "detection: expected 1",
        ),
        (
            lambda: steps.merge_faces(np.zeros((1, 2), np.float32), np.int64([0]), 2, "each"),
            ValueError,
            "got 'each', which does not bring faces together",
        ),
        (
            lambda: steps.merge_faces(np.zeros((1, 2), np.float32), np.int64([0]), 2, "last"),
            ValueError,
            "got 'last'",
        ),
        (
            lambda: steps.fill_gaps(np.zeros((1, 2), np.float32), np.zeros(2, np.uint8)),
            ValueError,
            "seen: expected 1",
        ),
        (
            lambda: steps.fill_gaps(np.zeros((1, 2), np.float32), np.ones(1, bool), "hold"),
            TypeError,
            "seen: expected uint8",
        ),
        (
            lambda: steps.fill_gaps(
                np.zeros((1, 2), np.float32), np.ones(1, np.uint8), "hold", (1.0, "seconds")
            ),
            ValueError,
            "times: expected 1",
        ),
    ],
)
def test_wrong_arguments_are_refused(call: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()  # type: ignore[operator]
