"""Time of the paper's grid in `cexpr tune`: 27,000 annotated rows of 8 expressions.

Run: python -m benchmarks.tune

The rows are made up: 68 videos, sparse frame numbers as in s-Aff-Wild2. The grid holds no
smoothing, boxes of radius 1 to 100, and Gaussians exp(-d^2 / s) with s from 0.1 to 100000 and
radius 1 to 100; five folds of cross-validation are included. With --blend, two models and their
weights in tenths. On a busy machine the processor's time says more than the wall's.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from cexpr.abaw.files import MultiTask
from cexpr.metrics import ACTION_UNIT_COUNT, EXPRESSION_CLASSES
from cexpr.tuning import search
from cexpr.tuning.sources import LabelledVideo

VIDEOS, ROWS = 68, 397
LONGEST_STEP = 11


def made_up(models: int, seed: int = 0) -> tuple[MultiTask, list[LabelledVideo]]:
    """Annotations and signals of expressions that follow them."""
    random = np.random.default_rng(seed)
    videos, keys = [], []
    labels = np.sort(random.integers(0, EXPRESSION_CLASSES, (VIDEOS, ROWS)))
    for video in range(VIDEOS):
        frame = np.cumsum(random.integers(1, LONGEST_STEP + 1, ROWS))
        signals = [
            {
                "expression": (
                    np.eye(EXPRESSION_CLASSES)[labels[video]]
                    + random.normal(0, 1, (ROWS, EXPRESSION_CLASSES))
                ).astype(np.float32)
            }
            for _ in range(models)
        ]
        rows = np.arange(video * ROWS, (video + 1) * ROWS)
        videos.append(LabelledVideo(frame, signals, rows, np.arange(ROWS)))
        keys += [(f"v{video}", int(number)) for number in frame]
    count = len(keys)
    annotated = MultiTask(
        tuple(keys),
        np.full((count, 2), -5.0),
        labels.ravel(),
        np.full((count, ACTION_UNIT_COUNT), -1),
    )
    return annotated, videos


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tune")
    parser.add_argument("--blend", action="store_true", help="two models")
    models = 2 if parser.parse_args().blend else 1
    labels, videos = made_up(models)
    for window in ("frames", "rows"):
        smoothings = search.grid(window)
        start, worked = time.perf_counter(), time.process_time()
        (found,) = search.tune(labels, videos, smoothings=smoothings)
        seconds, worked = time.perf_counter() - start, time.process_time() - worked
        settings = len(smoothings) * len(search.weight_grid(models))
        print(
            f"{len(labels.keys)} rows x {EXPRESSION_CLASSES}, {settings} settings, window in "
            f"{window}: {seconds:.2f} s, {worked:.2f} s of a processor "
            f"(best {found.smoothing}, F1 {found.tuned:.4f})"
        )


if __name__ == "__main__":
    main()
