"""Cheap measures on pixels: the same person, another scene."""

from __future__ import annotations

import numpy as np
import pytest

from cexpr.faces.appearance import Appearance, SceneCuts

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


def test_a_cut_changes_pixels_and_how_many_are_bright() -> None:
    cuts = SceneCuts(30.0)
    image = noise(1)
    assert not cuts.is_cut(image)
    assert not cuts.is_cut(image // 10 * 10)
    # As many dark and bright pixels, elsewhere.
    assert not cuts.is_cut(np.ascontiguousarray(image[::-1, ::-1]))
    assert cuts.is_cut(image // 4 + 190)
    assert cuts.is_cut(noise(1)[:30])
