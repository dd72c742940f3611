"""Tracks: a face is followed from frame to frame and searched for only now and then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cexpr import _core
from cexpr._support.types import Bools, Floats, Image, Integers
from cexpr.clips.reader import Frame
from cexpr.faces.appearance import Appearance
from cexpr.faces.detector import Detections, Detector, to_xyxy
from cexpr.faces.known import CLEAR_LIKENESS, KnownFace
from cexpr.faces.scenes import Scenes, SceneStep

# Least overlap at which two boxes are one face.
_SAME_FACE = 0.4
# Faces with this share of their boxes around them, and the overlap from which on one stands before
# the other: it is not judged by its looks then.
_BORDER = 0.5
_TOUCHING = 0.02
# Least score of a closer look at a followed face that a search did not find.
_DOUBT_SCORE = 0.5
# Share of the scene kept below which a frame may be a cut in a room that stays: there a followed
# face must clearly look as in the frame before, elsewhere it must not look quite different.
_KEPT = 0.89
_SUDDEN = 0.6


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
        gap_seconds: Time for which a lost face is known again near its place, >= 0.
        return_seconds: Time for which a lost face keeps its track; after `gap_seconds` or a cut it
            is known again only by clear likeness, >= `gap_seconds`.
        new_share: Share of the picture, 0..1, that must be new at a scene cut.
    """

    detect_every: int = 15
    search_every: int = 4
    start_score: float = 0.75
    clear_score: float = 0.98
    clear_start_score: float = 0.5
    follow_score: float = 0.6
    gap_seconds: float = 2.0
    return_seconds: float = 10.0
    new_share: float = 0.6

    def __post_init__(self) -> None:
        for name in ("detect_every", "search_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        shares = ("start_score", "clear_score", "clear_start_score", "follow_score", "new_share")
        for name in shares:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0 to 1, got {getattr(self, name)}")
        if not self.gap_seconds >= 0:
            raise ValueError(f"gap_seconds: expected at least 0, got {self.gap_seconds}")
        if not self.return_seconds >= self.gap_seconds:
            raise ValueError(
                f"return_seconds: expected at least gap_seconds ({self.gap_seconds}), "
                f"got {self.return_seconds}"
            )


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

    def first(self, count: int) -> TrackedFaces:
        """Return at most `count` of the faces, those whose tracks began first."""
        rows = slice(count)
        return TrackedFaces(
            self.tracks[rows], self.boxes_xywh[rows], self.scores[rows], self.landmarks[rows]
        )


class Tracker:
    """Follows the faces of one clip.

    Between searches of the whole image, each face is looked at again only where it is expected.
    The whole image is searched on the first frame, every `detect_every` frames, at scene cuts and
    when a face is lost; while it stays lost or no face is in sight, at intervals that grow to
    `search_every`.

    A cut is where the scene changes (`cexpr.faces.scenes.Scenes`), or where part of it changes and
    a face suddenly looks like another person's. After it a face goes on with its track only where
    it clearly looks the same. Nothing of what faces look like is kept beyond the clip.

    Attributes:
        frames: Frames seen so far.
        full_detections: Searches of the whole image so far.
        cuts: Numbers of the frames that begin after a cut.
    """

    def __init__(self, detector: Detector, options: TrackOptions | None = None) -> None:
        self.options = options or TrackOptions()
        self.frames = 0
        self.full_detections = 0
        self.cuts: list[int] = []
        self._detector = detector
        self._tracks: list[KnownFace] = []
        self._next_number = 1
        self._scenes = Scenes(self.options.new_share)
        # The frame before, flashes apart, where it has faces: what they looked like.
        self._before: Image | None = None
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
        step = self._scenes.step(image)
        if step.is_flash:
            return self._in_flash(image, time)
        followed, is_cut = self._followed(), step.is_cut
        if step.is_cut:
            self._leave_scene(followed)
        elif followed:
            is_cut = self._follow(image, time, followed, step)
        self._until_search -= 1
        gone = [track for track in followed if track.is_lost]
        if is_cut or gone or self._until_search <= 0:
            self._search(image, time)
            self._plan_next_search(time)
        shown = self._followed()
        if step.kept < _KEPT and any(t.is_lost for t in gone) and not set(shown) <= set(followed):
            is_cut = True  # one face in place of another
        if is_cut:
            self.cuts.append(frame.number)
        self._remember(image if shown else None)
        return _gathered(shown)

    def _remember(self, image: Image | None) -> None:
        """Copy an image with faces: the caller may write the next frame over it."""
        if image is None or self._before is None or self._before.shape != image.shape:
            self._before = None if image is None else image.copy()
        else:
            np.copyto(self._before, image)

    def _followed(self) -> list[KnownFace]:
        return [track for track in self._tracks if not track.is_lost]

    def _forget(self, time: float) -> None:
        """Drop the faces that have been lost for too long."""
        limit = time - self.options.return_seconds
        self._tracks = [t for t in self._tracks if not t.is_lost or t.seen_at >= limit]

    def _in_flash(self, image: Image, time: float) -> TrackedFaces:
        """Show the faces that can be made out in a flash; nothing is learnt of the others."""
        tracks = self._followed()
        if not tracks:
            return _gathered([])
        expected = np.array([track.expected_box(time) for track in tracks], np.float32)
        faces = self._detector.refine(image, expected)
        boxes = faces.boxes_xywh.tolist()
        rows = [
            row
            for row, track in enumerate(tracks)
            if faces.scores[row] >= self.options.follow_score and track.can_step_to(boxes[row])
        ]
        numbers = np.array([tracks[row].number for row in rows], np.int64)
        shown = faces[rows]
        return TrackedFaces(numbers, shown.boxes_xywh, shown.scores, shown.landmarks)

    def _leave_scene(self, followed: list[KnownFace]) -> None:
        """At a cut: every face is lost, and remembered as it looked last."""
        if followed and self._before is not None:
            boxes = np.concatenate([track.face.boxes_xywh for track in followed])
            looks = Appearance.of(self._before, boxes)
            for track, look in zip(followed, looks, strict=True):
                track.lose(last_view=look)
        for track in self._tracks:
            track.lose(after_cut=True)

    def _follow(self, image: Image, time: float, tracks: list[KnownFace], step: SceneStep) -> bool:
        """Look again where each face is expected; mark those that are gone as lost.

        Returns:
            Whether a face suddenly looks like another person's while part of the scene is new.
        """
        expected = np.array([track.expected_box(time) for track in tracks], np.float32)
        faces = self._detector.refine(image, expected)
        boxes, scores = faces.boxes_xywh.tolist(), faces.scores.tolist()
        before = [track.face.boxes_xywh for track in tracks]
        for row, track in enumerate(tracks):
            if scores[row] >= self.options.follow_score and track.can_step_to(boxes[row]):
                track.move_to(faces[row : row + 1], time)
            else:
                track.lose()
        if len(tracks) > 1:
            self._part(image, [track for track in tracks if not track.is_lost])
        if step.is_still or self._before is None:
            return False
        return self._compare_looks(image, self._before, tracks, np.concatenate(before), step)

    def _compare_looks(
        self,
        image: Image,
        image_before: Image,
        tracks: list[KnownFace],
        before_xywh: Floats,
        step: SceneStep,
    ) -> bool:
        """Lose the faces that suddenly look like another person's; see `_follow`."""
        is_new_scene = step.kept < _KEPT
        limit = CLEAR_LIKENESS if is_new_scene else _SUDDEN
        after_xywh = np.concatenate([track.face.boxes_xywh for track in tracks])
        looks_before = Appearance.of(image_before, before_xywh)
        looks_after = Appearance.of(image, after_xywh)
        free = _untouched(before_xywh) & _untouched(after_xywh)
        is_any_sudden = False
        for row, track in enumerate(tracks):
            before = looks_before[row] if free[row] else None
            is_sudden = before is not None and before.likeness(looks_after[row]) < limit
            if is_sudden or track.is_lost:
                track.lose(after_cut=is_sudden or is_new_scene, last_view=before)
            is_any_sudden |= is_sudden and is_new_scene
        if is_any_sudden:
            for track in self._tracks:
                track.after_cut = track.is_lost
        return is_any_sudden

    def _part(self, image: Image, tracks: list[KnownFace]) -> None:
        """Where two tracks hold one face, keep the one that it looks like and lose the other."""
        overlaps = _overlaps([track.box for track in tracks], [track.box for track in tracks])
        for row, column in np.argwhere(np.triu(overlaps > _SAME_FACE, 1)).tolist():
            pair = (tracks[row], tracks[column])
            if not (pair[0].is_lost or pair[1].is_lost):
                (view,) = Appearance.of(image, pair[0].face.boxes_xywh)
                min(pair, key=lambda track: track.view.likeness(view)).lose()

    def _search(self, image: Image, time: float) -> None:
        """Search the whole image, match what is found to the faces known, start new ones."""
        self.full_detections += 1
        found = self._detector.detect(image)
        looks = Appearance.of(image, found.boxes_xywh)
        boxes: list[list[float]] = found.boxes_xywh.tolist()
        free = _untouched(found.boxes_xywh).tolist()
        matches = self._matches(boxes, looks, free, time)
        for track, row in matches:
            track.move_to(found[row : row + 1], time)
            if free[row]:
                track.view.blend(looks[row])
        self._doubt(image, [t for t in self._followed() if t not in {t for t, _ in matches}])
        # What lies on a known face is that face found twice.
        overlaps = _overlaps(boxes, [track.box for track in self._followed()])
        rows = np.flatnonzero((overlaps <= _SAME_FACE).all(axis=1))
        if not len(rows):
            return
        for row in rows[self._are_faces(image, found[rows])].tolist():
            self._tracks.append(
                KnownFace(self._next_number, found[row : row + 1], time, looks[row])
            )
            self._next_number += 1

    def _matches(
        self, boxes: list[list[float]], looks: list[Appearance], free: list[bool], time: float
    ) -> list[tuple[KnownFace, int]]:
        """Pair tracks with rows of a search, best pair first."""
        overlaps = _overlaps([track.box for track in self._tracks], boxes).tolist()
        gap = self.options.gap_seconds
        pairs = [
            (
                track.affinity(box, overlaps[index][row], looks[row], free[row], time, gap),
                index,
                row,
            )
            for index, track in enumerate(self._tracks)
            for row, box in enumerate(boxes)
        ]
        matches: dict[int, int] = {}
        for affinity, index, row in sorted(pairs, key=lambda pair: -pair[0]):
            if affinity > 0 and index not in matches and row not in matches.values():
                matches[index] = row
        return [(self._tracks[index], row) for index, row in matches.items()]

    def _are_faces(self, image: Image, found: Detections) -> Bools:
        """Tell which of the new faces that a search found are faces, shape (N,)."""
        options = self.options
        is_clear = found.scores >= options.clear_score
        least = np.where(is_clear, options.clear_start_score, options.start_score)
        faces: Bools = self._detector.confirm(image, found.boxes_xywh) >= least
        return faces

    def _doubt(self, image: Image, tracks: list[KnownFace]) -> None:
        """Look closer at followed faces that a search did not find: are they still faces?"""
        if not tracks:
            return
        boxes = np.concatenate([track.face.boxes_xywh for track in tracks])
        for track, score in zip(tracks, self._detector.confirm(image, boxes), strict=True):
            track.is_lost = bool(score < _DOUBT_SCORE)

    def _plan_next_search(self, time: float) -> None:
        """Search soon while a face is missing, ever less often; otherwise at the usual pace."""
        limit = time - self.options.gap_seconds
        is_missing = any(track.is_lost and track.seen_at >= limit for track in self._tracks)
        if self._followed() and not is_missing:
            self._until_search, self._pause = self.options.detect_every, 1
            return
        self._until_search = self._pause = min(self._pause, self.options.search_every)
        self._pause *= 2


def _untouched(boxes_xywh: Floats) -> Bools:
    """Tell which faces no other one covers or borders on: bool, shape (N,)."""
    grown = boxes_xywh.copy()
    grown[:, :2] -= _BORDER * boxes_xywh[:, 2:]
    grown[:, 2:] += 2 * _BORDER * boxes_xywh[:, 2:]
    boxes = grown.tolist()
    untouched: Bools = (_overlaps(boxes, boxes) > _TOUCHING).sum(axis=1) <= 1
    return untouched


def _overlaps(a_xywh: list[list[float]], b_xywh: list[list[float]]) -> Floats:
    """Intersection over union of each pair, shape (N, M)."""
    a, b = (np.array(boxes, np.float32).reshape(-1, 4) for boxes in (a_xywh, b_xywh))
    overlaps: Floats = _core.iou(to_xyxy(a), to_xyxy(b))
    return overlaps


def _gathered(tracks: list[KnownFace]) -> TrackedFaces:
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
