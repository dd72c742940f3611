"""A face that the tracker knows: where it is or was, how it moves and what it looks like."""

from __future__ import annotations

import math
from typing import Final

from cexpr.faces.appearance import Appearance
from cexpr.faces.detector import Detections

# A followed face may move by this share of its size, and grow or shrink by this factor, in a frame.
_MAX_STEP: Final = 0.6
_MAX_GROWTH: Final = 1.5
# A face found again: least overlap while it is followed; factor of its size; and the sizes that it
# may have moved, at once and per second.
_MIN_OVERLAP: Final = 0.2
_MAX_CHANGE: Final = 2.0
_MAX_JUMP: Final = 1.0
_MAX_JUMP_PER_SECOND: Final = 3.0
# Time in seconds for which the place alone tells that a lost face is the same.
_JUST_LOST: Final = 0.25

MIN_LIKENESS: Final = 0.7
"""Least likeness of a face found again near the place where it was lost."""

CLEAR_LIKENESS: Final = 0.78
"""Least likeness where the place tells nothing: after a cut or a long absence."""


class KnownFace:
    """One person of the clip.

    Attributes:
        number: Its track.
        face: One row: the face as it was seen last.
        box: Left, top, width, height of it.
        seen_at: Time of that frame, seconds.
        is_lost: It is not in sight.
        after_cut: It was lost at a cut, or there was a cut since.
        view: Running mean of its looks.
        last_view: Its look just before a cut, if it was looked at.
    """

    __slots__ = (
        "after_cut", "box", "face", "is_lost", "last_view", "number", "seen_at", "speed", "view",
    )  # fmt: skip

    def __init__(self, number: int, face: Detections, time: float, view: Appearance) -> None:
        self.number = number
        self.face = face
        self.box: list[float] = face.boxes_xywh[0].tolist()
        self.speed = (0.0, 0.0)
        self.seen_at = time
        self.is_lost = False
        self.after_cut = False
        self.view = view
        self.last_view: Appearance | None = None

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
        self.last_view = None

    def lose(self, *, after_cut: bool = False, last_view: Appearance | None = None) -> None:
        """Take the face as gone; after a cut it is known again by clear likeness alone."""
        self.is_lost = True
        self.after_cut = self.after_cut or after_cut
        self.last_view = last_view or self.last_view

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
        self,
        box: list[float],
        overlap: float,
        look: Appearance,
        is_free: bool,
        time: float,
        gap_seconds: float,
    ) -> float:
        """Rate a face that a search found as this one.

        Args:
            box: Left, top, width, height of the face found.
            overlap: Its intersection over union with this face's box.
            look: Its looks.
            is_free: Whether no other face covers it or borders on it. Where one does, looks count
                only after a cut or a long absence.
            time: Time of the frame, seconds.
            gap_seconds: Absence up to which the place where it was lost counts.

        Returns:
            0 where it cannot be this one; the larger, the better it fits.
        """
        known = [self.view] if self.last_view is None else [self.view, self.last_view]
        likeness = max(one.likeness(look) for one in known)
        absence = time - self.seen_at
        if self.after_cut or (self.is_lost and absence > gap_seconds):
            return likeness if likeness >= CLEAR_LIKENESS else 0.0
        if not is_free:
            likeness = MIN_LIKENESS
        is_just_lost = self.is_lost and absence <= _JUST_LOST and likeness > 0
        if overlap >= _MIN_OVERLAP and (is_just_lost or not self.is_lost):
            return 1 + overlap + 0.5 * likeness
        if not self.is_lost:
            return 0.0
        size, new_size = max(self.box[2:]), max(box[2:])
        reach = size * (_MAX_JUMP + _MAX_JUMP_PER_SECOND * absence)
        distance = math.hypot(*_offset(self.expected_box(time), box))
        is_possible = (
            likeness >= MIN_LIKENESS
            and distance < reach
            and size <= new_size * _MAX_CHANGE
            and new_size <= size * _MAX_CHANGE
        )
        return likeness + 0.5 * (1 - distance / reach) if is_possible else 0.0


def _offset(box: list[float], to_box: list[float]) -> tuple[float, float]:
    """Return the way from one box's centre to another's, pixels."""
    return (
        to_box[0] + to_box[2] / 2 - box[0] - box[2] / 2,
        to_box[1] + to_box[3] / 2 - box[1] - box[3] / 2,
    )
