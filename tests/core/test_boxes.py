from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cexpr import _core


def boxes_of(seed: int, count: int) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 60, (count, 2))
    side = random.uniform(-2, 40, (count, 2))
    return np.hstack([corner, corner + side]).astype(np.float32)


def overlaps(a, b, smaller: bool = False) -> NDArray[np.float64]:
    a, b = a.astype(np.float64)[:, None], b.astype(np.float64)[None]
    common = np.clip(
        np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None
    )
    common = common.prod(-1)
    area_a = np.clip(a[..., 2:] - a[..., :2], 0, None).prod(-1)
    area_b = np.clip(b[..., 2:] - b[..., :2], 0, None).prod(-1)
    whole = np.minimum(area_a, area_b) if smaller else area_a + area_b - common
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((area_a > 0) & (area_b > 0), common / whole, 0.0)


@given(seed=st.integers(0, 999), n=st.integers(0, 12), m=st.integers(0, 12))
@settings(max_examples=80, deadline=None)
def test_iou_equals_numpy(seed: int, n: int, m: int) -> None:
    a, b = boxes_of(seed, n), boxes_of(seed + 1, m)
    got = _core.iou(a, b)
    assert got.shape == (n, m)
    np.testing.assert_allclose(got, overlaps(a, b), rtol=1e-6, atol=1e-7)


@given(
    seed=st.integers(0, 999),
    count=st.integers(0, 60),
    threshold=st.floats(0, 1, width=32),
    mode=st.sampled_from(["union", "min"]),
)
@settings(max_examples=120, deadline=None)
def test_nms_equals_the_textbook(seed: int, count: int, threshold: float, mode: str) -> None:
    boxes = boxes_of(seed, count)
    scores = np.random.default_rng(seed).integers(0, 20, count).astype(np.float32) / 20
    matrix = overlaps(boxes, boxes, smaller=mode == "min")
    waiting = sorted(range(count), key=lambda i: (-scores[i], i))
    want = []
    while waiting:
        best = waiting.pop(0)
        want.append(best)
        waiting = [i for i in waiting if not matrix[best, i] > threshold]
    got = _core.nms(boxes, scores, threshold, mode)
    assert got.dtype == np.int64
    assert got.tolist() == want


def test_nms_equals_opencv_on_plain_boxes() -> None:
    random = np.random.default_rng(3)
    corner = random.integers(0, 100, (200, 2))
    side = random.integers(10, 60, (200, 2))
    boxes = np.hstack([corner, corner + side]).astype(np.float32)
    scores = random.permutation(200).astype(np.float32) / 200
    want = cv2.dnn.NMSBoxes(np.hstack([corner, side]).tolist(), scores.tolist(), 0.0, 0.4)
    # OpenCV leaves out a box whose score is not above its own threshold.
    assert [i for i in _core.nms(boxes, scores, 0.4, "union") if scores[i] > 0] == list(want)


@given(seed=st.integers(0, 999), count=st.integers(0, 20))
@settings(max_examples=50, deadline=None)
def test_regression_and_squaring_equal_numpy(seed: int, count: int) -> None:
    boxes = boxes_of(seed, count)
    offsets = np.random.default_rng(seed).normal(0, 0.2, (count, 4)).astype(np.float32)
    wh = boxes[:, 2:] - boxes[:, :2]
    np.testing.assert_allclose(
        _core.regress_boxes(boxes, offsets), boxes + offsets * np.tile(wh, 2), rtol=1e-5, atol=1e-4
    )
    center = (boxes[:, 2:] + boxes[:, :2]) / 2
    half = wh.max(axis=1, keepdims=True) / 2
    np.testing.assert_allclose(
        _core.square_boxes(boxes), np.hstack([center - half, center + half]), rtol=1e-5, atol=1e-4
    )


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda b: _core.nms(b, np.zeros(2, np.float32), 0.5, "union"), ValueError, "boxes: "),
        (lambda b: _core.nms(b, np.zeros(3, np.float32), 1.5, "union"), ValueError, "threshold: "),
        (lambda b: _core.nms(b, np.zeros(3, np.float32), 0.5, "soft"), ValueError, "mode: "),
        (lambda b: _core.nms(b, np.zeros(3), 0.5, "union"), TypeError, "scores: .*float64"),
        (lambda b: _core.iou(b, b.astype(np.float64)), TypeError, "b_xyxy: "),
        (lambda b: _core.iou(b[:, :3], b), ValueError, "a_xyxy: "),
        (lambda b: _core.regress_boxes(b, b[:2]), ValueError, "offsets: "),
        (lambda b: _core.square_boxes(b[0]), ValueError, "boxes_xyxy: "),
        (lambda b: _core.box_transform(b * 0, 8, 0.0), ValueError, r"boxes\[0\]: "),
    ],
)
def test_wrong_arguments_are_refused(call, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call(boxes_of(0, 3))


def test_box_transform_is_crop_and_resize() -> None:
    image = np.random.default_rng(0).integers(0, 256, (80, 90), dtype=np.uint8)
    matrices = _core.box_transform(np.float32([[20, 10, 40, 30]]), 64, 0.0)
    got = _core.preprocess(image, matrices, 64, [0.0], [1.0], "gray", "bilinear")[0, 0]
    want = cv2.resize(image[10:40, 20:60].astype(np.float32), (64, 64)) / 255
    # At the border resize repeats the crop's last pixel, where a crop by matrix sees on.
    np.testing.assert_allclose(got[2:-2, 2:-2], want[2:-2, 2:-2], rtol=0, atol=1e-4)
