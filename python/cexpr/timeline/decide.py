"""Phase 2: from the signals of faces to one decided row per frame.

It takes milliseconds and reads no video, so it can be repeated with other rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

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

_MICROSECOND: Final = 1e-6  # tolerance of lengths in seconds


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
        face: int64, shape (T,), its track; in a frame that is filled in, the track that it is
            filled in from, and 0 where that is not a single one.
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
    frames = FrameRowsDecided(
        frame=frame,
        time=time,
        n_faces=found.n_faces,
        signals=found.signals,
        scores=found.scores,
        labels=found.labels,
        confidence=found.confidence,
        filled=found.is_filled.astype(bool),
        face=found.face,
    )
    cell = np.full(len(rows), -1, np.int64)
    cell[found.usable] = found.tracks.layout.cell
    smoothed = np.full(rows.signals.shape, np.nan, np.float32)
    smoothed[found.usable] = found.rows.signals
    faces = FaceDecisions(
        signals=smoothed,
        scores=_taken(found.tracks.scores, cell, np.nan),
        labels=_taken(found.tracks.labels, cell, -1),
        confidence=_taken(found.tracks.confidence, cell, np.nan),
    )
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
        frames_table(frames, content),
        faces_table(rows, faces, content),
        events_table(events, frame, time, content.compounds),
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
        min_quality: Faces whose quality is known and below this count as not seen, but for
            `n_faces`.

    Raises:
        RuleError: the rules need a signal that the rows lack.
        ValueError: a face stands in a frame that is not among `frame`.
    """
    smoothings = smoothings or rules.smooth
    index = _frame_index(rows.frame, frame)
    n_faces = np.bincount(index, minlength=len(frame)).astype(np.int64)
    usable = rows.of_quality(min_quality)
    rows, index = rows[usable], index[usable]
    rows = replace(rows, signals=smooth_tracks(rows, smoothings, frame_rate(frame, time)))
    scores = rules.evaluate(
        rows.signals, rows.names, frames=rows.frame, times=rows.time, tracks=rows.track
    )
    layout = lay_out(rows.track, index, len(frame))
    tracks = decide_tracks(layout, scores, frame, time, rules, smoothings)
    if rules.faces == "each":
        found = _each(rows, tracks, scores, time, rules)
    else:
        found = _merged(rows, tracks, scores, frame, time, rules, smoothings)
    return replace(found, n_faces=n_faces, usable=usable)


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
    is_filled = _taken(tracks.is_filled, shown, 0)
    signals, merged = _taken(rows.signals, chosen, np.nan), _taken(scores, chosen, np.nan)
    unseen = (shown >= 0) & (chosen < 0)
    signals[unseen] = filled_signals(layout, rows.signals, shown[unseen], time, rules)
    source = np.where((chosen >= 0) | (is_filled == 1), _taken(layout.nearest, shown, -1), -1)
    return DecidedClip(
        rows=rows,
        usable=np.arange(len(rows)),
        tracks=tracks,
        n_faces=n_faces,
        merged=merged,
        decided=np.where(np.isnan(merged), -1, chosen[:, np.newaxis]),
        scores=_taken(tracks.scores, shown, np.nan),
        is_filled=is_filled,
        labels=_taken(tracks.labels, shown, -1),
        confidence=_taken(tracks.confidence, shown, np.nan),
        chosen=chosen,
        signals=signals,
        face=_taken(rows.track, source, 0),
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
    face = _filled_faces(_taken(rows.track, chosen, 0), *gaps)
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
        face=np.where((chosen >= 0) | (is_filled == 1), face, 0),
    )


def _taken(values: NDArray[Any], rows: Integers, otherwise: float) -> NDArray[Any]:
    """Return a row of `values` for each entry of `rows`, and `otherwise` for each -1."""
    found = np.full((len(rows), *values.shape[1:]), otherwise, values.dtype)
    found[rows >= 0] = values[rows[rows >= 0]]
    return found


def _filled_faces(
    face: Integers, how: str, at_most: steps.Length | None, time: Doubles
) -> Integers:
    """Say which face the frames without one are filled in from; 0 where it is not a single one.

    Args:
        face: int64, shape (T,), track of the face that is shown, 0 without a face.
        how: `RuleSet.gaps`; "interpolate" fills in from the faces on both sides.
        at_most: `RuleSet.gaps_at_most`; longer gaps are filled in from the face before.
        time: float64, shape (T,), seconds.
    """
    place = np.arange(len(face))
    before = np.maximum.accumulate(np.where(face > 0, place, -1))
    after = np.minimum.accumulate(np.where(face > 0, place, len(face))[::-1])[::-1]
    around = np.concatenate([face, [0]])
    from_before, from_after = np.where(before >= 0, around[before], 0), around[after]
    if how == "hold":
        return np.asarray(from_before)
    limit, unit = at_most or (np.inf, "frames")
    reach = time if unit == "seconds" else place
    behind = reach[np.maximum(after - 1, 0)] - reach[np.maximum(before, 0)]
    is_long = (before >= 0) & (behind > limit + _MICROSECOND)
    from_after = np.where((from_after > 0) & ~is_long, from_after, from_before)
    from_before = np.where(from_before > 0, from_before, from_after)
    return np.where(from_before == from_after, from_before, 0)


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
