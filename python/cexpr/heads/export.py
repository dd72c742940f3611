"""Trained heads as an ONNX graph with its manifest: on their backbone, or alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from cexpr._support.atomic import write_atomically
from cexpr.abaw.classes import AFF_WILD2_SIGNALS
from cexpr.errors import UsageError
from cexpr.heads.training import TrainedHead
from cexpr.models import zoo
from cexpr.models.manifest import Manifest, sha256_of
from cexpr.models.manifest_file import write_manifest
from cexpr.models.session import Model
from cexpr.models.stacked import INPUTS, open_model
from cexpr.signals import ACTION_UNITS

# What each head reads, and how the manifest describes its output.
READS: Final = {
    "expression": "features",
    "valence_arousal": "outputs",
    "action_units": "features",
}
_DESCRIBED: Final[Mapping[str, Mapping[str, Any]]] = {
    "expression": {
        "activation": "softmax",
        "labels": list(AFF_WILD2_SIGNALS),
    },
    "valence_arousal": {"activation": "tanh"},
    "action_units": {"activation": "sigmoid", "labels": list(ACTION_UNITS)},
}
_PREFIX: Final = "cexpr_"
# Versions of a file of heads alone, enough for the operators used here.
_OPSET: Final = 13
_IR: Final = 8


@dataclass(frozen=True)
class Origin:
    """The model that the features came from.

    Attributes:
        name: As `zoo.find` takes it.
        manifest: Its manifest.
        path: Its ONNX file.
    """

    name: str
    manifest: Manifest
    path: Path

    @classmethod
    def find(cls, name: str) -> Origin:
        """Find a model by its name, or by the path of its manifest or file."""
        found = zoo.find(name)
        return cls(name, found, zoo.model_file(found))


def require_exportable(target: Path) -> None:
    """Make sure, before anything is trained, that the result can be written.

    Raises:
        UsageError: The package `onnx` is not installed, or the file's folder is not there.
    """
    if find_spec("onnx") is None:
        raise UsageError("writing a model needs the package onnx: pip install 'cexpr[heads]'")
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(f"{target}: expected the name of a file in a folder that exists")


def export(
    origin: Origin,
    heads: Mapping[str, TrainedHead],
    target: Path,
    training: Mapping[str, Any],
    *,
    alone: bool = False,
) -> Manifest:
    """Write `TARGET.onnx` and `TARGET.yaml`.

    Args:
        origin: The backbone.
        heads: Trained heads by name.
        target: The ONNX file to write.
        training: Kept in the manifest: data, figures.
        alone: Leave the backbone out; its file must then be present wherever the heads are used.

    Raises:
        UsageError: As `require_exportable`.
        FileError: The model or its manifest cannot be written.
        ModelError: The graph that came out does not fit its manifest.
    """
    require_exportable(target)
    import onnx

    if alone:
        model = _graph_of_heads(heads)
    else:
        model = onnx.load(str(origin.path))
        _name_inputs(model.graph, Model(origin.manifest, origin.path, features=True))
    tensors = _add_heads(model.graph, heads, "" if alone else _PREFIX)
    if not alone:
        tensors["features"] = f"{_PREFIX}features"
    del model.graph.output[:]
    model.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", None])
        for name in tensors.values()
    )
    write_atomically(target, model.SerializeToString())
    outputs = {name: {"tensor": tensors[name], **_DESCRIBED.get(name, {})} for name in tensors}
    return _write_manifest(origin, outputs, target, training, alone=alone)


def _graph_of_heads(heads: Mapping[str, TrainedHead]) -> Any:
    """Make a model with no nodes yet, whose inputs are those that the heads read."""
    import onnx

    widths = {READS[name]: len(head.layers[0][0]) for name, head in heads.items()}
    inputs = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", widths[name]])
        for name in INPUTS
        if name in widths
    ]
    graph = onnx.helper.make_graph([], "heads", inputs, [])
    opset = onnx.helper.make_opsetid("", _OPSET)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=_IR)


def _name_inputs(graph: Any, network: Model) -> None:
    """Name the backbone's embedding and its other tensors as the heads read them."""
    from onnx import helper

    features = str(network.features)
    others = [name for name in network.tensors if name != features]
    for names, kind in ((others, "outputs"), ([features], "features")):
        # Each input has its own name, so that a graph with one output needs no concatenation.
        operation = "Concat" if len(names) > 1 else "Identity"
        axis: dict[str, Any] = {"axis": 1} if len(names) > 1 else {}
        graph.node.append(helper.make_node(operation, names, [f"{_PREFIX}{kind}"], **axis))


def _add_heads(graph: Any, heads: Mapping[str, TrainedHead], prefix: str) -> dict[str, str]:
    """Add the layers of all heads and return the name of each head's tensor."""
    from onnx import helper, numpy_helper

    results = {}
    for name, head in heads.items():
        tensor = f"{prefix}{READS[name]}"
        for number, layer in enumerate(head.layers):
            if number:
                active = f"{_PREFIX}{name}_active_{number}"
                graph.node.append(helper.make_node("Relu", [tensor], [active]))
                tensor = active
            entries = [f"{_PREFIX}{name}_{part}_{number}" for part in ("weights", "bias")]
            graph.initializer.extend(
                numpy_helper.from_array(value, entry)
                for value, entry in zip(layer, entries, strict=True)
            )
            is_last = number == len(head.layers) - 1
            result = f"{_PREFIX}{name}" if is_last else f"{_PREFIX}{name}_layer_{number}"
            graph.node.append(helper.make_node("Gemm", [tensor, *entries], [result]))
            tensor = result
        results[name] = tensor
    return results


def _write_manifest(
    origin: Origin,
    outputs: Mapping[str, Any],
    target: Path,
    training: Mapping[str, Any],
    *,
    alone: bool,
) -> Manifest:
    backbone = origin.manifest
    content: dict[str, Any] = {
        "about": f"heads trained on the features of {backbone.id}",
        "licence": f"of the backbone: {backbone.licence}; ask the owners of the annotations too",
        "citation": backbone.citation,
        "input": backbone.input.model_dump(mode="json", exclude_none=True, exclude={"tensor"}),
        "outputs": dict(outputs),
        "training": dict(training),
    }
    if alone:
        content["backbone"] = {
            "model": zoo.name_from(origin.name, target.parent),
            "sha256": sha256_of(origin.path),
        }
    return write_manifest(target, content, lambda written: open_model(written, target))
