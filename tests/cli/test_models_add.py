"""`cexpr models add`: refusals of its options; the manifest is tested with `cexpr.models.add`."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.run_files import Command
from builders.tiny_networks import write_network

ENOUGH = {
    "--expression": "[0:8]",
    "--labels": "affectnet8",
    "--color": "rgb",
    "--face": "box",
    "--mean": "0.5,0.5,0.5",
    "--std": "0.5,0.5,0.5",
    "--licence": "mine",
}


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--face", "oval", "--face: expected arcface or box, got 'oval'"),
        ("--mean", "half", "--mean: expected numbers such as 0.485,0.456,0.406, got 'half'"),
        ("--size", "0", "--size: expected a whole number, at least 1, got '0'"),
        ("--margin", "wide", "--margin: expected a number, got 'wide'"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_written(
    tmp_path: Path, cexpr_command: Command, option: str, value: str, message: str
) -> None:
    path = write_network(tmp_path / "mine.onnx")
    words = [word for pair in {**ENOUGH, option: value}.items() for word in pair]
    outcome = cexpr_command("models", "add", path, *words)
    assert (outcome.status, outcome.err) == (2, f"cexpr: {message}\n")
    assert not path.with_suffix(".yaml").exists()


def test_the_shapes_and_the_trial_are_told(tmp_path: Path, cexpr_command: Command) -> None:
    path = write_network(tmp_path / "mine.onnx")
    words = [word for pair in ENOUGH.items() for word in pair]
    outcome = cexpr_command("models", "add", path, *words)
    assert outcome.status == 0
    lines = outcome.out.splitlines()
    assert lines[0].startswith("input ")
    assert lines[1].startswith("output ")
    assert lines[-1] == f"self-test passed; use it with --model {path}"
