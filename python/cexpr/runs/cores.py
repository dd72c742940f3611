"""How many cores this process may really use: affinity and the container's quota."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP_ROOT = Path("/sys/fs/cgroup")


def usable_cores(root: Path = CGROUP_ROOT) -> int:
    """Cores that this process may keep busy, at least 1.

    The smaller of the processor affinity and the CPU quota of the control group (version 2:
    `cpu.max`, version 1: `cpu.cfs_quota_us` over `cpu.cfs_period_us`), rounded up.

    Args:
        root: Where the control groups are mounted.
    """
    cores = _affinity()
    quota = _quota_v2(root)
    if quota is None:
        quota = _quota_v1(root)
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota_v2(root: Path) -> float | None:
    words = _words(root / "cpu.max")
    if len(words) != 2 or words[0] == "max":
        return None
    return _ratio(words[0], words[1])


def _quota_v1(root: Path) -> float | None:
    folder = root / "cpu"
    quota, period = _words(folder / "cpu.cfs_quota_us"), _words(folder / "cpu.cfs_period_us")
    return _ratio(quota[0], period[0]) if quota and period else None


def _ratio(quota: str, period: str) -> float | None:
    try:
        value = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    # Version 1 writes -1 for "no quota".
    return value if value > 0 else None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return []
