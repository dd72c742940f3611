"""`cexpr eval crowd`; what it computes is tested with `cexpr.evaluation.crowd`."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.run_files import Command


@pytest.mark.parametrize("content", [None, b"no faces"])
def test_a_file_without_faces_is_one_line(
    tmp_path: Path, cexpr_command: Command, content: bytes | None
) -> None:
    file = tmp_path / "faces.npz"
    if content is not None:
        file.write_bytes(content)
    outcome = cexpr_command("eval", "crowd", file)
    assert outcome.status == 2
    assert outcome.err.startswith(f"cexpr: {file}")
    assert len(outcome.err.splitlines()) == 1
