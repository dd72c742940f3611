"""Cheap measures on pixels: the same person, or another one."""

from __future__ import annotations

import numpy as np
import pytest

from cexpr.faces.appearance import Appearance

# With its margin inside an image of 60 pixels.
BOX = np.array([[15, 15, 30, 30]], np.float32)


def noise(seed: int) -> np.ndarray:
    # Coarse, so that it survives being made small.
    coarse = np.random.default_rng(seed).integers(0, 200, (6, 6, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((10, 10, 1), np.uint8))


def test_a_patch_is_like_itself_in_other_light_and_unlike_another() -> None:
    (mine,) = Appearance.of(noise(1), BOX)
    (brighter,) = Appearance.of(noise(1) // 2 + 60, BOX)
    (other,) = Appearance.of(noise(2), BOX)
    assert mine.likeness(brighter) > 0.99
    assert abs(mine.likeness(other)) < 0.5


def test_a_flat_patch_is_like_nothing() -> None:
    (flat,) = Appearance.of(np.full((60, 60, 3), 90, np.uint8), np.float32([[20, 20, 10, 10]]))
    (mine,) = Appearance.of(noise(1), BOX)
    assert flat.likeness(mine) == flat.likeness(flat) == 0


def test_a_look_moves_towards_a_newer_one() -> None:
    (mine,), (other,) = Appearance.of(noise(1), BOX), Appearance.of(noise(2), BOX)
    before = mine.likeness(other)
    mine.blend(other)
    assert mine.likeness(other) > before
    assert mine.likeness(mine) == pytest.approx(1, abs=1e-5)


def test_no_boxes_have_no_looks() -> None:
    assert Appearance.of(noise(1), np.zeros((0, 4), np.float32)) == []


def test_a_look_needs_no_pixels_outside_the_image() -> None:
    (corner,) = Appearance.of(noise(1), np.float32([[-10, -10, 40, 40]]))
    assert corner.likeness(corner) == pytest.approx(1, abs=1e-5)


def test_edges_tell_faces_of_one_colour_apart() -> None:
    striped = np.full((60, 60, 3), 90, np.uint8)
    striped[::6] = 200
    turned = np.ascontiguousarray(striped.swapaxes(0, 1))
    (mine,), (other,) = Appearance.of(striped, BOX), Appearance.of(turned, BOX)
    assert mine.likeness(other) < 0.2
