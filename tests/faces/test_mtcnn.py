"""The cascade: what is its own beside what all detectors have in common."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from builders.photos import BY_EYE, LANDMARKS, Image
from cexpr.faces.detector import Detector, make_detector
from cexpr.faces.mtcnn import MtcnnOptions


def test_confirm_trusts_the_face_and_not_the_background(mtcnn: Detector, photo: Image) -> None:
    box = mtcnn.detect(photo).boxes_xywh[0]
    scores = mtcnn.confirm(photo, np.array([box, [400, 400, 80, 80]], np.float32))
    assert scores[0] > 0.9
    assert scores[1] < 0.3


def test_noise_gives_no_error(mtcnn: Detector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (301, 403, 3), np.uint8)
    found = mtcnn.detect(noise)
    assert np.isfinite(found.boxes_xywh).all()


def test_smallest_face_limits_the_search(photo: Image) -> None:
    assert len(make_detector("mtcnn", smallest_face=60).detect(photo)) == 1
    assert len(make_detector("mtcnn", smallest_face=300).detect(photo)) == 0


def small_face(photo: Image) -> Image:
    """A face of 35 pixels in a picture of 1280 x 960."""
    small = cv2.resize(photo, (171, 171), interpolation=cv2.INTER_AREA)
    canvas = np.full((960, 1280, 3), 127, np.uint8)
    canvas[600:771, 800:971] = small
    return canvas


def test_small_face_in_a_large_image_is_found_when_asked_for(photo: Image) -> None:
    canvas = small_face(photo)
    assert len(make_detector("mtcnn", finer=False).detect(canvas)) == 0
    found = make_detector("mtcnn", smallest_face=24).detect(canvas)
    np.testing.assert_allclose(found.landmarks[0], LANDMARKS / 3 + (800, 600), atol=BY_EYE)


def test_search_goes_on_for_smaller_faces_where_it_found_none(
    mtcnn: Detector, photo: Image
) -> None:
    found = mtcnn.detect(small_face(photo))
    np.testing.assert_allclose(found.landmarks[0], LANDMARKS / 3 + (800, 600), atol=BY_EYE)


def test_group_of_thirty_small_faces_is_found(mtcnn: Detector, photo: Image) -> None:
    person = cv2.resize(photo, (240, 240), interpolation=cv2.INTER_AREA)
    picture = np.tile(person, (5, 6, 1))
    assert len(make_detector("mtcnn", finer=False).detect(picture)) < 30
    found = mtcnn.detect(picture)
    places = (found.landmarks.mean(axis=1) // 240).astype(int)
    assert {(x, y) for x, y in places.tolist()} == {(x, y) for x in range(6) for y in range(5)}
    assert (np.diff(found.scores) <= 0).all()


def test_face_that_fills_the_picture_is_found_beyond_its_edges(
    mtcnn: Detector, photo: Image
) -> None:
    left, top, width, height = mtcnn.detect(photo).boxes_xywh[0].astype(int)
    left, right = left + width // 8, left + width - width // 8
    top, bottom = top + height // 8, top + height - height // 8
    close = cv2.resize(photo[top:bottom, left:right], None, fx=3, fy=3)
    assert len(make_detector("mtcnn", padding=0.0).detect(close)) == 0
    (landmarks,) = mtcnn.detect(close).landmarks
    expected = 3 * (LANDMARKS - (left, top))
    np.testing.assert_allclose(landmarks, expected, atol=3 * BY_EYE)


def test_confirm_does_not_count_the_edge_of_the_picture_against_a_face(
    mtcnn: Detector, photo: Image
) -> None:
    # The chin is the last row.
    cut_off = photo[:164, 100:350]
    found = mtcnn.detect(cut_off)
    in_black = cv2.copyMakeBorder(cut_off, 0, 200, 0, 0, cv2.BORDER_CONSTANT)
    assert mtcnn.confirm(cut_off, found.boxes_xywh) > mtcnn.confirm(in_black, found.boxes_xywh)
    far_outside = np.array([[-5000, -5000, 100, 100], [1e6, 0, 50, 50]], np.float32)
    assert (mtcnn.confirm(cut_off, far_outside) < 0.5).all()


def test_threads_do_not_change_the_result(mtcnn: Detector, photo: Image) -> None:
    one, two = mtcnn.detect(photo), make_detector("mtcnn", threads=2).detect(photo)
    np.testing.assert_array_equal(one.boxes_xywh, two.boxes_xywh)
    np.testing.assert_array_equal(one.landmarks, two.landmarks)


@pytest.mark.parametrize(
    "options",
    [
        {"smallest_face": 5},
        {"scale_factor": 1.0},
        {"thresholds": (0.6, 0.7, 1.2)},
        {"margin": -0.1},
        {"padding": 1.5},
    ],
)
def test_options_out_of_range_are_value_errors(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        MtcnnOptions(**options)  # type: ignore[arg-type]


def test_time_in_the_networks_adds_up(photo: Image) -> None:
    detector = make_detector("mtcnn")
    assert detector.inference_seconds == 0
    box = detector.detect(photo).boxes_xywh
    before = detector.inference_seconds
    detector.refine(photo, box)
    assert 0 < before < detector.inference_seconds
