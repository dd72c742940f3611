"""How many cores this process may really use, and how jobs share them."""

from __future__ import annotations

import math
import os
from pathlib import Path

from cexpr._support.arguments import whole
from cexpr.errors import UsageError

CGROUP_ROOT = Path("/sys/fs/cgroup")


def usable_cores(root: Path = CGROUP_ROOT) -> int:
    """Return the number of cores that this process may keep busy, at least 1.

    It is the smaller of the processor affinity and the CPU quota of the control group (version 2:
    `cpu.max`, version 1: `cpu.cfs_quota_us` over `cpu.cfs_period_us`), rounded up.

    Args:
        root: Where the control groups are mounted.
    """
    cores = _affinity()
    quota = _quota_v2(root)
    if quota is None:
        quota = _quota_v1(root)
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def share_cores(
    jobs: int, threads: int | None, *, cores: int | None = None
) -> tuple[int, int, list[str]]:
    """Divide the cores among jobs, so that jobs times threads is no more than there are.

    Args:
        jobs: Processes asked for.
        threads: Threads of each job asked for, or None.
        cores: Cores to share; None for all usable ones.

    Returns:
        Jobs, threads and a sentence for each request that was cut.

    Raises:
        TypeError: jobs or threads is not a whole number.
        UsageError: jobs or threads is below 1.
    """
    for name, number in (("jobs", jobs), ("threads", threads)):
        if number is not None and whole(name, number) < 1:
            raise UsageError(f"{name}: expected at least 1, got {number}")
    cores = usable_cores() if cores is None else cores
    notes = []
    if jobs > cores:
        notes.append(f"jobs: cut from {jobs} to {cores}, the cores that can be used")
        jobs = cores
    share = cores // jobs
    if threads is not None and threads > share:
        notes.append(f"threads: cut from {threads} to {share}, the cores of one of {jobs} jobs")
    # Beyond a few threads these small networks only get in their own way.
    return jobs, min(threads or 4, share), notes


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
