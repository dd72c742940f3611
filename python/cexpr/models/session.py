"""ONNX Runtime sessions that do what their manifest says, and nothing else."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cexpr import _core
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
    import onnxruntime

    name = PROVIDERS.get(provider)
    if name is None:
        raise UsageError(f"provider '{provider}' is unknown; expected {', '.join(PROVIDERS)}")
    available = onnxruntime.get_available_providers()
    if name not in available:
        raise UsageError(
            f"provider '{provider}' is not in this build of ONNX Runtime, which has "
            f"{', '.join(available)}; install the onnxruntime package that carries it"
        )
    if not path.is_file():
        raise ModelError(f"{path}: the model file is not there")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that spin while they wait would take the cores from other clips.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        source = str(path) if tensor is None else with_output(path.read_bytes(), tensor)
        session = onnxruntime.InferenceSession(source, options, providers=[name])
    except Exception as error:  # ONNX Runtime's errors have no common base class
        first_line = str(error).splitlines()[0]
        raise ModelError(f"{path}: ONNX Runtime cannot open it: {first_line}") from error
    if session.get_providers()[0] != name:
        raise UsageError(
            f"provider '{provider}' was asked for but ONNX Runtime fell back to "
            f"{session.get_providers()[0]}; check its drivers"
        )
    return session


def face_matrices(spec: InputSpec, landmarks: Floats, boxes_xywh: Floats) -> Floats:
    """The transforms from image to input pixels that a model wants for each face.

    Args:
        spec: The model's input.
        landmarks: float32, shape (F, 5, 2), pixels; rows with NaN have none, their box is used.
        boxes_xywh: float32, shape (F, 4), pixels.

    Returns:
        float32, shape (F, 2, 3), as `cexpr.preprocess` takes them.
    """
    cut = spec.face
    if cut.align is None:
        assert cut.box_margin is not None
        return _core.box_transform(boxes_xywh, spec.size, cut.box_margin)
    known = np.isfinite(landmarks).all(axis=(1, 2))
    if known.all():
        return _core.align(landmarks, spec.size, cut.margin, cut.shift)
    matrices = _core.box_transform(boxes_xywh, spec.size, 0.0)
    if known.any():
        matrices[known] = _core.align(
            np.ascontiguousarray(landmarks[known]), spec.size, cut.margin, cut.shift
        )
    return matrices


class Model:
    """A session and its manifest, which have been checked against each other.

    Args:
        manifest: What the model is.
        path: The ONNX file.
        provider: Execution provider; one that is not there is an error, never a fallback.
        threads: Threads inside one operator.
        features: Also give out an embedding that the graph keeps to itself (`input_of`).

    Attributes:
        manifest: As given.
        features: Name of the tensor in `run`'s result that is the embedding; None without one.
        provider: The provider in use, as ONNX Runtime calls it.
        seconds: Time spent inside ONNX Runtime so far.

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
        self._session = make_session(path, provider=provider, threads=threads, tensor=hidden)
        self.provider = str(self._session.get_providers()[0])
        self.seconds = 0.0
        self._input = self._check_input()
        self._outputs = self._check_outputs()
        named = manifest.outputs.features.tensor if manifest.outputs.features else None
        self.features = named or hidden
        if hidden is not None:
            self._outputs.append(hidden)

    @property
    def input(self) -> InputSpec:
        """The model's input."""
        return self.manifest.input

    @property
    def tensors(self) -> tuple[str, ...]:
        """Names of the tensors that `run` gives."""
        return tuple(self._outputs)

    def run(self, batch: Floats) -> dict[str, Floats]:
        """Run the model on a batch of faces.

        Args:
            batch: float32, shape (N, C, size, size), preprocessed as `input` says.

        Returns:
            The tensors that the manifest names, float32, N rows each.

        Raises:
            ModelError: ONNX Runtime fails on the batch.
        """
        start = time.perf_counter()
        try:
            tensors = self._run(batch)
        except Exception as error:  # ONNX Runtime's errors have no common base class
            first_line = str(error).splitlines()[0]
            raise ModelError(f"{self.path}: ONNX Runtime fails on it: {first_line}") from error
        self.seconds += time.perf_counter() - start
        return dict(zip(self._outputs, tensors, strict=True))

    def _run(self, batch: Floats) -> list[Floats]:
        if self._one_at_a_time:
            rows = [self._session.run(self._outputs, {self._input: face[None]}) for face in batch]
            return [np.concatenate(parts) for parts in zip(*rows, strict=True)]
        return list(self._session.run(self._outputs, {self._input: batch}))

    def _hidden_features(self) -> str | None:
        head = self.manifest.outputs.features
        if head is None or head.input_of is None:
            return None
        tensor = input_of(read_nodes(self.path), head.input_of)
        if tensor is None:
            raise self._misfit(f"an operation that computes '{head.input_of}'", "none")
        return tensor

    def _check_input(self) -> str:
        spec = self.manifest.input
        inputs = {one.name: one for one in self._session.get_inputs()}
        name = spec.tensor or next(iter(inputs))
        if name not in inputs or len(inputs) != 1:
            raise self._misfit(f"one input '{name}'", ", ".join(inputs))
        wanted = ["N", spec.channels, spec.size, spec.size]
        shape = inputs[name].shape
        fits = len(shape) == 4 and all(
            not isinstance(got, int) or got == want
            for got, want in zip(shape[1:], wanted[1:], strict=True)
        )
        if not fits or inputs[name].type != "tensor(float)":
            raise self._misfit(
                f"input '{name}' tensor(float) {wanted}", f"{inputs[name].type} {shape}"
            )
        if isinstance(shape[0], int) and shape[0] != 1:
            raise self._misfit("a free batch axis", f"{shape}")
        self._one_at_a_time = shape[0] == 1
        return name

    def _check_outputs(self) -> list[str]:
        graph = {one.name: one for one in self._session.get_outputs()}
        outputs = self.manifest.outputs
        named: list[str] = []
        for label, head in outputs:
            if head is None or head.tensor is None:
                continue
            if head.tensor not in graph:
                raise self._misfit(f"output '{head.tensor}' for {label}", ", ".join(graph))
            self._check_width(label, head, graph[head.tensor])
            if head.tensor not in named:
                named.append(head.tensor)
        return named

    def _check_width(self, label: str, head: Any, tensor: Any) -> None:
        width = tensor.shape[-1] if len(tensor.shape) == 2 else None
        if len(tensor.shape) != 2 or tensor.type != "tensor(float)":
            raise self._misfit(
                f"output '{tensor.name}' tensor(float) [N, columns]",
                f"{tensor.type} {tensor.shape}",
            )
        if label == "features" or not isinstance(width, int):
            return
        first, end = head.slice or (0, width)
        if end > width:
            raise self._misfit(
                f"{label}: columns {first} to {end} of '{tensor.name}'", f"{width} columns"
            )
        columns = 2 if label == "valence_arousal" else len(head.labels)
        if end - first != columns:
            raise self._misfit(f"{label}: {columns} columns", f"{end - first}")

    def _misfit(self, expected: str, got: str) -> ModelError:
        return ModelError(f"{self.manifest.path}: {self.path.name}: expected {expected}; got {got}")
