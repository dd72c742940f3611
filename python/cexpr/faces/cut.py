"""Cutting faces out of images, as a model's input wants them."""

from __future__ import annotations

from typing import Final

import numpy as np

from cexpr import _core
from cexpr._support.opencv import load_cv2
from cexpr._support.types import Floats, Image
from cexpr.faces.halving import halved, halvings_for, surroundings
from cexpr.models.manifest import InputSpec

# Sampling that averages where a face shrinks a lot (see `cexpr.preprocess`).
_SAMPLING: Final = "auto"
_MOST_BILINEAR: Final = 2.0


def face_matrices(spec: InputSpec, landmarks: Floats, boxes_xywh: Floats) -> Floats:
    """Fit the transforms from image to input pixels that a model wants for each face.

    Args:
        spec: The model's input.
        landmarks: float32, shape (F, 5, 2), pixels; a face whose row holds NaN is cut by its box.
        boxes_xywh: float32, shape (F, 4), pixels.

    Returns:
        float32, shape (F, 2, 3), as `cexpr.preprocess` takes them.

    Raises:
        ValueError: the landmarks of a face coincide or are a mirror image, so that no transform
            fits; see `cut_matrices`.
    """
    cut = spec.face
    if cut.align is None:
        assert cut.box_margin is not None
        return _core.box_transform(boxes_xywh, spec.size, cut.box_margin)
    known = np.isfinite(landmarks).all(axis=(1, 2))
    if known.all():
        return _core.align(landmarks, spec.size, cut.margin, cut.shift)
    matrices = _core.box_transform(boxes_xywh, spec.size, 0.0)
    if known.any():
        matrices[known] = _core.align(
            np.ascontiguousarray(landmarks[known]), spec.size, cut.margin, cut.shift
        )
    return matrices


def cut_matrices(spec: InputSpec, landmarks: Floats, boxes_xywh: Floats) -> Floats:
    """Return `face_matrices`, where landmarks that no transform fits count as unknown."""
    try:
        return face_matrices(spec, landmarks, boxes_xywh)
    except ValueError:
        usable = landmarks.copy()
        for face in range(len(landmarks)):
            try:
                face_matrices(spec, landmarks[face : face + 1], boxes_xywh[:1])
            except ValueError:
                usable[face] = np.nan
        return face_matrices(spec, usable, boxes_xywh)


def cut_face(image: Image, matrix: Floats, spec: InputSpec, out: Floats) -> None:
    """Cut one face out and normalise it as a model wants it.

    A face that shrinks at most twice equals `cexpr.preprocess` with sampling "auto". One that
    shrinks more is cut from its surroundings, which OpenCV has halved until less than another
    halving is left. That is faster than `preprocess` with sampling "area" and close to it, not
    equal: halving averages blocks of whole pixels and rounds each to a grey level (1/255), and at
    the edge of the image black mixes in differently.

    Args:
        image: uint8, shape (H, W, 3), BGR.
        matrix: float32, shape (2, 3), from image to output pixels.
        spec: The model's input.
        out: float32, shape (1, C, size, size), written whole.
    """
    a, b, tx, c, d, ty = matrix.ravel().tolist()
    area = a * d - b * c
    shrink = abs(area) ** -0.5 if area else 0.0
    times = halvings_for(shrink) if shrink > _MOST_BILINEAR else 0
    if times:
        # The output's corners in the image; pixel (0, 0) is the square around that point.
        ends = (-0.5, spec.size - 0.5)
        corners = [(u - tx, v - ty) for u in ends for v in ends]
        x = [(d * u - b * v) / area for u, v in corners]
        y = [(a * v - c * u) / area for u, v in corners]
        unit = 1 << times
        left, top, part = surroundings(image, [[min(x), min(y), max(x), max(y)]], unit)
        image = halved(load_cv2(), part, times)
        # Pixel i of the halved image is centred on pixel unit * i + (unit - 1) / 2 of the part.
        middle_x, middle_y = left + (unit - 1) / 2, top + (unit - 1) / 2
        shift_x, shift_y = a * middle_x + b * middle_y, c * middle_x + d * middle_y
        matrix = np.array(
            [
                [a * unit, b * unit, tx + shift_x],
                [c * unit, d * unit, ty + shift_y],
            ],
            np.float32,
        )
    _core.preprocess_into(
        image, matrix[np.newaxis], spec.mean, spec.std, spec.color, _SAMPLING, out
    )
