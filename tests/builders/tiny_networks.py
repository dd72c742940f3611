"""Tiny ONNX graphs with the interfaces of real models, built in the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FEATURES = 6


def write_network(
    path: Path,
    *,
    size: int = 8,
    channels: int = 3,
    columns: int = 10,
    cells: int = 2,
    features: int = FEATURES,
    gain: float = 1.0,
    seed: int = 0,
) -> Path:
    """A network whose embedding stays inside: pooled to cells, a Gemm, ReLU, a last Gemm.

    Its weights are normal with standard deviation 1; those of the last Gemm have `gain`.
    """
    random = np.random.default_rng(seed)
    pooled = channels * cells**2

    def weights(name: str, *shape: int, gain: float = 1.0) -> onnx.TensorProto:
        values = gain * random.normal(size=shape)
        return numpy_helper.from_array(values.astype(np.float32), name)

    nodes = [
        helper.make_node(
            "AveragePool",
            ["input"],
            ["pooled"],
            kernel_shape=[size // cells, size // cells],
            strides=[size // cells, size // cells],
        ),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w1", "b1"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["embedding"]),
        helper.make_node("Gemm", ["embedding", "w2", "b2"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", channels, size, size])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", columns])],
        [
            weights("w1", pooled, features),
            weights("b1", features),
            weights("w2", features, columns, gain=gain),
            weights("b2", columns),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))
    return path


def write_manifest(path: Path, **changes: object) -> Path:
    """The manifest of `write_network`'s graph: 8 expressions, valence, arousal, features inside."""
    import yaml

    content: dict[str, object] = {
        "cexpr_model": 1,
        "id": path.stem,
        "file": f"{path.stem}.onnx",
        "licence": "Apache-2.0",
        "input": {
            "size": 8,
            "color": "rgb",
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "face": {"box_margin": 0.0},
        },
        "outputs": {
            "expression": {
                "tensor": "output",
                "slice": [0, 8],
                "labels": [
                    "anger",
                    "contempt",
                    "disgust",
                    "fear",
                    "happiness",
                    "neutral",
                    "sadness",
                    "surprise",
                ],
            },
            "valence_arousal": {"tensor": "output", "slice": [8, 10]},
            "features": {"input_of": "output"},
        },
        **changes,
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path
