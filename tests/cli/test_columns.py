"""`cexpr columns`: what is in the tables, of a run and of a model."""

from __future__ import annotations

import json
from pathlib import Path

from builders.run_files import BASE, Command, read_csv
from builders.tiny_model import write_tiny_model
from cexpr.signals import ACTION_UNITS, EXPRESSIONS, SIGNALS


def listed(text: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(text)["columns"]
    return found


def test_a_run_has_the_columns_of_its_file(work: Path, cexpr_command: Command) -> None:
    cexpr_command("run", *BASE, "clips/a.avi")
    outcome = cexpr_command("columns", "--json", "out")
    assert (outcome.status, outcome.err) == (0, "")
    of_file = [
        {name: cell for name, cell in row.items() if cell}
        for row in read_csv(Path("out") / "columns.csv")
    ]
    assert listed(outcome.out) == of_file


def test_without_a_run_they_are_those_of_the_shipped_model_and_rules(
    cexpr_command: Command,
) -> None:
    columns = listed(cexpr_command("columns", "--json").out)
    frames = [one for one in columns if one["table"] == "frames"]
    learnt = [one["column"] for one in frames if one["origin"] == "learnt"]
    derived = [one["column"] for one in frames if one["origin"] == "derived"]
    assert learnt == [*EXPRESSIONS, "expression"]
    assert derived == ["valence", "arousal", *ACTION_UNITS]
    assert all(one["formula"] for one in frames if one["origin"] == "derived")
    assert "Fearfully_Surprised" in [one["column"] for one in frames]


def test_a_model_that_learnt_everything_derives_no_signal(
    tmp_path: Path, cexpr_command: Command
) -> None:
    path = write_tiny_model(tmp_path)
    columns = listed(cexpr_command("columns", "--json", "--model", path).out)
    learnt = {one["column"] for one in columns if one["origin"] == "learnt"}
    assert learnt == {*SIGNALS, "expression"}


def test_the_page_names_each_formula_once(cexpr_command: Command) -> None:
    outcome = cexpr_command("columns")
    assert outcome.status == 0
    lines = outcome.out.splitlines()
    assert lines[0].split() == ["table", "column", "meaning", "unit", "range", "origin"]
    assert sum("Russell and Mehrabian" in line for line in lines) == 1
    assert "valence, arousal: circumplex: " in outcome.out


def test_a_folder_and_a_model_at_once_are_refused(work: Path, cexpr_command: Command) -> None:
    outcome = cexpr_command("columns", "out", "--model", "cexpr-s")
    assert (outcome.status, outcome.err) == (2, "cexpr: expected a folder or --model, got both\n")
    assert cexpr_command("columns", "clips").status == 2
