"""`cexpr apply` as a user types it; what it decides is tested with `cexpr.runs.apply`."""

from __future__ import annotations

import json
from pathlib import Path

from builders.run_files import BASE, Command, read_csv, read_run


def test_the_summary_or_the_record_is_printed(work: Path, cexpr_command: Command) -> None:
    assert cexpr_command("run", *BASE, "clips/a.avi", "--quiet").status == 0
    outcome = cexpr_command("apply", "--rules", "other.yaml", "out")
    assert outcome.status == 0
    assert "1 done" in outcome.out
    assert "Sadly_Fearful" in read_csv(work / "out" / "a.frames.csv")[0]
    outcome = cexpr_command("apply", "--rules", "pair.yaml", "out", "--json")
    assert json.loads(outcome.out) == read_run()
    outcome = cexpr_command("apply", "--rules", "other.yaml", "out", "--quiet")
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "")


def test_a_clip_that_fails_is_named_and_the_status_is_1(work: Path, cexpr_command: Command) -> None:
    assert cexpr_command("run", *BASE, "clips", "--quiet").status == 0
    (work / "out" / "b.faces.csv").write_text("broken")
    outcome = cexpr_command("apply", "--rules", "other.yaml", "out", "--quiet")
    assert outcome.status == 1
    (line,) = outcome.err.splitlines()
    assert line.startswith("cexpr: ")
    assert "b.faces.csv" in line
