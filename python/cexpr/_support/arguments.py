"""Arguments as the core takes them: arrays laid out row by row, and scalars of the right kind."""

from __future__ import annotations

import numbers
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np


def c_contiguous(array: Any) -> Any:
    """Lay an array out row by row; what is no array is left for the core to refuse."""
    return np.ascontiguousarray(array) if isinstance(array, np.ndarray) and array.ndim else array


def adjacent_pixels(image: Any) -> Any:
    """Copy an image whose pixels do not lie side by side, such as a flipped or a transposed one."""
    if not isinstance(image, np.ndarray) or image.ndim not in (2, 3):
        return image
    depth = image.shape[2] if image.ndim == 3 else 1
    strides = (depth, 1)[: image.ndim - 1]
    return image if image.strides[1:] == strides else np.ascontiguousarray(image)


def whole(name: str, value: Any) -> int:
    """Return a whole number.

    Raises:
        TypeError: It is none.
    """
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected a whole number, got {value!r}") from None


def real(name: str, value: Any) -> float:
    """Return a real number.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: expected a number, got {value!r}")
    return float(value)


def reals(name: str, values: Any) -> list[float]:
    """Return one number or several as a list.

    Raises:
        TypeError: A value is no real number.
    """
    if isinstance(values, np.ndarray):
        values = values.ravel().tolist()
    if isinstance(values, Sequence) and not isinstance(values, str):
        return [real(name, value) for value in values]
    return [real(name, values)]


def pair(name: str, values: Any) -> tuple[float, float]:
    """Return two numbers.

    Raises:
        TypeError: A value is no real number.
        ValueError: There are not two.
    """
    listed = reals(name, values)
    if len(listed) != 2:
        raise ValueError(f"{name}: expected two numbers, got {len(listed)}")
    return listed[0], listed[1]
