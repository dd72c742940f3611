"""Phase 2: from the signals of faces to one decided row per frame.

It takes milliseconds and reads no video, so it can be repeated with other rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cexpr._support.types import Doubles, Flags, Floats, Integers, Labels
from cexpr.rules.rule_set import RuleSet
from cexpr.smoothing import Smoothing
from cexpr.tables.columns import Content
from cexpr.tables.layout import (
    FaceDecisions,
    FrameRowsDecided,
    events_table,
    faces_table,
    frames_table,
)
from cexpr.tables.result import FaceRows
from cexpr.timeline import steps
from cexpr.timeline.events import cut_each, cut_merged
from cexpr.timeline.smooth import frame_rate, smooth_scores, smooth_tracks
from cexpr.timeline.tracks import (
    DecidedTracks,
    decide_tracks,
    filled_signals,
    lay_out,
    shown_cells,
)


class Tables(NamedTuple):
    """The tables of a clip; columns as in `cexpr.tables.result.ClipResult`."""

    frames: pa.Table
    faces: pa.Table
    events: pa.Table


@dataclass(frozen=True, eq=False)
class DecidedClip:
    """A clip as phase 2 decided it, step by step.

    Attributes:
        rows: The faces that took part; their signals are smoothed.
        usable: int64, shape (N,), the rows that these were among all faces.
        tracks: Every face decided on its own timeline, whatever the rules say of `faces`.
        n_faces: int64, shape (T,), all faces of each frame.
        merged: float32, shape (T, K), scores of the faces brought together; with `faces: each`
            those of the face that the frame shows.
        decided: int64, shape (T, K), the face row that each of them is of, -1 for none.
        scores: float32, shape (T, K), gaps filled and smoothed: what labels are chosen by.
        is_filled: uint8, shape (T,).
        labels: int32, shape (T,), class ids, -1 for no label.
        confidence: float32, shape (T,), score of the label, NaN without one.
        chosen: int64, shape (T,), the face row that stands for the frame: the one whose score the
            label has; where a frame has no label, the one with the highest score, and where there
            is no score, the best detection; -1 without a face.
        signals: float32, shape (T, S), smoothed, of that face; filled in where there is none.
        face: int64, shape (T,), its track; 0 without a face, also where the frame is filled in.
        face_signals: float32, shape (M, S), smoothed, of all M faces, those left out included.
    """

    rows: FaceRows
    usable: Integers
    tracks: DecidedTracks
    n_faces: Integers
    merged: Floats
    decided: Integers
    scores: Floats
    is_filled: Flags
    labels: Labels
    confidence: Floats
    chosen: Integers
    signals: Floats
    face: Integers
    face_signals: Floats


def decide_tables(
    rows: FaceRows,
    frame: Integers,
    time: Doubles,
    rules: RuleSet,
    smoothings: Mapping[str, Smoothing] | None = None,
    end_time: float | None = None,
    min_quality: float = 0.0,
) -> Tables:
    """Decide a clip and lay it out as tables.

    Args:
        rows: The faces, as the models saw them.
        frame: int64, shape (T,), numbers of all frames, increasing.
        time: float64, shape (T,), seconds, not decreasing.
        rules: The rule set; the signals that it needs must be among `rows.names`.
        smoothings: Instead of `rules.smooth`.
        end_time: Seconds at which the last frame ends; None if it is as long as the one before.
        min_quality: As in `decide_clip`; the rows of faces below it have no label and no scores.

    Returns:
        The tables of frames, T rows, of faces, as many rows as there are faces, and of events. The
        signals of a frame are the smoothed ones of the face that stands for it
        (`DecidedClip.chosen`), those of a face are as the models saw them.

    Raises:
        RuleError: the rules need a signal that the rows lack.
        ValueError: a face stands in a frame that is not among `frame`.
    """
    found = decide_clip(rows, frame, time, rules, smoothings, min_quality)
    content = Content(rows.names, tuple(rules.compounds), rows.derived, rules.name)
    if rules.faces == "each":
        events = cut_each(found.tracks, time, rules.event_options, end_time)
    else:
        events = cut_merged(
            found.labels,
            found.confidence,
            found.decided,
            found.rows.track,
            time,
            rules.event_options,
            end_time,
        )
    return Tables(
        frames_table(frame_decisions(found, frame, time), content),
        faces_table(rows, face_decisions(found), content),
        events_table(events, frame, time, content.compounds),
    )


def frame_decisions(found: DecidedClip, frame: Integers, time: Doubles) -> FrameRowsDecided:
    """Return what the table of frames holds of a decided clip; arguments as `decide_tables`."""
    return FrameRowsDecided(
        frame=frame,
        time=time,
        n_faces=found.n_faces,
        signals=found.signals,
        scores=found.scores,
        labels=found.labels,
        confidence=found.confidence,
        filled=(found.is_filled == 1) & (found.n_faces == 0),
        face=found.face,
    )


def face_decisions(found: DecidedClip) -> FaceDecisions:
    """Return what the table of faces holds of a decided clip, beside its face rows."""
    cell = np.full(len(found.face_signals), -1, np.int64)
    cell[found.usable] = found.tracks.layout.cell
    return FaceDecisions(
        signals=found.face_signals,
        scores=_taken(found.tracks.scores, cell, np.nan),
        labels=_taken(found.tracks.labels, cell, -1),
        confidence=_taken(found.tracks.confidence, cell, np.nan),
    )


def decide_clip(
    rows: FaceRows,
    frame: Integers,
    time: Doubles,
    rules: RuleSet,
    smoothings: Mapping[str, Smoothing] | None = None,
    min_quality: float = 0.0,
) -> DecidedClip:
    """Find the label of every frame of a clip.

    The order: signals smoothed per track, rules, faces merged, gaps filled, compound scores
    smoothed if the rule file says so, labels. With `faces: each` the last three are done for each
    track, and the frame shows one of them.

    Args:
        rows: The faces, as the models saw them.
        frame: int64, shape (T,), numbers of all frames, increasing.
        time: float64, shape (T,), seconds, not decreasing.
        rules: The rule set; the signals that it needs must be among `rows.names`.
        smoothings: Instead of `rules.smooth`.
        min_quality: Faces whose quality is known and below this count as not seen: they get no
            scores and no label. A frame that shows no better face shows the signals of the one
            with the best detection.

    Raises:
        RuleError: the rules need a signal that the rows lack.
        ValueError: a face stands in a frame that is not among `frame`.
    """
    smoothings = smoothings or rules.smooth
    index = _frame_index(rows.frame, frame)
    rate = frame_rate(frame, time)
    usable = rows.of_quality(min_quality)
    seen = rows[usable]
    seen = replace(seen, signals=smooth_tracks(seen, smoothings, rate))
    scores = rules.evaluate(
        seen.signals, seen.names, frames=seen.frame, times=seen.time, tracks=seen.track
    )
    layout = lay_out(seen.track, index[usable], len(frame))
    tracks = decide_tracks(layout, scores, frame, time, rules, smoothings)
    if rules.faces == "each":
        found = _each(seen, tracks, scores, time, rules)
    else:
        found = _merged(seen, tracks, scores, frame, time, rules, smoothings)
    signals = smooth_tracks(rows, smoothings, rate)
    signals[usable] = seen.signals
    n_faces = np.bincount(index, minlength=len(frame)).astype(np.int64)
    found = replace(found, n_faces=n_faces, usable=usable, face_signals=signals)
    return found if len(usable) == len(rows) else _with_poor_faces(found, rows, index)


def _each(
    rows: FaceRows,
    tracks: DecidedTracks,
    scores: Floats,
    time: Doubles,
    rules: RuleSet,
) -> DecidedClip:
    """Show in each frame the face whose own label is strongest."""
    layout = tracks.layout
    n_faces = np.bincount(layout.frame[layout.cell], minlength=len(time))
    shown = shown_cells(tracks, rows.detection, n_faces)
    chosen = _taken(layout.row, shown, -1)
    signals, merged = _taken(rows.signals, chosen, np.nan), _taken(scores, chosen, np.nan)
    unseen = (shown >= 0) & (chosen < 0)
    signals[unseen] = filled_signals(layout, rows.signals, shown[unseen], time, rules)
    return DecidedClip(
        rows=rows,
        usable=np.arange(len(rows)),
        tracks=tracks,
        n_faces=n_faces,
        merged=merged,
        decided=np.where(np.isnan(merged), -1, chosen[:, np.newaxis]),
        scores=_taken(tracks.scores, shown, np.nan),
        is_filled=_taken(tracks.is_filled, shown, 0),
        labels=_taken(tracks.labels, shown, -1),
        confidence=_taken(tracks.confidence, shown, np.nan),
        chosen=chosen,
        signals=signals,
        face=_taken(rows.track, chosen, 0),
        face_signals=rows.signals,
    )


def _merged(
    rows: FaceRows,
    tracks: DecidedTracks,
    scores: Floats,
    frame: Integers,
    time: Doubles,
    rules: RuleSet,
    smoothings: Mapping[str, Smoothing],
) -> DecidedClip:
    """Bring the faces of each frame together and decide the clip as one timeline."""
    index = tracks.layout.frame[tracks.layout.cell]
    area = rows.boxes_xywh[:, 2] * rows.boxes_xywh[:, 3]
    merged, decided = steps.merge_faces(
        scores, index, len(frame), rules.faces, rows.detection, area
    )
    n_faces = np.bincount(index, minlength=len(frame))
    seen = (n_faces > 0).astype(np.uint8)
    gaps = (rules.gaps, rules.gaps_at_most, time)
    filled_scores, is_filled = steps.fill_gaps(merged, seen, *gaps)
    smoothed = smooth_scores(
        filled_scores, seen, frame, smoothings["compounds"], frame_rate(frame, time)
    )
    labels, confidence = steps.choose_labels(smoothed, time, **rules.decide_options)
    # A frame without a label shows the face that came closest to one.
    closest = np.argmax(np.where(np.isnan(merged), -np.inf, merged), axis=1)
    column = np.where(labels >= 0, labels, closest)
    chosen = decided[np.arange(len(frame)), column]
    chosen = np.where(chosen >= 0, chosen, _best_detection(rows.detection, index, len(frame)))
    signals, _ = steps.fill_gaps(_taken(rows.signals, chosen, np.nan), seen, *gaps)
    return DecidedClip(
        rows=rows,
        usable=np.arange(len(rows)),
        tracks=tracks,
        n_faces=n_faces,
        merged=merged,
        decided=decided,
        scores=smoothed,
        is_filled=is_filled,
        labels=labels,
        confidence=confidence,
        chosen=chosen,
        signals=signals,
        face=_taken(rows.track, chosen, 0),
        face_signals=rows.signals,
    )


def _with_poor_faces(found: DecidedClip, rows: FaceRows, index: Integers) -> DecidedClip:
    """Show a face that was left out where a frame has no other one; it has no label.

    Args:
        found: The clip as decided without them.
        rows: All faces.
        index: int64, shape (M,), the row of the timeline that each is in, from 0.
    """
    best = _best_detection(rows.detection, index, len(found.n_faces))
    poor = np.where((found.chosen < 0) & (found.n_faces > 0), best, -1)
    is_unknown = (poor >= 0) & (found.is_filled == 0)
    signals = np.where(
        is_unknown[:, np.newaxis], _taken(found.face_signals, poor, np.nan), found.signals
    )
    face = np.where(poor >= 0, _taken(rows.track, poor, 0), found.face)
    return replace(found, signals=signals, face=face)


def _taken(values: NDArray[Any], rows: Integers, otherwise: float) -> NDArray[Any]:
    """Return a row of `values` for each entry of `rows`, and `otherwise` for each -1."""
    found = np.full((len(rows), *values.shape[1:]), otherwise, values.dtype)
    found[rows >= 0] = values[rows[rows >= 0]]
    return found


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
