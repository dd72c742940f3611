"""The quality of a face: what lowers it, and by which name."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cexpr._support.types import Floats, Image
from cexpr.faces.quality import face_quality
from cexpr.options import DEFAULT_MIN_QUALITY
from cexpr.tables.columns import QUALITY_REASONS

SIDE = 96
FRONTAL = np.float32([[[32, 40], [64, 40], [48, 55], [35, 70], [61, 70]]])


def checkers() -> Image:
    squares = np.indices((SIDE, SIDE)).sum(axis=0) // 8 % 2
    return np.repeat((60 + 120 * squares).astype(np.uint8)[:, :, np.newaxis], 3, axis=2)


def judge(image: Image, side: int = SIDE, landmarks: Floats = FRONTAL) -> tuple[float, str]:
    box = np.float32([[0, 0, side, side]])
    (value,), (reason,) = face_quality(image, landmarks, box, np.ones(1, np.float32))
    return float(value), ("", *QUALITY_REASONS)[reason]


def test_a_clear_face_has_full_quality_and_each_fault_its_name() -> None:
    image = checkers()
    assert judge(image) == (1.0, "")
    assert judge(np.ascontiguousarray(image[:40, :40]), 40, FRONTAL * np.nan) == (1.0, "")
    turned = FRONTAL.copy()
    turned[0, 2, 0] = 66
    moved = np.ascontiguousarray(image[:, :40])
    for found in (
        judge(np.ascontiguousarray(image[:28, :28]), 28, FRONTAL * np.nan),
        judge(image, SIDE, turned),
        judge(cv2.GaussianBlur(image, (0, 0), 12)),
        judge(moved),
        judge(image // 40),
    ):
        assert found[0] < DEFAULT_MIN_QUALITY
    assert judge(image, SIDE, turned)[1] == "turned"
    assert judge(cv2.GaussianBlur(image, (0, 0), 12))[1] in ("blurred", "dark")
    assert judge(moved)[1] == "cut_off"
    assert judge(image // 40)[1] == "dark"


@pytest.mark.parametrize("side", [28, 20, 14])
def test_faces_of_28_pixels_and_less_are_below_the_limit(side: int) -> None:
    small = cv2.resize(checkers(), (side, side), interpolation=cv2.INTER_NEAREST)
    value, reason = judge(small, side, FRONTAL * np.nan)
    assert value < DEFAULT_MIN_QUALITY
    assert reason == "small"


def test_no_faces_have_no_quality() -> None:
    none = np.zeros((0, 4), np.float32)
    quality, reasons = face_quality(checkers(), FRONTAL[:0], none, np.zeros(0, np.float32))
    assert (quality.shape, reasons.shape) == ((0,), (0,))
    assert (quality.dtype, reasons.dtype) == (np.float32, np.int32)
