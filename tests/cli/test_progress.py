"""Progress of runs and transfers on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cexpr.cli.progress import Bars, Lines, Quiet, clip_line, opening_line, transfer_progress
from cexpr.runs.record import ClipRecord, RunRecord


def make_clip(stem: str, status: str = "done", seconds: float = 2.0) -> ClipRecord:
    info = {"frames": 50, "faces": 1} if status == "done" else {}
    return ClipRecord(stem=stem, path=stem, kind="video", status=status, info=info, seconds=seconds)


@pytest.fixture
def record() -> RunRecord:
    return RunRecord(
        options={},
        rules={"name": "pair"},
        models=[{"id": "one"}, {"id": "two"}],
        signals=[],
        derived={},
        provider="CPUExecutionProvider",
        clips={"a": make_clip("a"), "b": make_clip("b", "pending")},
        warnings=["the rules are old"],
    )


def run_through(progress: Quiet, record: RunRecord) -> None:
    with progress:
        progress.begin(record, 2, 1, 4)
        progress.notice("something")
        for frame in range(3):
            progress.progress("b", frame, None)
        progress.clip(make_clip("b"))
        progress.progress("c", 1, 10)
        progress.clip(make_clip("c", "failed"))


def test_a_run_is_announced_with_what_it_uses(record: RunRecord) -> None:
    assert opening_line(record, 1, 1, 4) == (
        "1 clip to do (1 finished before are kept); rules pair, model one + two on "
        "CPUExecutionProvider, 1 x 4 threads"
    )


def test_a_clip_is_told_in_a_line() -> None:
    assert clip_line(make_clip("a")) == "a: 50 frames, 1 face, 2.0 s (25 fps)"
    assert clip_line(make_clip("a", seconds=0.0)) == "a: 50 frames, 1 face, 0.0 s (0 fps)"
    assert clip_line(make_clip("a", "failed")) == "a: failed"


def test_lines_count_the_clips(record: RunRecord) -> None:
    out = io.StringIO()
    run_through(Lines(Console(file=out, width=20)), record)
    assert out.getvalue().splitlines() == [
        opening_line(record, 2, 1, 4),
        "the rules are old",
        "something",
        "[1/2] b: 50 frames, 1 face, 2.0 s (25 fps)",
        "[2/2] c: failed",
    ]


def test_of_images_that_share_a_table_only_the_last_has_a_line(record: RunRecord) -> None:
    out = io.StringIO()
    lines = Lines(Console(file=out, width=20))
    lines.begin(record, 3, 1, 4)
    for name in ("x", "y", "z"):
        image = make_clip(name)
        image.files = ["images.csv"]
        lines.clip(image)
    assert out.getvalue().splitlines()[2:] == ["[3/3] z: 50 frames, 1 face, 2.0 s (25 fps)"]


def test_bars_leave_the_notices_and_failures(record: RunRecord) -> None:
    out = io.StringIO()
    console = Console(file=out, width=200, force_terminal=True, color_system=None)
    run_through(Bars(console), record)
    for text in (opening_line(record, 2, 1, 4), "the rules are old", "something", "c: failed"):
        assert text in out.getvalue()


def test_quiet_prints_nothing(record: RunRecord, capsys: pytest.CaptureFixture[str]) -> None:
    run_through(Quiet(), record)
    assert capsys.readouterr() == ("", "")


def test_a_transfer_is_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with transfer_progress("net") as report:
        for here in range(0, 101, 5):
            report(here, 100)
        report(7, None)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"net: {here} of 100 bytes" for here in range(10, 101, 10)]
