"""The detector for clips that are face crops already."""

from __future__ import annotations

import numpy as np

from builders.photos import Image
from cexpr.faces.detector import make_detector


def test_full_frame_is_one_face_without_landmarks(photo: Image) -> None:
    detector = make_detector("full-frame")
    found = detector.detect(photo)
    assert found.boxes_xywh.tolist() == [[0, 0, 512, 512]]
    assert found.scores.tolist() == [1]
    assert np.isnan(found.landmarks).all()
    assert detector.refine(photo, np.zeros((2, 4), np.float32)).scores.tolist() == [1, 1]
    assert not detector.searches
