"""Rules, clips and the command line for tests of whole runs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders.tiny_model import write_tiny_model
from builders.video_files import grey_steps, write_mjpeg_avi
from cexpr.cli import main

RULES = """
cexpr: 1
name: pair
compounds:
  Happily_Surprised: mean(happiness, surprise)
  Sadly_Angry: mean(sadness, anger)
"""
OTHER_RULES = """
cexpr: 1
name: other
compounds:
  Sadly_Fearful: mean(sadness, fear)
"""

Command = Callable[..., "Outcome"]


class Outcome:
    """Exit status and output of a command."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


# Clips of tests are flat and small, and their faces get a label all the same.
CROPS = ("--detector", "full-frame", "--min-quality", "0")
BASE = ("--rules", "pair.yaml", "--model", "tiny.yaml", *CROPS, "-o", "out")


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def read_run(folder: str = "out") -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(folder, "run.json").read_text(encoding="utf-8"))
    return loaded


def change_times(folder: Path) -> dict[str, int]:
    """When the tables of each clip were written; those of the run are written every time."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.*.csv")}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with rules, a model and three clips, which is the current one."""
    (tmp_path / "pair.yaml").write_text(RULES)
    (tmp_path / "other.yaml").write_text(OTHER_RULES)
    write_tiny_model(tmp_path)
    (tmp_path / "clips").mkdir()
    for name, count in (("a", 3), ("b", 4), ("c", 5)):
        write_mjpeg_avi(tmp_path / "clips" / f"{name}.avi", grey_steps(count))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cexpr_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in this process."""

    def command(*arguments: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["cexpr", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            status = 0
        except SystemExit as stop:
            status = int(stop.code or 0)
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return command
