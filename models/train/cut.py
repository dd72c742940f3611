"""Where the five landmarks lie in FER faces, and which cut of the ArcFace template fits them.

    python -m models.train.cut --data DIR --yunet FILE.onnx

The faces are enlarged, framed and searched with YuNet, whose model file the user names. The margin
and the shift that fit best stand in `record.FACE`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import cexpr

from . import data

ENLARGED = 5
FRAME = 60  # pixels around the enlarged face
FACES = 1500


def landmarks(images: NDArray[np.uint8], yunet: Path) -> NDArray[np.float64]:
    """Landmarks of the faces that are found, shape (F, 5, 2), as shares of the image's side."""
    side = data.SIZE * ENLARGED
    total = side + 2 * FRAME
    detector = cv2.FaceDetectorYN.create(str(yunet), "", (total, total), 0.6, 0.3, 50)
    found = []
    for image in images:
        large = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)
        framed = cv2.copyMakeBorder(large, FRAME, FRAME, FRAME, FRAME, cv2.BORDER_REPLICATE)
        _, faces = detector.detect(cv2.cvtColor(framed, cv2.COLOR_GRAY2BGR))
        if faces is not None:
            best = faces[faces[:, -1].argmax()]
            found.append((best[4:14].reshape(5, 2) - FRAME) / side)
    return np.array(found)


def template(margin: float) -> NDArray[np.float64]:
    """The ArcFace template with a margin, as shares of the side, read off the core's alignment."""
    image = np.zeros((8, 8), dtype=np.uint8)
    points = np.float32([[[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]]])
    matrix = cexpr.align(image, points, 1000, margin)[0].astype(np.float64)
    return (points[0] @ matrix[:, :2].T + matrix[:, 2]) / 1000


def main() -> None:
    """Print the medians and the best cut."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m models.train.cut")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--yunet", type=Path, required=True)
    options = parser.parse_args()
    images = data.split(options.data, "valid").images[:FACES]
    found = landmarks(images, options.yunet)
    median = np.median(found, axis=0)
    print(f"{len(found)} of {len(images)} faces found; median positions\n{median.round(3)}")
    best = min(np.arange(-0.3, 0.2, 0.005), key=lambda margin: _misfit(median, margin))
    shift = (median - template(best)).mean(axis=0)
    print(f"margin {best:.3f}, shift {shift.round(3)}, rms {_misfit(median, best):.4f}")


def _misfit(median: NDArray[np.float64], margin: float) -> float:
    points = template(margin)
    rest = median - points - (median - points).mean(axis=0)
    return float(np.sqrt((rest**2).sum(axis=1).mean()))


if __name__ == "__main__":
    main()
