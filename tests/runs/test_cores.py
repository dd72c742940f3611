from __future__ import annotations

import os
from pathlib import Path

import pytest

from cexpr.errors import UsageError
from cexpr.runs import cores
from cexpr.runs.cores import share_cores


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max 100000", 8),
        ("200000 100000", 2),
        ("150000 100000", 2),
        ("1000 100000", 1),
        ("1600000 100000", 8),
        ("odd", 8),
        ("", 8),
        ("100000 0", 8),
    ],
)
def test_quota_of_version_2(tmp_path: Path, text: str, expected: int) -> None:
    (tmp_path / "cpu.max").write_text(text)
    assert cores.usable_cores(tmp_path) == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", 8), ("300000", 3), ("50000", 1)])
def test_quota_of_version_1(tmp_path: Path, quota: str, expected: int) -> None:
    folder = tmp_path / "cpu"
    folder.mkdir()
    (folder / "cpu.cfs_quota_us").write_text(quota)
    (folder / "cpu.cfs_period_us").write_text("100000")
    assert cores.usable_cores(tmp_path) == expected


def test_without_control_groups_the_affinity_counts(tmp_path: Path) -> None:
    assert cores.usable_cores(tmp_path / "nowhere") == 8


def test_jobs_and_threads_share_the_cores() -> None:
    assert share_cores(1, None, cores=6)[:2] == (1, 4)
    assert share_cores(2, None, cores=6)[:2] == (2, 3)
    assert share_cores(4, None, cores=6)[:2] == (4, 1)
    jobs, threads, notes = share_cores(9, 2, cores=6)
    assert jobs * threads <= 6
    assert notes == [
        "jobs: cut from 9 to 6, the cores that can be used",
        "threads: cut from 2 to 1, the cores of one of 6 jobs",
    ]


def test_jobs_and_threads_are_whole_numbers_from_one() -> None:
    with pytest.raises(UsageError, match="threads: expected at least 1, got 0"):
        share_cores(1, 0)
    with pytest.raises(TypeError, match=r"jobs: expected a whole number, got 1\.5"):
        share_cores(1.5, None)  # type: ignore[arg-type]
