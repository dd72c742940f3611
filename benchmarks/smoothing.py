"""Smoothing beside scipy and OpenCV, on one thread: 26138 frames of 8 signals, radius 50.

Run: python -m benchmarks.smoothing (with the extra "bench" installed).
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from scipy import ndimage

import cexpr
from benchmarks.common import BenchRow, format_rows, interleaved_times
from cexpr import _core

ROWS, COLUMNS, RADIUS, SIGMA = 26138, 8, 50, 15.0
# The peers add up in float32 (OpenCV) or subtract from running sums (scipy).
TOLERANCE = 2e-5
NAME = f"{{}} smoothing, {ROWS} x {COLUMNS}, radius {RADIUS}"


def _row(
    kernel: str,
    ours: Callable[[], np.ndarray],
    peers: dict[str, Callable[[], np.ndarray]],
    required: dict[str, float],
) -> BenchRow:
    """Check that all give the same inside the track, then time them in turn."""
    inside = slice(RADIUS, ROWS - RADIUS)
    for name, peer in peers.items():
        np.testing.assert_allclose(
            ours()[inside], peer()[inside], rtol=0, atol=TOLERANCE, err_msg=name
        )
    times = interleaved_times({"cexpr": ours, **peers})
    return BenchRow(NAME.format(kernel), times.pop("cexpr"), times, required)


def rows() -> list[BenchRow]:
    """Measure and return the rows of the table."""
    cv2.setNumThreads(1)
    values = np.random.default_rng(0).random((ROWS, COLUMNS), dtype=np.float32)
    frames = np.arange(1, ROWS + 1)
    distance = np.arange(-RADIUS, RADIUS + 1)
    weights = np.exp(-(distance**2) / (2 * SIGMA**2))
    column = (weights / weights.sum()).astype(np.float32)
    one = np.ones(1, dtype=np.float32)
    return [
        _row(
            "box",
            lambda: cexpr.smooth(values, frames, "box", RADIUS),
            {
                "scipy.ndimage.uniform_filter1d": lambda: ndimage.uniform_filter1d(
                    values, 2 * RADIUS + 1, axis=0
                ),
                "cv2.blur": lambda: cv2.blur(values, (1, 2 * RADIUS + 1)),
            },
            {"scipy.ndimage.uniform_filter1d": 3},
        ),
        _row(
            "gaussian",
            lambda: cexpr.smooth(values, frames, "gaussian", RADIUS, SIGMA),
            {
                "cv2.sepFilter2D": lambda: cv2.sepFilter2D(values, -1, one, column),
                "scipy.ndimage.gaussian_filter1d": lambda: ndimage.gaussian_filter1d(
                    values, SIGMA, axis=0, truncate=RADIUS / SIGMA
                ),
            },
            {"cv2.sepFilter2D": 3, "scipy.ndimage.gaussian_filter1d": 8},
        ),
    ]


def main() -> None:
    """Print the table for every instruction set that this processor has."""
    for target in _core.cpu_targets():
        _core.cpu_set_active(target)
        print(f"{target}, scipy and OpenCV {cv2.__version__} on one thread")
        print(format_rows(rows()))


if __name__ == "__main__":
    main()
