from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from typer.testing import CliRunner

from builders.run_files import Command
from builders.tiny_networks import write_network
from cexpr.cli import app
from cexpr.errors import UsageError
from cexpr.models import outputs, zoo
from cexpr.models.add import Graph, head_place
from cexpr.models.session import Model

OPTIONS = [
    "--expression=[0:8]",
    "--labels=affectnet8",
    "--valence-arousal=output[8:10]",
    "--features=input-of:output",
    "--color=rgb",
    "--mean=0.5,0.5,0.5",
    "--std=0.5,0.5,0.5",
    "--face=box",
    "--margin=0.1",
    "--licence=mine",
]


def add(path: Path, *options: str, without: str = "nothing") -> tuple[int, str]:
    kept = [option for option in OPTIONS if not option.startswith(f"--{without}=")]
    result = CliRunner().invoke(app, ["models", "add", str(path), *kept, *options])
    return result.exit_code, result.output + str(result.exception or "")


def test_a_file_of_ones_own_runs_by_the_manifest_that_was_written(tmp_path: Path) -> None:
    path = write_network(tmp_path / "mine.onnx")
    code, text = add(path)
    assert code == 0, text
    assert "self-test passed" in text
    assert "input input ['n', 3, 8, 8]" in text
    model = zoo.find(str(path))
    assert (model.id, model.licence, model.input.face.box_margin) == ("mine", "mine", 0.1)
    network = Model(model, path, features=True)
    tensors = network.run(np.zeros((1, 3, 8, 8), np.float32))
    assert network.features == "embedding"
    assert outputs.signals(model, tensors).names[-2:] == ("valence", "arousal")


@pytest.mark.parametrize("option", ["labels", "color", "mean", "std", "face", "licence"])
def test_what_the_graph_does_not_tell_is_asked_for(tmp_path: Path, option: str) -> None:
    path = write_network(tmp_path / "mine.onnx")
    code, text = add(path, without=option)
    assert code != 0
    assert f"give --{option}" in text
    assert not path.with_suffix(".yaml").exists()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--expression=other[0:8]", "expected one of the outputs output"),
        ("--expression=[0:8", "expected TENSOR"),
        ("--expression=[0:9]", "expression: 8 columns; got 9"),
        ("--labels=anger,joy", "unknown joy"),
        ("--mean=half", "expected numbers"),
        ("--mean=0.5", "expected 3 numbers, got 1"),
        ("--face=oval", "expected arcface or box"),
    ],
)
def test_a_wrong_option_leaves_no_manifest(tmp_path: Path, option: str, message: str) -> None:
    path = write_network(tmp_path / "mine.onnx")
    code, text = add(path, option)
    assert code != 0
    assert message in text
    assert sorted(one.name for one in tmp_path.iterdir()) == ["mine.onnx"]


def test_a_manifest_is_not_replaced_without_leave(tmp_path: Path) -> None:
    path = write_network(tmp_path / "mine.onnx")
    path.with_suffix(".yaml").write_text("kept", encoding="utf-8")
    assert "is there already; overwrite it" in add(path)[1]
    assert path.with_suffix(".yaml").read_text(encoding="utf-8") == "kept"
    assert add(path, "--overwrite")[0] == 0


def test_the_trial_finds_probabilities_that_are_logits(tmp_path: Path) -> None:
    path = write_network(tmp_path / "mine.onnx")
    code, text = add(path, "--activation=none")
    assert code == 2
    assert "name the activation" in text


def test_the_trial_finds_a_network_without_life(tmp_path: Path) -> None:
    path = write_network(tmp_path / "mine.onnx")
    model = onnx.load(str(path))
    for weights in model.graph.initializer:
        weights.CopyFrom(
            numpy_helper.from_array(np.zeros(tuple(weights.dims), np.float32), weights.name)
        )
    onnx.save(model, str(path))
    code, text = add(path)
    assert code == 2
    assert "every face gives the same answer" in text


def test_a_derived_head_is_written_as_such(tmp_path: Path) -> None:
    path = write_network(tmp_path / "mine.onnx")
    assert add(path, "--action-units=derived", "--valence-arousal=derived")[0] == 0
    assert zoo.find(str(path)).outputs.derived() == {
        "valence_arousal": "circumplex",
        "action_units": "prototypes",
    }


def test_a_place_needs_a_name_where_there_are_several_outputs() -> None:
    graph = Graph({"x": ["n", 1, 8, 8]}, {"a": ["n", 8], "b": ["n", 2]})
    assert head_place("b", graph) == {"tensor": "b"}
    with pytest.raises(UsageError, match="expected one of the outputs a, b"):
        head_place("[0:2]", graph)


class Terminal(io.StringIO):
    """Standard input on which a person types."""

    def isatty(self) -> bool:
        return True


def test_a_person_at_a_terminal_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cexpr_command: Command
) -> None:
    path = write_network(tmp_path / "mine.onnx")
    # Place, colour, label order, cut, licence, mean and std.
    answers = "output[0:8]\nrgb\naffectnet8\nbox\nmine\n0.5,0.5,0.5\n0.25,0.25,0.25\n"
    monkeypatch.setattr(sys, "stdin", Terminal(answers))
    done = cexpr_command("models", "add", path)
    assert done.status == 0, done.err
    model = zoo.find(str(path))
    assert model.outputs.expression is not None
    assert (model.licence, model.input.std) == ("mine", (0.25, 0.25, 0.25))


def test_all_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    path = write_network(tmp_path / "mine.onnx")
    result = CliRunner().invoke(app, ["models", "add", str(path), "--face", "box"])
    text = str(result.exception)
    assert "\n" not in text
    for option in ("expression", "labels", "color", "mean", "std", "licence"):
        assert f"--{option} (" in text
    assert "--face" not in text
    assert "--size" not in text
