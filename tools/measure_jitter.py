"""Measure how much the landmarks of detectors tremble from frame to frame, and what they cost.

Usage: python tools/measure_jitter.py [--yunet MODEL] CLIP_OR_FOLDER...

Each clip is run twice: every frame searched, and its faces followed as a run does. The tremble of
a face in a frame is the mean distance of its five landmarks from the middle between the frames
before and after, in percent of the face's width; the medians over all clips are printed. Steady
motion gives 0.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cexpr.clips.decode import open_clip
from cexpr.clips.reader import Frame
from cexpr.clips.sources import find_clips
from cexpr.faces.detector import Detections, Detector, make_detector
from cexpr.faces.track import TrackedFaces, Tracker

NAMES = ("jitter %", "frames", "ms", "jitter %", "frames", "ms")
# Largest step from frame to frame, in faces, at which the best face is still the same one.
STEP = 0.3


def trembles(seen: Sequence[tuple[Any, float] | None]) -> list[float]:
    """Return the tremble of each frame whose neighbours show the same face.

    Args:
        seen: For each frame the landmarks, shape (5, 2), and the width of the face; or None.
    """
    found = []
    for before, now, after in zip(seen, seen[1:], seen[2:], strict=False):
        if before is None or now is None or after is None:
            continue
        width = now[1]
        steps = [np.linalg.norm(now[0] - one[0], axis=1).mean() for one in (before, after)]
        if max(steps) < STEP * width:
            middle = (before[0] + after[0]) / 2
            found.append(float(100 * np.linalg.norm(now[0] - middle, axis=1).mean() / width))
    return found


def best(faces: Detections | TrackedFaces) -> tuple[Any, float] | None:
    """Return landmarks and width of the largest face."""
    if not len(faces):
        return None
    row = int(np.argmax(faces.boxes_xywh[:, 2:].prod(axis=1)))
    return faces.landmarks[row], float(faces.boxes_xywh[row, 2])


def measure(
    clips: list[list[Frame]], make: Callable[[], Callable[[Frame], Any]]
) -> tuple[float, int, float]:
    """Return the median tremble, the frames with a face, and ms per frame."""
    found: list[float] = []
    with_face = frames = 0
    spent = 0.0
    for clip in clips:
        look = make()
        start = time.perf_counter()
        faces = [look(frame) for frame in clip]
        spent += time.perf_counter() - start
        seen = [best(one) for one in faces]
        with_face += sum(one is not None for one in seen)
        frames += len(clip)
        found += trembles(seen)
    return float(np.median(found)), with_face, 1000 * spent / frames


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--yunet", type=Path, metavar="MODEL", help="model file of yunet")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    clips = []
    for source in find_clips(arguments.clips):
        with open_clip(source) as clip:
            clips.append(list(clip))
    detectors: list[Detector] = [make_detector("mtcnn")]
    if arguments.yunet:
        detectors.append(make_detector("yunet", model_path=arguments.yunet))
    print(" " * 10, "searched", " " * 18, "followed")
    print("  ".join([" " * 8, *(f"{name:>8}" for name in NAMES)]))
    for detector in detectors:
        searched = measure(clips, lambda one=detector: lambda frame: one.detect(frame.image))
        followed = measure(clips, lambda one=detector: Tracker(one).update)
        cells = [
            f"{jitter:8.2f}  {frames:8d}  {ms:8.1f}" for jitter, frames, ms in (searched, followed)
        ]
        print("  ".join([f"{detector.name:>8}", *cells]))


if __name__ == "__main__":
    main()
