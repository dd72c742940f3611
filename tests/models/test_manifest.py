from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper

from builders.tiny_networks import write_manifest, write_network
from cexpr.errors import ModelError, UsageError
from cexpr.models import manifest, zoo
from cexpr.models.session import Model, make_session

EXPRESSION = {
    "tensor": "logits",
    "slice": [0, 3],
    "labels": ["anger", "fear", "surprise"],
}
GOOD: dict[str, Any] = {
    "cexpr_model": 1,
    "id": "tiny",
    "file": "tiny.onnx",
    "licence": "Apache-2.0",
    "input": {
        "size": 8,
        "color": "gray",
        "mean": [0.5],
        "std": [0.25],
        "face": {"align": "arcface", "margin": 0.1},
    },
    "outputs": {"expression": EXPRESSION},
}


def tiny_onnx(path: Path, size: int = 8, columns: int = 3) -> Path:
    """A model that repeats the mean of each face `columns` times."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "ones"], ["logits"]),
    ]
    ones = helper.make_tensor("ones", TensorProto.FLOAT, [1, columns], [1.0] * columns)
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 1, size, size])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", columns])],
        [ones],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return path


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(**changes: object) -> Path:
        path = tmp_path / "tiny.yaml"
        path.write_text(yaml.safe_dump({**GOOD, **changes}), encoding="utf-8")
        return path

    return write


def test_a_good_manifest_is_read(write: Callable[..., Path]) -> None:
    model = manifest.load(write())
    assert model.id == "tiny"
    assert model.input.channels == 1
    assert model.input.face.margin == 0.1
    assert model.outputs.derived() == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "gray"}, "colour"),
        ({"licence": 3}, "licence"),
        ({"file": None}, "file or url"),
        ({"input": {**GOOD["input"], "mean": [0.5, 0.5, 0.5]}}, "mean: expected 1 number, got 3"),
        ({"input": {**GOOD["input"], "std": [0.0]}}, "above 0"),
        ({"input": {**GOOD["input"], "face": {}}}, "align or box_margin"),
        ({"outputs": {}}, "expression, valence_arousal or action_units"),
        ({"outputs": {"expression": {**EXPRESSION, "labels": ["fear", "joy"]}}}, "unknown joy"),
        ({"outputs": {"expression": {**EXPRESSION, "slice": [3, 0]}}}, "first < end"),
        ({"outputs": {"action_units": {"derived": "prototypes"}}}, "derived from expression"),
        (
            {"outputs": {"expression": EXPRESSION, "valence_arousal": {}}},
            "either tensor or derived",
        ),
    ],
)
def test_a_wrong_manifest_is_refused_by_name(
    write: Callable[..., Path], changes: dict[str, object], message: str
) -> None:
    path = write(**changes)
    with pytest.raises(ModelError, match=message) as caught:
        manifest.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a", "a: [", "\ta: 1", "!!python/object:os.system {}"])
def test_what_is_not_a_manifest_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        manifest.load(path)
    assert "\n" not in str(caught.value)


def test_a_model_runs_and_says_where(write: Callable[..., Path], tmp_path: Path) -> None:
    model = Model(manifest.load(write()), tiny_onnx(tmp_path / "tiny.onnx"))
    tensors = model.run(np.full((2, 1, 8, 8), 0.25, dtype=np.float32))
    np.testing.assert_allclose(tensors["logits"], np.full((2, 3), 0.25))
    assert model.provider == "CPUExecutionProvider"
    assert model.seconds > 0


@pytest.mark.parametrize(
    ("graph", "message"),
    [({"size": 9}, r"\[.*9, 9\]"), ({"columns": 2}, "columns 0 to 3 of 'logits'; got 2")],
)
def test_a_graph_that_does_not_fit_is_refused_with_the_difference(
    write: Callable[..., Path], tmp_path: Path, graph: dict[str, int], message: str
) -> None:
    path = tiny_onnx(tmp_path / "tiny.onnx", **graph)
    with pytest.raises(ModelError, match=message):
        Model(manifest.load(write()), path)


def test_an_output_that_is_not_there_is_named(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write(outputs={"expression": {**EXPRESSION, "tensor": "output"}})
    with pytest.raises(ModelError, match="output 'output' for expression; got logits"):
        Model(manifest.load(path), tiny_onnx(tmp_path / "tiny.onnx"))


def test_a_damaged_file_is_refused(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write(sha256="0" * 64)
    with pytest.raises(ModelError, match="damaged or another version"):
        Model(manifest.load(path), tiny_onnx(tmp_path / "tiny.onnx"))


def test_what_is_not_onnx_is_one_line(write: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "tiny.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match="cannot open it") as caught:
        Model(manifest.load(write()), tmp_path / "tiny.onnx")
    assert "\n" not in str(caught.value)


def test_a_provider_that_is_not_there_is_an_error_not_a_fallback(tmp_path: Path) -> None:
    path = tiny_onnx(tmp_path / "tiny.onnx")
    with pytest.raises(UsageError, match="not in this build"):
        make_session(path, provider="cuda")
    with pytest.raises(UsageError, match="unknown; expected cpu"):
        make_session(path, provider="gpu")


def test_the_users_own_model_goes_before_the_wheels(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CEXPR_HOME", str(tmp_path / "home"))
    with pytest.raises(ModelError, match="'tiny' is unknown"):
        zoo.find("tiny")
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    (folder / "tiny.yaml").write_bytes(write().read_bytes())
    model = zoo.find("tiny")
    with pytest.raises(ModelError, match=r"place it at .*tiny\.onnx"):
        zoo.model_file(model)
    tiny_onnx(folder / "tiny.onnx")
    assert zoo.model_file(model) == folder / "tiny.onnx"
    assert zoo.find(str(folder / "tiny.onnx")).id == "tiny"


def test_an_unknown_model_gets_a_suggestion() -> None:
    with pytest.raises(ModelError, match="did you mean 'cexpr-s'"):
        zoo.find("cexpr_s")


def test_the_model_of_the_wheel_fits_its_manifest() -> None:
    found = zoo.find(zoo.DEFAULT_MODEL)
    model = Model(found, zoo.model_file(found))
    faces = np.zeros((3, 1, found.input.size, found.input.size), dtype=np.float32)
    tensors = model.run(faces)
    assert tensors["logits"].shape == (3, 8)
    assert tensors["features"].shape[0] == 3
    assert found.sha256 == model.sha256
    assert found.outputs.derived() == {
        "valence_arousal": "circumplex",
        "action_units": "prototypes",
    }


def test_an_output_of_another_type_is_refused_with_the_difference(tmp_path: Path) -> None:
    path = write_network(tmp_path / "net.onnx")
    model = onnx.load(str(path))
    model.graph.node[-1].output[0] = "inner"
    model.graph.node.append(helper.make_node("Cast", ["inner"], ["output"], to=TensorProto.DOUBLE))
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    onnx.save(model, str(path))
    with pytest.raises(ModelError, match=r"expected output 'output' tensor\(float\).*tensor\(doub"):
        Model(manifest.load(write_manifest(tmp_path / "net.yaml")), path)


def test_a_batch_that_the_runtime_refuses_is_one_sentence(tmp_path: Path) -> None:
    path = write_network(tmp_path / "net.onnx")
    network = Model(manifest.load(write_manifest(tmp_path / "net.yaml")), path)
    with pytest.raises(ModelError, match=r"net\.onnx: ONNX Runtime fails on it"):
        network.run(np.zeros((1, 3, 4, 4), np.float32))


def test_a_graph_for_one_face_runs_faces_one_by_one(tmp_path: Path) -> None:
    path = write_network(tmp_path / "net.onnx")
    batch = np.random.default_rng(0).normal(size=(3, 3, 8, 8)).astype(np.float32)
    found = manifest.load(write_manifest(tmp_path / "net.yaml"))
    together = Model(found, path).run(batch)["output"]
    model = onnx.load(str(path))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(model, str(path))
    np.testing.assert_allclose(Model(found, path).run(batch)["output"], together, atol=1e-6)
