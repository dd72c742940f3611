from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from cexpr import ModelError, UsageError
from cexpr.faces.detector import DETECTORS, Detections, Detector, make_detector
from cexpr.faces.mtcnn import MtcnnOptions

Image = NDArray[np.uint8]

# The astronaut's landmarks, read off the photograph by eye; they are good to a few pixels.
LANDMARKS = np.array([[204, 102], [247, 104], [224, 128], [204, 142], [244, 143]])
BY_EYE = 5.0


@pytest.fixture(scope="module")
def photo() -> Image:
    return np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])


@pytest.fixture(scope="module")
def mtcnn() -> Detector:
    return make_detector("mtcnn")


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


def test_confirm_trusts_the_face_and_not_the_background(mtcnn: Detector, photo: Image) -> None:
    box = mtcnn.detect(photo).boxes_xywh[0]
    scores = mtcnn.confirm(photo, np.array([box, [400, 400, 80, 80]], np.float32))
    assert scores[0] > 0.9
    assert scores[1] < 0.3


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


def test_noise_gives_no_error(mtcnn: Detector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (301, 403, 3), np.uint8)
    found = mtcnn.detect(noise)
    assert np.isfinite(found.boxes_xywh).all()


def test_smallest_face_limits_the_search(photo: Image) -> None:
    assert len(make_detector("mtcnn", smallest_face=60).detect(photo)) == 1
    assert len(make_detector("mtcnn", smallest_face=300).detect(photo)) == 0


def test_small_face_in_a_large_image_is_found_when_asked_for(photo: Image) -> None:
    small = cv2.resize(photo, (171, 171), interpolation=cv2.INTER_AREA)
    canvas = np.full((960, 1280, 3), 127, np.uint8)
    canvas[600:771, 800:971] = small
    assert len(make_detector("mtcnn").detect(canvas)) == 0
    found = make_detector("mtcnn", smallest_face=24).detect(canvas)
    np.testing.assert_allclose(found.landmarks[0], LANDMARKS / 3 + (800, 600), atol=BY_EYE)


def test_threads_do_not_change_the_result(mtcnn: Detector, photo: Image) -> None:
    one, two = mtcnn.detect(photo), make_detector("mtcnn", threads=2).detect(photo)
    np.testing.assert_array_equal(one.boxes_xywh, two.boxes_xywh)
    np.testing.assert_array_equal(one.landmarks, two.landmarks)


def test_full_frame_is_one_face_without_landmarks(photo: Image) -> None:
    detector = make_detector("full-frame")
    found = detector.detect(photo)
    assert found.boxes_xywh.tolist() == [[0, 0, 512, 512]]
    assert found.scores.tolist() == [1]
    assert np.isnan(found.landmarks).all()
    assert detector.refine(photo, np.zeros((2, 4), np.float32)).scores.tolist() == [1, 1]
    assert not detector.searches


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


def test_yunet_without_a_file_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CEXPR_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=r"'cexpr models pull yunet'.*yunet\.onnx.*'yunet:FILE'"):
        make_detector("yunet")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "yunet.onnx").write_bytes(b"another")
    with pytest.raises(ModelError, match=r"yunet\.onnx: SHA-256 is .*damaged or another version"):
        make_detector("yunet")


def test_missing_or_foreign_model_file_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model file"):
        make_detector(f"yunet:{tmp_path / 'none.onnx'}")
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(ModelError, match="cannot load this as a YuNet model"):
        make_detector(f"yunet:{tmp_path / 'text.onnx'}")


@pytest.mark.parametrize(
    "options",
    [
        {"smallest_face": 5},
        {"scale_factor": 1.0},
        {"thresholds": (0.6, 0.7, 1.2)},
        {"margin": -0.1},
    ],
)
def test_options_out_of_range_are_value_errors(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        MtcnnOptions(**options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="threads: expected at least 1, got 0"):
        make_detector("full-frame", threads=0)


def test_detections_take_rows_and_masks() -> None:
    found = Detections(
        np.arange(8, dtype=np.float32).reshape(2, 4),
        np.float32([0.5, 0.9]),
        np.zeros((2, 5, 2), np.float32),
    )
    assert found[[1]].scores.tolist() == pytest.approx([0.9])
    assert len(found[found.scores > 0.6]) == 1
    assert len(Detections.empty()) == 0
