"""The ratio of a whole run to the time spent inside ONNX Runtime in it."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import cv2

from benchmarks.common import BenchRow, format_rows
from cexpr.options import RunOptions
from cexpr.pipeline import Pipeline
from cexpr.tables.files import write_result

SAMPLE = Path(__file__).parents[1] / "clips" / "portrait.mp4"
PEER = "ONNX Runtime in model and detector"
# The run may take 1.15 times as long as inference alone.
REQUIRED = 1 / 1.15


def write_clip(path: Path, repeats: int = 4) -> Path:
    """Write the sample clip, enlarged to 640 x 480, forwards and backwards in turn."""
    capture = cv2.VideoCapture(str(SAMPLE))
    images = []
    while True:
        decoded, image = capture.read()
        if not decoded:
            break
        images.append(cv2.resize(image, (640, 480), interpolation=cv2.INTER_CUBIC))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (640, 480))
    for turn in range(repeats):
        for image in images if turn % 2 == 0 else images[::-1]:
            writer.write(image)
    writer.release()
    return path


def measure(clip: Path, runs: int = 7, model: str | None = None) -> tuple[float, float]:
    """Run a clip several times and take the run with the median ratio.

    Two threads: one in the networks and everything else, one that decodes ahead.

    Args:
        clip: The clip.
        runs: Runs that are timed; one before them is not.
        model: Model instead of the default.

    Returns:
        Seconds of the whole run (decode to written tables), and seconds inside ONNX Runtime.
    """
    options = RunOptions(rules="hsemotion-mean", models=(model,) if model else (), threads=2)
    pipeline = Pipeline(options)
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs + 1):
            inside = pipeline.inference_seconds
            start = time.perf_counter()
            result = pipeline.run(clip)
            write_result(Path(folder), result, ["csv"])
            times.append((time.perf_counter() - start, pipeline.inference_seconds - inside))
    faces = result.info["frames_with_face"] / result.info["frames"]
    assert faces > 0.99, f"a face in only {faces:.0%} of the frames"
    times = times[1:]
    middle = statistics.median_low([whole / inside for whole, inside in times])
    return next(pair for pair in times if pair[0] / pair[1] == middle)


def rows(model: str | None = None, runs: int = 7) -> list[BenchRow]:
    """Measure the whole run on 640 x 480 with one face."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        whole, inside = measure(write_clip(Path(folder) / "face.mp4"), runs, model)
    return [
        BenchRow(
            "whole run, 300 frames of 640 x 480, one face", whole, {PEER: inside}, {PEER: REQUIRED}
        )
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--model", help="name or file of a model instead of the default")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    (row,) = rows(options.model, options.runs)
    print(format_rows([row]))
    print(f"the run takes {row.ours / row.peers[PEER]:.3f} times as long as inference alone")


if __name__ == "__main__":
    main()
