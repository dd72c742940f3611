"""The summary after a run: table, warnings, failures and status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from cexpr.cli._summary import finish
from cexpr.runs.record import ClipRecord, RunRecord
from cexpr.signals import ACTION_UNITS


@pytest.fixture
def record() -> RunRecord:
    info = {"frames": 10, "faces": 2, "warnings": ["dark", "short"]}
    done = ClipRecord(
        stem="a", path="a", kind="video", status="done", info=info, shown={"neutral": 0.6, "B": 0.3}
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
    assert lines[1].split() == ["a", "10", "2", "neutral", "60", "%,", "B", "30", "%", "0.0", "s"]
    assert lines[-2] == "1 done, 3.0 s on CPUExecutionProvider; results in out"
    assert lines[-1] == "derived, not learnt: valence (see cexpr columns out)"
    assert shown.err == "cexpr: a: dark; short\n"


def test_all_action_units_are_named_as_one(
    record: RunRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    record.derived |= dict.fromkeys(ACTION_UNITS, "prototypes")
    record.options["formats"] = ["csv"]
    finish(record, Path("out"), quiet=False, as_json=False)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "derived, not learnt: valence, AU01 to AU26 (see columns.csv)"


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


def image(name: str, faces: int, shown: str = "") -> ClipRecord:
    return ClipRecord(
        stem=name,
        path=f"{name}.jpg",
        kind="image",
        status="done",
        files=["images.csv"],
        info={"frames": 1, "faces": faces},
        shown={shown: 1.0} if shown else {},
        seconds=0.25,
    )


def test_images_share_a_row_and_those_without_a_face_are_counted_last(
    record: RunRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [image("x", 1, "anger"), image("y", 3, "B"), image("z", 0), image("w", 1, "anger")]
    record.clips |= {one.stem: one for one in images}
    lost = ClipRecord(stem="v", path="v.jpg", kind="image", status="failed", error="v.jpg: damaged")
    record.clips["v"] = lost
    with pytest.raises(typer.Exit):
        finish(record, Path("out"), quiet=False, as_json=False)
    shown = capsys.readouterr()
    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert lines[1].startswith("a 10 2")
    assert lines[2] == "v failed 0.0 s"
    assert lines[3] == "4 images 4 5 anger 67 %, B 33 % 1.0 s"
    assert lines[-1] == "no face in 1 of 4 images"
    assert "v.jpg: damaged" in shown.err


def test_images_that_all_lack_a_face_say_so(
    record: RunRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    record.clips = {one.stem: one for one in (image("x", 0), image("y", 0))}
    finish(record, Path("out"), quiet=False, as_json=False)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == "2 images 2 0 no face 0.5 s"
    assert lines[-1] == "no face in 2 of 2 images"
