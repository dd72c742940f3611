"""Convert the weights of the PyPI package `mtcnn` to ONNX while the wheel is built.

Usage: python tools/convert_mtcnn.py OUTPUT_FOLDER

Writes mtcnn-pnet.onnx, mtcnn-rnet.onnx, mtcnn-onet.onnx and mtcnn-LICENSE. The package is located,
not imported, because importing it needs TensorFlow; the weight files are checked by SHA-256 before
they are unpacked. The same input gives the same bytes.

The networks are those of Zhang et al., "Joint Face Detection and Alignment using Multi-task
Cascaded Convolutional Networks", 2016. What the graphs do beyond the published layers:
- P-Net takes uint8 BGR images as they are, (1, H, W, 3): order of channels, (x - 127.5) / 128 and
  layout are part of the graph. R-Net and O-Net take float32 RGB crops, (N, 3, size, size), so
  normalised.
- The two class outputs become one probability: softmax(a, b)[1] = sigmoid(b - a).
- Landmarks come as (N, 5, 2): left eye, right eye, nose, left and right corner of the mouth, as
  seen in the image.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import io
import sys
from pathlib import Path
from typing import Final

import joblib
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

PACKAGE: Final = "mtcnn"
VERSION: Final = "1.0.0"
SHA256: Final = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
OPSET: Final = 13
IR_VERSION: Final = 8

Array = NDArray[np.float32]


class Graph:
    """Appends nodes to a chain and keeps their weights."""

    def __init__(self, head: str) -> None:
        self.head = head
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, name: str, values: NDArray[np.generic]) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, kind: str, name: str, *inputs: str, **attributes: object) -> str:
        """Append a node behind the head, or behind `source` if given, and make it the head."""
        source = str(attributes.pop("source", self.head))
        self.nodes.append(helper.make_node(kind, [source, *inputs], [name], name, **attributes))
        self.head = name
        return name

    def conv(self, name: str, kernel: Array, bias: Array, source: str | None = None) -> str:
        """Add a convolution with a Keras kernel, (height, width, in, out)."""
        inputs = (
            self.weight(f"{name}_w", kernel.transpose(3, 2, 0, 1)),
            self.weight(f"{name}_b", bias),
        )
        return self.add("Conv", name, *inputs, source=source or self.head)

    def dense(self, name: str, matrix: Array, bias: Array, source: str | None = None) -> str:
        """Add a fully connected layer with a Keras matrix, (in, out)."""
        inputs = (self.weight(f"{name}_w", matrix), self.weight(f"{name}_b", bias))
        return self.add("Gemm", name, *inputs, source=source or self.head)

    def prelu(self, name: str, slope: Array, rank: int) -> str:
        """Add a PReLU with one slope per channel, behind a tensor of rank 4 or 2."""
        shape = (-1, 1, 1) if rank == 4 else (-1,)
        return self.add("PRelu", name, self.weight(f"{name}_slope", slope.reshape(shape)))

    def pool(self, name: str, size: int, padding: str) -> str:
        """Add a max pooling of stride 2; Keras pads "same" at the far edge."""
        attributes = {"kernel_shape": [size, size], "strides": [2, 2], "auto_pad": padding}
        return self.add("MaxPool", name, **attributes)

    def model(self, name: str, inputs: list[object], outputs: list[object]) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.weights)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, producer_name="cexpr", opset_imports=opset)
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model


def difference(weights: Array) -> Array:
    """Turn the last axis of two class scores into the one that the sigmoid reads."""
    return weights[..., 1:2] - weights[..., 0:1]


def image_order(matrix: Array, height: int, width: int) -> Array:
    """Reorder rows from Keras' flattened (width, height, channel) to (channel, height, width)."""
    parts = matrix.reshape(width, height, -1, matrix.shape[1])
    return parts.transpose(2, 1, 0, 3).reshape(matrix.shape)


def value(name: str, kind: int, *shape: int | str) -> object:
    return helper.make_tensor_value_info(name, kind, list(shape))


def pnet(w: list[Array]) -> onnx.ModelProto:
    graph = Graph("image")
    graph.add("Transpose", "planar", perm=[0, 3, 1, 2])
    graph.add("Cast", "pixels", to=TensorProto.FLOAT)
    kernel = w[0][:, :, ::-1, :] / np.float32(128)
    graph.conv("conv1", kernel, w[1] - kernel.sum(axis=(0, 1, 2)) * np.float32(127.5))
    graph.prelu("prelu1", w[2], 4)
    graph.pool("pool1", 2, "SAME_UPPER")
    graph.conv("conv2", w[3], w[4])
    graph.prelu("prelu2", w[5], 4)
    graph.conv("conv3", w[6], w[7])
    trunk = graph.prelu("prelu3", w[8], 4)
    graph.conv("offsets", w[9], w[10], trunk)
    graph.conv("score", difference(w[11]), difference(w[12]), trunk)
    graph.add("Sigmoid", "probability")
    return graph.model(
        "pnet",
        [value("image", TensorProto.UINT8, 1, "height", "width", 3)],
        [
            value("probability", TensorProto.FLOAT, 1, 1, "rows", "columns"),
            value("offsets", TensorProto.FLOAT, 1, 4, "rows", "columns"),
        ],
    )


def rnet(w: list[Array]) -> onnx.ModelProto:
    graph = Graph("crops")
    graph.conv("conv1", w[0], w[1])
    graph.prelu("prelu1", w[2], 4)
    graph.pool("pool1", 3, "SAME_UPPER")
    graph.conv("conv2", w[3], w[4])
    graph.prelu("prelu2", w[5], 4)
    graph.pool("pool2", 3, "VALID")
    graph.conv("conv3", w[6], w[7])
    graph.prelu("prelu3", w[8], 4)
    graph.add("Flatten", "flat")
    graph.dense("dense4", image_order(w[9], 3, 3), w[10])
    trunk = graph.prelu("prelu4", w[11], 2)
    graph.dense("offsets", w[12], w[13], trunk)
    graph.dense("score", difference(w[14]), difference(w[15]), trunk)
    graph.add("Sigmoid", "probability")
    return graph.model(
        "rnet",
        [value("crops", TensorProto.FLOAT, "n", 3, 24, 24)],
        [
            value("probability", TensorProto.FLOAT, "n", 1),
            value("offsets", TensorProto.FLOAT, "n", 4),
        ],
    )


def onet(w: list[Array]) -> onnx.ModelProto:
    graph = Graph("crops")
    graph.conv("conv1", w[0], w[1])
    graph.prelu("prelu1", w[2], 4)
    graph.pool("pool1", 3, "SAME_UPPER")
    graph.conv("conv2", w[3], w[4])
    graph.prelu("prelu2", w[5], 4)
    graph.pool("pool2", 3, "VALID")
    graph.conv("conv3", w[6], w[7])
    graph.prelu("prelu3", w[8], 4)
    graph.pool("pool3", 2, "SAME_UPPER")
    graph.conv("conv4", w[9], w[10])
    graph.prelu("prelu4", w[11], 4)
    graph.add("Flatten", "flat")
    graph.dense("dense5", image_order(w[12], 3, 3), w[13])
    trunk = graph.prelu("prelu5", w[14], 2)
    graph.dense("offsets", w[15], w[16], trunk)
    graph.dense("score", difference(w[19]), difference(w[20]), trunk)
    graph.add("Sigmoid", "probability")
    pairs = np.arange(10).reshape(2, 5).T.ravel()  # from x1..x5 y1..y5 to x1 y1 .. x5 y5
    graph.dense("points", w[17][:, pairs], w[18][pairs], trunk)
    graph.add("Reshape", "landmarks", graph.weight("points_shape", np.int64([-1, 5, 2])))
    return graph.model(
        "onet",
        [value("crops", TensorProto.FLOAT, "n", 3, 48, 48)],
        [
            value("probability", TensorProto.FLOAT, "n", 1),
            value("offsets", TensorProto.FLOAT, "n", 4),
            value("landmarks", TensorProto.FLOAT, "n", 5, 2),
        ],
    )


def package_folder() -> Path:
    """Locate the installed package without running its code."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"{PACKAGE} is not installed: pip install {PACKAGE}=={VERSION} joblib lz4 onnx")
    return Path(next(iter(spec.submodule_search_locations)))


def read_weights(name: str) -> list[Array]:
    """Read one network's arrays, in the order of its Keras layers, after checking the file."""
    path = package_folder() / "assets" / "weights" / f"{name}.lz4"
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256[name]:
        sys.exit(f"{path}: expected SHA-256 {SHA256[name]}, found {found}; install {VERSION} anew")
    weights: list[Array] = joblib.load(io.BytesIO(data))
    return weights


def licence() -> bytes:
    files = importlib.metadata.files(PACKAGE) or []
    for file in files:
        if file.name == "LICENSE":
            return Path(str(file.locate())).read_bytes()
    sys.exit(f"{PACKAGE}: the package has no LICENSE file")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, build in (("pnet", pnet), ("rnet", rnet), ("onet", onet)):
        model = build(read_weights(name))
        (folder / f"mtcnn-{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))
    (folder / "mtcnn-LICENSE").write_bytes(licence())


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
