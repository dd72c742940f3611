"""The turn after which faces stand upright."""

from __future__ import annotations

import numpy as np
import pytest

from builders.photos import Image
from cexpr.clips.reader import turned
from cexpr.faces.detector import Detector, make_detector
from cexpr.faces.upright import best_turn, doubts


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


def test_clips_with_few_faces_are_doubted(mtcnn: Detector) -> None:
    half = {"frames": 10, "frames_with_face": 5, "rotate": 0}
    few, none = {**half, "frames_with_face": 4}, {**half, "frames_with_face": 0}
    assert doubts(half, mtcnn, is_chosen=False) == []
    assert doubts(few, mtcnn, is_chosen=False) == [
        "a face in only 4 of 10 frames; is the picture upright?"
    ]
    assert doubts(none, mtcnn, is_chosen=True) == ["no face in any of 10 frames"]
    assert doubts(none, make_detector("full-frame"), is_chosen=False) == []
    assert doubts({**half, "rotate": 90}, mtcnn, is_chosen=False) == []
    assert doubts({**half, "rotate": 90}, mtcnn, is_chosen=True) == [
        "turned by 90 degrees clockwise, to where faces are upright"
    ]
