"""Show that memory does not grow with the length of a clip.

    python tools/measure_memory.py [--minutes 1 10]

Enlarges the sample clip to 1920 x 1080, repeats it to each length, runs `cexpr run` on it in a
process of its own and prints the peak of its resident memory.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

SAMPLE = Path(__file__).parents[1] / "clips" / "portrait.mp4"
FPS = 25
WIDTH, HEIGHT = 1920, 1080


def write_clip(path: Path, minutes: float) -> int:
    """Write the sample clip over and over at full HD; return the number of frames."""
    capture = cv2.VideoCapture(str(SAMPLE))
    images = []
    while True:
        decoded, image = capture.read()
        if not decoded:
            break
        images.append(cv2.resize(image, (WIDTH, HEIGHT)))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (WIDTH, HEIGHT))
    count = round(minutes * 60 * FPS)
    for number in range(count):
        writer.write(images[number % len(images)])
    writer.release()
    return count


def peak_of_run(clip: Path, out: Path) -> float:
    """Run cexpr on a clip; return the peak resident memory of the process in MiB."""
    command = [sys.executable, "-m", "cexpr", "run", "--quiet", "-o", str(out), str(clip)]
    # The measuring process is small; its child's own peak is what the system reports.
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], check=True, capture_output=True, text=True
    )
    unit = 1024 if sys.platform == "darwin" else 1
    return int(done.stdout.split()[-1]) / unit / 1024


def main() -> None:
    """Print a row for each length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 10])
    print("| minutes | frames | peak, MiB | seconds |")
    print("| ---: | ---: | ---: | ---: |")
    for minutes in parser.parse_args().minutes:
        with tempfile.TemporaryDirectory() as folder:
            clip = Path(folder) / "long.mp4"
            frames = write_clip(clip, minutes)
            start = time.perf_counter()
            peak = peak_of_run(clip, Path(folder) / "out")
            seconds = time.perf_counter() - start
            print(f"| {minutes:g} | {frames} | {peak:.0f} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
