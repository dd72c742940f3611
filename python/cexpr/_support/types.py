"""Array types, one name for each dtype; shapes stand in the docstrings."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
"""Signals, scores, boxes, landmarks, matrices, tensors."""

Doubles: TypeAlias = NDArray[np.float64]
"""Times in seconds, and sums that must not lose digits."""

Integers: TypeAlias = NDArray[np.int64]
"""Frame numbers, track ids, counts."""

Labels: TypeAlias = NDArray[np.int32]
"""Class ids; -1 is no label."""

Image: TypeAlias = NDArray[np.uint8]
"""Pixels: (H, W) grey or (H, W, 3) BGR."""

Flags: TypeAlias = NDArray[np.uint8]
"""0 or 1 for each row, as the core takes them."""

Bytes: TypeAlias = NDArray[np.uint8]
"""Content of a file."""

Bools: TypeAlias = NDArray[np.bool_]
"""Masks."""
