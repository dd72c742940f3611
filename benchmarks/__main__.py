"""Run every benchmark beside its peers and print one table.

From the root of the checkout, with the extra `bench` installed:

    python -m benchmarks           # the kernels
    python -m benchmarks --run      # the whole run beside ONNX Runtime's own time, too

One thread, medians of many runs, every kernel beside its peers in this process, after a check that
all of them compute the same. The exit status is 1 when a required ratio is missed.
"""

from __future__ import annotations

import argparse
import platform
import sys

import cv2
import numpy as np
import scipy

import cexpr
from benchmarks import preprocess, rules, run, smoothing
from benchmarks.common import format_rows
from cexpr import _core

KERNELS = (smoothing, preprocess, rules)


def main() -> int:
    """Print the table; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="cexpr beside its peers"
    )
    parser.add_argument("--run", action="store_true", help="measure the whole run, too")
    wants_run = parser.parse_args().run

    cv2.setNumThreads(1)
    print(
        f"cexpr {cexpr.__version__} ({_core.cpu_active()}), Python {platform.python_version()}, "
        f"numpy {np.__version__}, scipy {scipy.__version__}, OpenCV {cv2.__version__}\n"
    )
    modules = (*KERNELS, run) if wants_run else KERNELS
    rows = [row for module in modules for row in module.rows()]
    print(format_rows(rows))
    missed = [f"{row.kernel}: {peer}" for row in rows for peer in row.missed()]
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
