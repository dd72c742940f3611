"""ONNX Runtime sessions that do what their manifest says, and nothing else."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cexpr._support.types import Floats
from cexpr.errors import ModelError, UsageError
from cexpr.models.manifest import InputSpec, Manifest
from cexpr.models.onnx_graph import input_of, read_nodes, with_output

if TYPE_CHECKING:
    import onnxruntime


PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "rocm": "ROCMExecutionProvider",
}


def _load_onnxruntime() -> Any:
    """Import ONNX Runtime with its telemetry switched off.

    Official builds report their use over the network, and keep an id of the device below the home
    folder, unless `ORT_DISABLE_TELEMETRY` is set before they are loaded. A user who sets it to 0
    has decided otherwise.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


def make_session(
    path: Path, *, provider: str = "cpu", threads: int = 1, tensor: str | None = None
) -> onnxruntime.InferenceSession:
    """Open an ONNX file with one execution provider and a fixed number of threads.

    Args:
        path: The ONNX file.
        provider: A key of `PROVIDERS`.
        threads: Threads inside one operator, >= 1.
        tensor: An inner tensor of the graph to give out beside its outputs.

    Raises:
        UsageError: The provider is unknown or not in this build of ONNX Runtime.
        ModelError: The file is not there or is not a model.
    """
    runtime = _load_onnxruntime()
    name = PROVIDERS.get(provider)
    if name is None:
        raise UsageError(f"provider '{provider}' is unknown; expected {', '.join(PROVIDERS)}")
    available = runtime.get_available_providers()
    if name not in available:
        raise UsageError(
            f"provider '{provider}' is not in this build of ONNX Runtime, which has "
            f"{', '.join(available)}; install the onnxruntime package that carries it"
        )
    if not path.is_file():
        raise ModelError(f"{path}: no such file")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that spin while they wait would take the cores from other clips.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        source = str(path) if tensor is None else with_output(path.read_bytes(), tensor)
        session: onnxruntime.InferenceSession = runtime.InferenceSession(
            source, options, providers=[name]
        )
    except Exception as error:  # ONNX Runtime's errors have no common base class
        code, first_line = _reason_of(error)
        if code == "INVALID_PROTOBUF":
            raise ModelError(f"{path}: not an ONNX file, or a damaged one") from error
        raise ModelError(f"{path}: ONNX Runtime cannot open it: {first_line}") from error
    if session.get_providers()[0] != name:
        raise UsageError(
            f"provider '{provider}' was asked for but ONNX Runtime fell back to "
            f"{session.get_providers()[0]}; check its drivers"
        )
    return session


_RUNTIME_ERROR = re.compile(r"\[ONNXRuntimeError\] : \d+ : (\w+) : ")


def _reason_of(error: Exception) -> tuple[str, str]:
    """Code and first line of a message `[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : Load ...`."""
    line = str(error).partition("\n")[0]
    found = _RUNTIME_ERROR.match(line)
    return ("", line) if found is None else (found[1], line[found.end() :])


class Network:
    """One open ONNX file, with the time that is spent in it.

    Args:
        path, provider, threads, tensor: As `make_session` takes them.

    Attributes:
        path: The file.
        provider: The provider in use, as ONNX Runtime calls it.
        inputs, outputs: What the graph says of its tensors (name, type, shape), by name.
        seconds: Time spent inside ONNX Runtime so far.

    Raises:
        UsageError: The provider is not available.
        ModelError: The file cannot be opened.
    """

    def __init__(
        self, path: Path, *, provider: str = "cpu", threads: int = 1, tensor: str | None = None
    ) -> None:
        self.path = path
        self._session = make_session(path, provider=provider, threads=threads, tensor=tensor)
        self.provider = str(self._session.get_providers()[0])
        self.inputs = {one.name: one for one in self._session.get_inputs()}
        self.outputs = {one.name: one for one in self._session.get_outputs()}
        self.seconds = 0.0

    def run(self, names: Sequence[str], feed: Mapping[str, NDArray[Any]]) -> list[Floats]:
        """Compute the named outputs.

        Args:
            names: Outputs, in the order in which they are returned.
            feed: Inputs by name.

        Raises:
            ModelError: ONNX Runtime fails.
        """
        start = time.perf_counter()
        try:
            found: list[Floats] = self._session.run(names, feed)
        except Exception as error:  # ONNX Runtime's errors have no common base class
            first_line = str(error).splitlines()[0]
            raise ModelError(f"{self.path}: ONNX Runtime fails on it: {first_line}") from error
        self.seconds += time.perf_counter() - start
        return found


class FaceModel(Protocol):
    """A model that takes faces, whatever files it is made of."""

    manifest: Manifest
    path: Path
    """The ONNX file that the manifest describes."""
    sha256: str
    """Hash of that file."""

    @property
    def input(self) -> InputSpec:
        """What the model wants of a face."""

    @property
    def provider(self) -> str:
        """The execution provider in use, as ONNX Runtime calls it."""

    @property
    def seconds(self) -> float:
        """Time spent inside ONNX Runtime so far."""

    def run(self, batch: Floats) -> dict[str, Floats]:
        """Run the model on a batch of faces.

        Args:
            batch: float32, shape (N, C, size, size), preprocessed as `input` says.

        Returns:
            The tensors that the manifest names, float32, N rows each.

        Raises:
            ModelError: ONNX Runtime fails on the batch.
        """


class Model:
    """An ONNX file and its manifest, which have been checked against each other.

    Args:
        manifest: What the model is.
        path: The ONNX file.
        provider: Execution provider; one that is not there is an error, never a fallback.
        threads: Threads inside one operator.
        features: Also give out an embedding that the graph keeps to itself (`input_of`).

    Attributes:
        manifest: As given.
        path: As given.
        sha256: Hash of the file.
        features: Name of the tensor in `run`'s result that is the embedding, or None.

    Raises:
        ModelError: The file's hash or its inputs or outputs differ from the manifest.
        UsageError: The provider is not available.
    """

    def __init__(
        self,
        manifest: Manifest,
        path: Path,
        *,
        provider: str = "cpu",
        threads: int = 1,
        features: bool = False,
    ) -> None:
        self.manifest = manifest
        self.path = path
        if path.is_file():
            self.sha256 = manifest.check_hash(path)
        hidden = self._hidden_features() if features else None
        self._network = Network(path, provider=provider, threads=threads, tensor=hidden)
        self._input, self._one_at_a_time = self._check_input()
        self._outputs = named_outputs(manifest, self._network)
        named = manifest.outputs.features.tensor if manifest.outputs.features else None
        self.features = named or hidden
        if hidden is not None:
            self._outputs.append(hidden)

    @property
    def input(self) -> InputSpec:
        """What the model wants of a face."""
        return self.manifest.input

    @property
    def provider(self) -> str:
        """The execution provider in use, as ONNX Runtime calls it."""
        return self._network.provider

    @property
    def seconds(self) -> float:
        """Time spent inside ONNX Runtime so far."""
        return self._network.seconds

    @property
    def tensors(self) -> tuple[str, ...]:
        """Names of the tensors that `run` gives."""
        return tuple(self._outputs)

    def run(self, batch: Floats) -> dict[str, Floats]:
        """Run the model on a batch of faces; see `FaceModel.run`."""
        if self._one_at_a_time:
            rows = [self._network.run(self._outputs, {self._input: face[None]}) for face in batch]
            tensors = [np.concatenate(parts) for parts in zip(*rows, strict=True)]
        else:
            tensors = self._network.run(self._outputs, {self._input: batch})
        return dict(zip(self._outputs, tensors, strict=True))

    def _hidden_features(self) -> str | None:
        head = self.manifest.outputs.features
        if head is None or head.input_of is None:
            return None
        tensor = input_of(read_nodes(self.path), head.input_of)
        if tensor is None:
            expected = f"an operation that computes '{head.input_of}'"
            raise misfit(self.manifest, self.path, expected, "none")
        return tensor

    def _check_input(self) -> tuple[str, bool]:
        """Return the input's name, and whether the graph takes one face at a time."""
        spec, inputs = self.manifest.input, self._network.inputs
        name = spec.tensor or next(iter(inputs))
        if name not in inputs or len(inputs) != 1:
            raise misfit(self.manifest, self.path, f"one input '{name}'", ", ".join(inputs))
        wanted = ["N", spec.channels, spec.size, spec.size]
        shape = inputs[name].shape
        fits = len(shape) == 4 and all(
            not isinstance(got, int) or got == want
            for got, want in zip(shape[1:], wanted[1:], strict=True)
        )
        if not fits or inputs[name].type != "tensor(float)":
            expected = f"input '{name}' tensor(float) {wanted}"
            raise misfit(self.manifest, self.path, expected, f"{inputs[name].type} {shape}")
        if isinstance(shape[0], int) and shape[0] != 1:
            raise misfit(self.manifest, self.path, "a free batch axis", f"{shape}")
        return name, shape[0] == 1


def named_outputs(manifest: Manifest, network: Network) -> list[str]:
    """List the tensors that a manifest's heads read, each once.

    Raises:
        ModelError: The graph does not give a tensor, or not with the columns that a head needs.
    """
    named: list[str] = []
    for label, head in manifest.outputs:
        if head is None or head.tensor is None:
            continue
        if head.tensor not in network.outputs:
            expected = f"output '{head.tensor}' for {label}"
            raise misfit(manifest, network.path, expected, ", ".join(network.outputs))
        problem = _wrong_columns(label, head, network.outputs[head.tensor])
        if problem is not None:
            raise misfit(manifest, network.path, *problem)
        if head.tensor not in named:
            named.append(head.tensor)
    return named


def _wrong_columns(label: str, head: Any, tensor: Any) -> tuple[str, str] | None:
    """Return what a head expects of its tensor and what the graph has, where they differ."""
    if len(tensor.shape) != 2 or tensor.type != "tensor(float)":
        expected = f"output '{tensor.name}' tensor(float) [N, columns]"
        return expected, f"{tensor.type} {tensor.shape}"
    width = tensor.shape[-1]
    if label == "features" or not isinstance(width, int):
        return None
    first, end = head.slice or (0, width)
    if end > width:
        return f"{label}: columns {first} to {end} of '{tensor.name}'", f"{width} columns"
    columns = 2 if label == "valence_arousal" else len(head.labels)
    return None if end - first == columns else (f"{label}: {columns} columns", f"{end - first}")


def misfit(manifest: Manifest, path: Path, expected: str, got: str) -> ModelError:
    """Make the error for a file that is not what its manifest says."""
    return ModelError(f"{manifest.path}: {path.name}: expected {expected}; got {got}")
