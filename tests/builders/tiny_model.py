"""A model in a few bytes: every signal is a known function of the mean brightness of the face."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import yaml
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from cexpr.signals import ACTION_UNITS, EXPRESSIONS, VALENCE_AROUSAL

HEADS = {
    "expression": EXPRESSIONS,
    "valence_arousal": VALENCE_AROUSAL,
    "action_units": ACTION_UNITS,
}
_ACTIVATIONS = {"expression": "softmax", "valence_arousal": "tanh", "action_units": "sigmoid"}
_SLOPES = np.linspace(-3, 3, 22, dtype=np.float32)


def write_tiny_model(
    folder: Path, name: str = "tiny", heads: Sequence[str] = tuple(HEADS), sign: float = 1.0
) -> Path:
    """Write `NAME.onnx` and its manifest.

    Args:
        folder: Where to.
        name: Id of the model.
        heads: The heads that it has.
        sign: Factor of all slopes, so that two models differ.

    Returns:
        The manifest.
    """
    columns = sum(len(HEADS[head]) for head in heads)
    weights = numpy_helper.from_array(sign * _SLOPES[np.newaxis, :columns], "weights")
    offsets = numpy_helper.from_array(np.zeros(columns, np.float32), "offsets")
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["image"], ["mean"], axes=[2, 3], keepdims=0),
            helper.make_node("Gemm", ["mean", "weights", "offsets"], ["output"]),
        ],
        name,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["N", columns])],
        [weights, offsets],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(folder / f"{name}.onnx"))
    outputs = {}
    start = 0
    for head in heads:
        end = start + len(HEADS[head])
        outputs[head] = {
            "tensor": "output",
            "slice": [start, end],
            "activation": _ACTIVATIONS[head],
        }
        if head != "valence_arousal":
            outputs[head]["labels"] = list(HEADS[head])
        start = end
    manifest = {
        "cexpr_model": 1,
        "id": name,
        "file": f"{name}.onnx",
        "licence": "CC0-1.0",
        "input": {
            "size": 8,
            "color": "gray",
            "mean": [0.0],
            "std": [1.0],
            "face": {"box_margin": 0.0},
        },
        "outputs": outputs,
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return path


def expected_signals(brightness: float, sign: float = 1.0) -> dict[str, float]:
    """What the model with all heads says of a face of one grey, 0..1."""
    raw: NDArray[np.float64] = sign * _SLOPES.astype(np.float64) * brightness
    exponentials = np.exp(raw[:8])
    values = [*exponentials / exponentials.sum(), *np.tanh(raw[8:10]), *1 / (1 + np.exp(-raw[10:]))]
    return dict(zip((*EXPRESSIONS, *VALENCE_AROUSAL, *ACTION_UNITS), values, strict=True))
