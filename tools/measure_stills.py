"""Measure which faces of single pictures are found and kept, and what else is taken for a face.

Usage: python tools/measure_stills.py [options] CLIP_OR_FOLDER...

Pictures are made of every tenth frame of the clips: whole, made worse, cropped to the face, put
together to groups, and with the face left out. --crowd adds the faces of a file of the FER+ data,
four times as large, --pictures folders of pictures without a face. Each set is measured with a
plain search whose faces need the confirmation of 0.75, and with the defaults of a detector.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cexpr.clips.decode import open_clip
from cexpr.clips.images import read_image
from cexpr.clips.reader import Frame
from cexpr.clips.sources import IMAGE_SUFFIXES, find_clips
from cexpr.faces.detector import Detector, make_detector
from cexpr.faces.mtcnn import Mtcnn, MtcnnOptions
from cexpr.faces.track import Tracker, TrackOptions

EVERY = 10
GROUP = (6, 5)
CROPS = (0.8, 0.9, 1.0, 1.1, 1.2)
# Width and height of one person's part of a group.
TILES = ((320, 240), (213, 160), (160, 120))
CERTAIN = 0.98
LEAST_FACE = 50
LEAST_SIDE = 100
NAMES = ("pictures", "people", "found", "kept", "in", "ms", "found", "kept", "in", "ms")
LEGEND = """
left: plain search by mtcnn, confirmation of at least 0.75; right: the defaults
found  faces that the detector finds          kept  faces that a run keeps
in     pictures in which it keeps at least one  ms    time per picture for search and confirmation
"""


class Plain(Mtcnn):
    """One search, and black around the picture when new faces are judged."""

    def __init__(self) -> None:
        super().__init__(MtcnnOptions(padding=0.0, finer=False))

    def confirm(self, image: Any, boxes_xywh: Any) -> Any:
        margin = max(image.shape)
        wide = cv2.copyMakeBorder(image, *[margin] * 4, cv2.BORDER_CONSTANT)
        return super().confirm(wide, boxes_xywh + np.float32([margin, margin, 0, 0]))


def worsened(image: Any) -> Iterator[Any]:
    """Yield the picture turned, darker, blurred, smaller and compressed."""
    height, width = image.shape[:2]
    for angle in (-20, 20):
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
        yield cv2.warpAffine(image, matrix, (width, height))
    yield (image * 0.3).astype(np.uint8)
    yield cv2.GaussianBlur(image, (0, 0), 4)
    yield cv2.resize(image, None, fx=0.35, fy=0.35, interpolation=cv2.INTER_AREA)
    yield cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 8])[1], 1)


def crop(image: Any, box: Any, size: float) -> Any:
    """Cut out a box grown by a factor, as far as the picture reaches."""
    x, y, width, height = box
    left, right = x + width * (1 - size) / 2, x + width * (1 + size) / 2
    top, bottom = y + height * (1 - size) / 2, y + height * (1 + size) / 2
    return image[max(0, int(top)) : int(bottom), max(0, int(left)) : int(right)].copy()


def around(image: Any, box: Any) -> Iterator[Any]:
    """Yield what lies left, right and below of a face and its hair."""
    x, y, width, height = box
    left, right, bottom = int(x - 0.4 * width), int(x + 1.4 * width), int(y + 1.25 * height)
    for part in (image[:, : max(0, left)], image[:, right:], image[bottom:]):
        if min(part.shape[:2]) >= LEAST_SIDE:
            yield part.copy()


def group(frames: list[Any], tile: tuple[int, int], random: np.random.Generator) -> Any:
    """Put thirty frames side by side."""
    columns, rows = GROUP
    chosen = random.permutation(len(frames))[: columns * rows]
    tiles = [cv2.resize(frames[i], tile, interpolation=cv2.INTER_AREA) for i in chosen]
    return np.vstack([np.hstack(tiles[r * columns : (r + 1) * columns]) for r in range(rows)])


def mixed_group(frames: list[Any], boxes: list[Any], random: np.random.Generator) -> Any:
    """Put thirty heads of 40 to 160 pixels on grey."""
    columns, rows = GROUP
    canvas = np.full((rows * 200, columns * 200, 3), 128, np.uint8)
    for place, i in enumerate(random.permutation(len(frames))[: columns * rows]):
        head = crop(frames[i], boxes[i], 1.4)
        scale = random.uniform(40, 160) / max(head.shape[:2]) * 1.2
        head = cv2.resize(head, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        top, left = 200 * (place // columns) + 2, 200 * (place % columns) + 2
        canvas[top : top + head.shape[0], left : left + head.shape[1]] = head
    return canvas


def textures(random: np.random.Generator) -> Iterator[Any]:
    """Yield pictures without a face: noise of several grains, stripes, checks, discs and words."""
    for grain in (1, 4, 16, 48) * 10:
        small = random.integers(0, 256, (480 // grain + 1, 640 // grain + 1, 3), np.uint8)
        yield cv2.resize(small, (640, 480), interpolation=cv2.INTER_CUBIC)
    rows, columns = np.mgrid[0:480, 0:640]
    for period in (8, 20, 50, 90):
        stripes = 127 + 120 * np.sin(2 * np.pi * (rows + columns) / period)
        checks = 255.0 * ((rows // period + columns // period) % 2)
        for grey in (stripes, checks):
            yield np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)
    for _ in range(40):
        canvas = np.full((480, 640, 3), random.integers(0, 256, 3), np.uint8)
        for _ in range(40):
            color = random.integers(0, 256, 3).tolist()
            x, y, radius = (int(v) for v in random.integers((0, 0, 5), (640, 480, 90)))
            cv2.ellipse(canvas, (x, y), (radius, radius * 4 // 3), 0, 0, 360, color, -1)
        yield canvas
    for scale in (0.5, 1.0, 2.0, 4.0):
        canvas = np.full((480, 640, 3), 240, np.uint8)
        for y in range(30, 480, int(32 * scale)):
            cv2.putText(canvas, "8 o o 0 :-) B 0_0 QO", (4, y), 0, scale, (20, 20, 20), 2)
        yield canvas


def make_sets(arguments: argparse.Namespace, search: Detector) -> dict[str, tuple[list[Any], int]]:
    """Return by name the pictures, and how many people each shows."""
    random = np.random.default_rng(0)
    frames: list[Any] = []
    for source in find_clips(arguments.clips):
        with open_clip(source) as clip:
            frames += [frame.image for frame in clip if (frame.number - 1) % EVERY == 0]
    found = [(frame, search.detect(frame)) for frame in frames]
    clear = [
        (frame, faces.boxes_xywh[0])
        for frame, faces in found
        if len(faces) and faces.scores[0] >= CERTAIN and faces.boxes_xywh[0, 3] >= LEAST_FACE
    ]
    pictures, boxes = [frame for frame, _ in clear], [box for _, box in clear]
    people = GROUP[0] * GROUP[1]
    sets = {
        "frames": (frames, 1),
        "worse": ([image for frame in frames for image in worsened(frame)], 1),
        **{f"crop {size}": ([crop(*pair, size) for pair in clear], 1) for size in CROPS},
        **{
            f"group {t[1]}": ([group(pictures, t, random) for _ in range(5)], people) for t in TILES
        },
        "group mix": ([mixed_group(pictures, boxes, random) for _ in range(5)], people),
    }
    if arguments.crowd:
        images = np.load(arguments.crowd)["images"][: arguments.crowd_size]
        large = [cv2.resize(image, (192, 192), interpolation=cv2.INTER_CUBIC) for image in images]
        sets["crowd"] = ([cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) for image in large], 1)
    backgrounds = [part for pair in clear for part in around(*pair)]
    sets["no face"] = (backgrounds + [cv2.flip(one, 1) for one in backgrounds], 0)
    sets["textures"] = (list(textures(random)), 0)
    files = [path for folder in arguments.pictures for path in sorted(folder.iterdir())]
    given = [read_image(path) for path in files if path.suffix.lower() in IMAGE_SUFFIXES]
    if given:
        sets["pictures"] = (given, 0)
    return sets


def measure(images: list[Any], detector: Detector, options: TrackOptions) -> list[float]:
    """Return faces found, faces kept, pictures with a face kept, and ms per picture."""
    found = kept = pictures = 0
    start = time.perf_counter()
    for image in images:
        faces = Tracker(detector, options).update(Frame(1, 0.0, image))
        kept += len(faces)
        pictures += len(faces) > 0
    spent = time.perf_counter() - start
    for image in images:
        found += len(detector.detect(image))
    return [found, kept, pictures, 1000 * spent / len(images)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--crowd", type=Path, metavar="NPZ", help="faces of the FER+ data")
    parser.add_argument("--crowd-size", type=int, default=500, metavar="N")
    parser.add_argument("--pictures", type=Path, nargs="*", default=[], metavar="FOLDER")
    parser.add_argument("--detector", default="mtcnn", help="on the right: mtcnn or yunet")
    parser.add_argument("--detector-model", type=Path, help="model file of yunet")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    default = make_detector(arguments.detector, model_path=arguments.detector_model)
    plain = Plain()
    strict = TrackOptions(clear_start_score=TrackOptions().start_score)
    print("  ".join([" " * 10, *(f"{name:>8}" for name in NAMES)]))
    for name, (images, people) in make_sets(arguments, plain).items():
        row = [
            len(images),
            people * len(images),
            *measure(images, plain, strict),
            *measure(images, default, TrackOptions()),
        ]
        cells = [f"{value:8.1f}" if i in (5, 9) else f"{value:8d}" for i, value in enumerate(row)]
        print("  ".join([f"{name:>10}", *cells]))
    print(LEGEND)


if __name__ == "__main__":
    main()
