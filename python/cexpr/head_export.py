"""Put trained heads on their backbone: one ONNX graph with its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from cexpr import manifest
from cexpr.abaw import EXPRESSIONS
from cexpr.errors import UsageError
from cexpr.head_training import Head
from cexpr.inference import Model
from cexpr.manifest import Manifest, sha256_of
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
        # Aff-Wild2's "other" stands where the signals have contempt.
        "labels": ["contempt" if name == "other" else name for name in EXPRESSIONS],
    },
    "valence_arousal": {"activation": "tanh"},
    "action_units": {"activation": "sigmoid", "labels": list(ACTION_UNITS)},
}
_PREFIX: Final = "cexpr_"


def export(
    backbone: Manifest,
    path: Path,
    heads: Mapping[str, Head],
    target: Path,
    training: Mapping[str, Any],
) -> Manifest:
    """Write `TARGET.onnx` (backbone and heads) and `TARGET.yaml`.

    Args:
        backbone: The manifest of the model that the features came from.
        path: Its ONNX file.
        heads: Trained heads by name.
        target: The ONNX file to write.
        training: Kept in the manifest: data, figures.

    Raises:
        UsageError: The package `onnx` is not installed.
        ModelError: The graph that came out does not fit its manifest.
    """
    try:
        import onnx
        from onnx import helper, numpy_helper
    except ImportError as error:
        message = "writing a model needs the package onnx: pip install 'cexpr[heads]'"
        raise UsageError(message) from error

    network = Model(backbone, path, features=True)
    features = network.features
    assert features is not None
    others = [name for name in network.tensors if name != features]
    model = onnx.load(str(path))
    graph = model.graph
    for names, kind in ((others, "outputs"), ([features], "features")):
        # A name of its own for each input, so that a graph with one output needs no concatenation.
        operation = "Concat" if len(names) > 1 else "Identity"
        axis: dict[str, Any] = {"axis": 1} if len(names) > 1 else {}
        graph.node.append(helper.make_node(operation, names, [f"{_PREFIX}{kind}"], **axis))
    results = [f"{_PREFIX}features"]
    for name, head in heads.items():
        tensor = f"{_PREFIX}{READS[name]}"
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
        results.append(tensor)
    del graph.output[:]
    graph.output.extend(
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", None]) for name in results
    )
    onnx.save(model, str(target))
    return _write_manifest(backbone, heads, target, training)


def _write_manifest(
    backbone: Manifest, heads: Mapping[str, Head], target: Path, training: Mapping[str, Any]
) -> Manifest:
    outputs: dict[str, Any] = {
        name: {"tensor": f"{_PREFIX}{name}", **_DESCRIBED[name]} for name in heads
    }
    outputs["features"] = {"tensor": f"{_PREFIX}features"}
    content = {
        "cexpr_model": 1,
        "id": target.stem,
        "file": target.name,
        "sha256": sha256_of(target),
        "bytes": target.stat().st_size,
        "about": f"heads trained on the features of {backbone.id}",
        "licence": f"of the backbone: {backbone.licence}; ask the owners of the annotations too",
        "citation": backbone.citation,
        "input": backbone.input.model_dump(mode="json", exclude_none=True, exclude={"tensor"}),
        "outputs": outputs,
        "training": dict(training),
    }
    path = target.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=100), encoding="utf-8")
    checked = manifest.load(path)
    Model(checked, target)
    return checked
