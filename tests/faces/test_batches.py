"""Faces are cut once for models that want the same pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from builders.tiny_networks import write_manifest, write_network
from cexpr import _core
from cexpr.faces.batches import FaceSignals
from cexpr.faces.track import Tracks
from cexpr.models import manifest
from cexpr.models import outputs as heads
from cexpr.models.session import Model

FACES = 3


def make_model(folder: Path, name: str, seed: int, size: int = 8) -> Model:
    path = write_network(folder / f"{name}.onnx", seed=seed, size=size)
    text = write_manifest(folder / f"{name}.yaml").read_text().replace("size: 8", f"size: {size}")
    (folder / f"{name}.yaml").write_text(text)
    return Model(manifest.load(folder / f"{name}.yaml"), path)


@pytest.fixture
def tracks() -> Tracks:
    random = np.random.default_rng(0)
    return Tracks(
        ids=np.arange(1, FACES + 1),
        boxes_xywh=np.float32([[2, 3, 20, 20], [10, 5, 30, 24], [0, 0, 40, 40]]),
        scores=np.ones(FACES, np.float32),
        landmarks=random.uniform(0, 40, (FACES, 5, 2)).astype(np.float32),
    )


def test_models_share_the_pixels_of_one_layout(
    tmp_path: Path, tracks: Tracks, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = [make_model(tmp_path, "a", 1), make_model(tmp_path, "b", 2)]
    models.append(make_model(tmp_path, "c", 3, size=16))
    image = np.random.default_rng(1).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    cuts: list[int] = []
    real = _core.preprocess_into

    def counting(*arguments: object) -> None:
        real(*arguments)
        cuts.append(1)

    monkeypatch.setattr(_core, "preprocess_into", counting)
    alone, costs = [], []
    for model in models:
        single = FaceSignals([model], {})
        cuts.clear()
        single.add(1, 0.0, image, tracks)
        costs.append(len(cuts))
        alone.append(heads.Signals(single.names, single.take().signals, {}))
    together = FaceSignals(models, {"expression": [0.5, 0.25, 0.25]})
    cuts.clear()
    together.add(1, 0.0, image, tracks)
    expected = heads.blend(alone, {"expression": [0.5, 0.25, 0.25]})
    np.testing.assert_allclose(together.take().signals, expected.values, atol=1e-6)
    assert len(cuts) == costs[0] + costs[2]
