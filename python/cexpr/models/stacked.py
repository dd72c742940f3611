"""Models whose file holds heads alone: they read the embedding and outputs of a backbone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from cexpr._support.types import Floats
from cexpr.errors import ModelError
from cexpr.models import zoo
from cexpr.models.manifest import Manifest
from cexpr.models.session import Model

INPUTS: Final = ("features", "outputs")
"""Inputs of a file of heads: the embedding, and the backbone's other tensors beside each other."""


def open_model(manifest: Manifest, path: Path, **options: Any) -> Model:
    """Open a model, or heads on their backbone; arguments as those of `Model`."""
    return (HeadsModel if manifest.backbone else Model)(manifest, path, **options)


class HeadsModel(Model):
    """Heads alone, run behind their backbone.

    Raises:
        ModelError: The backbone is not there, is not the file that the heads were trained on, or
            the heads do not fit it.
    """

    def __init__(self, manifest: Manifest, path: Path, **options: Any) -> None:
        self._backbone = _open_backbone(manifest, **{**options, "features": True})
        super().__init__(manifest, path, **{**options, "features": False})

    def read(self, features: Floats, outputs: Floats) -> dict[str, Floats]:
        """Run the heads on what `cexpr extract` took from the backbone.

        Args:
            features: float32, shape (N, D).
            outputs: float32, shape (N, K).

        Returns:
            The tensors that the manifest names, float32, N rows each.
        """
        fed = dict(zip(INPUTS, (features, outputs), strict=True))
        feed = {name: fed[name] for name in self._fed}
        return dict(zip(self._outputs, self._session.run(self._outputs, feed), strict=True))

    def _run(self, batch: Floats) -> list[Floats]:
        tensors = self._backbone.run(batch)
        features = tensors.pop(str(self._backbone.features))
        found = self.read(features, np.concatenate(list(tensors.values()), axis=1))
        return [found[name] for name in self._outputs]

    def _check_input(self) -> str:
        inputs = {one.name: one for one in self._session.get_inputs()}
        fits = all(
            one.name in INPUTS and one.type == "tensor(float)" and len(one.shape) == 2
            for one in inputs.values()
        )
        if not fits:
            shown = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs.values())
            raise self._misfit(f"inputs {' and '.join(INPUTS)} tensor(float) [N, columns]", shown)
        self._fed = [str(name) for name in inputs]
        self._one_at_a_time = False
        return self._fed[0]


def _open_backbone(manifest: Manifest, **options: Any) -> Model:
    wanted = manifest.backbone
    assert wanted is not None
    beside = manifest.path.parent / wanted.model
    found = zoo.find(str(beside) if beside.is_file() else wanted.model)
    path = zoo.model_file(found)
    backbone = Model(found, path, **options)
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
