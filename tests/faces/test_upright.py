"""The turn after which faces stand upright."""

from __future__ import annotations

import numpy as np
import pytest

from builders.photos import Image
from cexpr.clips.reader import turned
from cexpr.faces.detector import Detector
from cexpr.faces.upright import best_turn


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_turn_that_brings_the_face_upright_is_found(
    mtcnn: Detector, photo: Image, turn: int
) -> None:
    lying = turned(photo, -turn)
    black = np.zeros_like(lying)
    assert best_turn([black, lying, black], mtcnn) == turn


def test_without_a_face_nothing_is_turned(mtcnn: Detector) -> None:
    grey = np.full((240, 320, 3), 127, np.uint8)
    assert best_turn([grey], mtcnn) == 0
    assert best_turn([], mtcnn) == 0
