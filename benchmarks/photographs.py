"""How many photographs a run does in a second, beside a loop that writes nothing.

    python -m benchmarks.photographs [CLIP ...]

Frames of clips, by default of the sample clip, are written as JPEG files whose longer side has 350
pixels; then `cexpr.run` analyses the folder, and a loop over `Pipeline.run` the same photographs,
which keeps every result in memory. Times of the processor count only what this process does.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import cv2

import cexpr
from cexpr.clips.decode import open_clip
from cexpr.clips.sources import find_clips
from cexpr.runs.record import RunRecord

SAMPLE = Path(__file__).parents[1] / "clips" / "portrait.mp4"
LONGER_SIDE = 350


def write_photographs(clips: Iterable[Path], folder: Path, count: int) -> int:
    """Write frames of clips as `a_000.jpg`, ..., each clip's in turn until there are enough.

    Args:
        clips: Files that `cexpr.find_clips` takes.
        folder: Where to; must exist.
        count: Photographs wanted.

    Returns:
        How many were written: fewer where the clips have fewer frames.
    """
    written = 0
    for source in find_clips(clips):
        with open_clip(source) as clip:
            for frame in clip:
                if written == count:
                    return written
                scale = LONGER_SIDE / max(frame.image.shape[:2])
                how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
                image = cv2.resize(frame.image, None, fx=scale, fy=scale, interpolation=how)
                # A letter at the end: numbered images in a folder could be a clip.
                path = folder / f"{source.stem}_{frame.number:05d}p.jpg"
                cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, 92])
                written += 1
    return written


def measure(photographs: Path, threads: int, jobs: int) -> tuple[RunRecord, float, float]:
    """Run a folder once.

    Returns:
        The record, and seconds of the wall clock and of this process's processor time.
    """
    with tempfile.TemporaryDirectory() as out:
        before, wall = time.process_time(), time.perf_counter()
        record = cexpr.run(photographs, out, threads=threads, jobs=jobs)
        return record, time.perf_counter() - wall, time.process_time() - before


def measure_alone(photographs: Path, threads: int) -> float:
    """Analyse the photographs of a folder one by one and write nothing.

    Returns:
        Seconds of this process's processor time.
    """
    before = time.process_time()
    pipeline = cexpr.Pipeline(cexpr.RunOptions(threads=threads))
    for source in find_clips(photographs):
        pipeline.run(source)
    return time.process_time() - before


def main() -> None:
    """Print images per second."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.photographs", description="photographs per second"
    )
    parser.add_argument("clips", nargs="*", type=Path, default=[SAMPLE])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        count = write_photographs(options.clips, Path(folder), options.count)
        # What is imported and loaded for the first time is not measured.
        measure(Path(folder), options.threads, 1)
        record, wall, used = measure(Path(folder), options.threads, options.jobs)
        alone = measure_alone(Path(folder), options.threads)
    done = [clip for clip in record.clips.values() if clip.status == "done"]
    faces = sum(clip.info["face_rows"] for clip in done)
    inside = sum(clip.info["timings"].get("inference", 0.0) for clip in done)
    print(
        f"{count} photographs of {LONGER_SIDE} pixels, {faces} faces, "
        f"{options.jobs} x {options.threads} threads"
    )
    print(f"wall clock: {wall:.2f} s, {count / wall:.1f} images/s")
    if options.jobs == 1:
        print(f"processor time: {used:.2f} s, {count / used:.1f} images/s per core")
    print(f"a loop, nothing written: {alone:.2f} s, {count / alone:.1f} images/s per core")
    print(f"wall clock inside the networks: {inside:.2f} s, {count / inside:.1f} images/s")


if __name__ == "__main__":
    main()
