"""`cexpr extract` as a user types it; the file is tested with `cexpr.heads.extract`."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.run_files import Command
from builders.tiny_networks import write_manifest, write_network
from builders.video_files import grey_steps, write_mjpeg_avi


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_network(tmp_path / "net.onnx")
    write_manifest(tmp_path / "net.yaml")
    (tmp_path / "clips").mkdir()
    write_mjpeg_avi(tmp_path / "clips" / "a.avi", grey_steps(3))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_clip_is_a_line_and_a_second_time_it_is_kept(
    folder: Path, cexpr_command: Command
) -> None:
    command = ("extract", "clips", "--model", "net.yaml", "--detector", "full-frame", "-o", "f.pq")
    outcome = cexpr_command(*command)
    assert (outcome.status, outcome.out) == (0, "a: 3 faces\nf.pq: 1 clip\n")
    assert cexpr_command(*command).out == "a: 3 faces (kept)\nf.pq: 1 clip\n"


def test_a_clip_that_fails_is_told_and_the_status_is_1(
    folder: Path, cexpr_command: Command
) -> None:
    (folder / "clips" / "b.avi").write_bytes(b"no video")
    outcome = cexpr_command(
        "extract", "clips", "--model", "net.yaml", "--detector", "full-frame", "-o", "f.pq"
    )
    assert outcome.status == 1
    assert "b.avi" in outcome.err
    assert outcome.out == "a: 3 faces\nf.pq: 1 clip\n"
