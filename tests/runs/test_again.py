"""A finished clip decided again from its tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.gif_files import write_gif
from builders.run_files import BASE, Command, read_csv, read_run
from cexpr.errors import ClipError
from cexpr.options import RunOptions
from cexpr.rules.rule_set import RuleSet
from cexpr.runs.again import decide_again
from cexpr.runs.folder import RunFolder


def again(rules: str) -> tuple[RunFolder, RuleSet, RunOptions]:
    run = RunFolder.open("out")
    return run, RuleSet.load(rules), RunOptions.checked(run.record.options)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_same_rules_give_the_same_tables(work: Path, cexpr_command: Command, kind: str) -> None:
    cexpr_command("run", *BASE, "--events", "--format", kind, "clips/a.avi")
    run, rules, options = again("pair.yaml")
    (clip,) = run.clips()
    result = decide_again(run, clip, rules, options)
    for part in ("frames", "faces", "events"):
        assert getattr(result, part).equals(run.read_table(clip, part)), part
    assert result.compounds == ("Happily_Surprised", "Sadly_Angry")


def test_the_last_frame_of_a_gif_keeps_its_delay(work: Path, cexpr_command: Command) -> None:
    write_gif(work / "slow_end.gif", [10, 10, 250])
    cexpr_command("run", *BASE, "--events", "slow_end.gif")
    run, rules, options = again("pair.yaml")
    (clip,) = run.clips()
    events = decide_again(run, clip, rules, options).events
    assert events.column("end_time").to_pylist()[-1] == pytest.approx(2.7)
    assert events.equals(run.read_table(clip, "events"))


def test_a_table_that_is_missing_is_named(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    (work / "out" / "a.faces.csv").unlink()
    run, rules, options = again("other.yaml")
    with pytest.raises(ClipError, match=r"a\.faces\.csv"):
        decide_again(run, run.clips()[0], rules, options)


def test_faces_below_the_limit_of_the_run_have_no_label_again(
    work: Path, cexpr_command: Command
) -> None:
    # The faces of these clips are 32 pixels tall, flat and dark or bright.
    limited = [word for word in BASE if word not in ("--min-quality", "0")]
    cexpr_command("run", *limited, "clips/a.avi")
    assert read_run()["options"]["min_quality"] == 0.5
    before = (work / "out" / "a.faces.csv").read_bytes()
    faces, frames = (read_csv(work / "out" / f"a.{part}.csv") for part in ("faces", "frames"))
    assert {face["quality_reason"] for face in faces} <= {"small", "blurred", "dark"}
    assert all(float(face["quality"]) < 0.5 and not face["compound"] for face in faces)
    assert all(face["fear"] for face in faces)
    assert {frame["n_faces"] for frame in frames} == {"1"}
    assert {frame["compound"] for frame in frames} == {""}
    assert cexpr_command("apply", "out").status == 0
    assert (work / "out" / "a.faces.csv").read_bytes() == before
