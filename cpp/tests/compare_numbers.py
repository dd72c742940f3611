"""Compares what two builds of numbers.cpp print: python compare_numbers.py ONE OTHER.

Lines must name the same things in the same order, with numbers within 1e-5 of each other, relative
above 1; NaN and infinity only where the other has them.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

TOLERANCE = 1e-5


def main() -> int:
    """Compare the files; the exit status is 0 when they agree."""
    one, other = (Path(name).read_text(encoding="utf-8").split("\n") for name in sys.argv[1:3])
    if len(one) != len(other) or len(one) < 100:
        sys.exit(f"{len(one)} lines and {len(other)}")
    worst = 0.0
    for number, (left, right) in enumerate(zip(one[:-1], other[:-1], strict=True), start=1):
        (name, value), (same_name, same_value) = left.split(), right.split()
        a, b = float(value), float(same_value)
        if a == b or (math.isnan(a) and math.isnan(b)):
            difference = 0.0
        else:
            difference = abs(a - b) / max(1.0, abs(a))
        if name != same_name or not difference <= TOLERANCE:
            sys.exit(f"line {number}: {left} and {right}")
        worst = max(worst, difference)
    print(f"{len(one) - 1} numbers, largest difference {worst:.2g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
