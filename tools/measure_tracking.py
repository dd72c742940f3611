"""Measure on real clips what following faces costs and gains beside searching every frame.

Usage: python tools/measure_tracking.py [options] CLIP_OR_FOLDER...

Prints a table with a row for each clip. With --overlay DIR it also writes contact sheets of every
tenth frame with the faces that the tracker reports, to be counted by eye.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cexpr.clips.decode import open_clip
from cexpr.clips.reader import Frame
from cexpr.clips.sources import ClipSource, find_clips
from cexpr.faces.detector import Detections, Detector, make_detector, to_xyxy
from cexpr.faces.track import TrackedFaces, Tracker, TrackOptions

EVERY = 10
TILE_WIDTH = 320
COLUMNS = 6
COLUMN_NAMES = (
    "clip", "frames", "with face", "searching", "agree", "extra", "tracks",
    "searches/100", "ms", "follow ms", "own ms", "search ms",
)  # fmt: skip
LEGEND = """
with face     frames in which the tracker reports a face
searching     frames in which searching the whole image finds one
agree         frames in which the best face of the search is among those of the tracker
extra         faces of the tracker that the search does not find
searches/100  searches of the whole image per 100 frames
ms            mean time per frame; search ms: the same when every frame is searched; medians: a
              frame that only follows (follow ms), its part outside the networks (own ms)
"""


def overlap(a: Any, b: Any) -> Any:
    """Intersection over union of each pair of boxes (left, top, right, bottom)."""
    corner = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    both = np.prod(np.maximum(corner, 0), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b)]
    return both / (areas[0][:, None] + areas[1][None, :] - both)


def measure(
    source: ClipSource, detector: Detector, options: TrackOptions, sheet: list[Any] | None
) -> list[float]:
    """Run one clip twice, following and searching, and return its row of the table."""
    with open_clip(source) as clip:
        frames = list(clip)
    tracker = Tracker(detector, options)
    tracks, times = [], []
    for frame in frames:
        searches, before = tracker.full_detections, detector.inference_seconds
        start = time.perf_counter()
        tracks.append(tracker.update(frame))
        spent = time.perf_counter() - start
        network = detector.inference_seconds - before
        times.append((spent, spent - network, tracker.full_detections > searches))
    start = time.perf_counter()
    found = [detector.detect(frame.image) for frame in frames]
    searching = time.perf_counter() - start
    following = [entry[:2] for entry in times if not entry[2]] or [(math.nan, math.nan)]
    count = len(frames)
    agreeing = extra = 0
    for here, all_found in zip(tracks, found, strict=True):
        if len(here) and len(all_found):
            best = overlap(to_xyxy(here.boxes_xywh), to_xyxy(all_found.boxes_xywh))
            agreeing += bool(best[:, 0].max() > 0.5)  # the best-scored face of the search
            extra += int((best.max(axis=1) < 0.3).sum())
        else:
            extra += len(here)
    if sheet is not None:
        sheet += [
            tile(source.stem, frame, here)
            for frame, here in zip(frames, tracks, strict=True)
            if (frame.number - 1) % EVERY == 0
        ]
    return [
        count,
        sum(len(here) > 0 for here in tracks),
        sum(len(faces) > 0 for faces in found),
        agreeing,
        extra,
        len({number for here in tracks for number in here.tracks.tolist()}),
        100 * tracker.full_detections / count,
        1000 * sum(entry[0] for entry in times) / count,
        *(1000 * np.median(np.array(following), axis=0)).tolist(),
        1000 * searching / count,
    ]


def tile(name: str, frame: Frame, tracked: TrackedFaces) -> Any:
    """Draw the faces of one frame into a small picture."""
    image = frame.image.copy()
    faces = Detections(tracked.boxes_xywh, tracked.scores, tracked.landmarks)
    for number, box, points in zip(tracked.tracks, faces.boxes_xywh, faces.landmarks, strict=True):
        left, top, width, height = (round(float(value)) for value in box)
        cv2.rectangle(image, (left, top), (left + width, top + height), (0, 255, 0), 2)
        cv2.putText(image, str(number), (left, max(top - 4, 16)), 0, 0.8, (0, 255, 255), 2)
        for x, y in points[np.isfinite(points).all(axis=1)]:
            cv2.circle(image, (round(float(x)), round(float(y))), 2, (0, 0, 255), -1)
    height = round(TILE_WIDTH * image.shape[0] / image.shape[1])
    small = cv2.resize(image, (TILE_WIDTH, height), interpolation=cv2.INTER_AREA)
    canvas = np.zeros((TILE_WIDTH * 3 // 4, TILE_WIDTH, 3), np.uint8)
    canvas[: min(height, len(canvas))] = small[: len(canvas)]
    cv2.putText(canvas, f"{name} {frame.number}", (4, 16), 0, 0.5, (255, 255, 255), 1)
    return canvas


def write_sheets(folder: Path, tiles: Sequence[Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    blank = np.zeros_like(tiles[0])
    per_sheet = COLUMNS * COLUMNS
    for number, start in enumerate(range(0, len(tiles), per_sheet), start=1):
        part = list(tiles[start : start + per_sheet])
        part += [blank] * (-len(part) % COLUMNS)
        rows = [np.hstack(part[i : i + COLUMNS]) for i in range(0, len(part), COLUMNS)]
        cv2.imwrite(str(folder / f"sheet-{number}.png"), np.vstack(rows))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--detector", default="mtcnn", help="mtcnn, yunet or full-frame")
    parser.add_argument("--detector-model", type=Path, help="model file of yunet")
    parser.add_argument("--detect-every", type=int, default=TrackOptions().detect_every)
    parser.add_argument("--overlay", type=Path, help="folder for contact sheets")
    arguments = parser.parse_args()
    options = TrackOptions(detect_every=arguments.detect_every)
    cv2.setNumThreads(1)
    detector = make_detector(arguments.detector, model_path=arguments.detector_model)
    sheet: list[Any] | None = [] if arguments.overlay else None
    print("  ".join(f"{name:>12}" for name in COLUMN_NAMES))
    rows = []
    for source in find_clips(arguments.clips):
        row = measure(source, detector, options, sheet)
        rows.append(row)
        print_row(source.stem, row)
    table = np.array(rows)
    weights = table[:, 0] / table[:, 0].sum()
    print_row("all", [*table[:, :6].sum(axis=0), *(table[:, 6:] * weights[:, None]).sum(axis=0)])
    print(LEGEND)
    if arguments.overlay:
        write_sheets(arguments.overlay, sheet or [])


def print_row(name: str, row: Sequence[float]) -> None:
    cells = [f"{value:12.0f}" for value in row[:6]] + [f"{value:12.2f}" for value in row[6:]]
    print("  ".join([f"{name[:12]:>12}", *cells]))


if __name__ == "__main__":
    main()
