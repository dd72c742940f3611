"""Label a stream of faces frame by frame, with a fixed delay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cexpr import _core
from cexpr._support.arguments import floats, integers, real, require_columns, strings, whole
from cexpr._support.types import Floats
from cexpr.errors import RuleError
from cexpr.rules.rule_set import RuleSet

__all__ = ["Analyzer", "DecidedFace", "DecidedFrame"]


@dataclass(frozen=True)
class DecidedFace:
    """One face of one frame with its own label.

    Attributes:
        track: Id of the person.
        label: Class id, -1 for no label.
        confidence: Score of the label, NaN without one.
        scores: float32, shape (K,), scores of the compounds, smoothed.
        signals: float32, shape (S,), smoothed signals.
        box_xywh: Left, top, width, height in pixels, from a `Stream`; None from an `Analyzer`,
            which sees no images.
    """

    track: int
    label: int
    confidence: float
    scores: Floats
    signals: Floats
    box_xywh: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class DecidedFrame:
    """One frame with its label.

    Attributes:
        frame: Number of the frame.
        time: Seconds.
        label: Class id, -1 for no label.
        confidence: Score of the label, NaN without one.
        face_count: Faces in the frame.
        is_filled: No face was in the frame and its scores were filled in.
        track: Track of the face that decided; -1 in a frame without a face, also where it was
            filled in.
        scores: float32, shape (K,), scores of the compounds: merged (`each`: of the face that
            decided), filled and smoothed.
        signals: float32, shape (S,), smoothed signals of the face that decided; NaN in a frame
            without a face.
        faces: With `faces: each`, the faces that were seen in the frame, in the order in which they
            were pushed. Empty with other rules, which have one label for all faces of a frame.
    """

    frame: int
    time: float
    label: int
    confidence: float
    face_count: int
    is_filled: bool
    track: int
    scores: Floats
    signals: Floats
    faces: tuple[DecidedFace, ...] = ()


class Analyzer:
    """Label a stream of faces frame by frame.

    The steps and their results are those of a whole clip, with four exceptions: functions over time
    in rules look back only; gaps longer than `gap_frames` are held instead of interpolated (for as
    long as `at_most` of the rule file says); lengths in seconds become frames by
    `frames_per_second`; and with `faces: each`, a face that is away while others are seen is taken
    for gone after as many frames as the longest radius among the signals' smoothings, plus
    `gap_frames` where gaps are interpolated.

    The delay is the longest radius among the signals' smoothings, plus `gap_frames` where gaps are
    interpolated, plus the radius of the compounds' smoothing, plus the minimum duration minus 1.

    Args:
        rules: The rule set.
        signals: Names of the signals, in the order of their columns.
        frames_per_second: Turns lengths in seconds of the rule file into frames.
        max_faces: Most faces in one frame, 1..1024.
        gap_frames: The longest gap that is interpolated, in frames; more than `at_most` of the rule
            file has no effect.

    Raises:
        RuleError: the rules need a signal that is not among `signals`.
        TypeError: an argument has the wrong type.
        ValueError: an argument is out of range, or a smoothing counts rows.

    Example:
        >>> live = Analyzer(RuleSet.load("default"), names)
        >>> for frame, time, rows, tracks in faces:
        ...     for decided in live.push(frame, time, rows, tracks):
        ...         show(decided.frame, decided.label)
    """

    def __init__(
        self,
        rules: RuleSet,
        signals: Sequence[str],
        *,
        frames_per_second: float = 25.0,
        max_faces: int = 8,
        gap_frames: int = 12,
    ) -> None:
        self._names = strings("signals", signals)
        try:
            self._analyzer = _core.Analyzer(
                _require_rules(rules).core,
                self._names,
                real("frames_per_second", frames_per_second),
                whole("max_faces", max_faces, 1, 1024),
                whole("gap_frames", gap_frames),
            )
        except _core.RuleSetError as error:
            raise RuleError(str(error)) from error

    @property
    def delay(self) -> int:
        """Frames from a push to the frame that it brings out."""
        return self._analyzer.delay

    def push(
        self,
        frame: int,
        time: float,
        signals: ArrayLike,
        tracks: ArrayLike,
        detection: ArrayLike | None = None,
        area: ArrayLike | None = None,
    ) -> list[DecidedFrame]:
        """Add a frame and return the frame that is decided now: none or one.

        Args:
            frame: Its number; each is the number after the one before. For a frame that was
                dropped, push no faces: `push(frame, time, [], [])`.
            time: Seconds, not decreasing.
            signals: Numbers, shape (F, S), a row for each face, rounded to float32; NaN for
                unknown values.
            tracks: Whole numbers, shape (F,), id of the person of each face.
            detection: Numbers, shape (F,), detection scores, for `faces: first`.
            area: Numbers, shape (F,), areas of the boxes, for `faces: largest`.

        Raises:
            TypeError: an argument has the wrong type.
            ValueError: a shape, the columns of a data frame, a frame, time or track does not fit;
                nothing has changed then.
        """
        require_columns("signals", signals, self._names)
        decided = self._analyzer.push(
            whole("frame", frame),
            real("time", time),
            self._rows(signals),
            integers("tracks", tracks),
            None if detection is None else floats("detection", detection),
            None if area is None else floats("area", area),
        )
        return _frames(decided)

    def _rows(self, signals: ArrayLike) -> Floats:
        """Return rows of signals; an empty list has no row, but all columns."""
        if isinstance(signals, list | tuple) and len(signals) == 0:
            return np.empty((0, len(self._names)), np.float32)
        rows: Floats = floats("signals", signals)
        return rows

    def flush(self) -> list[DecidedFrame]:
        """End the stream: return all frames that are left; the analyzer is as new afterwards."""
        return _frames(self._analyzer.flush())

    def reset(self) -> None:
        """Forget everything, for another stream."""
        self._analyzer.reset()


def _frames(decided: list[_core._DecidedTuple]) -> list[DecidedFrame]:
    return [
        DecidedFrame(*entry[:9], tuple(DecidedFace(*face) for face in entry[9]))
        for entry in decided
    ]


def _require_rules(rules: RuleSet) -> RuleSet:
    if not isinstance(rules, RuleSet):
        raise TypeError(f"rules: expected a RuleSet, got {type(rules).__name__}")
    return rules
