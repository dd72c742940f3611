"""What all detectors have in common, and how they are made by name."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from builders.photos import BY_EYE, LANDMARKS, Image
from cexpr.errors import UsageError
from cexpr.faces.detector import DETECTORS, Detections, Detector, make_detector


@pytest.fixture(params=["mtcnn", "yunet"])
def detector(request: pytest.FixtureRequest) -> Detector:
    if request.param == "yunet":
        if cv2.__version__ < "5":
            pytest.skip("this model file has a dynamic size, which OpenCV 4 cannot load")
        shared: Path = request.getfixturevalue("shared")
        return make_detector("yunet", model_path=shared / "models" / "yunet_n_dynamic.onnx")
    found: Detector = request.getfixturevalue("mtcnn")
    return found


def test_face_is_found_with_landmarks_in_image_order(detector: Detector, photo: Image) -> None:
    found = detector.detect(photo)
    assert len(found) == 1
    assert found.scores[0] > 0.9
    np.testing.assert_allclose(found.landmarks[0], LANDMARKS, atol=BY_EYE)
    left, top, width, height = found.boxes_xywh[0]
    assert ((left, top) < LANDMARKS).all()
    assert ((left + width, top + height) > LANDMARKS).all()
    for array, shape in (
        (found.boxes_xywh, (1, 4)),
        (found.scores, (1,)),
        (found.landmarks, (1, 5, 2)),
    ):
        assert (array.dtype, array.shape) == (np.float32, shape)
    assert detector.inference_seconds > 0


def test_mirrored_photo_gives_mirrored_landmarks(detector: Detector, photo: Image) -> None:
    found = detector.detect(np.ascontiguousarray(photo[:, ::-1]))
    mirrored = LANDMARKS[[1, 0, 2, 4, 3]] * (-1, 1) + (photo.shape[1] - 1, 0)
    np.testing.assert_allclose(found.landmarks[0], mirrored, atol=BY_EYE)


def test_two_faces_are_two_detections(detector: Detector, photo: Image) -> None:
    found = detector.detect(np.hstack([photo, photo]))
    assert len(found) == 2
    found = found[np.argsort(found.boxes_xywh[:, 0])]
    np.testing.assert_allclose(found.landmarks[1] - found.landmarks[0], [[512, 0]] * 5, atol=BY_EYE)


def test_refine_finds_the_face_again_from_a_shifted_box(detector: Detector, photo: Image) -> None:
    box = detector.detect(photo).boxes_xywh
    shifted = box + np.float32([0.1, -0.1, 0.05, 0.05]) * box[0, 2]
    again = detector.refine(photo, np.concatenate([shifted, box]))
    assert len(again) == 2
    assert (again.scores > 0.8).all()
    for row in range(2):
        np.testing.assert_allclose(again.landmarks[row], LANDMARKS, atol=2 * BY_EYE)


def test_refine_scores_low_where_there_is_no_face(detector: Detector, photo: Image) -> None:
    boxes = np.float32([[400, 400, 80, 80], [-200, -200, 50, 50], [5, 5, 0, 0]])
    again = detector.refine(photo, boxes[:2])
    assert len(again) == 2
    assert (again.scores < 0.3).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (7, 5), (19, 19), (480, 640), (481, 23)])
def test_image_without_a_face_gives_none(detector: Detector, size: tuple[int, int]) -> None:
    for value in (0, 128, 255):
        found = detector.detect(np.full((*size, 3), value, np.uint8))
        assert len(found) == 0
        assert found.landmarks.shape == (0, 5, 2)


def test_no_boxes_to_refine_or_confirm_give_none(detector: Detector, photo: Image) -> None:
    none = np.zeros((0, 4), np.float32)
    assert len(detector.refine(photo, none)) == 0
    assert detector.confirm(photo, none).shape == (0,)


@pytest.mark.parametrize("name", ["mtcnn", "full-frame"])
def test_what_is_no_bgr_image_is_refused(name: str) -> None:
    detector = make_detector(name)
    with pytest.raises(TypeError, match="image: expected uint8, got float32"):
        detector.detect(np.zeros((4, 4, 3), np.float32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"image: expected shape \(H, W, 3\), got \(4, 4\)"):
        detector.detect(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="image: expected shape"):
        detector.detect(np.zeros((0, 4, 3), np.uint8))


def test_unknown_names_and_misplaced_files_are_usage_errors() -> None:
    with pytest.raises(UsageError, match=f"expected one of {', '.join(DETECTORS)}"):
        make_detector("haar")
    with pytest.raises(UsageError, match="mtcnn takes no model file"):
        make_detector("mtcnn", model_path=Path("a.onnx"))


def test_detections_take_rows_and_masks() -> None:
    found = Detections(
        np.arange(8, dtype=np.float32).reshape(2, 4),
        np.float32([0.5, 0.9]),
        np.zeros((2, 5, 2), np.float32),
    )
    assert found[[1]].scores.tolist() == pytest.approx([0.9])
    assert len(found[found.scores > 0.6]) == 1
    assert len(Detections.empty()) == 0


def test_threads_below_one_are_a_value_error() -> None:
    with pytest.raises(ValueError, match="threads: expected at least 1, got 0"):
        make_detector("full-frame", threads=0)
