"""Faces are cut out as a model's input wants them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cexpr
from builders.tiny_model import write_tiny_model
from cexpr.faces.cut import cut_face, cut_matrices, face_matrices
from cexpr.models.manifest import load


@pytest.mark.parametrize("angle", [0.0, 0.4, 2.0])
@pytest.mark.parametrize("shrink", [1.0, 2.5, 5.3, 11.0])
@pytest.mark.parametrize("center", [(320, 240), (20, 30), (620, 470)])
def test_a_face_is_cut_nearly_as_by_area_sampling(
    tmp_path: Path, angle: float, shrink: float, center: tuple[int, int]
) -> None:
    y, x = np.mgrid[:480, :640]
    waves = [np.sin(x / 41) + np.cos(y / 53), np.cos((x + y) / 61), np.sin(y / 47)]
    image = np.stack([127 + 60 * wave for wave in waves], axis=2).astype(np.uint8)
    spec = load(write_tiny_model(tmp_path)).input.model_copy(update={"size": 48})
    cosine, sine = np.cos(angle) / shrink, np.sin(angle) / shrink
    rotation = np.array([[cosine, -sine], [sine, cosine]])
    shift = np.array([23.5, 23.5]) - rotation @ np.array(center)
    matrix = np.concatenate([rotation, shift[:, np.newaxis]], axis=1).astype(np.float32)
    got = np.empty((1, 1, 48, 48), np.float32)
    cut_face(image, matrix, spec, got)
    sampling = "area" if shrink > 2 else "bilinear"
    plain = cexpr.preprocess(image, matrix[np.newaxis], 48, 0.0, 1.0, "gray", sampling)
    # At the edge of the image, black mixes in differently.
    ones = np.full_like(image, 255)
    whole = cexpr.preprocess(ones, matrix[np.newaxis], 48, 0.0, 1.0, "gray", "area") > 0.999
    edge = ~whole[0, 0]
    near = np.zeros_like(edge)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            near |= np.roll(edge, (dy, dx), (0, 1))
    # A pixel of difference in place would show as 0.02 and more.
    np.testing.assert_allclose(got[0, 0][~near], plain[0, 0][~near], atol=0.008)


def test_a_face_that_shrinks_at_most_twice_is_cut_as_by_preprocess(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    spec = load(write_tiny_model(tmp_path)).input
    matrix = np.float32([[0.5, 0.1, -2], [-0.1, 0.5, 3]])
    got = np.empty((1, 1, 8, 8), np.float32)
    cut_face(image, matrix, spec, got)
    plain = cexpr.preprocess(image, matrix[np.newaxis], 8, 0.0, 1.0, "gray", "auto")
    np.testing.assert_array_equal(got, plain)


def test_landmarks_that_no_transform_fits_fall_back_to_the_box(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path)
    path.write_text(path.read_text().replace("box_margin: 0.0", "align: arcface"))
    spec = load(path).input
    points = np.array([[8, 8], [16, 8], [12, 12], [9, 16], [15, 16]], np.float32)
    boxes = np.array([[4, 4, 16, 16], [4, 4, 16, 16]], np.float32)
    landmarks = np.stack([points, np.zeros_like(points)])
    with pytest.raises(ValueError, match="landmarks"):
        face_matrices(spec, landmarks, boxes)
    unknown = np.stack([points, np.full_like(points, np.nan)])
    got = cut_matrices(spec, landmarks, boxes)
    np.testing.assert_array_equal(got, face_matrices(spec, unknown, boxes))
    # From a box of 16 pixels to 8.
    assert got[1, 0, 0] == pytest.approx(0.5)
    assert not np.allclose(got[0], got[1])
