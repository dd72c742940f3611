"""Smoothing within phase 2: signals along each track, scores along a timeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from cexpr._support.types import Doubles, Flags, Floats, Integers
from cexpr.signals import GROUPS
from cexpr.smoothing import Smoothing, smooth
from cexpr.tables.result import FaceRows

# Frames per second of a clip with a single frame: no length in seconds reaches anything there.
_FALLBACK_RATE: Final = 30.0


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
            score. With `filled: count` all rows take part. A score that is unknown in a frame
            without a face, because its gap is not filled, stays unknown.
        rate: Frames per second, for lengths in seconds.

    Returns:
        float32, shape (T, K).
    """
    arguments = smoothing.arguments(rate)
    if arguments is None:
        return scores
    unseen = seen[:, np.newaxis] == 0
    stands = unseen & np.isnan(scores)
    if smoothing.filled == "count":
        smoothed = smooth(scores, frame, **arguments)
    else:
        smoothed = smooth(np.where(unseen, np.float32(np.nan), scores), frame, **arguments)
        stands |= np.isnan(smoothed)
    return np.asarray(np.where(stands, scores, smoothed), np.float32)


def frame_rate(frame: Integers, time: Doubles) -> float:
    """Frames per second over the whole clip, by frame numbers, so that missing ones count."""
    if len(frame) > 1 and time[-1] > time[0]:
        return float((frame[-1] - frame[0]) / (time[-1] - time[0]))
    return _FALLBACK_RATE
