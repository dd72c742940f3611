"""Crops for the cascade: the same picture as by averaging every pixel of the image."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cexpr import _core
from cexpr.faces.detector import to_xywh
from cexpr.faces.halving import crops

# Two ways to average shrink a smooth picture alike, up to this share of the range of values.
TOLERANCE = 0.03


def smooth_image(height: int, width: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 23) + np.cos(y / 31), np.cos((x + y) / 37), np.sin(y / 29)]
    planes = [127 + 60 * wave for wave in waves]
    return np.stack(planes, axis=2).astype(np.uint8)


def plain(image: NDArray[np.uint8], boxes: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    matrices = _core.box_transform(to_xywh(boxes), size, 0.0)
    half = [127.5 / 255] * 3
    return _core.preprocess(image, matrices, size, half, [128 / 255] * 3, "rgb", "area")


@pytest.mark.parametrize("shape", [(240, 320), (241, 319), (97, 131)])
def test_crops_equal_plain_area_sampling(shape: tuple[int, int]) -> None:
    image = smooth_image(*shape)
    rng = np.random.default_rng(0)
    sides = rng.uniform(10, 95, 90)
    corners = rng.uniform(0, 1, (90, 2)) * (np.array(shape[::-1]) - sides[:, np.newaxis])
    boxes = np.concatenate([corners, corners + sides[:, np.newaxis]], axis=1).astype(np.float32)
    got = np.concatenate(crops(cv2, image, boxes, 24))
    assert got.shape == (90, 3, 24, 24)
    # The outermost pixels mix in what lies beside the square, differently by the way taken.
    inner = (slice(None), slice(None), slice(1, -1), slice(1, -1))
    np.testing.assert_allclose(got[inner], plain(image, boxes, 24)[inner], atol=2 * TOLERANCE)


@pytest.mark.parametrize(
    "box", [[-40, -40, 60, 60], [250, 180, 400, 330], [-500, -500, -300, -300], [900, 9, 990, 99]]
)
def test_what_lies_outside_is_black(box: list[int]) -> None:
    image = smooth_image(240, 320)
    boxes = np.array([box], np.float32)
    (got,) = crops(cv2, image, boxes, 24)
    black = np.isclose(got, -127.5 / 128, atol=1e-6)
    x = (np.arange(24) + 0.5) / 24 * (box[2] - box[0]) + box[0]
    y = (np.arange(24) + 0.5) / 24 * (box[3] - box[1]) + box[1]
    far = 8
    outside = (
        (x[np.newaxis] < -far)
        | (x[np.newaxis] > 320 + far)
        | (y[:, np.newaxis] < -far)
        | (y[:, np.newaxis] > 240 + far)
    )
    inside = (
        (x[np.newaxis] > far)
        & (x[np.newaxis] < 320 - far)
        & (y[:, np.newaxis] > far)
        & (y[:, np.newaxis] < 240 - far)
    )
    assert black[0][:, outside].all()
    assert not black[0][:, inside].any()


def test_one_crop_equals_the_same_crop_among_many() -> None:
    image = smooth_image(240, 320)
    boxes = np.array([[40, 40, 140, 140], [0, 0, 30, 30]], np.float32)
    (both,) = crops(cv2, image, boxes, 24)
    (alone,) = crops(cv2, image, boxes[:1], 24)
    np.testing.assert_allclose(alone[0, :, 1:-1, 1:-1], both[0, :, 1:-1, 1:-1], atol=TOLERANCE)
