"""Take in a user's ONNX file: look at its graph, write its manifest, try it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from cexpr._support.types import Floats
from cexpr.errors import ModelError, UsageError
from cexpr.models import outputs
from cexpr.models.manifest import Manifest
from cexpr.models.manifest_file import write_manifest
from cexpr.models.session import Model, Network
from cexpr.signals import EXPRESSIONS

LABEL_ORDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "affectnet8": EXPRESSIONS,
    "affectnet7": tuple(name for name in EXPRESSIONS if name != "contempt"),
}
"""Label orders by name: AffectNet's, which are alphabetical, with and without contempt."""

_PLACE: Final = re.compile(r"(?P<tensor>[^\[\]]*)(?:\[(?P<first>\d+):(?P<end>\d+)\])?")
# A batch may take other kernels than one face alone; float32 sums then differ in the last digits.
_BATCH_TOLERANCE: Final = 1e-3
_TRIAL_FACES: Final = 3


@dataclass(frozen=True)
class Graph:
    """Shapes of a graph's inputs and outputs.

    Attributes:
        inputs, outputs: Shapes by name; an axis of free length is a string or None.
    """

    inputs: Mapping[str, Sequence[int | str | None]]
    outputs: Mapping[str, Sequence[int | str | None]]

    @property
    def size(self) -> int | None:
        """Width and height of the input where the graph fixes them."""
        side = self._input_shape()[-1]
        return side if isinstance(side, int) else None

    @property
    def channels(self) -> int | None:
        """Channels of the input where the graph fixes them."""
        channels = self._input_shape()[1]
        return channels if isinstance(channels, int) else None

    def _input_shape(self) -> Sequence[int | str | None]:
        shape = next(iter(self.inputs.values()))
        if len(self.inputs) != 1 or len(shape) != 4:
            shapes = ", ".join(f"{name} {list(one)}" for name, one in self.inputs.items())
            raise ModelError(f"expected one input of shape [N, C, size, size]; got {shapes}")
        return shape


def inspect(path: Path) -> Graph:
    """Look at an ONNX file's inputs and outputs.

    Raises:
        ModelError: The file is not a model.
    """
    network = Network(path)
    return Graph(
        {name: one.shape for name, one in network.inputs.items()},
        {name: one.shape for name, one in network.outputs.items()},
    )


def head_place(text: str, graph: Graph) -> dict[str, Any]:
    """Read where a head is: `TENSOR`, `TENSOR[0:8]`, or `[0:8]` where there is one output.

    Returns:
        The keys `tensor` and, where given, `slice` of a head in a manifest.

    Raises:
        UsageError: The text is not of that form, or the tensor must be named.
    """
    match = _PLACE.fullmatch(text)
    if match is None:
        raise UsageError(f"'{text}': expected TENSOR, TENSOR[0:8] or [0:8]")
    tensor = match["tensor"] or (next(iter(graph.outputs)) if len(graph.outputs) == 1 else "")
    if tensor not in graph.outputs:
        raise UsageError(f"'{text}': expected one of the outputs {', '.join(graph.outputs)}")
    place: dict[str, Any] = {"tensor": tensor}
    if match["first"] is not None:
        place["slice"] = [int(match["first"]), int(match["end"])]
    return place


def label_order(text: str) -> list[str]:
    """Labels from a name of `LABEL_ORDERS` or from a list `anger,fear,...`."""
    return list(LABEL_ORDERS.get(text, tuple(label.strip() for label in text.split(","))))


def write(path: Path, values: Mapping[str, Any], *, overwrite: bool = False) -> Manifest:
    """Write the manifest of an ONNX file beside it, after everything has been checked.

    Args:
        path: The ONNX file.
        values: As `write_manifest` takes them.
        overwrite: Replace a manifest that is there.

    Raises:
        UsageError: A manifest is there.
        ModelError: A value is wrong, or does not fit the file.
        FileError: The manifest cannot be written.
    """
    target = path.with_suffix(".yaml")
    if target.exists() and not overwrite:
        raise UsageError(
            f"{target}: is there already; overwrite it, or remove it first", remedies=["overwrite"]
        )
    return write_manifest(path, values, lambda written: Model(written, path))


@dataclass(frozen=True)
class Trial:
    """What a model made of random faces.

    Attributes:
        provider: Execution provider in use.
        seconds_per_face: Of one thread.
        signals: Means over the faces, by name.
        problems: One sentence for each problem found; empty where there is none.
    """

    provider: str
    seconds_per_face: float
    signals: Mapping[str, float]
    problems: Sequence[str]


def try_out(model: Manifest, path: Path) -> Trial:
    """Run a model on random faces (noise, fixed seed) and check what comes out.

    The answers mean nothing. The checks are that they are finite and in range, differ from face to
    face, and are the same for a face alone as in a batch.
    """
    network = Model(model, path, features=True)
    spec = model.input
    pixels = np.random.default_rng(0).random(
        (_TRIAL_FACES, spec.channels, spec.size, spec.size), dtype=np.float32
    )
    shape = (1, spec.channels, 1, 1)
    mean, std = (np.array(one, np.float32).reshape(shape) for one in (spec.mean, spec.std))
    faces = np.ascontiguousarray((pixels - mean) / std, dtype=np.float32)
    try:
        together = outputs.signals(model, network.run(faces))
    except ModelError as error:
        return Trial(network.provider, 0.0, {}, [str(error)])
    start = time.perf_counter()
    alone = [outputs.signals(model, network.run(face[None])).values for face in faces]
    seconds = (time.perf_counter() - start) / len(faces)
    values = together.values
    means = dict(zip(together.names, values.mean(axis=0).tolist(), strict=True))
    return Trial(network.provider, seconds, means, _problems(together, np.concatenate(alone)))


def _problems(together: outputs.Signals, alone: Floats) -> list[str]:
    values, names = together.values, together.names
    if not np.isfinite(values).all():
        wrong = [
            name for name, column in zip(names, values.T, strict=True) if np.isnan(column).any()
        ]
        return [f"not a number: {', '.join(wrong)}; look at mean and std"]
    found = []
    if np.abs(values - alone).max() > _BATCH_TOLERANCE:
        found.append("a face gives another answer in a batch than alone")
    if len(values) > 1 and np.ptp(values, axis=0).max() == 0:
        found.append("every face gives the same answer")
    shares = [names.index(name) for name in EXPRESSIONS if name in names]
    if shares and np.abs(values[:, shares].sum(axis=1) - 1).max() > _BATCH_TOLERANCE:
        found.append("the expressions do not add up to 1; name the activation")
    return found
