"""docs/python.md: every block runs, in the order of the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cexpr

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "python.md"

pytestmark = pytest.mark.skipif(
    not (PAGE.is_file() and (ROOT / "clips" / "portrait.mp4").is_file()),
    reason="the documents are not beside the tests",
)


def test_the_blocks_of_the_page_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 5
    names: dict[str, object] = {}
    printed = []
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), names)
        printed.append(capsys.readouterr().out)
    clip, many, _, camera, analyzer = printed
    assert "faces in 75 frames" in clip
    assert "portrait 75" in many
    lines = camera.splitlines()
    assert re.fullmatch(r"labels come \d+ frames later", lines[0])
    assert len(lines) == 1 + 75
    assert all(re.fullmatch(r"\d+\.\d\d s: \d faces, [\w ]+", line) for line in lines[1:])
    assert analyzer == "7 Fearfully_Surprised 0.45\n8 Happily_Surprised 0.45\n"


def test_the_page_names_every_attribute_of_a_decided_frame() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for kind in (cexpr.DecidedFrame, cexpr.DecidedFace):
        for name in kind.__dataclass_fields__:
            assert f"`{name}`" in page, name
