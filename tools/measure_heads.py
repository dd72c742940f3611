"""Train an expression head on the features of a model for real faces, and say how good it is.

python tools/measure_heads.py TRAIN.npz VALID.npz [--model cexpr-s] [--rows 6000] [--engine numpy]

Both files hold FER+ faces and votes (see `cexpr.evaluation.crowd.read_faces`). Faces count whose
votes have a majority. The head is chosen on one half of VALID and judged on the other, which it
never saw; beside it stand the model's own expressions and always saying the commonest class.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cexpr import metrics
from cexpr.abaw.classes import AFF_WILD2_SIGNALS
from cexpr.evaluation.crowd import VOTE_COLUMNS, face_tensors, read_faces
from cexpr.heads.training import Training, fit_expression
from cexpr.models import outputs, zoo
from cexpr.models.session import Model


def labelled(path: Path, rows: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The first faces whose votes have a majority, and the Aff-Wild2 id of its class."""
    faces = read_faces(path)
    votes = faces.votes[:, : len(AFF_WILD2_SIGNALS)]
    chosen = np.flatnonzero(votes.max(axis=1) > faces.votes.sum(axis=1) / 2)[:rows]
    ids = np.array(
        [AFF_WILD2_SIGNALS.index(name) for name in VOTE_COLUMNS[: len(AFF_WILD2_SIGNALS)]]
    )
    return faces.images[chosen], ids[votes[chosen].argmax(axis=1)]


def measure(
    train: Path, valid: Path, rows: int, training: Training, model: str = "cexpr-s"
) -> dict[str, tuple[float, float]]:
    """Accuracy and macro F1 over eight classes on the half of VALID that chose nothing."""
    found = zoo.find(model)
    network = Model(found, zoo.model_file(found), threads=2, features=True)
    assert network.features is not None
    features, labels, signals = [], [], []
    for path in (train, valid):
        images, classes = labelled(path, rows)
        tensors = face_tensors(images, network)
        features.append(tensors[network.features])
        labels.append(classes)
        signals.append(outputs.signals(found, tensors))
    half = len(labels[1]) // 2
    head = fit_expression(
        (features[0], labels[0]), (features[1][:half], labels[1][:half]), training
    )
    truth = labels[1][half:]
    own = signals[1].values[half:, [signals[1].names.index(name) for name in AFF_WILD2_SIGNALS]]
    guesses = {
        "head on the features": head(features[1][half:]).argmax(axis=1),
        "the model's own head": own.argmax(axis=1),
        "the commonest class": np.full_like(truth, np.bincount(labels[0]).argmax()),
    }
    return {
        name: (float((guess == truth).mean()), metrics.expression_f1(truth, guess))
        for name, guess in guesses.items()
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Heads on real faces.")
    parser.add_argument("train", type=Path)
    parser.add_argument("valid", type=Path)
    parser.add_argument("--model", default="cexpr-s")
    parser.add_argument("--rows", type=int, default=6000, help="faces of each file at most")
    parser.add_argument("--engine", choices=("numpy", "torch"), default="numpy")
    given = parser.parse_args()
    training = Training(epochs=30, engine=given.engine)
    found = measure(given.train, given.valid, given.rows, training, given.model)
    for name, (accuracy, f1) in found.items():
        print(f"{name}: accuracy {accuracy:.4f}, macro F1 {f1:.4f}")


if __name__ == "__main__":
    main()
