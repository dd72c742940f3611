"""Ends of frames and of events."""

from __future__ import annotations

import numpy as np
import pytest

from cexpr.timeline.events import cut_merged, frame_ends

OPTIONS = {"min_duration": (0.0, "frames"), "merge_gap": (0.0, "frames")}


@pytest.mark.parametrize(
    ("time", "end_time", "expected"),
    [
        ([0.0, 0.1, 0.3], None, [0.1, 0.3, 0.5]),
        ([0.0, 0.1, 0.3], 1.3, [0.1, 0.3, 1.3]),
        ([2.0], None, [2.0]),
        ([2.0], 2.5, [2.5]),
        # No frame ends before it begins.
        ([2.0], 1.0, [2.0]),
        ([], None, []),
        ([], 1.0, []),
    ],
)
def test_frames_end_where_the_next_begins(
    time: list[float], end_time: float | None, expected: list[float]
) -> None:
    assert frame_ends(np.array(time, np.float64), end_time).tolist() == pytest.approx(expected)


def test_the_end_of_the_last_frame_decides_whether_an_event_is_too_short() -> None:
    def cut(end_time: float | None) -> int:
        options = {**OPTIONS, "min_duration": (0.5, "seconds")}
        labels, confidence = np.int32([-1, 0]), np.float32([np.nan, 0.7])
        decided, track = np.int64([[-1], [0]]), np.int64([4])
        return len(
            cut_merged(labels, confidence, decided, track, np.array([0, 0.1]), options, end_time)
        )

    assert cut(None) == 0
    assert cut(0.7) == 1


def test_a_clip_without_frames_has_no_events() -> None:
    none, nothing = np.zeros(0, np.int32), np.zeros(0, np.int64)
    decided = np.zeros((0, 2), np.int64)
    found = cut_merged(none, np.zeros(0, np.float32), decided, nothing, np.zeros(0), OPTIONS, None)
    assert len(found) == 0
