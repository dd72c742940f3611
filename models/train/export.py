"""From a trained network to the shipped ONNX file: calibrated logits, weights kept as float16."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from .calibrate import Calibration
from .data import SIZE
from .network import Network

OPSET = 17
SMALLEST = 256  # numbers; smaller tensors stay float32


def export(network: Network, calibration: Calibration, path: Path) -> None:
    """Write `network` with `calibration` folded into its last layer.

    Args:
        network: Trained; put into evaluation mode here.
        calibration: Applied to the logits.
        path: The ONNX file: input `input` (N, 1, 48, 48), outputs `logits` (N, 8) and
            `features` (N, 256), free batch axis.
    """
    network.eval()
    scale = torch.from_numpy(calibration.scale).float()
    with torch.no_grad():
        network.head.weight.mul_(scale[:, None])
        network.head.bias.mul_(scale).add_(torch.from_numpy(calibration.offset).float())
    buffer = io.BytesIO()
    torch.onnx.export(
        network,
        (torch.zeros(2, 1, SIZE, SIZE),),
        buffer,
        input_names=["input"],
        output_names=["logits", "features"],
        dynamic_axes={name: {0: "batch"} for name in ("input", "logits", "features")},
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load_from_string(buffer.getvalue())
    halve(model)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def halve(model: onnx.ModelProto) -> None:
    """Store large weights as float16; a Cast, which runtimes fold at load, gives them back."""
    graph = model.graph
    casts = []
    for weight in list(graph.initializer):
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < SMALLEST:
            continue
        values = numpy_helper.to_array(weight).astype(np.float16)
        stored = numpy_helper.from_array(values, name=f"{weight.name}_half")
        casts.append(helper.make_node("Cast", [stored.name], [weight.name], to=TensorProto.FLOAT))
        graph.initializer.remove(weight)
        graph.initializer.append(stored)
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
