"""Phase 2: from the signals of faces to one decided row per frame.

It takes milliseconds and reads no video, so it can be repeated with other rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cexpr._support.types import Doubles, Flags, Floats, Integers, Labels
from cexpr.rules.rule_set import RuleSet
from cexpr.signals import GROUPS
from cexpr.smoothing import Smoothing, smooth
from cexpr.tables.result import EVENT_SCHEMA, FaceRows, arrow_array, frames_table, label_names
from cexpr.timeline import steps

# Frames per second of a clip with a single frame: no length in seconds reaches anything there.
_FALLBACK_RATE: Final = 30.0


@dataclass(frozen=True, eq=False)
class DecidedClip:
    """A clip as phase 2 decided it, step by step.

    Attributes:
        rows: The faces; their signals are smoothed.
        n_faces: int64, shape (T,).
        merged: float32, shape (T, K), scores of the faces brought together.
        decided: int64, shape (T, K), the face row that each of them is of, -1 for none.
        scores: float32, shape (T, K), gaps filled and smoothed: what labels are chosen by.
        is_filled: uint8, shape (T,).
        labels: int32, shape (T,), class ids, -1 for no label.
        confidence: float32, shape (T,), score of the label, NaN without one.
        chosen: int64, shape (T,), the face row that stands for the frame: the one whose score the
            label has; where a frame has no label, the one with the highest score, and where there
            is no score, the best detection; -1 without a face.
    """

    rows: FaceRows
    n_faces: Integers
    merged: Floats
    decided: Integers
    scores: Floats
    is_filled: Flags
    labels: Labels
    confidence: Floats
    chosen: Integers


def decide_tables(
    rows: FaceRows,
    frame: Integers,
    time: Doubles,
    rules: RuleSet,
    smoothings: Mapping[str, Smoothing] | None = None,
) -> tuple[pa.Table, pa.Table]:
    """Decide a clip and lay its frames and events out as tables.

    Args:
        rows: The faces, as the models saw them.
        frame: int64, shape (T,), numbers of all frames, increasing.
        time: float64, shape (T,), seconds, not decreasing.
        rules: The rule set; the signals that it needs must be among `rows.names`.
        smoothings: Instead of `rules.smooth`.

    Returns:
        The table of frames, T rows, and the table of events. The signals of a frame are the
        smoothed ones of the face that stands for it (`DecidedClip.chosen`).

    Raises:
        RuleError: the rules need a signal that the rows lack.
        ValueError: a face stands in a frame that is not among `frame`.
    """
    found = decide_clip(rows, frame, time, rules, smoothings)
    signals = np.full((len(frame), len(rows.names)), np.nan, np.float32)
    has_face = found.chosen >= 0
    signals[has_face] = found.rows.signals[found.chosen[has_face]]
    signals, _ = steps.fill_gaps(signals, (found.n_faces > 0).astype(np.uint8), rules.gaps)
    frames = frames_table(
        frame=frame,
        time=time,
        n_faces=found.n_faces,
        names=rows.names,
        signals=signals,
        compounds=rules.compounds,
        scores=found.scores,
        labels=found.labels,
        confidence=found.confidence,
        filled=found.is_filled.astype(bool),
    )
    events = steps.cut_events(found.labels, found.confidence, time, **rules.event_options)
    return frames, _events_table(events, found, frame, time, rules)


def decide_clip(
    rows: FaceRows,
    frame: Integers,
    time: Doubles,
    rules: RuleSet,
    smoothings: Mapping[str, Smoothing] | None = None,
) -> DecidedClip:
    """Find the label of every frame of a clip.

    The order: signals smoothed per track, rules, faces merged, gaps filled, compound scores
    smoothed if the rule file says so, labels.

    Args:
        rows: The faces, as the models saw them.
        frame: int64, shape (T,), numbers of all frames, increasing.
        time: float64, shape (T,), seconds, not decreasing.
        rules: The rule set; the signals that it needs must be among `rows.names`.
        smoothings: Instead of `rules.smooth`.

    Raises:
        RuleError: the rules need a signal that the rows lack.
        ValueError: a face stands in a frame that is not among `frame`.
    """
    smoothings = smoothings or rules.smooth
    index = _frame_index(rows.frame, frame)
    rate = _frame_rate(frame, time)
    rows = replace(rows, signals=smooth_tracks(rows, smoothings, rate))
    scores = rules.evaluate(
        rows.signals, rows.names, frames=rows.frame, times=rows.time, tracks=rows.track
    )
    area = rows.boxes_xywh[:, 2] * rows.boxes_xywh[:, 3]
    merged, decided = steps.merge_faces(
        scores, index, len(frame), rules.faces, rows.detection, area
    )
    n_faces = np.bincount(index, minlength=len(frame)).astype(np.int64)
    seen = (n_faces > 0).astype(np.uint8)
    filled_scores, is_filled = steps.fill_gaps(merged, seen, rules.gaps)
    smoothed = smooth_scores(filled_scores, seen, frame, smoothings["compounds"], rate)
    labels, confidence = steps.choose_labels(smoothed, time, **rules.decide_options)
    # A frame without a label shows the face that came closest to one.
    closest = np.argmax(np.where(np.isnan(merged), -np.inf, merged), axis=1)
    column = np.where(labels >= 0, labels, closest)
    chosen = decided[np.arange(len(frame)), column]
    chosen = np.where(chosen >= 0, chosen, _best_detection(rows.detection, index, len(frame)))
    return DecidedClip(
        rows, n_faces, merged, decided, smoothed, is_filled, labels, confidence, chosen
    )


def smooth_tracks(rows: FaceRows, smoothings: Mapping[str, Smoothing], rate: float) -> Floats:
    """Smooth the signals of each face over its own frames.

    Args:
        rows: The faces.
        smoothings: `RuleSet.smooth`: a smoothing for each group of signals.
        rate: Frames per second, for lengths in seconds.

    Returns:
        float32, shape (N, S).
    """
    smoothed: Floats = rows.signals.copy()
    by_track = np.argsort(rows.track, kind="stable")
    tracks = np.split(by_track, np.flatnonzero(np.diff(rows.track[by_track])) + 1)
    for group, names in GROUPS.items():
        columns = np.flatnonzero([name in names for name in rows.names])
        arguments = smoothings[group].arguments(rate)
        if not len(columns) or arguments is None:
            continue
        for track in tracks:
            place = np.ix_(track, columns)
            smoothed[place] = smooth(rows.signals[place], rows.frame[track], **arguments)
    return smoothed


def smooth_scores(
    scores: Floats,
    seen: Flags,
    frame: Integers,
    smoothing: Smoothing,
    rate: float,
) -> Floats:
    """Smooth compound scores over the clip.

    Args:
        scores: float32, shape (T, K), gaps filled.
        seen: uint8, shape (T,), 1 where a face was seen.
        frame: int64, shape (T,).
        smoothing: The `compounds` entry of `RuleSet.smooth`. With `filled: skip` the rows of
            frames without a face take no part; a row with no other in reach keeps its filled
            score. With `filled: count` all rows take part.
        rate: Frames per second, for lengths in seconds.

    Returns:
        float32, shape (T, K).
    """
    arguments = smoothing.arguments(rate)
    if arguments is None:
        return scores
    if smoothing.filled == "count":
        return smooth(scores, frame, **arguments)
    known = np.where(seen[:, np.newaxis] == 1, scores, np.float32(np.nan))
    smoothed = smooth(known, frame, **arguments)
    return np.asarray(np.where(np.isnan(smoothed), scores, smoothed), np.float32)


def _frame_rate(frame: Integers, time: Doubles) -> float:
    """Frames per second over the whole clip, by frame numbers, so that missing ones count."""
    if len(frame) > 1 and time[-1] > time[0]:
        return float((frame[-1] - frame[0]) / (time[-1] - time[0]))
    return _FALLBACK_RATE


def _frame_index(row_frames: Integers, frame: Integers) -> Integers:
    """Find the row of the timeline, from 0, that each face belongs to."""
    index = np.searchsorted(frame, row_frames)
    known = index < len(frame)
    known[known] = frame[index[known]] == row_frames[known]
    if not known.all():
        raise ValueError(
            f"frame {row_frames[~known][0]}: has a face but is not among the frames of the clip"
        )
    return index.astype(np.int64, copy=False)


def _best_detection(detection: Floats, index: Integers, frame_count: int) -> Integers:
    """Row of the face with the highest detection score in each frame, -1 without a face."""
    best = np.full(frame_count, -1, np.int64)
    # Ascending by score, so that the best one is written last; of equal ones the first row wins.
    order = np.lexsort((-np.arange(len(index)), np.nan_to_num(detection, nan=-np.inf)))
    best[index[order]] = order
    return best


def _events_table(
    events: steps.Events, found: DecidedClip, frame: Integers, time: Doubles, rules: RuleSet
) -> pa.Table:
    columns: list[NDArray[Any]] = [
        np.arange(len(events)),
        events.label,
        events.label,
        *(
            values[rows]
            for rows in (events.onset, events.apex, events.offset)
            for values in (frame, time)
        ),
        np.round(events.duration, 6),
        events.peak,
        events.mean,
    ]
    arrays = [
        label_names(values, rules.compounds)
        if pa.types.is_string(kind)
        else arrow_array(values, kind)
        for values, kind in zip(columns, EVENT_SCHEMA.types[: len(columns)], strict=True)
    ]
    rows = found.decided[events.apex, events.label]
    has_face = rows >= 0
    faces = np.zeros(len(events), np.int64)
    faces[has_face] = found.rows.track[rows[has_face]]
    return pa.table([*arrays, arrow_array(faces, pa.int64(), has_face)], schema=EVENT_SCHEMA)
