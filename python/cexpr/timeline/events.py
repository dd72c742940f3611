"""Labels of a clip, or of each of its tracks, cut into events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cexpr._support.types import Doubles, Floats, Integers, Labels
from cexpr.tables.layout import EventRows
from cexpr.timeline import steps
from cexpr.timeline.tracks import DecidedTracks

EventOptions = Mapping[str, steps.Length]


def cut_merged(
    labels: Labels,
    confidence: Floats,
    decided: Integers,
    track: Integers,
    time: Doubles,
    options: EventOptions,
    end_time: float | None,
) -> EventRows:
    """Cut a clip into events; each names the face that decided at its apex, if one did.

    Args:
        labels: int32, shape (T,).
        confidence: float32, shape (T,).
        decided: int64, shape (T, K), the face row that each score is of, -1 for none.
        track: int64, shape (N,), track ids of the face rows.
        time: float64, shape (T,), seconds.
        options: `RuleSet.event_options`.
        end_time: Seconds at which the last frame ends; None if it is as long as the one before.
    """
    ends = frame_ends(time, end_time)
    events = _cut(labels, confidence, time, ends[-1:], options)
    rows = decided[events.apex, events.label]
    face = np.zeros(len(events), np.int64)
    face[rows >= 0] = track[rows[rows >= 0]]
    return _joined([(events, 0, face)], ends)


def cut_each(
    found: DecidedTracks, time: Doubles, options: EventOptions, end_time: float | None
) -> EventRows:
    """Cut each track into events, in the order in which they begin.

    Args:
        found: The decided tracks.
        time: float64, shape (T,), seconds.
        options: `RuleSet.event_options`.
        end_time: As in `cut_merged`.
    """
    ends, parts = frame_ends(time, end_time), []
    for number, track in enumerate(found.layout.tracks):
        cells, frames = found.layout.cells(number), found.layout.frames(number)
        if (found.labels[cells] < 0).all():
            continue
        # The last frame of a track ends where the next frame of the clip begins.
        last = ends[frames.stop - 1 : frames.stop]
        events = _cut(found.labels[cells], found.confidence[cells], time[frames], last, options)
        parts.append((events, frames.start, np.full(len(events), track, np.int64)))
    return _joined(parts, ends)


def frame_ends(time: Doubles, end_time: float | None) -> Doubles:
    """Seconds at which each frame ends: where the next one begins.

    Args:
        time: float64, shape (T,), seconds, not decreasing.
        end_time: End of the last frame; None if it is as long as the one before, and a single
            frame lasts 0.

    Returns:
        float64, shape (T,).
    """
    if not len(time):
        return time
    if end_time is None:
        end_time = time[-1] + (time[-1] - time[-2]) if len(time) > 1 else time[-1]
    return np.append(time[1:], max(float(end_time), float(time[-1])))


def length_of(time: Doubles, end_time: float | None) -> float:
    """Seconds from the first frame to the end of the last one, to the microsecond.

    Args:
        time: float64, shape (T,), T >= 1.
        end_time: As in `frame_ends`.
    """
    return round(float(frame_ends(time, end_time)[-1] - time[0]), 6)


def _cut(
    labels: Labels, confidence: Floats, time: Doubles, end: Doubles, options: EventOptions
) -> steps.Events:
    """Cut a timeline; `end` is where its last frame ends, shape (1,), or (0,) without frames."""
    # One more row without a label tells the core where the last one ends.
    nothing = end.astype(np.float32) * np.float32(np.nan)
    return steps.cut_events(
        np.append(labels, np.full(len(end), -1, np.int32)),
        np.append(confidence, nothing),
        np.append(time, end),
        **options,
    )


def _joined(parts: Sequence[tuple[steps.Events, int, Integers]], ends: Doubles) -> EventRows:
    """Join events of timelines that begin at the given rows of the clip; ordered by onset."""
    if not parts:
        parts = [(_NO_EVENTS, 0, np.zeros(0, np.int64))]
    label = np.concatenate([events.label for events, _, _ in parts])
    onset, apex, offset = (
        np.concatenate([getattr(events, name) + start for events, start, _ in parts])
        for name in ("onset", "apex", "offset")
    )
    duration, peak, mean = (
        np.concatenate([getattr(events, name) for events, _, _ in parts])
        for name in ("duration", "peak", "mean")
    )
    face = np.concatenate([faces for _, _, faces in parts])
    order = np.lexsort((face, onset))
    return EventRows(
        label=label[order],
        onset=onset[order],
        apex=apex[order],
        offset=offset[order],
        duration=duration[order],
        peak=peak[order],
        mean=mean[order],
        face=face[order],
        end_time=ends[offset[order]],
    )


_NO_EVENTS = steps.Events(
    label=np.zeros(0, np.int32),
    onset=np.zeros(0, np.int64),
    apex=np.zeros(0, np.int64),
    offset=np.zeros(0, np.int64),
    duration=np.zeros(0),
    peak=np.zeros(0, np.float32),
    mean=np.zeros(0, np.float32),
)
