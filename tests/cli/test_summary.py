"""The summary after a run: table, warnings, failures and status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from cexpr.cli._summary import finish
from cexpr.runs.record import ClipRecord, RunRecord


@pytest.fixture
def record() -> RunRecord:
    info = {"frames": 10, "faces": 2, "warnings": ["dark", "short"]}
    done = ClipRecord(
        stem="a", path="a", kind="video", status="done", info=info, compounds={"A": 6, "B": 3}
    )
    return RunRecord(
        options={"detector": "mtcnn"},
        rules={"name": "pair", "sha256": "0"},
        models=[],
        signals=[],
        derived={"valence": "circumplex"},
        provider="CPUExecutionProvider",
        seconds=3.0,
        clips={"a": done},
    )


def test_the_table_has_the_clip_and_the_last_line_the_sum(
    record: RunRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(record, Path("out"), quiet=False, as_json=False)
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines[1].split() == ["a", "10", "2", "A", "60%,", "B", "30%", "0.0", "s"]
    assert lines[-1] == (
        "1 done, 3.0 s on CPUExecutionProvider; results in out; "
        "derived from the expressions, not learnt: valence and arousal"
    )
    assert shown.err == "cexpr: a: dark; short\n"


def test_json_is_the_record(record: RunRecord, capsys: pytest.CaptureFixture[str]) -> None:
    finish(record, Path("out"), quiet=True, as_json=True)
    shown = capsys.readouterr()
    assert json.loads(shown.out) == json.loads(json.dumps(record.as_json()))
    assert shown.err == ""


def test_a_failure_is_told_even_when_quiet(
    record: RunRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    record.clips["b"] = ClipRecord(
        stem="b", path="b", kind="video", status="failed", error="b: damaged"
    )
    with pytest.raises(typer.Exit) as stop:
        finish(record, Path("out"), quiet=True, as_json=False)
    assert stop.value.exit_code == 1
    assert capsys.readouterr() == ("", "cexpr: b: damaged\n")


@pytest.mark.parametrize(("detector", "is_advised"), [("mtcnn", True), ("full-frame", False)])
def test_a_run_without_faces_is_advised_of_crops(
    record: RunRecord,
    capsys: pytest.CaptureFixture[str],
    detector: str,
    is_advised: bool,
) -> None:
    record.options["detector"] = detector
    record.clips["a"].info["faces"] = 0
    finish(record, Path("out"), quiet=False, as_json=False)
    told = capsys.readouterr().err
    for advice in ("run with --detector full-frame", "with --rotate auto"):
        assert (advice in told) is is_advised
