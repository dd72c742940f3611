"""Sessions do what their manifest says, and report nothing over the network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from builders.grey_model import EXPRESSION, tiny_manifest, tiny_onnx
from builders.tiny_networks import write_manifest, write_network
from cexpr.errors import ModelError, UsageError
from cexpr.models import manifest, zoo
from cexpr.models.session import Model, make_session


def test_a_model_runs_and_says_where(tmp_path: Path) -> None:
    model = Model(manifest.load(tiny_manifest(tmp_path)), tiny_onnx(tmp_path / "tiny.onnx"))
    tensors = model.run(np.full((2, 1, 8, 8), 0.25, dtype=np.float32))
    np.testing.assert_allclose(tensors["logits"], np.full((2, 3), 0.25))
    assert model.provider == "CPUExecutionProvider"
    assert model.seconds > 0


@pytest.mark.parametrize(
    ("graph", "message"),
    [({"size": 9}, r"\[.*9, 9\]"), ({"columns": 2}, "columns 0 to 3 of 'logits'; got 2")],
)
def test_a_graph_that_does_not_fit_is_refused_with_the_difference(
    tmp_path: Path, graph: dict[str, int], message: str
) -> None:
    path = tiny_onnx(tmp_path / "tiny.onnx", **graph)
    with pytest.raises(ModelError, match=message):
        Model(manifest.load(tiny_manifest(tmp_path)), path)


def test_an_output_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tiny_manifest(tmp_path, outputs={"expression": {**EXPRESSION, "tensor": "output"}})
    with pytest.raises(ModelError, match="output 'output' for expression; got logits"):
        Model(manifest.load(path), tiny_onnx(tmp_path / "tiny.onnx"))


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tiny_manifest(tmp_path, sha256="0" * 64)
    with pytest.raises(ModelError, match="damaged or another version"):
        Model(manifest.load(path), tiny_onnx(tmp_path / "tiny.onnx"))


def test_what_is_not_onnx_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "tiny.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"not an ONNX file, or a damaged one$") as caught:
        Model(manifest.load(tiny_manifest(tmp_path)), tmp_path / "tiny.onnx")
    assert "\n" not in str(caught.value)


def test_a_provider_that_is_not_there_is_an_error_not_a_fallback(tmp_path: Path) -> None:
    path = tiny_onnx(tmp_path / "tiny.onnx")
    with pytest.raises(UsageError, match="not in this build"):
        make_session(path, provider="cuda")
    with pytest.raises(UsageError, match="unknown; expected cpu"):
        make_session(path, provider="gpu")


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


@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("0", "0")])
def test_telemetry_is_off_before_the_runtime_is_loaded(
    tmp_path: Path, given: str | None, expected: str
) -> None:
    path = tiny_onnx(tmp_path / "tiny.onnx")
    environment = {key: one for key, one in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"}
    if given is not None:
        environment["ORT_DISABLE_TELEMETRY"] = given
    script = (
        "import os, sys, cexpr; from pathlib import Path\n"
        "from cexpr.models.session import make_session\n"
        "print('onnxruntime' in sys.modules, os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        "make_session(Path(sys.argv[1])); print(os.environ['ORT_DISABLE_TELEMETRY'])\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    # A package that is only imported leaves the environment of its host alone.
    assert done.stdout.split() == ["False", str(given), expected]
