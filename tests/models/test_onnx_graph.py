from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator

from builders.tiny_networks import FEATURES, write_manifest, write_network
from cexpr.errors import ModelError
from cexpr.models import manifest, onnx_graph, zoo
from cexpr.models.session import Model


def test_nodes_are_those_that_the_onnx_package_reads(tmp_path: Path) -> None:
    path = write_network(tmp_path / "net.onnx")
    expected = [
        onnx_graph.Node(node.op_type, tuple(node.input), tuple(node.output))
        for node in onnx.load(str(path)).graph.node
    ]
    assert onnx_graph.read_nodes(path) == expected
    assert onnx_graph.input_of(expected, "output") == "embedding"
    assert onnx_graph.input_of(expected, "nothing") is None


def test_an_inner_tensor_is_given_out(tmp_path: Path) -> None:
    path = write_network(tmp_path / "net.onnx")
    model = manifest.load(write_manifest(tmp_path / "net.yaml"))
    network = Model(model, path, features=True)
    batch = np.random.default_rng(0).normal(size=(5, 3, 8, 8)).astype(np.float32)
    assert network.features == "embedding"
    got = network.run(batch)
    graph = onnx.load(str(path))
    graph.graph.output.append(onnx.ValueInfoProto(name="embedding"))
    scores, embedding = ReferenceEvaluator(graph).run(None, {"input": batch})
    assert got["embedding"].shape == (5, FEATURES)
    np.testing.assert_allclose(got["embedding"], embedding, atol=1e-5)
    np.testing.assert_allclose(got["output"], scores, atol=1e-5)


def test_without_features_the_inner_tensor_stays_inside(tmp_path: Path) -> None:
    path = write_network(tmp_path / "net.onnx")
    network = Model(manifest.load(write_manifest(tmp_path / "net.yaml")), path)
    assert network.features is None
    assert list(network.run(np.zeros((1, 3, 8, 8), np.float32))) == ["output"]


@given(st.binary(max_size=200))
def test_no_bytes_are_taken_for_a_model(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "noise.onnx"
    path.write_bytes(data)
    try:
        nodes = onnx_graph.read_nodes(path)
    except ModelError:
        return
    assert nodes


@pytest.mark.parametrize("cut", [1, 10, 100, 500])
def test_a_cut_file_is_no_model(tmp_path: Path, cut: int) -> None:
    path = write_network(tmp_path / "net.onnx")
    data = path.read_bytes()
    path.write_bytes(data[:-cut])
    with pytest.raises(ModelError, match="not an ONNX file"):
        onnx_graph.read_nodes(path)


def test_a_pointer_to_large_file_storage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    with pytest.raises(ModelError, match="Git LFS pointer"):
        onnx_graph.read_nodes(path)


def test_the_stand_in_gives_its_features(shared: Path) -> None:
    path = shared / "models" / "enet_b0_8_va_mtl_standin.onnx"
    if not path.is_file():
        pytest.skip("the stand-in is not in ../shared/models")
    nodes = onnx_graph.read_nodes(path)
    inner = onnx_graph.input_of(nodes, "output")
    assert nodes[-1].kind == "Gemm"
    assert inner is not None
    model = zoo.find("enet_b0_8_va_mtl")
    network = Model(model, path, features=True)
    got = network.run(np.zeros((2, 3, 224, 224), np.float32))
    assert got["output"].shape == (2, 10)
    assert got[inner].shape == (2, 1280)
