"""`cexpr eval ce|shares|mtl`: which file is read and what is printed."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from builders.labelled_runs import clip, run_folder
from builders.run_files import Command
from cexpr.abaw.classes import AFF_WILD2_EXPRESSIONS, CE_CLASSES, CE_HEADER
from cexpr.cli._console import page
from cexpr.cli.evaluate_abaw import print_classes
from cexpr.evaluation.reports import ClassReport


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.txt"
    rows = [f"1/{number:05d}.jpg,{number % 7}" for number in range(1, 15)]
    path.write_text("\n".join([CE_HEADER, *rows]) + "\n")
    return path


def test_a_perfect_submission_scores_1_in_the_table_and_in_json(
    labels: Path, cexpr_command: Command
) -> None:
    command = ("eval", "ce", labels, labels, "--rounds", "100")
    table = cexpr_command(*command).out
    assert table.startswith("14 labelled rows, macro F1 1.0000 (1.0000 to 1.0000)\n")
    assert all(name in table for name in CE_CLASSES)
    report = json.loads(cexpr_command(*command, "--json").out)
    assert (report["f1"], report["rows"]) == (1.0, 14)
    assert report["confusion"][0] == [2, *[0] * 7]


def test_a_run_without_a_submission_is_told_how_to_get_one(
    tmp_path: Path, labels: Path, cexpr_command: Command
) -> None:
    run = run_folder(tmp_path / "run", clip("1", [0]))
    (run / "run.json").touch()
    for command in (("ce", labels, run), ("shares", run)):
        outcome = cexpr_command("eval", *command)
        assert outcome.status == 2
        assert outcome.err == (
            f"cexpr: {run}: the run has no CE.txt; run it with --abaw, or see cexpr submit\n"
        )


def test_a_compound_that_is_never_predicted_makes_the_divergence_infinite(
    tmp_path: Path, cexpr_command: Command
) -> None:
    (tmp_path / "CE.txt").write_text(f"{CE_HEADER}\n1/00001.jpg,0\n")
    assert cexpr_command("eval", "shares", tmp_path).out.endswith("divergence inf\n")
    report = json.loads(cexpr_command("eval", "shares", tmp_path, "--json").out)
    assert report["divergence"] is None
    assert report["counts"][CE_CLASSES[0]] == 1


@pytest.mark.parametrize("is_terminal", [True, False])
def test_the_tables_of_classes_can_be_read_in_80_columns_and_in_a_pipe(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    # As many rows of each class as the largest sets of annotations have of all together.
    for names in (CE_CLASSES, AFF_WILD2_EXPRESSIONS):
        confusion = np.full((len(names), len(names) + 1), 123_456)
        many = ClassReport(
            rows=int(confusion.sum()),
            f1=0.1,
            interval=(0.0, 0.2),
            per_class=np.full(len(names), 0.123),
            precision=np.full(len(names), 0.456),
            recall=np.full(len(names), 0.789),
            confusion=confusion,
        )
        text = io.StringIO()
        monkeypatch.setattr(text, "isatty", lambda: is_terminal)
        monkeypatch.setattr(sys, "stdout", text)
        monkeypatch.setenv("COLUMNS", "80" if is_terminal else "20")
        console = page()
        print_classes(console, names, many)
        monkeypatch.undo()
        lines = re.sub(r"\x1b\[[0-9;]*m", "", text.getvalue()).splitlines()
        assert max(map(len, lines)) <= 80
        assert "…" not in text.getvalue()
        for name in names:
            assert ("│" in text.getvalue()) == is_terminal
            (scores,) = (
                line for line in lines if re.match(rf"(│ )?{name} ", line) and "0.123" in line
            )
            short = scores.replace("│", " ").split()[1]
            for value in ("0.123", "0.456", "0.789"):
                assert value in scores
            (counts,) = (line for line in lines if line.startswith(f"{short} ") and line != scores)
            assert counts.split() == [short, *["123456"] * (len(names) + 1)]
