"""Models whose file holds heads alone: they read the embedding and outputs of a backbone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from cexpr._support.types import Floats
from cexpr.errors import ModelError
from cexpr.models import zoo
from cexpr.models.manifest import InputSpec, Manifest
from cexpr.models.session import FaceModel, Model, Network, misfit, named_outputs

INPUTS: Final = ("features", "outputs")
"""Inputs of a file of heads: the embedding, and the backbone's other tensors beside each other."""


def open_model(
    manifest: Manifest,
    path: Path,
    *,
    provider: str = "cpu",
    threads: int = 1,
    features: bool = False,
) -> FaceModel:
    """Open a model, or heads on their backbone.

    Args:
        manifest, path, provider, threads: As `Model` takes them.
        features: As `Model` takes it; heads alone give out no embedding.

    Raises:
        ModelError: As `Model` or `HeadsModel`.
        UsageError: The provider is not available.
    """
    if manifest.backbone:
        return HeadsModel(manifest, path, provider=provider, threads=threads)
    return Model(manifest, path, provider=provider, threads=threads, features=features)


class HeadsModel:
    """Heads alone, run behind their backbone.

    Args:
        manifest, path, provider, threads: As `Model` takes them; the backbone gets the same
            provider and threads.

    Attributes:
        manifest: As given.
        path: As given.
        sha256: Hash of the file of heads.

    Raises:
        ModelError: The backbone is not there, is not the file that the heads were trained on, or
            the heads do not fit it.
        UsageError: The provider is not available.
    """

    def __init__(
        self, manifest: Manifest, path: Path, *, provider: str = "cpu", threads: int = 1
    ) -> None:
        self._backbone = _open_backbone(manifest, provider=provider, threads=threads)
        self.manifest = manifest
        self.path = path
        if path.is_file():
            self.sha256 = manifest.check_hash(path)
        self._heads = Network(path, provider=provider, threads=threads)
        self._inputs = self._check_inputs()
        self._outputs = named_outputs(manifest, self._heads)

    @property
    def input(self) -> InputSpec:
        """What the backbone wants of a face."""
        return self.manifest.input

    @property
    def provider(self) -> str:
        """The execution provider in use, as ONNX Runtime calls it."""
        return self._heads.provider

    @property
    def seconds(self) -> float:
        """Time spent inside ONNX Runtime so far, in backbone and heads."""
        return self._backbone.seconds + self._heads.seconds

    def run(self, batch: Floats) -> dict[str, Floats]:
        """Run backbone and heads on a batch of faces; see `FaceModel.run`."""
        tensors = self._backbone.run(batch)
        features = tensors.pop(str(self._backbone.features))
        return self.read(features, np.concatenate(list(tensors.values()), axis=1))

    def read(self, features: Floats, outputs: Floats) -> dict[str, Floats]:
        """Run the heads on what `cexpr extract` took from the backbone.

        Args:
            features: float32, shape (N, D).
            outputs: float32, shape (N, K).

        Returns:
            The tensors that the manifest names, float32, N rows each.

        Raises:
            ModelError: ONNX Runtime fails on them.
        """
        given = dict(zip(INPUTS, (features, outputs), strict=True))
        found = self._heads.run(self._outputs, {name: given[name] for name in self._inputs})
        return dict(zip(self._outputs, found, strict=True))

    def _check_inputs(self) -> list[str]:
        inputs = self._heads.inputs
        fits = all(
            one.name in INPUTS and one.type == "tensor(float)" and len(one.shape) == 2
            for one in inputs.values()
        )
        if not fits:
            shown = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs.values())
            expected = f"inputs {' and '.join(INPUTS)} tensor(float) [N, columns]"
            raise misfit(self.manifest, self.path, expected, shown)
        return list(inputs)


def _open_backbone(manifest: Manifest, **options: Any) -> Model:
    wanted = manifest.backbone
    assert wanted is not None
    beside = manifest.path.parent / wanted.model
    found = zoo.find(str(beside) if beside.is_file() else wanted.model)
    path = zoo.model_file(found)
    backbone = Model(found, path, features=True, **options)
    for name, expected, got in (
        ("SHA-256", wanted.sha256, backbone.sha256),
        ("input", manifest.input, found.input.model_copy(update={"tensor": None})),
        ("features", True, backbone.features is not None),
    ):
        if expected != got:
            raise ModelError(
                f"{manifest.path}: the heads were trained on another model than {path}: "
                f"expected {name} {expected}; got {got}"
            )
    return backbone
