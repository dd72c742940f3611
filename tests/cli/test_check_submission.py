"""`cexpr check-submission`: its lines and its status."""

from __future__ import annotations

from pathlib import Path

from builders.run_files import Command
from cexpr.abaw.classes import CE_HEADER


def test_no_problem_is_said_and_problems_have_their_lines(
    tmp_path: Path, cexpr_command: Command
) -> None:
    file = tmp_path / "CE.txt"
    file.write_text(f"{CE_HEADER}\n1/00001.jpg,0\n1/00002.jpg,3\n")
    outcome = cexpr_command("check-submission", "ce", file)
    assert (outcome.status, outcome.out) == (0, f"{file}: no problem found\n")
    file.write_text(f"{CE_HEADER}\n1/00001.jpg,0\n1/00002.jpg,9\n")
    outcome = cexpr_command("check-submission", "ce", file)
    assert outcome.status == 1
    (line,) = outcome.out.splitlines()
    assert line.startswith(f"{file}:3: ")


def test_the_template_says_which_rows_there_are(tmp_path: Path, cexpr_command: Command) -> None:
    file, template = tmp_path / "CE.txt", tmp_path / "t.txt"
    file.write_text(f"{CE_HEADER}\n1/00001.jpg,0\n")
    template.write_text(f"{CE_HEADER}\n1/00001.jpg,\n1/00002.jpg,\n")
    outcome = cexpr_command("check-submission", "ce", file, "--template", template)
    assert outcome.status == 1
    assert "1/00002.jpg is missing" in outcome.out
