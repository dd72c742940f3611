"""A model that repeats the mean brightness of a face, and its manifest as plain data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import yaml
from onnx import TensorProto, helper

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


def tiny_manifest(folder: Path, **changes: object) -> Path:
    """Write the manifest `tiny.yaml`, with other values for some keys."""
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **changes}), encoding="utf-8")
    return path
