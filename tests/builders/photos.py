"""A photograph with one face whose landmarks are known."""

from __future__ import annotations

import numpy as np
import skimage.data
from numpy.typing import NDArray

Image = NDArray[np.uint8]

# The astronaut's landmarks, read off the photograph by eye; they are good to a few pixels.
LANDMARKS = np.array([[204, 102], [247, 104], [224, 128], [204, 142], [244, 143]])
BY_EYE = 5.0


def astronaut() -> Image:
    """The photograph: uint8, shape (512, 512, 3), BGR."""
    return np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])
