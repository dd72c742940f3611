"""The converted networks against the layers of the original, written out in numpy."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

Array = NDArray[np.float64]

# float32 graphs against float64 formulas.
TOLERANCE = 2e-6


@pytest.fixture(scope="module")
def convert() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "convert_mtcnn.py"
    if not path.exists() or importlib.util.find_spec("mtcnn") is None:
        pytest.skip("these tests need the checkout and the package mtcnn, a build requirement")
    spec = importlib.util.spec_from_file_location("convert_mtcnn", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(convert: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models")
    convert.main(path)
    return path


def run(folder: Path, name: str, values: NDArray[np.generic]) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(folder / f"mtcnn-{name}.onnx")
    outputs: list[NDArray[np.float32]] = session.run(None, {session.get_inputs()[0].name: values})
    return outputs


def convolved(x: Array, kernel: Array, bias: Array) -> Array:
    rows, columns = x.shape[1] - kernel.shape[0] + 1, x.shape[2] - kernel.shape[1] + 1
    out = np.zeros((x.shape[0], rows, columns, kernel.shape[3]))
    for i in range(kernel.shape[0]):
        for j in range(kernel.shape[1]):
            out += x[:, i : i + rows, j : j + columns] @ kernel[i, j]
    return out + bias


def prelu(x: Array, slope: Array) -> Array:
    return np.where(x > 0, x, x * slope)


def pooled(x: Array, size: int, *, same: bool) -> Array:
    if same:
        missing = [max((-(-n // 2) - 1) * 2 + size - n, 0) for n in x.shape[1:3]]
        pads = [(0, 0), *((n // 2, n - n // 2) for n in missing), (0, 0)]
        x = np.pad(x, pads, constant_values=-np.inf)
    rows, columns = ((n - size) // 2 + 1 for n in x.shape[1:3])
    shifts = [(i, j) for i in range(size) for j in range(size)]
    parts = [x[:, i : i + 2 * rows - 1 : 2, j : j + 2 * columns - 1 : 2] for i, j in shifts]
    return np.max(parts, axis=0)


def face_share(scores: Array) -> Array:
    """Softmax over (no face, face), of which the second is asked for."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers[..., 1] / powers.sum(axis=-1)


def permuted_flat(x: Array) -> Array:
    return x.transpose(0, 2, 1, 3).reshape(len(x), -1)


def planar(x: Array) -> NDArray[np.float32]:
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2), np.float32)


@pytest.mark.parametrize("size", [(12, 12), (37, 50), (64, 31)])
def test_pnet_equals_its_layers_on_bgr_bytes(
    convert: ModuleType, folder: Path, size: tuple[int, int]
) -> None:
    w = convert.read_weights("pnet")
    image = np.random.default_rng(0).integers(0, 256, (1, *size, 3), np.uint8)
    x = (image[..., ::-1].astype(float) - 127.5) / 128
    x = pooled(prelu(convolved(x, w[0], w[1]), w[2]), 2, same=True)
    x = prelu(convolved(x, w[3], w[4]), w[5])
    x = prelu(convolved(x, w[6], w[7]), w[8])
    probability, offsets = run(folder, "pnet", image)
    expected = face_share(convolved(x, w[11], w[12]))
    np.testing.assert_allclose(probability[:, 0], expected, atol=TOLERANCE)
    np.testing.assert_allclose(offsets, planar(convolved(x, w[9], w[10])), atol=TOLERANCE)


def test_rnet_equals_its_layers(convert: ModuleType, folder: Path) -> None:
    w = convert.read_weights("rnet")
    crops = np.random.default_rng(1).uniform(-1, 1, (3, 24, 24, 3))
    x = pooled(prelu(convolved(crops, w[0], w[1]), w[2]), 3, same=True)
    x = pooled(prelu(convolved(x, w[3], w[4]), w[5]), 3, same=False)
    x = permuted_flat(prelu(convolved(x, w[6], w[7]), w[8]))
    x = prelu(x @ w[9] + w[10], w[11])
    probability, offsets = run(folder, "rnet", planar(crops))
    np.testing.assert_allclose(probability[:, 0], face_share(x @ w[14] + w[15]), atol=TOLERANCE)
    np.testing.assert_allclose(offsets, x @ w[12] + w[13], atol=TOLERANCE)


def test_onet_equals_its_layers(convert: ModuleType, folder: Path) -> None:
    w = convert.read_weights("onet")
    crops = np.random.default_rng(2).uniform(-1, 1, (3, 48, 48, 3))
    x = pooled(prelu(convolved(crops, w[0], w[1]), w[2]), 3, same=True)
    x = pooled(prelu(convolved(x, w[3], w[4]), w[5]), 3, same=False)
    x = pooled(prelu(convolved(x, w[6], w[7]), w[8]), 2, same=True)
    x = permuted_flat(prelu(convolved(x, w[9], w[10]), w[11]))
    x = prelu(x @ w[12] + w[13], w[14])
    probability, offsets, landmarks = run(folder, "onet", planar(crops))
    points = x @ w[17] + w[18]
    np.testing.assert_allclose(probability[:, 0], face_share(x @ w[19] + w[20]), atol=TOLERANCE)
    np.testing.assert_allclose(offsets, x @ w[15] + w[16], atol=TOLERANCE)
    expected = np.stack([points[:, :5], points[:, 5:]], axis=2)
    np.testing.assert_allclose(landmarks, expected, atol=TOLERANCE)


def test_conversion_is_deterministic_and_carries_the_licence(
    convert: ModuleType, folder: Path, tmp_path: Path
) -> None:
    convert.main(tmp_path)
    for name in ("mtcnn-pnet.onnx", "mtcnn-rnet.onnx", "mtcnn-onet.onnx", "mtcnn-LICENSE"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert "MIT License" in (folder / "mtcnn-LICENSE").read_text("utf-8")


def test_altered_weights_are_refused_before_they_are_unpacked(
    convert: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "assets" / "weights"
    weights.mkdir(parents=True)
    (weights / "pnet.lz4").write_bytes(b"not the weights")
    monkeypatch.setattr(convert, "package_folder", lambda: tmp_path)
    monkeypatch.setattr(convert.joblib, "load", lambda _: sys.exit("unpacked"))
    with pytest.raises(SystemExit, match="expected SHA-256"):
        convert.read_weights("pnet")
