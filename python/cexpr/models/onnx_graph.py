"""Read the nodes of an ONNX file's graph from the file itself: no package, no execution.

An ONNX file is a protocol buffer. Only the fields needed here are decoded: the model's graph, its
nodes, and of each node the kind, the inputs and the outputs (onnx.proto, version 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cexpr.errors import ModelError

_MODEL_GRAPH: Final = 7
_GRAPH_NODE: Final = 1
_GRAPH_OUTPUT: Final = 12
_NODE_INPUT: Final = 1
_NODE_OUTPUT: Final = 2
_NODE_KIND: Final = 4
_VALUE_NAME: Final = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LFS_POINTER: Final = b"version https://git-lfs"


@dataclass(frozen=True)
class Node:
    """One operation of a graph.

    Attributes:
        kind: Name of the operator, for example "Gemm".
        inputs, outputs: Names of the tensors.
    """

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def read_nodes(path: Path) -> list[Node]:
    """List the nodes of an ONNX file in their order.

    Raises:
        ModelError: The file cannot be read, or is not an ONNX file.
    """
    try:
        data = memoryview(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    if bytes(data[: len(_LFS_POINTER)]) == _LFS_POINTER:
        raise ModelError(f"{path}: a Git LFS pointer, not the model; get the file itself")
    try:
        nodes = [
            _node(node)
            for graph in _parts(data, _MODEL_GRAPH)
            for node in _parts(graph, _GRAPH_NODE)
        ]
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: not an ONNX file") from error
    if not nodes:
        raise ModelError(f"{path}: not an ONNX file, or one without a single node")
    return nodes


def input_of(nodes: list[Node], tensor: str) -> str | None:
    """Return the first input of the node that computes `tensor`; None if no node does."""
    for node in nodes:
        if tensor in node.outputs and node.inputs:
            return node.inputs[0]
    return None


def with_output(model: bytes, tensor: str) -> bytes:
    """Return a model that also gives out one of its inner tensors.

    A message that follows another of its kind is merged into it (protocol buffer encoding, "last
    one wins" and its exceptions), so a graph that holds one output is put behind the model.

    Args:
        model: Content of an ONNX file.
        tensor: Name of a tensor that a node computes.
    """
    value = _field(_VALUE_NAME, tensor.encode())
    return model + _field(_MODEL_GRAPH, _field(_GRAPH_OUTPUT, value))


def _node(data: memoryview) -> Node:
    texts: dict[int, list[str]] = {_NODE_INPUT: [], _NODE_OUTPUT: [], _NODE_KIND: []}
    for number, value in _fields(data):
        if number in texts:
            texts[number].append(bytes(value).decode())
    kind = texts[_NODE_KIND][-1] if texts[_NODE_KIND] else ""
    return Node(kind, tuple(texts[_NODE_INPUT]), tuple(texts[_NODE_OUTPUT]))


def _parts(data: memoryview, wanted: int) -> Iterator[memoryview]:
    return (value for number, value in _fields(data) if number == wanted)


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield number and content of each field that has bytes; others are skipped."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            _, position = _varint(data, position)
            continue
        if wire == _BYTES:
            length, position = _varint(data, position)
        elif wire in (_FIXED32, _FIXED64):
            length = 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"wire type {wire}")
        end = position + length
        if number == 0 or end > len(data):
            raise ValueError("a field that runs past the end")
        if wire == _BYTES:
            yield number, data[position:end]
        position = end


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a number of more than ten bytes")


def _field(number: int, content: bytes) -> bytes:
    return _encoded(number << 3 | _BYTES) + _encoded(len(content)) + content


def _encoded(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
