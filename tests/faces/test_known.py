"""When a face that a search found is one that the tracker knows."""

from __future__ import annotations

import numpy as np
import pytest

from cexpr.faces.appearance import Appearance
from cexpr.faces.detector import Detections
from cexpr.faces.known import CLEAR_LIKENESS, MIN_LIKENESS, KnownFace

BOX = [100.0, 100.0, 40.0, 40.0]
FAR = [400.0, 100.0, 40.0, 40.0]


def look(likeness: float) -> Appearance:
    """A look with this likeness to `look(1)`."""
    return Appearance(np.float32([likeness, np.sqrt(1 - likeness**2)]))


def face(box: list[float]) -> Detections:
    return Detections(np.float32([box]), np.float32([0.9]), np.full((1, 5, 2), np.nan, np.float32))


def known() -> KnownFace:
    return KnownFace(1, face(BOX), 0.0, look(1.0))


def affinity(
    one: KnownFace, likeness: float, time: float, box: list[float] = BOX, is_free: bool = True
) -> float:
    overlap = 1.0 if box == BOX else 0.0
    return one.affinity(box, overlap, look(likeness), is_free, time, gap_seconds=2.0)


def test_followed_face_is_known_by_its_place() -> None:
    assert affinity(known(), 0.1, 0.03) > 1
    assert affinity(known(), 1.0, 0.03, FAR) == 0


def test_lost_face_needs_likeness_and_a_place_in_reach() -> None:
    one = known()
    one.lose()
    assert affinity(one, MIN_LIKENESS + 0.01, 1.0) > 0
    assert affinity(one, MIN_LIKENESS - 0.01, 1.0) == 0
    assert affinity(one, 1.0, 1.0, FAR) == 0
    assert affinity(one, 0.1, 1.0, is_free=False) > 0


@pytest.mark.parametrize(("after_cut", "time"), [(True, 0.03), (True, 5.0), (False, 5.0)])
def test_after_a_cut_or_a_long_absence_clear_likeness_decides(after_cut: bool, time: float) -> None:
    one = known()
    one.lose(after_cut=after_cut)
    for box in (BOX, FAR):
        for is_free in (True, False):
            assert affinity(one, CLEAR_LIKENESS + 0.01, time, box, is_free) > 0
            assert affinity(one, CLEAR_LIKENESS - 0.01, time, box, is_free) == 0


def test_the_look_just_before_a_cut_counts_too() -> None:
    one = known()
    one.lose(after_cut=True, last_view=look(0.5))
    assert affinity(one, 0.5, 0.03) > 0


def test_face_that_is_found_again_is_followed_by_its_place_again() -> None:
    one = known()
    one.lose(after_cut=True)
    one.move_to(face(BOX), 0.1)
    assert not one.is_lost
    assert affinity(one, 0.1, 0.13) > 1


def test_steps_are_short_and_sizes_stay() -> None:
    assert known().can_step_to([110.0, 100.0, 44.0, 44.0])
    assert not known().can_step_to([130.0, 100.0, 40.0, 40.0])
    assert not known().can_step_to([100.0, 100.0, 70.0, 70.0])
