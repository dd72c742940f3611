"""Heads alone run behind their backbone, and only behind that one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from builders.tiny_networks import FEATURES, write_manifest, write_network
from cexpr.errors import ModelError
from cexpr.models import manifest, manifest_file
from cexpr.models.session import Model
from cexpr.models.stacked import HeadsModel, open_model

CLASSES = 8
COLUMNS = 10


@pytest.fixture
def backbone(tmp_path: Path) -> Model:
    path = write_network(tmp_path / "net.onnx", columns=COLUMNS)
    return Model(manifest.load(write_manifest(tmp_path / "net.yaml")), path, features=True)


def write_heads(folder: Path, backbone: Model, reads: str = "features") -> manifest.Manifest:
    """Expressions by one Gemm on the backbone's embedding, or on its outputs."""
    width = FEATURES if reads == "features" else COLUMNS
    weights = np.random.default_rng(3).normal(size=(width, CLASSES)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", [reads, "weights"], ["logits"])],
        "heads",
        [helper.make_tensor_value_info(reads, TensorProto.FLOAT, ["n", width])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", CLASSES])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(folder / "heads.onnx"))
    spec = backbone.manifest.input.model_dump(mode="json", exclude_none=True)
    expression = backbone.manifest.outputs.expression
    assert expression is not None
    content = {
        "licence": "none",
        "input": spec,
        "outputs": {"expression": {"tensor": "logits", "labels": expression.labels}},
        "backbone": {"model": "net.yaml", "sha256": backbone.sha256},
    }
    return manifest_file.write_manifest(folder / "heads.onnx", content)


@pytest.mark.parametrize("reads", ["features", "outputs"])
def test_faces_go_through_backbone_and_heads(tmp_path: Path, backbone: Model, reads: str) -> None:
    found = write_heads(tmp_path, backbone, reads)
    faces = np.random.default_rng(0).normal(size=(4, 3, 8, 8)).astype(np.float32)
    stacked = open_model(found, tmp_path / "heads.onnx")
    before = backbone.run(faces)
    entered = before["embedding" if reads == "features" else "output"]
    (weights,) = onnx.load(str(tmp_path / "heads.onnx")).graph.initializer
    expected = entered @ numpy_helper.to_array(weights)
    np.testing.assert_allclose(stacked.run(faces)["logits"], expected, rtol=1e-4, atol=1e-4)
    assert stacked.input == backbone.input
    assert stacked.sha256 == found.sha256
    assert stacked.provider == "CPUExecutionProvider"
    assert stacked.seconds > 0


def test_a_file_with_other_inputs_is_refused(tmp_path: Path, backbone: Model) -> None:
    found = write_heads(tmp_path, backbone)
    write_network(tmp_path / "heads.onnx", columns=CLASSES)
    changed = found.model_copy(update={"sha256": None})
    with pytest.raises(ModelError, match=r"expected inputs features and outputs .*; got input"):
        HeadsModel(changed, tmp_path / "heads.onnx")


def test_another_backbone_is_refused(tmp_path: Path, backbone: Model) -> None:
    found = write_heads(tmp_path, backbone)
    write_network(tmp_path / "net.onnx", columns=COLUMNS, seed=1)
    with pytest.raises(ModelError, match=r"another model than .*net\.onnx: expected SHA-256"):
        open_model(found, tmp_path / "heads.onnx")
    (tmp_path / "net.onnx").unlink()
    with pytest.raises(ModelError, match="'net': its file is not here"):
        open_model(found, tmp_path / "heads.onnx")


def test_a_damaged_file_of_heads_is_refused(tmp_path: Path, backbone: Model) -> None:
    found = write_heads(tmp_path, backbone)
    (tmp_path / "heads.onnx").write_bytes(b"other")
    with pytest.raises(ModelError, match="damaged or another version"):
        open_model(found, tmp_path / "heads.onnx")
