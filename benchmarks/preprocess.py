"""A face cut out of a frame and normalised, beside the OpenCV calls that do the same."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

import cexpr
from benchmarks.common import BenchRow, format_rows, interleaved_times

RUNS = 301
SIZE = 224
MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])
# OpenCV rounds to whole grey levels before it normalises.
TOLERANCE = 0.55 / 255 / STD.min()


def frame() -> NDArray[np.uint8]:
    """A 640 x 480 BGR frame of smooth colours."""
    y, x = np.mgrid[0:480, 0:640]
    waves = [np.sin(x / 41 + y / 53), np.cos(x / 37 - y / 61), np.sin(x / 67 + 1)]
    return np.uint8(np.stack(waves, axis=2) * 100 + 128)


def face_matrix() -> NDArray[np.float32]:
    """A face of 200 pixels, 8 degrees askew, in the middle of the frame."""
    scale, angle = SIZE / 200, np.deg2rad(8)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    x, y = 310.0, 245.0
    half = SIZE / 2
    return np.float32([[c, -s, half - c * x + s * y], [s, c, half - s * x - c * y]])


def rows() -> list[BenchRow]:
    """Measure after checking that both sides give the same numbers."""
    cv2.setNumThreads(1)
    image = frame()
    matrix = face_matrix()
    matrices = matrix[None]
    mean, std = MEAN.tolist(), STD.tolist()
    mean_255 = (MEAN * 255).tolist()
    divisor = STD.astype(np.float32)[None, :, None, None]

    def ours() -> NDArray[np.float32]:
        return cexpr.preprocess(image, matrices, SIZE, mean, std, "rgb")

    def opencv() -> NDArray[np.float32]:
        warped = cv2.warpAffine(image, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR)
        blob = cv2.dnn.blobFromImage(warped, 1 / 255, (SIZE, SIZE), mean_255, swapRB=True)
        blob /= divisor
        return blob

    np.testing.assert_allclose(ours(), opencv(), rtol=0, atol=TOLERANCE)
    peer = "cv2.warpAffine + cv2.dnn.blobFromImage + division by std"
    times = interleaved_times({"cexpr": ours, peer: opencv}, RUNS)
    return [
        BenchRow(
            f"640 x 480 BGR -> aligned 3 x {SIZE} x {SIZE} float",
            times["cexpr"],
            {peer: times[peer]},
            {peer: 3.0},
        )
    ]


if __name__ == "__main__":
    print(format_rows(rows()))
