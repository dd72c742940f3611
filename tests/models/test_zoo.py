from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from builders.grey_model import tiny_manifest, tiny_onnx
from cexpr.errors import ModelError
from cexpr.faces.detector import check_file
from cexpr.models import outputs, zoo
from cexpr.models.pull import pull
from cexpr.models.session import Model

STAND_IN = "enet_b0_8_va_mtl_standin.onnx"
FETCHED = {
    "enet_b0_8_best_vgaf": (224, 8, False),
    "enet_b0_8_best_afew": (224, 8, False),
    "enet_b0_8_va_mtl": (224, 8, True),
    "enet_b2_7": (260, 7, False),
    "enet_b2_8": (260, 8, False),
    "mbf_va_mtl": (112, 8, True),
    "mobilevit_va_mtl": (224, 8, True),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CEXPR_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", FETCHED)
def test_the_published_models_are_known(name: str) -> None:
    size, classes, has_affect = FETCHED[name]
    model = zoo.find(name)
    assert model.url is not None
    assert model.url.endswith(f"/models/affectnet_emotions/onnx/{name}.onnx")
    assert (model.input.size, model.input.color) == (size, "rgb")
    assert model.outputs.expression is not None
    labels = model.outputs.expression.labels
    assert labels == sorted(labels)
    assert len(labels) == classes
    assert ("contempt" in labels) == (classes == 8)
    affect = model.outputs.valence_arousal
    assert (affect is not None) == has_affect
    assert affect is None or affect.slice == [8, 10]


def test_a_model_without_an_address_says_where_its_file_goes(home: Path) -> None:
    with pytest.raises(ModelError, match=r"names no url; place it at .*ddamfn_va_mtl\.onnx"):
        pull("ddamfn_va_mtl", check_detector=check_file)


def test_a_model_that_is_not_here_says_how_to_get_it() -> None:
    with pytest.raises(ModelError, match="run 'cexpr models pull enet_b2_8', or get https"):
        zoo.model_file(zoo.find("enet_b2_8"))


def test_the_stand_in_runs_by_the_manifest_of_the_real_one(shared: Path, home: Path) -> None:
    source = shared / "models" / STAND_IN
    if not source.is_file():
        pytest.skip("the stand-in is not in ../shared/models")
    (home / "models").mkdir()
    shutil.copy(source, home / "models" / "enet_b0_8_va_mtl.onnx")
    done = pull("enet_b0_8_va_mtl", check_detector=check_file)
    assert done.first_use
    model = zoo.find("enet_b0_8_va_mtl")
    assert model.sha256 == done.sha256
    network = Model(model, zoo.model_file(model))
    faces = np.random.default_rng(0).normal(size=(2, 3, 224, 224)).astype(np.float32)
    tensors = network.run(faces)
    signals = outputs.signals(model, tensors)
    logits = tensors["output"][:, :8].astype(np.float64)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(signals.values[:, :8], expected, atol=1e-6)
    np.testing.assert_allclose(signals.values[:, 8:], np.clip(tensors["output"][:, 8:], -1, 1))
    assert signals.derived == {}
    # Features are what the last Gemm reads: it alone must give the output again.
    inside = Model(model, zoo.model_file(model), features=True)
    assert inside.features is not None
    features = inside.run(faces)[inside.features]
    assert features.shape == (2, 1280)
    graph = onnx.load(str(source)).graph
    last = graph.node[-1]
    assert last.op_type == "Gemm"
    values = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    transposed = any(one.name == "transB" and one.i for one in last.attribute)
    weights = values[last.input[1]].T if transposed else values[last.input[1]]
    again = features @ weights + values[last.input[2]]
    np.testing.assert_allclose(again, tensors["output"], rtol=1e-3, atol=1e-3)


def test_a_file_without_a_manifest_says_how_to_get_one(tmp_path: Path) -> None:
    path = tmp_path / "my net.onnx"
    path.touch()
    with pytest.raises(ModelError, match=f"'cexpr models add '{path}'' writes one"):
        zoo.find(str(path))


def test_a_model_is_named_from_the_folder_of_the_file_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.onnx").touch()
    assert zoo.name_from("net.onnx", tmp_path / "deep" / "er") == "../../net.onnx"
    assert zoo.name_from("cexpr-s", tmp_path / "deep") == "cexpr-s"


def test_the_users_own_model_overrides_the_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CEXPR_HOME", str(tmp_path / "home"))
    with pytest.raises(ModelError, match="'tiny' is unknown"):
        zoo.find("tiny")
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    (folder / "tiny.yaml").write_bytes(tiny_manifest(tmp_path).read_bytes())
    model = zoo.find("tiny")
    with pytest.raises(ModelError, match=r"place it at .*tiny\.onnx"):
        zoo.model_file(model)
    tiny_onnx(folder / "tiny.onnx")
    assert zoo.model_file(model) == folder / "tiny.onnx"
    assert zoo.find(str(folder / "tiny.onnx")).id == "tiny"


def test_an_unknown_model_gets_a_suggestion() -> None:
    with pytest.raises(ModelError, match="did you mean 'cexpr-s'"):
        zoo.find("cexpr_s")
