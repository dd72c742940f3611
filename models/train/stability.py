"""How much `cexpr-s` moves when a face moves a little: box, scale, light, JPEG quality.

    python -m models.train.stability --data DIR [CLIP ...]

For each change the mean total variation distance (half the sum of absolute differences) between the
probability vectors before and after, on faces of the validation split and on the faces that the
pipeline cuts out of the clips.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import cexpr
from cexpr.clips.decode import open_clip
from cexpr.clips.sources import find_clips
from cexpr.faces.cut import cut_matrices
from cexpr.faces.detector import make_detector
from cexpr.models import outputs, zoo
from cexpr.models.session import Model

from . import data

Image = NDArray[np.uint8]
Matrix = NDArray[np.float32]

FACES = 500
EVERY = 10  # frames of a clip


def moved(matrix: Matrix, size: int, scale: float, x: float, y: float) -> Matrix:
    """`matrix` followed by a scaling about the centre and a shift, as shares of `size`."""
    center = (size - 1) / 2
    out = matrix * np.float32(scale)
    out[:, 2] += np.float32(center * (1 - scale)) + np.float32([x * size, y * size])
    return out


def recompressed(image: Image, quality: int) -> Image:
    """Through JPEG and back."""
    _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_UNCHANGED), dtype=np.uint8)


def brightened(image: Image, gain: float) -> Image:
    """Every value times `gain`."""
    return np.clip(image.astype(np.float32) * gain, 0, 255).astype(np.uint8)


CHANGES: dict[str, tuple[Callable[[Image], Image], tuple[float, float, float]]] = {
    "shift right by 4 %": (lambda image: image, (1.0, 0.04, 0.0)),
    "shift down by 4 %": (lambda image: image, (1.0, 0.0, 0.04)),
    "5 % larger": (lambda image: image, (1.05, 0.0, 0.0)),
    "5 % smaller": (lambda image: image, (1 / 1.05, 0.0, 0.0)),
    "20 % brighter": (lambda image: brightened(image, 1.2), (1.0, 0.0, 0.0)),
    "20 % darker": (lambda image: brightened(image, 0.8), (1.0, 0.0, 0.0)),
    "JPEG quality 60": (lambda image: recompressed(image, 60), (1.0, 0.0, 0.0)),
    "JPEG quality 30": (lambda image: recompressed(image, 30), (1.0, 0.0, 0.0)),
}


def probabilities(model: Model, image: Image, matrix: Matrix) -> NDArray[np.float32]:
    """float32, shape (8,)."""
    spec = model.input
    face = cexpr.preprocess(image, matrix[None], spec.size, spec.mean, spec.std, spec.color)
    return outputs.softmax(model.run(face)["logits"])[0]


def clip_faces(model: Model, paths: list[Path]) -> list[tuple[Image, Matrix]]:
    """Every `EVERY`-th frame's faces of clips, with the pipeline's cut."""
    detector = make_detector("mtcnn")
    found = []
    for source in find_clips(paths):
        with open_clip(source) as clip:
            for frame in clip:
                if frame.number % EVERY == 0:
                    seen = detector.detect(frame.image)
                    cuts = cut_matrices(model.input, seen.landmarks, seen.boxes_xywh)
                    found += [(frame.image.copy(), cut) for cut in cuts]
    return found


def print_table(title: str, model: Model, faces: list[tuple[Image, Matrix]]) -> None:
    """One line for each change."""
    print(f"\n{title}: {len(faces)} faces")
    before = [probabilities(model, image, matrix) for image, matrix in faces]
    for name, (change, motion) in CHANGES.items():
        distances = [
            0.5
            * np.abs(
                probabilities(model, change(image), moved(matrix, model.input.size, *motion)) - old
            ).sum()
            for (image, matrix), old in zip(faces, before, strict=True)
        ]
        print(
            f"  {name:20} mean {np.mean(distances):.4f}  95th percentile "
            f"{np.percentile(distances, 95):.4f}"
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m models.train.stability")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("clips", type=Path, nargs="*")
    options = parser.parse_args()
    found = zoo.find(zoo.DEFAULT_MODEL)
    model = Model(found, zoo.model_file(found))
    images = data.split(options.data, "valid").images[:FACES]
    whole = np.eye(2, 3, dtype=np.float32) * np.float32(model.input.size / data.SIZE)
    print_table("validation split", model, [(image, whole) for image in images])
    if options.clips:
        print_table("clips", model, clip_faces(model, options.clips))


if __name__ == "__main__":
    main()
