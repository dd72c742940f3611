"""Which way up the picture of a clip stands, told by its faces; and doubts where it has few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from cexpr._support.text import counted
from cexpr._support.types import Floats, Image
from cexpr.clips.decode import TURNS
from cexpr.clips.reader import turned
from cexpr.faces.detector import Detections, Detector

SAMPLES: Final = 5
"""Frames of a clip that are looked at."""
# Least score of a closer look at a face that counts.
_LEAST_SCORE: Final = 0.5
# How many times as good as the picture as it is a turn must be.
_CLEARLY: Final = 1.2
# Share of frames with a face below which a clip is doubted.
_FEW_FACES: Final = 0.5


def best_turn(images: Sequence[Image], detector: Detector) -> int:
    """Find the turn after which most and best faces stand upright.

    Args:
        images: Frames of one clip, uint8, shape (H, W, 3), BGR.
        detector: A detector that searches.

    Returns:
        0, 90, 180 or 270, degrees clockwise; 0 where no turn is clearly better.
    """
    scores = {turn: sum(_score(turned(one, turn), detector) for one in images) for turn in TURNS}
    best = max(TURNS, key=lambda turn: scores[turn])
    return best if scores[best] > _CLEARLY * scores[0] else 0


def _score(image: Image, detector: Detector) -> float:
    """Add up how sure and how upright the faces of an image are, each 0..1."""
    found = detector.detect(image)
    if not len(found):
        return 0.0
    scores = detector.confirm(image, found.boxes_xywh)
    return float((scores * _uprightness(found))[scores >= _LEAST_SCORE].sum())


def _uprightness(found: Detections) -> Floats:
    """Cosine of the angle between each face and the vertical, at least 0, shape (N,)."""
    eyes, mouth = found.landmarks[:, :2].mean(axis=1), found.landmarks[:, 3:].mean(axis=1)
    down = mouth - eyes
    length = np.maximum(np.hypot(down[:, 0], down[:, 1]), 1e-6)
    cosine: Floats = np.maximum(down[:, 1] / length, 0)
    return cosine


def doubts(info: Mapping[str, Any], detector: Detector, *, is_chosen: bool) -> list[str]:
    """Say by which turn a clip was read, if that was chosen, and that it has few faces or none.

    Args:
        info: `rotate`, `frames` and `frames_with_face` of a clip that was read.
        detector: What looked for faces.
        is_chosen: Whether `rotate` was found by `best_turn`.

    Returns:
        Warnings, one sentence each.
    """
    found = []
    if is_chosen and info["rotate"]:
        found.append(f"turned by {info['rotate']} degrees clockwise, to where faces are upright")
    seen, frames = info["frames_with_face"], info["frames"]
    if detector.searches and seen < _FEW_FACES * frames:
        share = f"a face in only {seen} of" if seen else "no face in any of"
        question = "" if is_chosen else "; is the picture upright?"
        found.append(f"{share} {counted(frames, 'frame')}{question}")
    return found
