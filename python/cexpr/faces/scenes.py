"""Hard cuts: does a frame show the scene of the frame before, moved or lit in another way?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from cexpr._support.opencv import load_cv2
from cexpr._support.types import Floats, Image

# The frame is made this small, (width, height), and compared in blocks of this side.
_SMALL: Final = (64, 48)
_BLOCK: Final = 8
# Mean difference, in standard deviations of the frame, below which nothing has changed.
_STILL: Final = 0.06
# Contrast (standard deviation) from which a block shows something, as a share of the frame's, in
# grey levels at least and at most, and the least correlation at which two blocks show the same.
_CONTRAST_SHARE: Final = 0.12
_CONTRAST: Final = (1.5, 6.0)
_SAME_BLOCK: Final = 0.6
# Flat blocks up to this many times the contrast apart are the same; further apart they tell
# nothing, because light alone may have changed them.
_SAME_FLAT: Final = 3.3
# Share of blocks kept from which no other place of the camera is tried.
_NO_PAN: Final = 0.9
# A flash: samples change by more than `_LIT` grey levels, at least so many of them up, hardly any
# down, for so many frames at most. Where the blocks are not kept, half of the frame must be white.
_LIT: Final = 8.0
_FLASH_UP: Final = 0.8
_FLASH_DOWN: Final = 0.03
_FLASH_FRAMES: Final = 2
_WHITE: Final = 240.0


@dataclass(frozen=True, slots=True)
class SceneStep:
    """What happened to the scene from one frame to the next.

    Attributes:
        kept: Share of the frame's blocks that the frame before shows, too, 0..1.
        is_still: Hardly anything has changed.
        is_cut: Another scene begins.
        is_flash: The scene is lit by a flash; the frame after it is compared with the one before.
    """

    kept: float
    is_still: bool = False
    is_cut: bool = False
    is_flash: bool = False


class Scenes:
    """Compares each frame of a clip with the one before.

    Both are made small and cut into blocks. A block is kept where it correlates with its
    counterpart, at its place or moved with the camera, so that neither light nor a pan makes a cut.
    """

    def __init__(self, new_share: float) -> None:
        """Start a clip.

        Args:
            new_share: Least share of blocks that are not kept at a cut, 0..1.
        """
        self._least_kept = 1 - new_share
        self._shape: tuple[int, ...] = ()
        self._before: Floats = np.zeros(_SMALL[::-1], np.float32)
        self._flashes = 0

    def step(self, image: Image) -> SceneStep:
        """Compare a frame, uint8 (H, W, 3), BGR, with the one before; the first one is not a cut.

        A frame of another size is a cut.
        """
        cv2 = load_cv2()
        small = cv2.resize(image, _SMALL, interpolation=cv2.INTER_LINEAR)
        now: Floats = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
        if self._shape != image.shape:
            is_first, self._shape = not self._shape, image.shape
            step = SceneStep(1.0) if is_first else SceneStep(0.0, is_cut=True)
        else:
            step = self._compare(now)
        self._flashes = self._flashes + 1 if step.is_flash else 0
        if not step.is_flash:
            self._before = now
        return step

    def _compare(self, now: Floats) -> SceneStep:
        before = self._before
        if float(np.abs(now - before).mean()) <= _STILL * float(before.std()):
            return SceneStep(1.0, is_still=True)
        kept = _kept(before, now)
        if kept < _NO_PAN:
            cv2 = load_cv2()
            (dx, dy), _ = cv2.phaseCorrelate(before, now)
            move = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
            moved = cv2.warpAffine(before, move, _SMALL, borderMode=cv2.BORDER_REPLICATE)
            kept = max(kept, _kept(moved, now))
        if self._flashes < _FLASH_FRAMES and self._is_flash(now, kept):
            return SceneStep(kept, is_flash=True)
        return SceneStep(kept, is_cut=kept < self._least_kept)

    def _is_flash(self, now: Floats, kept: float) -> bool:
        change = now - self._before
        is_lit = (
            float((change > _LIT).mean()) >= _FLASH_UP
            and float((change < -_LIT).mean()) <= _FLASH_DOWN
        )
        return is_lit and (kept >= self._least_kept or float((now >= _WHITE).mean()) >= 0.5)


def _kept(before: Floats, now: Floats) -> float:
    """Share of blocks that show the same, of those that tell anything; 1 where none does."""
    (mean_a, a, contrast_a), (mean_b, b, contrast_b) = _blocks(before), _blocks(now)
    least = float(np.clip(_CONTRAST_SHARE * before.std(), *_CONTRAST))
    is_flat = np.maximum(contrast_a, contrast_b) < least
    # A contrast far below that is noise.
    scale = np.maximum(contrast_a, least / 3) * np.maximum(contrast_b, least / 3)
    is_same = np.where(
        is_flat,
        np.abs(mean_a - mean_b) < _SAME_FLAT * least,
        (a * b).mean(axis=1) / scale > _SAME_BLOCK,
    )
    tells = ~is_flat | is_same
    return float(is_same[tells].mean()) if tells.any() else 1.0


def _blocks(small: Floats) -> tuple[Floats, Floats, Floats]:
    """Means, pixels without their mean, and contrasts of the blocks."""
    width, height = (side // _BLOCK for side in _SMALL)
    blocks = small.reshape(height, _BLOCK, width, _BLOCK).swapaxes(1, 2)
    pixels = blocks.reshape(height * width, _BLOCK * _BLOCK)
    mean: Floats = pixels.mean(axis=1)
    centred: Floats = pixels - mean[:, np.newaxis]
    contrast: Floats = np.sqrt((centred * centred).mean(axis=1))
    return mean, centred, contrast
