"""From scores of faces to the labels and events of a clip.

A timeline has one row for every frame of the clip, in order. The exact rules are those of the
core (`cexpr/timeline.hpp`); they are repeated here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cexpr import _core
from cexpr._support.types import Doubles, Flags, Floats, Integers, Labels

if TYPE_CHECKING:
    from cexpr._core import FacesMerged, GapsFilled

__all__ = ["Events", "choose_labels", "cut_events", "fill_gaps", "merge_faces"]

Length = tuple[float, str]


@dataclass(frozen=True)
class Events:
    """Stretches of frames with one label, one entry of each array per event.

    Attributes:
        label: int32, class ids.
        onset: int64, first row, from 0.
        apex: int64, row of the highest strength, the first among equals.
        offset: int64, last row.
        duration: float64, seconds from the onset to the end of the last frame.
        peak: float32, strength at the apex.
        mean: float32, mean strength of the rows that have the label.
    """

    label: Labels
    onset: Integers
    apex: Integers
    offset: Integers
    duration: Doubles
    peak: Floats
    mean: Floats

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.label)


def merge_faces(
    scores: Floats,
    row_frames: Integers,
    frame_count: int,
    how: FacesMerged = "max",
    detection: Floats | None = None,
    area: Floats | None = None,
) -> tuple[Floats, Integers]:
    """Bring the faces of each frame together.

    "max" takes the highest score class by class (a frame can mix faces), "mean" the mean score;
    "first" takes all scores of the face with the highest detection score, "largest" those of the
    face with the largest area. NaN scores are left out by "max" and "mean". Ties go to the lowest
    row, and NaN detection scores and areas lose to any number.

    Args:
        scores: float32, shape (N, K), one row per face per frame, in any order.
        row_frames: int64, shape (N,), the row of the timeline that each belongs to, from 0.
        frame_count: T, rows of the timeline.
        how: One of the four above ("each", which does not merge faces, is refused).
        detection: float32, shape (N,), detection scores; needed by "first".
        area: float32, shape (N,), areas of the faces; needed by "largest".

    Returns:
        The merged scores, float32 (T, K), NaN where nothing is known; and the rows whose scores
        were taken, int64 (T, K), -1 for none ("mean": the row with the highest score; "first" and
        "largest": the row of the face, in all classes).

    Raises:
        TypeError: an array has another dtype.
        ValueError: a size, a frame or `how` is wrong.
    """
    return _core.merge_faces(scores, row_frames, frame_count, how, detection, area)


def fill_gaps(
    values: Floats,
    seen: Flags,
    how: GapsFilled = "interpolate",
    at_most: Length | None = None,
    times: Doubles | None = None,
) -> tuple[Floats, Flags]:
    """Fill the rows of frames in which no face was seen.

    "interpolate" draws a straight line from the last number before to the first number after where
    all rows between them lie within `at_most` of the one before; in a longer gap the number before
    is held, as behind the last one, and rows before the first number get that one. "hold" repeats
    the last number before (rows before the first stay NaN); "none" leaves NaN. Rows further than
    `at_most` from the number that they would hold stay NaN. Seen rows are never changed, NaN
    included.

    Args:
        values: float32, shape (T, C); rows that were not seen are not read.
        seen: uint8, shape (T,), 1 where a face was seen.
        how: One of the three above.
        at_most: (number, "frames" | "seconds"); None: unlimited.
        times: float64, shape (T,), seconds, not decreasing; needed where `at_most` is in seconds.

    Returns:
        The filled values, float32 (T, C); and uint8 (T,), 1 where a row was not seen and holds a
        number now.

    Raises:
        TypeError: an array has another dtype.
        ValueError: a size or `how` is wrong.
    """
    return _core.fill_gaps(values, seen, how, at_most, times)


def choose_labels(
    scores: Floats,
    times: Doubles | None = None,
    *,
    abstain_below: float = -np.inf,
    exit_below: float | None = None,
    hysteresis: float = 0.0,
    min_duration: Length | int = 1,
    bias: Floats | None = None,
    weight: Floats | None = None,
) -> tuple[Labels, Floats]:
    """Choose the label of each frame.

    Row by row first: the adjusted score is score * weight + bias; a compound whose score is 0 or
    NaN cannot be chosen; of the others the highest adjusted score wins, ties go to the lowest id,
    and below `abstain_below` there is no label (-1). The label of the row before stays, however,
    while its adjusted score is at least `exit_below` and no other that reaches `abstain_below`
    leads it by more than `hysteresis`.

    Then runs of one label shorter than `min_duration` are taken away, from the first row to the
    last: each goes to the label before it or to that of the run after it, whichever has the higher
    mean adjusted score over the rows of the run and may be chosen (by `exit_below`) in all of
    them; if neither may, the run has no label. Rows without label are never filled, and a label
    that holds from the first row to the last is kept.

    Args:
        scores: float32, shape (T, K).
        times: float64, shape (T,), seconds; needed where `min_duration` is in seconds.
        abstain_below: Least adjusted score of a label.
        exit_below: Least adjusted score at which a label stays; at most, and by default,
            `abstain_below`.
        hysteresis: Lead that another label needs to take over, >= 0.
        min_duration: Frames, or (number, "frames" | "seconds").
        bias: float32, shape (K,); default 0.
        weight: float32, shape (K,); default 1.

    Returns:
        Class ids, int32 (T,), -1 for no label; and the score (not adjusted) of each label,
        float32 (T,), NaN without one.

    Raises:
        TypeError: an array has another dtype.
        ValueError: a size or an option is out of range.
    """
    duration = min_duration if isinstance(min_duration, tuple) else (min_duration, "frames")
    leave = abstain_below if exit_below is None else exit_below
    return _core.decide(scores, times, abstain_below, leave, hysteresis, duration, bias, weight)


def cut_events(
    labels: Labels,
    strength: Floats,
    times: Doubles,
    *,
    min_duration: Length = (0, "frames"),
    merge_gap: Length = (0, "frames"),
) -> Events:
    """Cut labels into events.

    Each run of one label is an event. Neighbouring events of one label become one when nothing but
    at most `merge_gap` without label lies between them; after that, events shorter than
    `min_duration` are left out.

    Args:
        labels: int32, shape (T,), -1 for no label.
        strength: float32, shape (T,), for example the confidence.
        times: float64, shape (T,), seconds, not decreasing.
        min_duration: (number, "frames" | "seconds").
        merge_gap: (number, "frames" | "seconds").

    Raises:
        TypeError: an array has another dtype.
        ValueError: a size or an option is out of range.
    """
    return Events(*_core.cut_events(labels, strength, times, min_duration, merge_gap))
