"""Files of `cexpr extract`, and annotations of the clips that they were made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from cexpr.abaw.classes import MTL_HEADER
from cexpr.cli import app

CLIPS, FRAMES = 3, 20


def command(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.output + str(result.exception or "")


def extract_all(clips: Path, model: Path, out: Path, *options: str) -> str:
    code, text = command(
        "extract", clips, "-o", out, "--model", model, "--detector", "full-frame", *options
    )
    assert code == 0, text
    return text


def annotations(path: Path, clips: range) -> Path:
    random = np.random.default_rng(len(clips))
    rows = [
        f"clip{clip}/{number:05d}.jpg,{random.uniform(-1, 1):.3f},{random.uniform(-1, 1):.3f},"
        f"{random.integers(0, 8)}," + ",".join(map(str, random.integers(0, 2, 12)))
        for clip in clips
        for number in range(1, FRAMES + 1)
    ]
    path.write_text("\n".join([MTL_HEADER, *rows]) + "\n", encoding="utf-8")
    return path
