"""Cuts of a scene: told from flashes, pans, light and people who move."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cexpr.faces.scenes import Scenes, SceneStep

Image = NDArray[np.uint8]


def room(seed: int, width: int = 320) -> Image:
    """Furniture: rectangles of all sizes, the same for a seed."""
    rng = np.random.default_rng(seed)
    image = np.full((240, width, 3), 120, np.uint8)
    for _ in range(width // 4):
        x, y = int(rng.integers(width)), int(rng.integers(240))
        w, h = rng.integers(15, 70, 2).tolist()
        image[y : y + h, x : x + w] = rng.integers(40, 190, 3)
    return image


def steps(*images: Image) -> list[SceneStep]:
    scenes = Scenes(0.6)
    return [scenes.step(image) for image in images]


def lit(image: Image, gain: float, offset: float = 0.0) -> Image:
    return np.clip(image * gain + offset, 0, 255).astype(np.uint8)


def test_another_room_is_a_cut_and_the_first_frame_is_not() -> None:
    found = steps(room(1), room(1), room(2), room(2))
    assert [step.is_cut for step in found] == [False, False, True, False]
    assert [step.is_still for step in found] == [False, True, False, True]
    assert found[2].kept < 0.3


@pytest.mark.parametrize("gain", [0.3, 0.15])
def test_a_cut_in_the_dark_is_a_cut(gain: float) -> None:
    assert steps(lit(room(1), gain), lit(room(2), gain))[1].is_cut


def test_rooms_with_as_many_bright_and_dark_pixels_are_two() -> None:
    image = room(1)
    assert steps(image, np.ascontiguousarray(image[::-1, ::-1]))[1].is_cut


def test_another_size_is_a_cut() -> None:
    assert steps(room(1), np.ascontiguousarray(room(1)[:100]))[1].is_cut


@pytest.mark.parametrize(("gain", "offset"), [(0.6, 0.0), (1.3, 0.0), (0.5, 100.0)])
def test_light_alone_is_no_cut(gain: float, offset: float) -> None:
    found = steps(room(1), lit(room(1), gain, offset), lit(room(1), gain, offset))
    assert not any(step.is_cut for step in found)


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("flash", [(1.8, 60.0), (3.0, 150.0)])
def test_a_flash_is_no_cut(flash: tuple[float, float], frames: int) -> None:
    image, flashed = room(1), lit(room(1), *flash)
    found = steps(image, *[flashed] * frames, image)
    assert [step.is_flash for step in found] == [False, *[True] * frames, False]
    assert not any(step.is_cut for step in found)
    assert found[-1].is_still


def test_a_cut_within_a_flash_is_seen_after_it() -> None:
    found = steps(room(1), lit(room(1), 3.0, 150.0), room(2))
    assert [step.is_cut for step in found] == [False, False, True]


def test_what_stays_white_is_a_cut_after_two_frames() -> None:
    white = lit(room(1), 3.0, 150.0)
    found = steps(room(1), white, white, white)
    assert [step.is_flash for step in found] == [False, True, True, False]
    assert found[3].is_cut


@pytest.mark.parametrize("pixels", [5, 20, 40])
def test_a_pan_is_no_cut(pixels: int) -> None:
    wide = room(1, 640)
    found = steps(*[np.ascontiguousarray(wide[:, x : x + 320]) for x in range(0, 200, pixels)])
    assert not any(step.is_cut for step in found)


def test_someone_who_walks_through_is_no_cut() -> None:
    images = []
    for x in range(0, 200, 25):
        image = room(1)
        image[40:, x : x + 80] = room(3)[40:, :80]
        images.append(image)
    assert not any(step.is_cut for step in steps(*images))
