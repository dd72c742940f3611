"""Faces are cut once for models that want the same pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from builders.tiny_model import write_tiny_model
from builders.tiny_networks import write_manifest, write_network
from cexpr import _core
from cexpr.faces.batches import SignalRows
from cexpr.faces.track import TrackedFaces
from cexpr.models import manifest, outputs
from cexpr.models.session import Model

FACES = 3


def make_model(folder: Path, name: str, seed: int, size: int = 8) -> Model:
    path = write_network(folder / f"{name}.onnx", seed=seed, size=size)
    text = write_manifest(folder / f"{name}.yaml").read_text().replace("size: 8", f"size: {size}")
    (folder / f"{name}.yaml").write_text(text)
    return Model(manifest.load(folder / f"{name}.yaml"), path)


@pytest.fixture
def faces() -> TrackedFaces:
    random = np.random.default_rng(0)
    return TrackedFaces(
        tracks=np.arange(1, FACES + 1),
        boxes_xywh=np.float32([[2, 3, 20, 20], [10, 5, 30, 24], [0, 0, 40, 40]]),
        scores=np.ones(FACES, np.float32),
        landmarks=random.uniform(0, 40, (FACES, 5, 2)).astype(np.float32),
    )


def test_models_share_the_pixels_of_one_layout(
    tmp_path: Path, faces: TrackedFaces, monkeypatch: pytest.MonkeyPatch
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
        single = SignalRows([model], {})
        cuts.clear()
        single.add(1, 0.0, image, faces)
        costs.append(len(cuts))
        alone.append(outputs.Signals(single.names, single.take().signals, {}))
    together = SignalRows(models, {"expression": [0.5, 0.25, 0.25]})
    cuts.clear()
    together.add(1, 0.0, image, faces)
    expected = outputs.blend(alone, {"expression": [0.5, 0.25, 0.25]})
    np.testing.assert_allclose(together.take().signals, expected.values, atol=1e-6)
    assert len(cuts) == costs[0] + costs[2]


@pytest.mark.parametrize("batch", [1, 2, 3, 7])
def test_rows_do_not_depend_on_the_batch(tmp_path: Path, batch: int) -> None:
    rng = np.random.default_rng(3)
    model = Model(manifest.load(write_tiny_model(tmp_path)), tmp_path / "tiny.onnx")
    frames = []
    for number in range(1, 6):
        count = int(rng.integers(0, 5))
        tracks = TrackedFaces(
            np.arange(1, count + 1, dtype=np.int64),
            (rng.random((count, 4)) * 20 + 5).astype(np.float32),
            rng.random(count).astype(np.float32),
            np.full((count, 5, 2), np.nan, np.float32),
        )
        frames.append((number, rng.integers(0, 256, (40, 50, 3), dtype=np.uint8), tracks))
    whole, parts = SignalRows([model], {}, batch=64), SignalRows([model], {}, batch=batch)
    for faces in (whole, parts):
        for number, image, tracks in frames:
            faces.add(number, number / 25, image, tracks)
    expected, got = whole.take(), parts.take()
    assert len(got) == sum(len(tracks) for _, _, tracks in frames)
    np.testing.assert_array_equal(got.track, expected.track)
    # One Gemm may round otherwise than another.
    np.testing.assert_allclose(got.signals, expected.signals, atol=1e-6)
    assert len(parts.take()) == 0
