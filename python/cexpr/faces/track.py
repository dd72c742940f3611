"""Tracks: a face is followed from frame to frame and searched for only now and then."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cexpr import _core
from cexpr._support.types import Floats, Image, Integers
from cexpr.clips.reader import Frame
from cexpr.faces.appearance import Appearance, SceneCuts
from cexpr.faces.detector import Detections, Detector, to_xyxy

# Least overlap at which two boxes are one face.
_SAME_FACE = 0.4
# A followed face may move by this share of its size, and grow or shrink by this factor, in a frame.
_MAX_STEP = 0.6
_MAX_GROWTH = 1.5
# A face found again: least overlap while it is followed; least likeness after it was lost, after a
# scene cut; factor of its size; and the sizes that it may have moved, at once and per second.
_MIN_OVERLAP = 0.2
_MIN_LIKENESS = 0.45
_MIN_LIKENESS_AFTER_CUT = 0.7
_MAX_CHANGE = 2.0
# Time in seconds for which the place alone tells that a lost face is the same.
_JUST_LOST = 0.25
# Overlap from which on a face stands half behind another one and is not judged by its looks.
_TOUCHING = 0.02
_MAX_JUMP = 1.0
_MAX_JUMP_PER_SECOND = 3.0
# Least score of a closer look at a followed face that a search did not find.
_DOUBT_SCORE = 0.5


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """Settings of the tracker.

    Attributes:
        detect_every: Frames from one search of the whole image to the next, >= 1; 1 searches
            every frame.
        search_every: The same while no face is in sight or one is lost, after a few searches in
            a row, >= 1.
        start_score: Least score of a closer look (`Detector.confirm`) at a new face, 0..1.
        clear_score: Score of a search from which a face counts as clear, 0..1.
        clear_start_score: The same as `start_score` for a clear face, 0..1.
        follow_score: Least score at which a face counts as still there, 0..1.
        gap_seconds: Time for which a lost face keeps its track, >= 0.
        cut_difference: Mean grey difference between frames, 0..255, that makes a scene cut.
    """

    detect_every: int = 15
    search_every: int = 4
    start_score: float = 0.75
    clear_score: float = 0.98
    clear_start_score: float = 0.5
    follow_score: float = 0.6
    gap_seconds: float = 2.0
    cut_difference: float = 30.0

    def __post_init__(self) -> None:
        for name in ("detect_every", "search_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        for name in ("start_score", "clear_score", "clear_start_score", "follow_score"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0 to 1, got {getattr(self, name)}")
        for name in ("gap_seconds", "cut_difference"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: expected at least 0, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFaces:
    """Faces of one frame, by track; row i of each array is one face.

    Attributes:
        tracks: int64, shape (N,), ascending: one number for each person over time, from 1; it is
            never used for another person of the clip.
        boxes_xywh: float32, shape (N, 4), pixels.
        scores: float32, shape (N,): of the detector.
        landmarks: float32, shape (N, 5, 2), pixels; NaN where the detector has none.
    """

    tracks: Integers
    boxes_xywh: Floats
    scores: Floats
    landmarks: Floats

    def __len__(self) -> int:
        return len(self.tracks)


class _Track:
    """One person: where the face is or was last, how it moves and what it looks like."""

    __slots__ = ("after_cut", "box", "face", "is_lost", "number", "seen_at", "speed", "view")

    def __init__(self, number: int, face: Detections, time: float, view: Appearance) -> None:
        self.number = number
        self.face = face
        self.box: list[float] = face.boxes_xywh[0].tolist()
        self.speed = (0.0, 0.0)
        self.seen_at = time
        self.is_lost = False
        self.after_cut = False
        self.view = view

    def move_to(self, face: Detections, time: float) -> None:
        """Take the face's new place; its speed is a running mean, pixels per second."""
        box: list[float] = face.boxes_xywh[0].tolist()
        elapsed = time - self.seen_at
        if self.is_lost:
            self.speed = (0.0, 0.0)
        elif elapsed > 0:
            dx, dy = _offset(self.box, box)
            self.speed = (
                0.5 * (self.speed[0] + dx / elapsed),
                0.5 * (self.speed[1] + dy / elapsed),
            )
        self.face, self.box, self.seen_at = face, box, time
        self.is_lost = self.after_cut = False

    def expected_box(self, time: float) -> list[float]:
        """Return the box moved on by half the speed: heads slow down as often as they go on."""
        elapsed = 0.5 * min(time - self.seen_at, 0.5)
        x, y, width, height = self.box
        return [x + elapsed * self.speed[0], y + elapsed * self.speed[1], width, height]

    def can_step_to(self, box: list[float]) -> bool:
        """Tell whether a box one frame later can be this face, by its move and its size."""
        size, new_size = max(self.box[2:]), max(box[2:])
        dx, dy = _offset(self.box, box)
        return (
            size <= new_size * _MAX_GROWTH
            and new_size <= size * _MAX_GROWTH
            and math.hypot(dx, dy) <= _MAX_STEP * size
        )

    def affinity(
        self, box: list[float], overlap: float, view: Appearance | None, time: float
    ) -> float:
        """Rate a face that a search found as this one.

        Args:
            box: Left, top, width, height of the face found.
            overlap: Its intersection over union with this face's box.
            view: Its looks, or None where another face covers it in part.
            time: Time of the frame, seconds.

        Returns:
            0 where it cannot be this one; the larger, the better it fits.
        """
        likeness = _MIN_LIKENESS if view is None else self.view.likeness(view)
        if self.after_cut:
            return likeness if likeness >= _MIN_LIKENESS_AFTER_CUT else 0.0
        is_just_lost = self.is_lost and time - self.seen_at <= _JUST_LOST and likeness > 0
        if overlap >= _MIN_OVERLAP and (is_just_lost or not self.is_lost):
            return 1 + overlap + 0.5 * likeness
        if not self.is_lost:
            return 0.0
        size, new_size = max(self.box[2:]), max(box[2:])
        reach = size * (_MAX_JUMP + _MAX_JUMP_PER_SECOND * (time - self.seen_at))
        distance = math.hypot(*_offset(self.expected_box(time), box))
        is_possible = (
            likeness >= _MIN_LIKENESS
            and distance < reach
            and size <= new_size * _MAX_CHANGE
            and new_size <= size * _MAX_CHANGE
        )
        return likeness + 0.5 * (1 - distance / reach) if is_possible else 0.0


class Tracker:
    """Follows the faces of one clip.

    Between searches of the whole image, each face is looked at again only where it is expected.
    The whole image is searched on the first frame, every `detect_every` frames, at scene cuts and
    when a face is lost; while it stays lost or no face is in sight, at intervals that grow to
    `search_every`.

    Attributes:
        frames: Frames seen so far.
        full_detections: Searches of the whole image so far.
    """

    def __init__(self, detector: Detector, options: TrackOptions | None = None) -> None:
        self.options = options or TrackOptions()
        self.frames = 0
        self.full_detections = 0
        self._detector = detector
        self._tracks: list[_Track] = []
        self._next_number = 1
        self._cuts = SceneCuts(self.options.cut_difference)
        self._until_search = 0
        self._pause = 1

    def update(self, frame: Frame) -> TrackedFaces:
        """Take the next frame of the clip.

        Args:
            frame: A frame later than the one before.

        Returns:
            The faces in this frame, by ascending track.
        """
        self.frames += 1
        image, time = frame.image, frame.time
        if not self._detector.searches:
            face = self._detector.detect(image)
            return TrackedFaces(np.ones(1, np.int64), face.boxes_xywh, face.scores, face.landmarks)
        self._forget(time)
        is_cut = self._cuts.is_cut(image)
        followed = self._followed()
        if is_cut:
            for track in self._tracks:
                track.is_lost = track.after_cut = True
        elif followed:
            self._follow(image, time, followed)
        self._until_search -= 1
        is_gone = any(track.is_lost for track in followed)
        if is_cut or is_gone or self._until_search <= 0:
            self._search(image, time)
            self._plan_next_search()
        return _gathered(self._followed())

    def _followed(self) -> list[_Track]:
        return [track for track in self._tracks if not track.is_lost]

    def _forget(self, time: float) -> None:
        """Drop the faces that have been lost for too long."""
        limit = time - self.options.gap_seconds
        self._tracks = [t for t in self._tracks if not t.is_lost or t.seen_at >= limit]

    def _follow(self, image: Image, time: float, tracks: list[_Track]) -> None:
        """Look again where each face is expected; mark those that are gone as lost."""
        expected = np.array([track.expected_box(time) for track in tracks], np.float32)
        faces = self._detector.refine(image, expected)
        boxes, scores = faces.boxes_xywh.tolist(), faces.scores.tolist()
        for row, track in enumerate(tracks):
            if scores[row] >= self.options.follow_score and track.can_step_to(boxes[row]):
                track.move_to(faces[row : row + 1], time)
            else:
                track.is_lost = True
        if len(tracks) > 1:
            self._part(image, [track for track in tracks if not track.is_lost])

    def _part(self, image: Image, tracks: list[_Track]) -> None:
        """Where two tracks hold one face, keep the one that it looks like and lose the other."""
        overlaps = _overlaps([track.box for track in tracks], [track.box for track in tracks])
        for row, column in np.argwhere(np.triu(overlaps > _SAME_FACE, 1)).tolist():
            pair = (tracks[row], tracks[column])
            if not (pair[0].is_lost or pair[1].is_lost):
                (view,) = Appearance.of(image, pair[0].face.boxes_xywh)
                min(pair, key=lambda track: track.view.likeness(view)).is_lost = True

    def _search(self, image: Image, time: float) -> None:
        """Search the whole image, match what is found to the faces known, start new ones."""
        self.full_detections += 1
        found = self._detector.detect(image)
        looks = Appearance.of(image, found.boxes_xywh)
        boxes: list[list[float]] = found.boxes_xywh.tolist()
        touching = (_overlaps(boxes, boxes) > _TOUCHING).sum(axis=1) > 1
        views = [None if touched else look for look, touched in zip(looks, touching, strict=True)]
        matches = self._matches(boxes, views, time)
        for track, row in matches:
            track.move_to(found[row : row + 1], time)
            view = views[row]
            if view is not None:
                track.view.blend(view)
        self._doubt(image, [t for t in self._followed() if t not in {t for t, _ in matches}])
        # What lies on a known face is that face found twice.
        overlaps = _overlaps(boxes, [track.box for track in self._followed()])
        rows = np.flatnonzero((overlaps <= _SAME_FACE).all(axis=1))
        if not len(rows):
            return
        for row in rows[self._are_faces(image, found[rows])].tolist():
            self._tracks.append(_Track(self._next_number, found[row : row + 1], time, looks[row]))
            self._next_number += 1

    def _matches(
        self, boxes: list[list[float]], views: list[Appearance | None], time: float
    ) -> list[tuple[_Track, int]]:
        """Pair tracks with rows of a search, best pair first."""
        overlaps = _overlaps([track.box for track in self._tracks], boxes).tolist()
        pairs = [
            (track.affinity(box, overlaps[index][row], views[row], time), index, row)
            for index, track in enumerate(self._tracks)
            for row, box in enumerate(boxes)
        ]
        matches: dict[int, int] = {}
        for affinity, index, row in sorted(pairs, key=lambda pair: -pair[0]):
            if affinity > 0 and index not in matches and row not in matches.values():
                matches[index] = row
        return [(self._tracks[index], row) for index, row in matches.items()]

    def _are_faces(self, image: Image, found: Detections) -> NDArray[np.bool_]:
        """Tell which of the new faces that a search found are faces, shape (N,)."""
        options = self.options
        is_clear = found.scores >= options.clear_score
        least = np.where(is_clear, options.clear_start_score, options.start_score)
        faces: NDArray[np.bool_] = self._detector.confirm(image, found.boxes_xywh) >= least
        return faces

    def _doubt(self, image: Image, tracks: list[_Track]) -> None:
        """Look closer at followed faces that a search did not find: are they still faces?"""
        if not tracks:
            return
        boxes = np.concatenate([track.face.boxes_xywh for track in tracks])
        for track, score in zip(tracks, self._detector.confirm(image, boxes), strict=True):
            track.is_lost = bool(score < _DOUBT_SCORE)

    def _plan_next_search(self) -> None:
        """Search soon while a face is missing, ever less often; otherwise at the usual pace."""
        followed = len(self._followed())
        if followed and followed == len(self._tracks):
            self._until_search, self._pause = self.options.detect_every, 1
            return
        self._until_search = self._pause = min(self._pause, self.options.search_every)
        self._pause *= 2


def _offset(box: list[float], to_box: list[float]) -> tuple[float, float]:
    """Return the way from one box's centre to another's, pixels."""
    return (
        to_box[0] + to_box[2] / 2 - box[0] - box[2] / 2,
        to_box[1] + to_box[3] / 2 - box[1] - box[3] / 2,
    )


def _overlaps(a_xywh: list[list[float]], b_xywh: list[list[float]]) -> Floats:
    """Intersection over union of each pair, shape (N, M)."""
    a, b = (np.array(boxes, np.float32).reshape(-1, 4) for boxes in (a_xywh, b_xywh))
    overlaps: Floats = _core.iou(to_xyxy(a), to_xyxy(b))
    return overlaps


def _gathered(tracks: list[_Track]) -> TrackedFaces:
    """Put the faces of tracks, which are in the order of their numbers, into arrays."""
    if not tracks:
        none = Detections.empty()
        return TrackedFaces(np.zeros(0, np.int64), none.boxes_xywh, none.scores, none.landmarks)
    return TrackedFaces(
        np.array([track.number for track in tracks], np.int64),
        np.concatenate([track.face.boxes_xywh for track in tracks]),
        np.concatenate([track.face.scores for track in tracks]),
        np.concatenate([track.face.landmarks for track in tracks]),
    )
