"""Every face on a timeline of its own: gaps filled, scores smoothed, labels chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cexpr._support.types import Doubles, Flags, Floats, Integers, Labels
from cexpr.rules.rule_set import RuleSet
from cexpr.smoothing import Smoothing
from cexpr.timeline import steps
from cexpr.timeline.smooth import frame_rate, smooth_scores


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the timelines of the tracks lie: M cells, one timeline after the other.

    A timeline runs from the first to the last frame of its track. The frames without any face
    right after its last frame continue it, and those before it if its first frame is the first one
    with a face in the clip. Tracks with few frames have few cells, however long the clip is.

    Attributes:
        tracks: int64, shape (P,), track ids, increasing.
        bounds: int64, shape (P + 1,): timeline p has the cells bounds[p] to bounds[p + 1] - 1.
        frame: int64, shape (M,), the row of the clip that each cell stands for, from 0.
        row: int64, shape (M,), the face row there, -1 where this face was not seen.
        nearest: int64, shape (M,), the face row last seen, or else the first of the track.
        cell: int64, shape (N,), the cell of each face row.
    """

    tracks: Integers
    bounds: Integers
    frame: Integers
    row: Integers
    nearest: Integers
    cell: Integers

    def cells(self, number: int) -> slice:
        """Return the cells of a timeline."""
        return slice(int(self.bounds[number]), int(self.bounds[number + 1]))

    def frames(self, number: int) -> slice:
        """Return the rows of the clip that a timeline covers."""
        cells = self.cells(number)
        start = int(self.frame[cells.start])
        return slice(start, start + cells.stop - cells.start)

    def spread(self, values: Floats) -> Floats:
        """Bring the values of face rows, shape (N, C), to the cells; NaN in unseen ones."""
        spread = np.full((len(self.row), values.shape[1]), np.nan, np.float32)
        seen = self.row >= 0
        spread[seen] = values[self.row[seen]]
        return spread


@dataclass(frozen=True, eq=False)
class DecidedTracks:
    """What was decided in each cell of the timelines.

    Attributes:
        layout: Where the timelines lie.
        scores: float32, shape (M, K), gaps filled and smoothed: what labels are chosen by.
        is_filled: uint8, shape (M,), 1 where the face was not seen and the scores were filled in.
        labels: int32, shape (M,), class ids, -1 for no label.
        confidence: float32, shape (M,), score of the label, NaN without one.
    """

    layout: Layout
    scores: Floats
    is_filled: Flags
    labels: Labels
    confidence: Floats


def lay_out(track: Integers, index: Integers, frame_count: int) -> Layout:
    """Find the timeline of each track.

    Args:
        track: int64, shape (N,), track id of each face row.
        index: int64, shape (N,), the row of the clip that each face row stands in, from 0.
        frame_count: Rows of the clip, T.
    """
    order = np.lexsort((index, track))
    tracks, starts, counts = np.unique(track[order], return_index=True, return_counts=True)
    first, last = index[order][starts], index[order][starts + counts - 1]
    with_face = np.unique(index)
    after = np.searchsorted(with_face, last, side="right")
    stop = np.append(with_face, frame_count)[after]
    start = np.where(first == with_face[:1], 0, first)
    bounds = np.concatenate([[0], np.cumsum(stop - start)])
    cell_count = int(bounds[-1])
    number = np.repeat(np.arange(len(tracks)), stop - start)
    frame = np.arange(cell_count) - (bounds[:-1] - start)[number]
    timeline = np.searchsorted(tracks, track)
    cell = (bounds[:-1] - start)[timeline] + index
    row = np.full(cell_count, -1, np.int64)
    # Written last to first: of two rows of one track in one frame the first one counts.
    row[cell[::-1]] = np.arange(len(track))[::-1]
    seen_last = np.maximum.accumulate(np.where(row >= 0, np.arange(cell_count), -1))
    first_seen = (bounds[:-1] - start + first)[number]
    nearest = row[np.maximum(seen_last, first_seen)]
    return Layout(tracks, bounds, frame, row, nearest, cell)


def decide_tracks(
    layout: Layout,
    scores: Floats,
    frame: Integers,
    time: Doubles,
    rules: RuleSet,
    smoothings: Mapping[str, Smoothing],
) -> DecidedTracks:
    """Decide each track as if it were alone in the clip.

    Args:
        layout: The timelines.
        scores: float32, shape (N, K), scores of the face rows.
        frame: int64, shape (T,), numbers of all frames of the clip.
        time: float64, shape (T,), seconds.
        rules: The rule set.
        smoothings: A smoothing for each group; `compounds` is used here.
    """
    filled = layout.spread(scores)
    is_filled = np.zeros(len(filled), np.uint8)
    labels = np.full(len(filled), -1, np.int32)
    confidence = np.full(len(filled), np.nan, np.float32)
    seen = (layout.row >= 0).astype(np.uint8)
    options, rate = rules.decide_options, frame_rate(frame, time)
    gaps, at_most = rules.gaps, rules.gaps_at_most
    for number in range(len(layout.tracks)):
        cells, rows = layout.cells(number), layout.frames(number)
        filled[cells], is_filled[cells] = steps.fill_gaps(
            filled[cells], seen[cells], gaps, at_most, time[rows]
        )
        filled[cells] = smooth_scores(
            filled[cells], seen[cells], frame[rows], smoothings["compounds"], rate
        )
        labels[cells], confidence[cells] = steps.choose_labels(filled[cells], time[rows], **options)
    return DecidedTracks(layout, filled, is_filled, labels, confidence)


def shown_cells(found: DecidedTracks, detection: Floats, n_faces: Integers) -> Integers:
    """Find the cell that stands for each frame of the clip.

    Of the faces seen in a frame (if none was seen: of the timelines that cover it) it is the one
    whose label has the highest confidence; without labels the one with the highest score; without
    scores the best detection. Ties go to the lowest face row.

    Args:
        found: The decided tracks.
        detection: float32, shape (N,), detection scores of the face rows.
        n_faces: int64, shape (T,), faces seen in each frame.

    Returns:
        int64, shape (T,), -1 where no timeline covers the frame.
    """
    layout = found.layout
    best_score = np.where(np.isnan(found.scores), -np.inf, found.scores).max(axis=1)
    tier = np.where(found.labels >= 0, 2, np.where(best_score > -np.inf, 1, 0))
    key = np.choose(tier, [detection[layout.nearest], best_score, found.confidence])
    may = np.flatnonzero((layout.row >= 0) | (n_faces[layout.frame] == 0))
    strength = np.nan_to_num(key[may], nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    # Ascending, so that the best one is written last.
    order = may[np.lexsort((-layout.nearest[may], strength, tier[may]))]
    shown = np.full(len(n_faces), -1, np.int64)
    shown[layout.frame[order]] = order
    return shown


def filled_signals(
    layout: Layout, signals: Floats, cells: Integers, time: Doubles, rules: RuleSet
) -> Floats:
    """Signals in cells in which the face was not seen, filled in along its timeline.

    Args:
        layout: The timelines.
        signals: float32, shape (N, S), of the face rows.
        cells: int64, shape (C,), the cells that are asked for.
        time: float64, shape (T,), seconds of the frames of the clip.
        rules: The rule set.

    Returns:
        float32, shape (C, S).
    """
    found = np.full((len(cells), signals.shape[1]), np.nan, np.float32)
    number = np.searchsorted(layout.bounds, cells, side="right") - 1
    order = np.argsort(number, kind="stable")
    for asked in np.split(order, np.flatnonzero(np.diff(number[order])) + 1):
        if not len(asked):
            continue
        whole = layout.cells(int(number[asked[0]]))
        rows = layout.row[whole]
        values = np.full((len(rows), signals.shape[1]), np.nan, np.float32)
        values[rows >= 0] = signals[rows[rows >= 0]]
        seen, times = (rows >= 0).astype(np.uint8), time[layout.frame[whole]]
        values, _ = steps.fill_gaps(values, seen, rules.gaps, rules.gaps_at_most, times)
        found[asked] = values[cells[asked] - whole.start]
    return found
