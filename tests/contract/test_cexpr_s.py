"""The shipped model on real faces, through the pipeline's own preprocessing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cexpr
from cexpr.models import outputs, zoo
from cexpr.models.manifest import sha256_of
from cexpr.models.session import Model
from cexpr.signals import EXPRESSIONS

# Order of the vote columns in FER+: neutral, happiness, surprise, sadness, anger, disgust, fear,
# contempt; then unknown and not-a-face.
VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
LIMIT_BYTES = 8_000_000


@pytest.fixture(scope="module")
def model() -> Model:
    found = zoo.find(zoo.DEFAULT_MODEL)
    return Model(found, zoo.model_file(found))


def probabilities(model: Model, images: np.ndarray) -> np.ndarray:
    spec = model.input
    whole = np.eye(2, 3, dtype=np.float32)[None]
    faces = [
        cexpr.preprocess(image, whole, spec.size, spec.mean, spec.std, spec.color)
        for image in images
    ]
    return outputs.softmax(model.run(np.concatenate(faces))["logits"])


def test_the_file_is_the_one_that_was_measured(model: Model) -> None:
    manifest = model.manifest
    assert manifest.bytes == model.path.stat().st_size < LIMIT_BYTES
    assert manifest.sha256 == sha256_of(model.path)
    assert {"data", "measured", "calibration"} <= set(manifest.training)


def test_a_batch_gives_what_single_faces_give(model: Model) -> None:
    rng = np.random.default_rng(0)
    faces = rng.normal(size=(5, 1, 48, 48)).astype(np.float32)
    together = model.run(faces)["logits"]
    alone = np.concatenate([model.run(face[None])["logits"] for face in faces])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_the_crowd_is_followed_on_faces_that_it_agrees_on(model: Model, shared: Path) -> None:
    with np.load(shared / "data" / "ferplus_valid.npz") as data:
        images, votes = data["images"], data["votes"].astype(np.int64)
    agreed = np.flatnonzero(votes[:, :8].max(axis=1) >= 8)[:400]
    labels = [EXPRESSIONS.index(VOTES[one]) for one in votes[agreed, :8].argmax(axis=1)]
    predicted = probabilities(model, images[agreed]).argmax(axis=1)
    assert (predicted == labels).mean() > 0.9


def test_shares_follow_a_split_crowd(model: Model, shared: Path) -> None:
    with np.load(shared / "data" / "ferplus_valid.npz") as data:
        images, votes = data["images"], data["votes"].astype(np.float64)
    surprise, fear = VOTES.index("surprise"), VOTES.index("fear")
    split = (votes[:, surprise] >= 3) & (votes[:, fear] >= 3)
    settled = (votes[:, surprise] >= 8) & (votes[:, fear] == 0)
    of_fear = EXPRESSIONS.index("fear")
    on_split = probabilities(model, images[split])[:, of_fear].mean()
    on_settled = probabilities(model, images[settled])[:, of_fear].mean()
    assert on_split > on_settled + 0.1


def test_the_card_quotes_the_measured_figures(model: Model) -> None:
    card = (Path(__file__).parents[2] / "docs" / "model-card.md").read_text(encoding="utf-8")
    for name in ("accuracy_majority", "accuracy_most_votes", "macro_f1", "kl_to_votes"):
        assert f"{model.manifest.training['measured'][name]:.4f}" in card, name
