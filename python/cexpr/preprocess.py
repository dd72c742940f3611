"""From an image and face positions to the input of a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from cexpr import _core
from cexpr._support.arguments import adjacent_pixels, floats, index, pair, real, reals, text, whole
from cexpr._support.types import Floats, Image

Color = Literal["rgb", "bgr", "gray"]
Sampling = Literal["auto", "bilinear", "area"]

_PLANES = {"rgb": 3, "bgr": 3, "gray": 1}
_LARGEST = 2**31 - 1


def align(
    image: Image,
    landmarks: ArrayLike,
    size: int,
    margin: float = 0.0,
    shift: tuple[float, float] = (0.0, 0.0),
) -> Floats:
    """Fit the similarity transforms that move faces onto the ArcFace template.

    The transform (scale, rotation, translation; never a mirror image) has the least squared error
    over the five points: Umeyama, "Least-squares estimation of transformation parameters between
    two point patterns", IEEE PAMI 13(4), 1991. The template is that of ArcFace (Deng et al., CVPR
    2019), given in pixels of a 112 x 112 face and scaled to `size`.

    Args:
        image: uint8, shape (H, W), (H, W, 3) or (H, W, 4); the image that the landmarks were found
            in. Its pixels are not read.
        landmarks: Numbers, shape (F, 5, 2), pixels: x and y of left eye, right eye, nose, left and
            right corner of the mouth, as they appear in the image.
        size: Side of the aligned square in pixels, >= 1.
        margin: Room around the template as a fraction of its side, > -0.5: a template coordinate t
            in 0..1 becomes (t + margin) / (1 + 2 margin). Negative values cut tighter.
        shift: Added to the template's x and y after that, as fractions of `size`.

    Returns:
        float32, shape (F, 2, 3): matrices from image to output pixels, as `cv2.warpAffine` takes
        them.

    Raises:
        TypeError: image is not a uint8 array, or landmarks or options are not real numbers.
        ValueError: a shape or option is out of range, a landmark is not finite, or the five points
            of a face coincide or are a mirror image, so that no transform fits.

    Example:
        >>> import numpy as np, cexpr
        >>> face = [[30, 40], [60, 40], [45, 58], [33, 75], [57, 75]]
        >>> cexpr.align(np.zeros((100, 90), np.uint8), [face], 112).round(2)
        array([[[ 1.18,  0.  ,  2.96],
                [-0.  ,  1.18,  4.15]]], dtype=float32)
    """
    _require_image(image)
    points = floats("landmarks", landmarks)
    if not isinstance(points, np.ndarray) or points.dtype != np.float32:
        is_array = isinstance(points, np.ndarray)
        got = f"dtype {points.dtype}" if is_array else type(points).__name__
        raise TypeError(f"landmarks: expected real numbers, shape (F, 5, 2); got {got}")
    return _core.align(points, _side("size", size), _margin(margin), pair("shift", shift))


def preprocess(
    image: Image,
    matrices: ArrayLike,
    size: int | tuple[int, int],
    mean: float | Sequence[float],
    std: float | Sequence[float],
    color: Color,
    sampling: Sampling = "bilinear",
) -> Floats:
    """Cut faces out of an image and normalise them, in one pass over the output.

    Each output pixel is (value / 255 - mean) / std, where `value` is the image at the place that
    the matrix maps to the pixel, and 0 outside the image. Grey from colour is
    0.299 R + 0.587 G + 0.114 B. `sampling` says how the value is read:

    - "bilinear": from the four nearest pixels, as `cv2.warpAffine` with `INTER_LINEAR` and a border
      of 0. OpenCV 4 rounds positions to 1/32 of a pixel and values to whole grey levels; here
      neither is rounded.
    - "area": the mean of nx x ny bilinear samples spread evenly over the output pixel's footprint
      in the image, nx and ny being the lengths of its sides in image pixels, rounded up, at most
      64. Without shrinking this is "bilinear".
    - "auto": "area" for the faces that shrink more than 2 times along either axis of the output,
      where four pixels no longer speak for the footprint; "bilinear" for the others.

    Args:
        image: uint8, shape (H, W) grey, (H, W, 3) BGR or (H, W, 4) BGRA (alpha is left out), not
            empty; rows may lie apart, so a cut-out of a larger image is not copied, but one whose
            pixels lie apart (flipped, transposed, every other pixel) is.
        matrices: Numbers, shape (F, 2, 3), from image to output pixels, rounded to float32.
        size: Side of the square output in pixels, or (height, width), >= 1.
        mean: On values in 0..1, one for each output plane or one for all.
        std: Likewise, > 0.
        color: Order of the output planes: "rgb", "bgr" or "gray".
        sampling: "bilinear", "area" or "auto".

    Returns:
        float32, shape (F, C, height, width), C = 1 for "gray" and 3 otherwise.

    Raises:
        TypeError: image is not uint8, matrices are not numbers, or an option has the wrong type.
        ValueError: a shape or option is out of range, a matrix is not finite or has no inverse, or
            the faces do not fit into memory.
    """
    planes = _PLANES.get(text("color", color), 0)
    sides = _size(size)
    try:
        return _core.preprocess(
            adjacent_pixels(image),
            floats("matrices", matrices),
            sides,
            _per_plane("mean", mean, planes),
            _per_plane("std", std, planes),
            color,
            text("sampling", sampling),
        )
    except MemoryError as error:
        raise ValueError(
            f"size: faces of {' x '.join(map(str, sides))} pixels do not fit into memory"
        ) from error


def _size(size: int | tuple[int, int]) -> tuple[int, int]:
    if isinstance(size, Sequence):
        if len(size) != 2:
            raise ValueError(f"size: expected one number or (height, width), got {size!r}")
        return _side("size", size[0]), _side("size", size[1])
    side = _side("size", size)
    return side, side


def _side(name: str, value: Any) -> int:
    side = index(name, value)
    if side < 1:
        raise ValueError(f"{name}: expected at least 1, got {side}")
    return whole(name, side, 1, _LARGEST)


def _margin(value: Any) -> float:
    margin = real("margin", value)
    if not -0.5 < margin < math.inf:
        raise ValueError(f"margin: expected a finite number above -0.5, got {value!r}")
    return margin


def _per_plane(name: str, values: float | Sequence[float], planes: int) -> list[float]:
    """Repeat one number for every output plane; the core checks a list's length."""
    listed = reals(name, values)
    for value in listed:
        if not math.isfinite(value) or (name == "std" and value <= 0):
            above = " above 0" if name == "std" else ""
            raise ValueError(f"{name}: expected finite numbers{above}, got {value!r}")
    return listed * planes if len(listed) == 1 else listed


def _require_image(image: Any) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        got = f"dtype {image.dtype}" if isinstance(image, np.ndarray) else type(image).__name__
        raise TypeError(f"image: expected uint8, shape (H, W), (H, W, 3) or (H, W, 4); got {got}")
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (3, 4)):
        raise ValueError(f"image: expected shape (H, W), (H, W, 3) or (H, W, 4); got {image.shape}")
